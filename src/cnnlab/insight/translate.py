"""From PyTorch's operations to the few of a graph: one entry for each spelling's common name."""

from collections.abc import Callable
from typing import Any

import torch

from cnnlab.insight.builder import SUPPORTED, Builder, Ref
from cnnlab.insight.translate_layers import (
    Arguments,
    Made,
    adaptive_pool,
    avg_pool2d,
    batch_norm,
    conv2d,
    group_norm,
    instance_norm,
    layer_norm,
    linear,
    matmul,
    max_pool2d,
    pool_axes,
    refuse_computed,
    with_indices,
)

COPIES = frozenset(
    {
        *("alias", "channel_shuffle", "chunk", "clone", "constant_pad_nd", "contiguous", "detach"),
        *("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout", "expand"),
        *(
            "expand_as",
            "flatten",
            "flip",
            "im2col",
            "index_select",
            "lift_fresh_copy",
            "mT",
            "movedim",
        ),
        *("moveaxis", "narrow", "pad", "permute", "pixel_shuffle", "pixel_unshuffle", "ravel"),
        *("reflection_pad2d", "repeat", "replication_pad2d", "reshape", "reshape_as", "roll"),
        *("rot90", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes"),
        *("swapdims", "tensor_split", "tile", "to", "transpose", "type_as", "unbind", "unflatten"),
        *("unfold", "unsqueeze", "upsample_nearest2d", "view", "view_as", "numpy_T", "t"),
    }
)
"""Operations that only copy numbers, or leave them as they are."""
OF_ANOTHER_SHAPE = frozenset({"expand_as", "reshape_as", "type_as", "view_as"})
"""Copies that read only the shape or type of their second tensor."""
_RANDOM = "dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"
_MAY_DROP = "lstm", "gru", "rnn", "scaled_dot_product"
_SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805, "input_scale": 1.0}


def translate(build: Builder, operation: Any, name: str, given: Arguments) -> Made:
    """Add an operation's steps and return its outputs; refuse what is not supported, in words."""
    if name in _RANDOM and given["train"]:
        build.refuse(
            "drops numbers at random in evaluation too. Write F.dropout(x, training=self.training)."
        )
    if name in COPIES:
        return _copies(build, operation, given)
    if name in _FUNCTIONS:
        return _FUNCTIONS[name](build, given)
    refuse_random(build, operation, name)
    return build.refuse(f"uses {name}, which cnnlab cannot show. {SUPPORTED}")


def refuse_random(build: Builder, operation: Any, name: str) -> None:
    """Refuse an operation that draws random numbers, unless it is a layer that may drop some."""
    if torch.Tag.nondeterministic_seeded in operation.tags and not name.startswith(_MAY_DROP):
        build.refuse(f"draws random numbers ({name}). Draw them only if self.training is True.")


def _copies(build: Builder, operation: Any, given: Arguments) -> Made:
    name = next(iter(given))
    source, value = given[name], given.get("value") or 0.0
    if not isinstance(source, Ref):
        build.refuse(f"changes the shape of what is not one tensor. {SUPPORTED}")
    others = {k: each for k, each in given.items() if k != name}
    if others.get("dtype") is not None:
        others["dtype"] = torch.float64  # the type of the numbers that are tried
    if "value" in others:
        others["value"] = 0.0  # marks what is not of the source; see Builder.copy

    def view(part: int | None) -> Callable[[torch.Tensor], torch.Tensor]:
        def apply(numbers: torch.Tensor) -> torch.Tensor:
            made = operation(numbers, **others)
            found: torch.Tensor = made if part is None else made[part]
            return found

        return apply

    trial = operation(torch.zeros(2, *source.shape, dtype=torch.float64), **others)
    if isinstance(trial, torch.Tensor):
        return build.copy(source, view(None), value)
    return tuple(build.copy(source, view(part), value) for part in range(len(trial)))


def _activation(function: str, **settings: Any) -> Callable[[Builder, Arguments], Made]:
    """Return a function of single numbers; a setting that is a string names PyTorch's argument."""

    def apply(build: Builder, given: Arguments) -> Made:
        found = {k: given[v] if isinstance(v, str) else v for k, v in settings.items()}
        refuse_computed(build, found, *found)
        if any(isinstance(each, torch.Tensor) for each in found.values()):
            build.refuse(f"uses a tensor where cnnlab can show a number only. {SUPPORTED}")
        return build.add("activation", [given["self"]], {"function": function, **found})

    return apply


def _prelu(build: Builder, given: Arguments) -> Made:
    refuse_computed(build, given, "weight")
    axes = (-1, *(1,) * (len(given["self"].shape) - 1)) if given["weight"].numel() > 1 else ()
    tensors: dict[str, torch.Tensor | None] = {"weight": given["weight"].reshape(axes)}
    return build.add("activation", [given["self"]], {"function": "prelu"}, tensors)


def _rrelu(build: Builder, given: Arguments) -> Made:
    if given["training"]:
        build.refuse("draws random slopes in evaluation too. Delete training=True.")
    slope = (given["lower"] + given["upper"]) / 2
    return _activation("leaky_relu", slope=slope)(build, given)


