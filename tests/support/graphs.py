"""Graphs of one operation each, with odd settings, and images for them."""

import math

import numpy as np

from cnnlab.insight.graph import Graph, Step

Case = tuple[Graph, np.ndarray]


def single(shape, op, out, settings=None, others=(), **tensors) -> Graph:
    """Return a graph of one operation on an image, and on constants."""
    arrays = [np.asarray(each, np.float32) for each in others]
    names = [f"constant{place}" for place in range(len(arrays))]
    constants = [
        Step(name, "constant", (), array.shape, tensors={"value": place})
        for place, (name, array) in enumerate(zip(names, arrays, strict=True))
    ]
    numbers = {name: len(arrays) + place for place, name in enumerate(tensors)}
    steps = [
        Step("input", "input", (), shape, stage="input", call="input"),
        *constants,
        Step("made", op, ("input", *names), out, "made1", op, "", None, settings or {}, numbers),
    ]
    return Graph(tuple(steps), (*arrays, *tensors.values()), "made")


def draw(*shape: int, seed: int = 1) -> np.ndarray:
    """Return normal numbers of that shape."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


_CONVOLUTIONS = [
    # maps, sides, outputs, kernel, stride, padding, dilation, groups
    (1, (32, 32), 6, (5, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    (4, (9, 7), 6, (3, 2), (2, 1), (1, 2, 0, 3), (1, 2), 2),
    (6, (8, 8), 6, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 6),
    (3, (11, 6), 5, (1, 1), (3, 2), (0, 0, 0, 0), (1, 1), 1),
    (2, (6, 5), 4, (6, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    (2, (9, 9), 2, (2, 3), (1, 3), (0, 1, 2, 2), (3, 1), 1),
]

ACTIVATIONS = [
    {"function": "relu"},
    {"function": "clamp", "low": 0.0, "high": 6.0},
    {"function": "clamp", "low": None, "high": 1.0},
    {"function": "clamp", "low": -1.0, "high": None},
    {"function": "leaky_relu", "slope": 0.1},
    {"function": "elu", "alpha": 1.7, "scale": 1.05, "input_scale": 0.6},
    {"function": "gelu", "approximate": "none"},
    {"function": "gelu", "approximate": "tanh"},
    {"function": "silu"},
    {"function": "mish"},
    {"function": "sigmoid"},
    {"function": "tanh"},
    {"function": "softplus", "beta": 2.0, "threshold": 20.0},
    {"function": "hardswish"},
    {"function": "hardsigmoid"},
    {"function": "log_sigmoid"},
    {"function": "exp"},
    {"function": "log"},
    {"function": "abs"},
    {"function": "power", "exponent": 2.0},
    {"function": "power", "exponent": 0.5},
    {"function": "power", "exponent": -1.0},
]


def _convolutions() -> dict[str, Case]:
    found = {}
    for number, each in enumerate(_CONVOLUTIONS):
        maps, sides, outputs, kernel, stride, padding, dilation, groups = each
        out = [
            (n + before + after - gap * (k - 1) - 1) // step + 1
            for n, before, after, k, step, gap in zip(
                sides, padding[::2], padding[1::2], kernel, stride, dilation, strict=True
            )
        ]
        settings = {
            "stride": [*stride],
            "padding": [*padding],
            "dilation": [*dilation],
            "groups": groups,
        }
        tensors = {"weight": draw(outputs, maps // groups, *kernel), "bias": draw(outputs)}
        if number % 2:
            del tensors["bias"]
        graph = single((maps, *sides), "conv2d", (outputs, *out), settings, **tensors)
        found[f"conv2d {number}"] = graph, draw(3, maps, *sides, seed=2)
    return found


def _pools() -> dict[str, Case]:
    found = {}
    windows = {
        "maps": [3, 7, 6],
        "rows": [[-1, 2], [1, 4], [3, 6], [5, 8]],
        "columns": [[-2, 1], [0, 3], [2, 5], [4, 8]],
    }
    whole = {"maps": [3, 7, 6], "rows": [[0, 7]], "columns": [[0, 6]], "dilation": [1, 1]}
    x = draw(2, 3, 7, 6)
    for name, own in {
        "max": {"function": "max", "dilation": [2, 1]},
        "average": {"function": "average", "dilation": [1, 1]},
        "average with padding": {"function": "average", "dilation": [1, 1], "counts_padding": True},
        "sum of three": {"function": "average", "dilation": [1, 1], "divisor": 3},
    }.items():
        settings = {"divisor": None, "counts_padding": False, **windows, **own}
        found[name] = single((3, 7, 6), "pool", (3, 4, 4), settings), x
    settings = {**whole, "function": "average", "divisor": None, "counts_padding": False}
    found["global average"] = single((3, 7, 6), "pool", (3,), settings), x
    return found


def _normalisations() -> dict[str, Case]:
    shape = (4, 3, 5)
    x = draw(2, *shape)
    tensors = {"mean": draw(4), "variance": draw(4) ** 2, "weight": draw(4), "bias": draw(4)}
    group = {"block": 30, "epsilon": 1e-5}
    layer = {"block": 5, "epsilon": 0.1}
    own = {"weight": draw(4, 1, 1), "bias": draw(4, 1, 1)}
    return {
        "batch_norm": (single(shape, "batch_norm", shape, {"epsilon": 1e-3}, **tensors), x),
        "group norm": (single(shape, "standardise", shape, group, **own), x),
        "layer norm": (single(shape, "standardise", shape, layer, weight=draw(5)), x),
        "instance norm": (single(shape, "standardise", shape, {**group, "block": 15}), x),
    }


def _activations() -> dict[str, Case]:
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 88.0, -88.0, 1e-8, 1e4]
    x = np.concatenate([draw(91) * 4, special]).astype(np.float32).reshape(1, 4, 5, 5)
    shape = (4, 5, 5)
    found = {
        " ".join(map(str, settings.values())): (single(shape, "activation", shape, settings), x)
        for settings in ACTIVATIONS
    }
    prelu = single(shape, "activation", shape, {"function": "prelu"}, weight=draw(4, 1, 1))
    return {**found, "prelu": (prelu, x)}


def _pairs() -> dict[str, Case]:
    found = {}
    shape = (4, 3, 5)
    others = [draw(4, 3, 5), draw(4, 1, 1), draw(5), draw(1, 3, 1), np.float32(0.7)]
    for op in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
        for number, other in enumerate(others):
            found[f"{op} {number}"] = single(shape, op, shape, None, [other]), draw(2, *shape)
        wider = single((4, 1, 5), op, (2, 4, 3, 5), None, [draw(2, 1, 3, 1)])
        found[f"{op} of more axes"] = wider, draw(1, 4, 1, 5)
    return found


def _rest() -> dict[str, Case]:
    found, shape = {}, (4, 3, 5)
    x = draw(2, *shape)
    tensors = {"weight": draw(4, 5), "bias": draw(4)}
    found["linear by rows"] = single(shape, "linear", (4, 3, 4), None, **tensors), x
    one = single((7, 1, 1), "linear", (7, 1, 3), None, weight=draw(3, 1))
    found["linear of one number"] = one, draw(2, 7, 1, 1)
    for axis in range(3):
        other, out = [*shape], [*shape]
        other[axis], out[axis] = 2, out[axis] + 4
        two = [draw(*other), draw(*other, seed=3)]
        made = single(shape, "concatenate", tuple(out), {"axis": axis}, two)
        found[f"concatenate {axis}"] = made, x
        for log in (False, True):
            made = single(shape, "softmax", shape, {"axis": axis, "log": log})
            found[f"softmax {axis} {log}"] = made, x * 10
    settings = {"offset": 2, "strides": [15, -1, 5, 0]}
    found["copy by strides"] = single(shape, "copy", (3, 2, 3, 1), settings), x
    index = np.random.default_rng(1).integers(-1, 60, size=(7, 9)).astype(np.int32)
    found["copy"] = single(shape, "copy", (7, 9), {"value": 0.5}, index=index), x
    return found


CASES: dict[str, Case] = {
    **_convolutions(),
    **_pools(),
    **_normalisations(),
    **_activations(),
    **_pairs(),
    **_rest(),
}
"""Every operation, by a name of the case: the graph, and images for it."""
