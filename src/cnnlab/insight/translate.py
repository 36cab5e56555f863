"""From PyTorch's operations to the few of a graph: one entry for each spelling's common name."""

import math
from collections.abc import Callable
from typing import Any

import torch

from cnnlab.insight.builder import SUPPORTED, Builder, Ref

Arguments = dict[str, Any]
"""An operation's arguments by PyTorch's names for them: `Ref`, tensors, numbers, lists."""
Made = Ref | tuple[Ref, ...]

COPIES = frozenset(
    {
        *("alias", "channel_shuffle", "chunk", "clone", "constant_pad_nd", "contiguous", "detach"),
        *("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout", "expand"),
        *("expand_as", "flatten", "flip", "im2col", "index_select", "lift_fresh_copy", "movedim"),
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
    if name in _RANDOM or torch.Tag.nondeterministic_seeded in operation.tags:
        build.refuse(f"draws random numbers ({name}). Draw them only if self.training is True.")
    build.refuse(f"uses {name}, which cnnlab cannot show. {SUPPORTED}")


def _copies(build: Builder, operation: Any, given: Arguments) -> Made:
    name = next(iter(given))
    source, value = given[name], given.get("value") or 0.0
    if not isinstance(source, Ref):
        build.refuse(f"changes the shape of something else than one tensor. {SUPPORTED}")
    others = {k: each for k, each in given.items() if k != name}
    if isinstance(others.get("dtype"), torch.dtype) and others["dtype"] != torch.float32:
        build.refuse(f"computes in {others['dtype']}; cnnlab can show torch.float32 only.")
    others.pop("dtype", None)
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


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    first, *rest = value
    return first, rest[0] if rest else first


def _fixed(build: Builder, given: Arguments, *names: str) -> None:
    """Refuse weights that the network computes from the image."""
    if any(isinstance(given.get(name), Ref) for name in names):
        build.refuse(f"computes its weights from the image, which cnnlab cannot show. {SUPPORTED}")


def _maps(build: Builder, source: Any) -> Ref:
    if not isinstance(source, Ref) or len(source.shape) != 3:
        build.refuse("works on something else than maps of (N, C, H, W), which cnnlab cannot show.")
    return source


def _conv2d(build: Builder, given: Arguments) -> Made:
    _fixed(build, given, "weight", "bias")
    source, weight = _maps(build, given["input"]), given["weight"]
    stride, dilation = _pair(given["stride"]), _pair(given["dilation"])
    padding = given["padding"]
    if padding == "same":  # an odd cell of padding goes below and to the right
        totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        sides = [total // 2 + side for total in totals for side in (0, total % 2)]
    else:
        down, across = (0, 0) if padding == "valid" else _pair(padding)
        sides = [down, down, across, across]
    settings = {
        "stride": [*stride],
        "padding": sides,
        "dilation": [*dilation],
        "groups": given["groups"],
    }
    return build.add("conv2d", [source], settings, {"weight": weight, "bias": given["bias"]})


def _linear(build: Builder, given: Arguments) -> Made:
    _fixed(build, given, "weight", "bias")
    tensors = {"weight": given["weight"], "bias": given["bias"]}
    return build.add("linear", [given["input"]], None, tensors)


def _matmul(build: Builder, given: Arguments) -> Made:
    source = given.get("self", given.get("input", given.get("mat1")))
    weight = given.get("other", given.get("mat2"))
    bias = given["self"] if "mat1" in given else None
    source = given.get("mat1", source)
    if not isinstance(source, Ref) or not isinstance(weight, torch.Tensor) or weight.ndim != 2:
        build.refuse(f"multiplies tensors as matrices, which cnnlab cannot show. {SUPPORTED}")
    if isinstance(bias, Ref) or given.get("alpha", 1) != 1 or given.get("beta", 1) != 1:
        build.refuse(f"adds to a product of matrices, which cnnlab cannot show. {SUPPORTED}")
    tensors = {"weight": weight.t().contiguous(), "bias": bias}
    return build.add("linear", [source], None, tensors)


def _batch_norm(build: Builder, given: Arguments) -> Made:
    if given.get("use_input_stats", given.get("training")):
        build.refuse(
            "normalises with the mean of the batch in evaluation too, so a prediction depends on "
            "the other images. Delete track_running_stats=False or training=True."
        )
    _fixed(build, given, "weight", "bias")
    mean, variance = given["running_mean"], given["running_var"]
    tensors = {
        "mean": mean,
        "variance": variance,
        "weight": torch.ones_like(mean) if given["weight"] is None else given["weight"],
        "bias": torch.zeros_like(mean) if given["bias"] is None else given["bias"],
    }
    return build.add("batch_norm", [given["input"]], {"epsilon": given["eps"]}, tensors)


def _instance_norm(build: Builder, given: Arguments) -> Made:
    if not given["use_input_stats"]:
        return _batch_norm(build, given)
    return _group_norm(build, {**given, "num_groups": given["input"].shape[0]})


def _group_norm(build: Builder, given: Arguments) -> Made:
    _fixed(build, given, "weight", "bias")
    source = given["input"]
    axes = (-1, *(1,) * (len(source.shape) - 1))
    tensors = {name: given[name] for name in ("weight", "bias")}
    own = {k: None if v is None else v.reshape(axes) for k, v in tensors.items()}
    block = math.prod(source.shape) // given["num_groups"]
    return build.add("standardise", [source], {"block": block, "epsilon": given["eps"]}, own)


def _layer_norm(build: Builder, given: Arguments) -> Made:
    _fixed(build, given, "weight", "bias")
    settings = {"block": math.prod(given["normalized_shape"]), "epsilon": given["eps"]}
    tensors = {name: given[name] for name in ("weight", "bias")}
    return build.add("standardise", [given["input"]], settings, tensors)


def _windows(out: int, size: int, stride: int, padding: int, end: int | None) -> list[list[int]]:
    starts = [place * stride - padding for place in range(out)]
    return [[start, start + size if end is None else min(start + size, end)] for start in starts]


def _pool(build: Builder, source: Ref, function: str, **settings: Any) -> Ref:
    every = {
        "function": function,
        "maps": list(source.shape),
        "dilation": [1, 1],
        "divisor": None,
        "counts_padding": False,
    }
    return build.add("pool", [source], every | settings)


def _max_pool2d(build: Builder, given: Arguments) -> Ref:
    source = _maps(build, given["self"])
    kernel, dilation = _pair(given["kernel_size"]), _pair(given["dilation"])
    stride, padding = _pair(given["stride"] or kernel), _pair(given["padding"])
    rows, columns = (
        _windows(out, (k - 1) * d + 1, s, p, None)
        for out, k, d, s, p in zip(
            build.shape[1:], kernel, dilation, stride, padding, strict=True
        )
    )
    return _pool(build, source, "max", rows=rows, columns=columns, dilation=[*dilation])


def _avg_pool2d(build: Builder, given: Arguments) -> Made:
    source = _maps(build, given["self"])
    kernel, padding = _pair(given["kernel_size"]), _pair(given["padding"])
    stride = _pair(given["stride"] or kernel)
    # A window that ceil_mode lets reach beyond the padding is cut there.
    rows, columns = (
        _windows(out, k, s, p, size + p)
        for out, k, s, p, size in zip(
            build.shape[1:], kernel, stride, padding, source.shape[1:], strict=True
        )
    )
    return _pool(
        build,
        source,
        "average",
        rows=rows,
        columns=columns,
        divisor=given["divisor_override"],
        counts_padding=given["count_include_pad"],
    )


def _adaptive(function: str) -> Callable[[Builder, Arguments], Ref]:
    def pool(build: Builder, given: Arguments) -> Ref:
        source = _maps(build, given["self"])
        rows, columns = (
            [[i * size // out, -((i + 1) * size // -out)] for i in range(out)]
            for out, size in zip(build.shape[1:], source.shape[1:], strict=True)
        )
        return _pool(build, source, function, rows=rows, columns=columns)

    return pool


def _over_axes(function: str, divisor: int | None = None) -> Callable[[Builder, Arguments], Ref]:
    def pool(build: Builder, given: Arguments) -> Ref:
        source, rank = given["self"], len(given["self"].shape) + 1
        named = given.get("dim")
        named = [named] if isinstance(named, int) else named or range(rank)
        axes = sorted({axis % rank for axis in named})
        if 0 in axes:
            build.refuse(
                "combines all images of a batch into one number. Name the axes, as in "
                "x.mean(dim=(2, 3))."
            )
        kept = [axis for axis in range(rank) if axis not in axes]
        moved = build.copy(source, lambda t: t.permute(*kept, *axes), 0.0)
        sizes = [source.shape[axis - 1] for axis in axes]
        height, width = math.prod(sizes[:-1]), sizes[-1]
        maps = [math.prod(source.shape) // (height * width), height, width]
        windows = {"rows": [[0, height]], "columns": [[0, width]]}
        return _pool(build, moved, function, maps=maps, divisor=divisor, **windows)

    return pool


def _with_indices(pool: Callable[[Builder, Arguments], Ref]) -> Callable[..., Made]:
    """Return a pooling whose second output, where each number came from, cannot be used."""
    return lambda build, given: (pool(build, given),)


def _activation(function: str, **settings: Any) -> Callable[[Builder, Arguments], Made]:
    """Return a function of single numbers; a setting that is a string names PyTorch's argument."""

    def apply(build: Builder, given: Arguments) -> Made:
        found = {k: given[v] if isinstance(v, str) else v for k, v in settings.items()}
        _fixed(build, found, *found)
        if any(isinstance(each, torch.Tensor) for each in found.values()):
            build.refuse(f"uses a tensor where cnnlab can show a number only. {SUPPORTED}")
        return build.add("activation", [given["self"]], {"function": function, **found})

    return apply


def _prelu(build: Builder, given: Arguments) -> Made:
    _fixed(build, given, "weight")
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
    "conv2d": _conv2d,
    "linear": _linear,
    "matmul": _matmul,
    "mm": _matmul,
    "addmm": _matmul,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "layer_norm": _layer_norm,
    "max_pool2d": _max_pool2d,
    "max_pool2d_with_indices": _with_indices(_max_pool2d),
    "avg_pool2d": _avg_pool2d,
    "adaptive_avg_pool2d": _adaptive("average"),
    "adaptive_max_pool2d": _with_indices(_adaptive("max")),
    "mean": _over_axes("average"),
    "sum": _over_axes("average", divisor=1),
    "amax": _over_axes("max"),
    "max": lambda build, given: (
        _two("maximum")(build, given) if "other" in given else (_over_axes("max")(build, given),)
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
