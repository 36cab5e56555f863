"""How a network runs: by fused kernels where they fit, else by PyTorch's own layers."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from cnnlab.training.device import keep_freed_memory


def describe_steps(model: nn.Module, device: torch.device) -> str:
    """Return how `quick` runs a network on a device, and why where that is the slower way."""
    layers = "PyTorch's own layers"
    if device.type != "cpu":
        return layers
    if importlib.util.find_spec("llvmlite") is None:
        return f"{layers} (fused kernels need the extra: pip install 'cnnlab[fast]')"
    from cnnlab.training.engines.fused import fusable
    from cnnlab.training.engines.lanes import this_processor

    if not fusable(model):
        return f"{layers} (no convolution in a Sequential that a fused kernel fits)"
    return f"fused kernels, {this_processor().lanes} images at once"


@contextmanager
def quick(model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
    """Move a network to a device and let it run its fastest way inside the block.

    On the CPU the convolutional stages run fused; where none fits, channels-last, in which
    PyTorch's convolutions are fastest (figures: docs/log.md).
    """
    if device.type == "cpu":
        keep_freed_memory()
    if describe_steps(model, device).startswith("fused"):
        from cnnlab.training.engines.fused import fused

        with fused(model.to(device=device, memory_format=torch.contiguous_format)):  # type: ignore[call-overload]
            yield model
    else:
        yield model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
