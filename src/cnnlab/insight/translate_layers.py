"""Add the steps of the layers with weights and of pooling, from PyTorch's arguments for them."""

import math
from collections.abc import Callable
from typing import Any

import torch

from cnnlab.insight.builder import BATCH, SUPPORTED, Builder, Ref

Arguments = dict[str, Any]
"""An operation's arguments by PyTorch's names for them: `Ref`, tensors, numbers, lists."""
Made = Ref | tuple[Ref, ...]


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    first, *rest = value
    return first, rest[0] if rest else first


def refuse_computed(build: Builder, given: Arguments, *names: str) -> None:
    """Refuse weights that the network computes from the image."""
    if any(isinstance(given.get(name), Ref) for name in names):
        build.refuse(f"computes its weights from the image, which cnnlab cannot show. {SUPPORTED}")


def _maps(build: Builder, source: Any) -> Ref:
    if not isinstance(source, Ref) or len(source.shape) != 3:
        build.refuse("works on something else than maps of (N, C, H, W), which cnnlab cannot show.")
    return source


def conv2d(build: Builder, given: Arguments) -> Made:
    """Add a convolution; padding "same" puts an odd cell below and to the right."""
    refuse_computed(build, given, "weight", "bias")
    source, weight = _maps(build, given["input"]), given["weight"]
    stride, dilation = _pair(given["stride"]), _pair(given["dilation"])
    padding = given["padding"]
    if padding == "same":
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


def linear(build: Builder, given: Arguments) -> Made:
    """Add a linear layer."""
    refuse_computed(build, given, "weight", "bias")
    tensors = {"weight": given["weight"], "bias": given["bias"]}
    return build.add("linear", [given["input"]], None, tensors)


def matmul(build: Builder, given: Arguments) -> Made:
    """Add a product with a fixed matrix, which is a linear layer."""
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


def batch_norm(build: Builder, given: Arguments) -> Made:
    """Add batch normalisation with the statistics of training."""
    if given.get("use_input_stats", given.get("training")):
        build.refuse(
            "normalises with the mean of the batch in evaluation too, so a prediction depends on "
            "the other images. Delete track_running_stats=False or training=True."
        )
    refuse_computed(build, given, "weight", "bias")
    mean, variance = given["running_mean"], given["running_var"]
    tensors = {
        "mean": mean,
        "variance": variance,
        "weight": torch.ones_like(mean) if given["weight"] is None else given["weight"],
        "bias": torch.zeros_like(mean) if given["bias"] is None else given["bias"],
    }
    return build.add("batch_norm", [given["input"]], {"epsilon": given["eps"]}, tensors)


def instance_norm(build: Builder, given: Arguments) -> Made:
    """Add instance normalisation: each map with its own mean."""
    if not given["use_input_stats"]:
        return batch_norm(build, given)
    return group_norm(build, {**given, "num_groups": given["input"].shape[0]})


def group_norm(build: Builder, given: Arguments) -> Made:
    """Add group normalisation."""
    refuse_computed(build, given, "weight", "bias")
    source = given["input"]
    axes = (-1, *(1,) * (len(source.shape) - 1))
    tensors = {name: given[name] for name in ("weight", "bias")}
    own = {k: None if v is None else v.reshape(axes) for k, v in tensors.items()}
    block = math.prod(source.shape) // given["num_groups"]
    return build.add("standardise", [source], {"block": block, "epsilon": given["eps"]}, own)


def layer_norm(build: Builder, given: Arguments) -> Made:
    """Add layer normalisation."""
    refuse_computed(build, given, "weight", "bias")
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


def max_pool2d(build: Builder, given: Arguments) -> Ref:
    """Add max pooling."""
    source = _maps(build, given["self"])
    kernel, dilation = _pair(given["kernel_size"]), _pair(given["dilation"])
    stride, padding = _pair(given["stride"] or kernel), _pair(given["padding"])
    rows, columns = (
        _windows(out, (k - 1) * d + 1, s, p, None)
        for out, k, d, s, p in zip(build.shape[1:], kernel, dilation, stride, padding, strict=True)
    )
    return _pool(build, source, "max", rows=rows, columns=columns, dilation=[*dilation])


def avg_pool2d(build: Builder, given: Arguments) -> Made:
    """Add average pooling."""
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


def adaptive_pool(function: str) -> Callable[[Builder, Arguments], Ref]:
    """Return what adds adaptive pooling."""

    def pool(build: Builder, given: Arguments) -> Ref:
        source = _maps(build, given["self"])
        rows, columns = (
            [[i * size // out, -((i + 1) * size // -out)] for i in range(out)]
            for out, size in zip(build.shape[1:], source.shape[1:], strict=True)
        )
        return _pool(build, source, function, rows=rows, columns=columns)

    return pool


def pool_axes(function: str, divisor: int | None = None) -> Callable[[Builder, Arguments], Ref]:
    """Return what adds the mean, sum or maximum of some axes."""

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
        if moved.shape[-2:] != (height, width):  # else its last two axes are the window already
            moved = build.copy(moved, lambda t: t.reshape(BATCH, *maps), 0.0)
        windows = {"rows": [[0, height]], "columns": [[0, width]]}
        return _pool(build, moved, function, maps=maps, divisor=divisor, **windows)

    return pool


def with_indices(pool: Callable[[Builder, Arguments], Ref]) -> Callable[..., Made]:
    """Return a pooling whose second output, where each number came from, cannot be used."""
    return lambda build, given: (pool(build, given),)