def _two(op: str, first: str = "self", second: str = "other") -> Callable[..., Made]:
    def combine(build: Builder, given: Arguments) -> Made:
        if given.get("rounding_mode") is not None:
            build.refuse(f"divides with rounding, which cnnlab cannot show. {SUPPORTED}")
        values = [given[first], given[second]]
        ranks = {len(each.shape) + 1 for each in values if isinstance(each, Ref)}
        if len(ranks) > 1:
            build.refuse("combines tensors whose numbers of axes do not fit the batch.")
        rank = ranks.pop()
        if given.get("alpha", 1) != 1:
            values[1] = _scaled(build, values[1], given["alpha"], rank)
        refs = [each if isinstance(each, Ref) else build.constant(each, rank) for each in values]
        return build.add(op, refs)

    return combine


def _scaled(build: Builder, value: Any, alpha: float, rank: int) -> Any:
    if not isinstance(value, Ref):
        return value * alpha
    return build.add("multiply", [value, build.constant(alpha, rank)], shape=value.shape)


def _by_number(op: str, number: float) -> Callable[[Builder, Arguments], Made]:
    return lambda build, given: _two(op)(build, {**given, "other": number})


def _concatenate(build: Builder, given: Arguments) -> Made:
    values, rank = given["tensors"], len(build.shape) + 1
    axis = given.get("dim", 0) % rank
    if axis == 0:
        build.refuse(
            "joins tensors along the axis of the batch. Join them along axis 1, as in "
            "torch.cat([a, b], dim=1)."
        )
    refs = [each if isinstance(each, Ref) else build.constant(each, rank) for each in values]
    return build.add("concatenate", refs, {"axis": axis - 1})


def _stack(build: Builder, given: Arguments) -> Made:
    axis = given["dim"] % (len(build.shape) + 1)
    wide = [
        build.copy(each, lambda t: t.unsqueeze(axis), 0.0)
        if isinstance(each, Ref)
        else each.unsqueeze(axis)
        for each in given["tensors"]
    ]
    return _concatenate(build, {"tensors": wide, "dim": axis})


def _softmax(log: bool) -> Callable[[Builder, Arguments], Made]:
    def apply(build: Builder, given: Arguments) -> Made:
        axis = given["dim"] % (len(build.shape) + 1)
        if axis == 0:
            build.refuse("takes the softmax over the images of a batch. Write dim=1.")
        return build.add("softmax", [given["self"]], {"axis": axis - 1, "log": log})

    return apply


def _clamp(low: Any, high: Any) -> Callable[[Builder, Arguments], Made]:
    return _activation("clamp", low=low, high=high)


_FUNCTIONS: dict[str, Callable[[Builder, Arguments], Made]] = {
    "conv2d": conv2d,
    "linear": linear,
    "matmul": matmul,
    "mm": matmul,
    "addmm": matmul,
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "group_norm": group_norm,
    "layer_norm": layer_norm,
    "max_pool2d": max_pool2d,
    "max_pool2d_with_indices": with_indices(max_pool2d),
    "avg_pool2d": avg_pool2d,
    "adaptive_avg_pool2d": adaptive_pool("average"),
    "adaptive_max_pool2d": with_indices(adaptive_pool("max")),
    "mean": pool_axes("average"),
    "sum": pool_axes("average", divisor=1),
    "amax": pool_axes("max"),
    "max": lambda build, given: (
        _two("maximum")(build, given) if "other" in given else (pool_axes("max")(build, given),)
    ),
    "relu": _activation("relu"),
    "relu6": _clamp(0.0, 6.0),
    "hardtanh": _clamp("min_val", "max_val"),
    "clamp": _clamp("min", "max"),
    "clip": _clamp("min", "max"),
    "clamp_min": _clamp("min", None),
    "clamp_max": _clamp(None, "max"),
    "leaky_relu": _activation("leaky_relu", slope="negative_slope"),
    "rrelu": _rrelu,
    "prelu": _prelu,
    "elu": _activation("elu", alpha="alpha", scale="scale", input_scale="input_scale"),
    "selu": _activation("elu", **_SELU),
    "celu": lambda build, given: _activation(
        "elu", alpha=given["alpha"], scale=1.0, input_scale=1 / given["alpha"]
    )(build, given),
    "gelu": _activation("gelu", approximate="approximate"),
    "softplus": _activation("softplus", beta="beta", threshold="threshold"),
    **{
        name: _activation(name)
        for name in ("silu", "mish", "sigmoid", "tanh", "hardswish", "hardsigmoid", "exp", "log")
    },
    "log_sigmoid": _activation("log_sigmoid"),
    "abs": _activation("abs"),
    "pow": _activation("power", exponent="exponent"),
    "square": _activation("power", exponent=2.0),
    "sqrt": _activation("power", exponent=0.5),
    "rsqrt": _activation("power", exponent=-0.5),
    "reciprocal": _activation("power", exponent=-1.0),
    "neg": _by_number("multiply", -1.0),
    "add": _two("add"),
    "sub": _two("subtract"),
    "subtract": _two("subtract"),
    "rsub": _two("subtract", "other", "self"),
    "mul": _two("multiply"),
    "multiply": _two("multiply"),
    "div": _two("divide"),
    "divide": _two("divide"),
    "true_divide": _two("divide"),
    "maximum": _two("maximum"),
    "minimum": _two("minimum"),
    "cat": _concatenate,
    "concat": _concatenate,
    "concatenate": _concatenate,
    "stack": _stack,
    "softmax": _softmax(log=False),
    "log_softmax": _softmax(log=True),
}
