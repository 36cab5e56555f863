"""Compute a graph with NumPy alone: the reference for every other way of computing it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import ModelError
from cnnlab.insight.graph import Graph, Step, Tensor

Numbers = NDArray[np.float32]
TOLERANCE = 1e-3
"""How far a logit may be from PyTorch's."""


@dataclass(frozen=True)
class Agreement:
    """The proof that a graph computes what PyTorch computes, on that many images."""

    images: int
    largest_difference: float


def run(graph: Graph, images: Numbers) -> dict[str, Numbers]:
    """Return the numbers of every step, by its name, each (N, *shape), for images (N, 1, H, W).

    Raises `ModelError` if the images do not have the shape of the graph's input.
    """
    if images.ndim != 4 or images.shape[1:] != graph.input.shape:
        raise ModelError(
            f"This network takes images of {('N', *graph.input.shape)}; found {images.shape}. Use "
            "cnnlab.prepare and cnnlab.as_input."
        )
    values: dict[str, Numbers] = {}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # as PyTorch: inf and NaN
        for step in graph.steps:
            if step.op == "input":
                values[step.name] = images.astype(np.float32)
                continue
            tensors = {name: graph.tensors[number] for name, number in step.tensors.items()}
            read = [values[name] for name in step.inputs]
            made = _OPERATIONS[step.op](step, tensors, *read)
            values[step.name] = made.astype(np.float32, copy=False)
    return values


def logits_of(graph: Graph, images: Numbers) -> Numbers:
    """Return the network's output (N, classes) for images (N, 1, H, W)."""
    return run(graph, images)[graph.answer]


def check_agreement(graph: Graph, images: Numbers, logits: Numbers) -> Agreement:
    """Return how far the graph is from PyTorch's logits of the same images.

    Raises `ModelError` if a logit differs by more than `TOLERANCE`, or if a predicted class does.
    """
    found = logits_of(graph, images)
    difference = np.abs(found.astype(np.float64) - logits)
    largest = float(difference.max(initial=0.0)) if found.shape == logits.shape else math.inf
    others = int((found.argmax(axis=1) != logits.argmax(axis=1)).sum())
    if not largest <= TOLERANCE or others:
        raise ModelError(
            "cnnlab cannot show this network: it computed the network again, step by step, and the "
            f"result is not PyTorch's. On {len(images)} images, the largest difference of a logit "
            f"is {largest:.3g}; expected at most {TOLERANCE:g}. Other predicted classes: {others}. "
            "Check whether forward changes a tensor in place that it reads again later, such as x "
            "+= 1 after y = x.view(...), and write x = x + 1 there."
        )
    return Agreement(len(images), largest)


def _constant(_step: Step, tensors: Mapping[str, Tensor]) -> Numbers:
    return np.asarray(tensors["value"], np.float32)[None]


