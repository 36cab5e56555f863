"""Which functions of PyTorch are a block's next step: its activation, its pooling.

Each entry takes a function's arguments after the first, and returns the step, or None if the
kernels have no such step. Then PyTorch computes it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Literal

import torch
from torch.nn import functional

from cnnlab.training.engines.activations import Activation
from cnnlab.training.engines.blocks import Block

Pooling = Literal["average", "max"]
Step = Activation | Pooling
_T = torch.Tensor


def next_step(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step | None:
    """Return the step that a call of PyTorch's is for the tensor that it is given first."""
    if (read := _STEPS.get(func)) is None:
        return None
    try:
        return read(*args, **kwargs)
    except TypeError:  # PyTorch will say what is wrong with the arguments
        return None


def changes_in_place(func: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether a step changes the tensor that it is given."""
    return bool(kwargs.get("inplace")) or func in _IN_PLACE


@cache
def with_step(block: Block, step: Step) -> Block | None:
    """Return a block with one more step, or None if it has no room for it."""
    if isinstance(step, Activation):
        has_room = block.pooling is None or (block.pooling == "max" and step.rises)
        return replace(block, activation=step) if has_room and block.activation is None else None
    if block.pooling is not None:
        return None
    longer = replace(block, pooling=step)
    return longer if min(longer.rows_out, longer.columns_out) > 0 else None


def _always(name: str) -> Callable[..., Activation]:
    return lambda inplace=False: Activation(name)


def _leaky_relu(negative_slope: float = 0.01, inplace: bool = False) -> Activation | None:
    return Activation("leaky_relu", float(negative_slope)) if negative_slope > 0 else None


def _elu(alpha: float = 1.0, scale: float = 1.0, inplace: bool = False) -> Activation | None:
    return Activation("elu", float(alpha), float(scale)) if min(alpha, scale) > 0 else None


def _selu(inplace: bool = False) -> Activation:
    return Activation("elu", 1.6732632423543772, 1.0507009873554805)


def _hardtanh(
    min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Activation | None:
    return Activation("relu6") if (min_val, max_val) == (0, 6) else None


def _gelu(approximate: str = "none") -> Activation:
    return Activation("gelu" if approximate == "none" else "gelu_tanh")


def _max_pool(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooling | None:
    halves = _halves(kernel_size, stride, padding, ceil_mode)
    return "max" if halves and _both(dilation) == (1, 1) and not return_indices else None


def _average_pool(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Pooling | None:
    halves = _halves(kernel_size, stride, padding, ceil_mode)
    return "average" if halves and divisor_override is None else None


def _halves(kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool) -> bool:
    moves = kernel_size if stride is None or stride == [] else stride
    return (
        _both(kernel_size) == _both(moves) == (2, 2) and _both(padding) == (0, 0) and not ceil_mode
    )


def _both(value: Any) -> tuple[Any, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


_STEPS: dict[Any, Callable[..., Step | None]] = {
    **dict.fromkeys((functional.relu, torch.relu, _T.relu, torch.relu_, _T.relu_), _always("relu")),
    **dict.fromkeys((torch.tanh, _T.tanh, torch.tanh_, _T.tanh_), _always("tanh")),
    **dict.fromkeys((torch.sigmoid, _T.sigmoid, torch.sigmoid_, _T.sigmoid_), _always("sigmoid")),
    functional.relu6: _always("relu6"),
    functional.hardtanh: _hardtanh,
    functional.leaky_relu: _leaky_relu,
    functional.elu: _elu,
    functional.selu: _selu,
    functional.gelu: _gelu,
    functional.silu: _always("silu"),
    functional.mish: _always("mish"),
    functional.hardswish: _always("hardswish"),
    functional.max_pool2d: _max_pool,
    torch.max_pool2d: _max_pool,
    functional.avg_pool2d: _average_pool,
}
_IN_PLACE = {
    *(torch.relu_, _T.relu_, torch.tanh_, _T.tanh_, torch.sigmoid_, _T.sigmoid_),
}
