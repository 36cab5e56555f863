"""The forward of a convolution inside a `fused` block: it defers what a chain can compute."""

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.deferred import (
    Deferred,
    Owner,
    Parameters,
    Pending,
    can_continue,
    defer,
    plain,
)
from cnnlab.training.engines.worth import is_pytorchs_strength

_LARGEST_KERNEL = 7
_PLAIN = (torch.Tensor, nn.Parameter)


class Convolution:
    """Replaces a convolution's own forward; without a ``capture`` it is the own forward."""

    def __init__(self, convolution: nn.Conv2d, capture: Owner | None, name: str) -> None:
        self.convolution, self.capture, self.name = convolution, capture, name
        self.blocks: dict[Any, Block | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle without machine code: a copy is run by PyTorch."""
        return Convolution, (self.convolution, None, self.name)

    def __call__(self, images: Any) -> Any:
        """Return the convolution of images: deferred if it can be, else computed."""
        capture, own = self.capture, self.convolution
        before = None
        if type(images) is Deferred:
            before = images.pending[0]
            if before.owner is not capture or not can_continue(before):
                images, before = plain(images), None
        if capture is None or not capture.is_trusted or not _is_usable(own, images):
            return type(own).forward(own, plain(images))
        block = self._block(images.shape[1:] if before is None else before.blocks[-1].output_shape)
        if block is None:
            return type(own).forward(own, plain(images))
        given = (own.weight, own.bias)
        copies = tuple(each if each is None else _copy(each) for each in given)
        redo = Redo(own, copies)
        if before is None:
            # What follows may change the images, and nothing would notice without gradients.
            source = images if torch.is_grad_enabled() else _snapshot(images)
            return defer(Pending(capture, source, (block,), given, copies, redo, (self.name,)))
        longer = Pending(
            *(capture, before.source, (*before.blocks, block)),
            *((*before.parameters, *given), (*before.weights, *copies), redo),
            *((self.name,), before),
        )
        longer.version = before.version
        before.wait(longer)
        return defer(longer)

    def _block(self, shape: Sequence[int]) -> Block | None:
        """Return the block for images of this shape, or None if no kernel computes it."""
        own = self.convolution
        key = (*shape, own.weight.shape, own.stride, own.padding, own.dilation, own.bias is None)
        if key not in self.blocks:
            self.blocks[key] = block_of(own, *shape)
        return self.blocks[key]


def _snapshot(images: torch.Tensor) -> torch.Tensor:
    """Return a copy of images, by this thread alone: PyTorch's others end in a forked process."""
    if not images.is_contiguous():
        return images.contiguous()
    copied = torch.empty_like(images)
    ctypes.memmove(copied.data_ptr(), images.data_ptr(), images.nbytes)
    return copied


def _copy(weight: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode(False):  # the chain's test computes gradients with it
        return weight.detach().clone(memory_format=torch.contiguous_format)


def block_of(own: nn.Conv2d, channels: int, height: int, width: int) -> Block | None:
    """Return the block of a convolution for images of a shape, or None if no kernel computes it."""
    channels_out, channels_in, kernel, columns = own.weight.shape
    padding = own.padding
    if isinstance(padding, str):
        padding = ((kernel - 1) // 2,) * 2 if padding == "same" else (0, 0)
    fits = (
        channels == channels_in
        and kernel == columns <= _LARGEST_KERNEL
        and own.stride in ((1, 1), (2, 2))
        and own.dilation == (1, 1)
        and own.groups == 1
        and own.padding_mode == "zeros"
        and padding[0] == padding[1]
        and not (own.padding == "same" and kernel % 2 == 0)
    )
    if not fits:
        return None
    block = Block(
        *(channels, height, width, channels_out, kernel),
        *(padding[0], own.stride[0], own.bias is not None),
    )
    is_large_enough = min(block.rows_out, block.columns_out) > 0
    return block if is_large_enough and not is_pytorchs_strength(block) else None


def _is_usable(own: nn.Conv2d, images: Any) -> bool:
    """Return whether kernels may compute this call: much can change inside a `fused` block."""
    is_known = type(images) is Deferred or (
        type(images) in _PLAIN
        and images.dim() == 4
        and len(images) > 0
        and _is_float_on_cpu(images)
    )
    given = (own.weight,) if own.bias is None else (own.weight, own.bias)
    return (
        is_known
        and all(type(each) in _PLAIN and _is_float_on_cpu(each) for each in given)
        and (all(each.requires_grad for each in given) or not torch.is_grad_enabled())
        and not torch.is_autocast_enabled("cpu")
        and torch._C._functorch.peek_interpreter_stack() is None
        and not torch.compiler.is_compiling()
        and torch._C._get_tracing_state() is None
    )


def _is_float_on_cpu(tensor: torch.Tensor) -> bool:
    return tensor.dtype is torch.float32 and tensor.device.type == "cpu"


class Redo:
    """PyTorch's own way through a convolution, with its weights as they were."""

    def __init__(self, convolution: nn.Conv2d, copies: Parameters) -> None:
        self.convolution = convolution
        self.weights = tuple(zip((convolution.weight, convolution.bias), copies, strict=True))

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the convolution of images; gradients go to the weights as they are now."""
        own, padding = self.convolution, self.convolution.padding
        weight, bias = (
            None if each is None else _AsItWas.apply(each, copy)  # type: ignore[no-untyped-call]
            for each, copy in self.weights
        )
        return functional.conv2d(images, weight, bias, own.stride, padding)  # type: ignore[arg-type]


class _AsItWas(torch.autograd.Function):
    """An earlier copy of a weight; its gradient is the weight's."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, copy: torch.Tensor) -> torch.Tensor:
        return copy.view_as(copy)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return gradient, None