def _conv2d(step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    weight, groups = tensors["weight"], step.settings["groups"]
    windows = patches(step, x, *weight.shape[2:])
    count, (outputs, depth, *_) = len(x), weight.shape
    height, width = step.shape[1:]
    # (N, groups, C / groups * h * w, H' * W'): one matrix product for each group.
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(count, groups, -1, height * width)
    kernels = weight.reshape(1, groups, outputs // groups, depth * weight[0, 0].size)
    made: Numbers = (kernels @ columns).reshape(count, outputs, height, width)
    bias = tensors.get("bias")
    return made if bias is None else made + bias[:, None, None]


def patches(step: Step, x: Numbers, height: int, width: int) -> Numbers:
    """Return the (N, C, H', W', h, w) numbers that a convolution reads, with zeros as padding."""
    top, bottom, left, right = step.settings["padding"]
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    (down, across), (row_gap, column_gap) = step.settings["stride"], step.settings["dilation"]
    spans = ((height - 1) * row_gap + 1, (width - 1) * column_gap + 1)
    windows: Numbers = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(2, 3))
    return windows[:, :, ::down, ::across, ::row_gap, ::column_gap]


def _linear(_step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    made: Numbers = x @ tensors["weight"].T
    return made + tensors["bias"] if "bias" in tensors else made


def inside(window: list[int], size: int, dilation: int) -> list[int]:
    """Return the positions of a pooling window [start, stop] that are not padding."""
    return [place for place in range(window[0], window[1], dilation) if 0 <= place < size]


def divisor(step: Step, row: list[int], column: list[int]) -> int:
    """Return what an average is divided by, for the windows of a row and a column."""
    settings, (_, height, width) = step.settings, step.settings["maps"]
    if settings["divisor"] is not None:
        return int(settings["divisor"])
    if settings["counts_padding"]:
        return (row[1] - row[0]) * (column[1] - column[0])
    return len(inside(row, height, 1)) * len(inside(column, width, 1))


def _pool(step: Step, _tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    settings, (maps, height, width) = step.settings, step.settings["maps"]
    rows, columns = settings["rows"], settings["columns"]
    x = x.reshape(len(x), maps, height, width)
    made = np.empty((len(x), maps, len(rows), len(columns)), np.float32)
    down = [inside(row, height, settings["dilation"][0]) for row in rows]
    across = [inside(column, width, settings["dilation"][1]) for column in columns]
    for i, row in enumerate(down):
        band = x[:, :, row]
        for j, column in enumerate(across):
            cells = band[:, :, :, column]
            if settings["function"] == "max":
                made[:, :, i, j] = cells.max(axis=(2, 3), initial=-math.inf)
            else:
                made[:, :, i, j] = cells.sum(axis=(2, 3)) / divisor(step, rows[i], columns[j])
    return made.reshape(len(x), *step.shape)


def factors(
    step: Step, tensors: Mapping[str, Tensor]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a and b (C,), float64, of batch normalisation written as a * x + b."""
    mean, variance = (tensors[name].astype(np.float64) for name in ("mean", "variance"))
    a: NDArray[np.float64] = tensors["weight"] / np.sqrt(variance + step.settings["epsilon"])
    return a, tensors["bias"] - mean * a


def _batch_norm(step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    axes = (slice(None), *(None,) * (x.ndim - 2))
    mean, weight, bias = (tensors[name][axes] for name in ("mean", "weight", "bias"))
    deviation = np.sqrt(tensors["variance"] + np.float32(step.settings["epsilon"]))[axes]
    return np.asarray((x - mean) / deviation * weight + bias)


def _standardise(step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    blocks = x.reshape(-1, step.settings["block"]).astype(np.float64)
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    deviation = np.sqrt(blocks.var(axis=1, keepdims=True) + step.settings["epsilon"])
    made: Numbers = (centred / deviation).astype(np.float32).reshape(x.shape)
    made = made * tensors["weight"] if "weight" in tensors else made
    return made + tensors["bias"] if "bias" in tensors else made


def _sigmoid(x: Numbers) -> Numbers:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _log_one_plus_exp(x: Numbers) -> Numbers:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def _erf(x: Numbers) -> Numbers:
    """Abramowitz and Stegun 7.1.26, within 1.5e-7, so that JavaScript can do the same."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    inner = t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))
    below = t * (0.254829592 + t * (-0.284496736 + inner)) * np.exp(-x * x)
    return np.asarray(np.sign(x) * (1 - below))


def _gelu(x: Numbers, settings: Mapping[str, Any]) -> Numbers:
    if settings["approximate"] == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return np.asarray(0.5 * x * (1 + np.tanh(inner)))
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _elu(x: Numbers, s: Mapping[str, Any]) -> Numbers:
    below = s["alpha"] * np.expm1(s["input_scale"] * np.minimum(x, 0))
    return np.asarray(s["scale"] * np.where(x > 0, x, below))


def _clamp(x: Numbers, s: Mapping[str, Any]) -> Numbers:
    return np.asarray(np.clip(x, s["low"], s["high"]))


def _softplus(x: Numbers, s: Mapping[str, Any]) -> Numbers:
    scaled = s["beta"] * x
    return np.where(scaled > s["threshold"], x, _log_one_plus_exp(scaled) / s["beta"])


_FUNCTIONS: dict[str, Callable[[Numbers, Mapping[str, Any]], Any]] = {
    "relu": lambda x, _: np.maximum(x, 0),
    "clamp": _clamp,
    "leaky_relu": lambda x, s: np.where(x > 0, x, s["slope"] * x),
    "elu": _elu,
    "gelu": _gelu,
    "silu": lambda x, _: x * _sigmoid(x),
    "mish": lambda x, _: x * np.tanh(_log_one_plus_exp(x)),
    "sigmoid": lambda x, _: _sigmoid(x),
    "tanh": lambda x, _: np.tanh(x),
    "softplus": _softplus,
    "hardswish": lambda x, _: x * np.clip(x + 3, 0, 6) / 6,
    "hardsigmoid": lambda x, _: np.clip(x + 3, 0, 6) / 6,
    "log_sigmoid": lambda x, _: -_log_one_plus_exp(-x),
    "exp": lambda x, _: np.exp(x),
    "log": lambda x, _: np.log(x),
    "abs": lambda x, _: np.abs(x),
    "power": lambda x, s: np.power(x, s["exponent"]),
}
FUNCTIONS = frozenset({*_FUNCTIONS, "prelu"})
"""Every function of an activation."""


def _activation(step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    name = step.settings["function"]
    if name == "prelu":
        return np.where(x > 0, x, x * tensors["weight"])
    # The functions compute in float64, as JavaScript does: no float32 value overflows in them.
    return np.asarray(_FUNCTIONS[name](x.astype(np.float64), step.settings))


def _two(function: Callable[[Numbers, Numbers], Any]) -> Callable[..., Numbers]:
    def combine(_step: Step, _tensors: Mapping[str, Tensor], a: Numbers, b: Numbers) -> Numbers:
        # A constant has fewer axes: its own first axis must not meet the batch.
        rank = max(a.ndim, b.ndim)
        a, b = (
            each.reshape(len(each), *(1,) * (rank - each.ndim), *each.shape[1:]) for each in (a, b)
        )
        return np.asarray(function(a, b))

    return combine


def _concatenate(step: Step, _tensors: Mapping[str, Tensor], *read: Numbers) -> Numbers:
    count = max(map(len, read))
    whole = [np.broadcast_to(each, (count, *each.shape[1:])) for each in read]
    return np.concatenate(whole, axis=step.settings["axis"] + 1)


def index_of(step: Step, index: Tensor | None) -> NDArray[np.int64]:
    """Return which number of its input a copy takes for each output number; -1 for none."""
    if index is not None:
        return index.astype(np.int64)
    numbers = np.full(step.shape, step.settings["offset"], np.int64)
    for axis, (length, stride) in enumerate(zip(step.shape, step.settings["strides"], strict=True)):
        along = [1] * len(step.shape)
        along[axis] = length
        numbers += (np.arange(length) * stride).reshape(along)
    return numbers


def _copy(step: Step, tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    index = index_of(step, tensors.get("index"))
    made = x.reshape(len(x), -1)[:, index]
    return np.where(index < 0, step.settings["value"], made) if "index" in tensors else made


def _softmax(step: Step, _tensors: Mapping[str, Tensor], x: Numbers) -> Numbers:
    axis = step.settings["axis"] + 1
    lower = x - x.max(axis=axis, keepdims=True)
    total = np.exp(lower).sum(axis=axis, keepdims=True)
    return np.asarray(lower - np.log(total) if step.settings["log"] else np.exp(lower) / total)


_OPERATIONS: dict[str, Callable[..., Numbers]] = {
    "constant": _constant,
    "conv2d": _conv2d,
    "linear": _linear,
    "pool": _pool,
    "batch_norm": _batch_norm,
    "standardise": _standardise,
    "activation": _activation,
    "add": _two(np.add),
    "subtract": _two(np.subtract),
    "multiply": _two(np.multiply),
    "divide": _two(np.divide),
    "maximum": _two(np.maximum),
    "minimum": _two(np.minimum),
    "concatenate": _concatenate,
    "copy": _copy,
    "softmax": _softmax,
}
