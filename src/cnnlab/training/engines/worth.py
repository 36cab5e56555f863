"""Which chains kernels compute: a rule of shapes, never a race.

A race would let whoever else uses the machine decide how sums are rounded, and "same seed, same
machine: same bits" would end.
"""

from collections.abc import Sequence

from cnnlab.training.engines.blocks import Block

_MOST_WEIGHTS = 40_000  # beyond, the weights' gradients leave the cache and PyTorch is as fast
_FEW_CHANNELS = 4  # PyTorch leaves most of a vector empty
_MANY_CHANNELS = 32
_SMALL_RESULT = 5_000  # values of an image: PyTorch's layers behind take any layout quickly


def is_worth_it(blocks: Sequence[Block], lanes: int) -> bool:
    """Return whether kernels are faster than PyTorch for blocks in a row.

    They are where PyTorch writes to memory what they keep in the cache: between the blocks, and
    before a pooling; and in a lone convolution with a small result and no padding to copy. Wide
    convolutions and small windows are PyTorch's strength.
    """
    has_room = min(blocks[0].pixels, blocks[-1].outputs) >= lanes
    starts_narrow = blocks[0].channels_in <= _FEW_CHANNELS
    pools = any(block.pooling for block in blocks)
    copies = any(block.padding or block.stride > 1 for block in blocks)
    is_small = not copies and blocks[-1].outputs <= _SMALL_RESULT
    gains = (starts_narrow and len(blocks) > 1) or pools or is_small
    return has_room and gains and not any(is_pytorchs_strength(block) for block in blocks)


def is_pytorchs_strength(block: Block) -> bool:
    """Return whether PyTorch runs a convolution at least as fast, whatever is beside it."""
    return (
        block.kernel == 1
        or (block.stride > 1 and block.channels_in > _MANY_CHANNELS)
        or block.weights > _MOST_WEIGHTS
    )
