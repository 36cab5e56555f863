"""The network in the browser computes what NumPy computes, operation by operation."""

import math

import numpy as np
import pytest
import torch

from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.insight.graph import Graph, Step
from cnnlab.insight.interpret import run
from tests.support.browser import as_array, as_text, script

COMPUTE = """([json, weights, images]) => {
  const graph = readGraph(json, bytesOf(weights));
  let values;
  return images.map((image) => {
    values = compute(graph, floatsOf(image), values);
    return [...values].map(([name, array]) => [name, textOf(array)]);
  });
}"""


@pytest.fixture(scope="module")
def page(number_page):
    number_page.add_script_tag(content=script("forward"))
    return number_page


def computed(page, graph: Graph, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what `run` returns, computed by the page."""
    given = [graph.to_json(), as_text(graph.to_bytes()), [as_text(each) for each in images]]
    found = page.evaluate(COMPUTE, given)
    return {
        step.name: np.stack([as_array(dict(each)[step.name]).reshape(step.shape) for each in found])
        for step in graph.steps
    }


def assert_same(page, graph: Graph, images: np.ndarray):
    """Assert that the page computes every step as NumPy does, within 1e-4."""
    expected, found = run(graph, images), computed(page, graph, images)
    for step in graph.steps:
        wanted = np.broadcast_to(expected[step.name], found[step.name].shape)
        size = max(1e-6, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
        np.testing.assert_allclose(
            found[step.name], wanted, rtol=1e-4, atol=1e-5 * size, err_msg=f"{step.op} {step.name}"
        )


def graph_of(shape, op, out, settings=None, others=(), **tensors) -> Graph:
    """Return a graph of one operation on an image, and on constants."""
    arrays = [np.asarray(each, np.float32) for each in others]
    names = [f"constant{place}" for place in range(len(arrays))]
    constants = [
        Step(name, "constant", (), array.shape, tensors={"value": place})
        for place, (name, array) in enumerate(zip(names, arrays, strict=True))
    ]
    numbers = {name: len(arrays) + place for place, name in enumerate(tensors)}
    steps = [
        Step("input", "input", (), shape, stage="input"),
        *constants,
        Step("made", op, ("input", *names), out, op, settings=settings or {}, tensors=numbers),
    ]
    return Graph(tuple(steps), (*arrays, *tensors.values()), "made")


def draw(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


CONVOLUTIONS = [
    # maps, side, outputs, kernel, stride, padding, dilation, groups
    (1, (32, 32), 6, (5, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    (4, (9, 7), 6, (3, 2), (2, 1), (1, 2, 0, 3), (1, 2), 2),
    (6, (8, 8), 6, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 6),
    (3, (11, 6), 5, (1, 1), (3, 2), (0, 0, 0, 0), (1, 1), 1),
    (2, (6, 5), 4, (6, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    (2, (9, 9), 2, (2, 3), (1, 3), (0, 1, 2, 2), (3, 1), 1),
]


@pytest.mark.parametrize("case", CONVOLUTIONS)
@pytest.mark.parametrize("has_bias", [True, False])
def test_convolution(page, case, has_bias):
    maps, side, outputs, kernel, stride, padding, dilation, groups = case
    out = [
        (n + before + after - gap * (k - 1) - 1) // step + 1
        for n, before, after, k, step, gap in zip(
            side, padding[::2], padding[1::2], kernel, stride, dilation, strict=True
        )
    ]
    settings = {
        "stride": [*stride],
        "padding": [*padding],
        "dilation": [*dilation],
        "groups": groups,
    }
    tensors = {"weight": draw(outputs, maps // groups, *kernel), "bias": draw(outputs)}
    if not has_bias:
        del tensors["bias"]
    graph = graph_of((maps, *side), "conv2d", (outputs, *out), settings, **tensors)
    assert_same(page, graph, draw(3, maps, *side, seed=2))


def test_linear_over_the_last_axis(page):
    graph = graph_of((2, 3, 5), "linear", (2, 3, 4), None, weight=draw(4, 5), bias=draw(4))
    assert_same(page, graph, draw(2, 2, 3, 5, seed=2))
    graph = graph_of((2, 3, 5), "linear", (2, 3, 7), None, weight=draw(7, 5))
    assert_same(page, graph, draw(2, 2, 3, 5, seed=2))


@pytest.mark.parametrize("function", ["max", "average"])
@pytest.mark.parametrize("divisor", [None, 3])
@pytest.mark.parametrize("counts_padding", [False, True])
def test_pooling(page, function, divisor, counts_padding):
    settings = {
        "function": function,
        "maps": [3, 7, 6],
        "rows": [[-1, 2], [1, 4], [3, 6], [5, 8]],
        "columns": [[-2, 1], [0, 3], [2, 5], [4, 8]],
        "dilation": [2, 1] if function == "max" else [1, 1],
        "divisor": divisor,
        "counts_padding": counts_padding,
    }
    graph = graph_of((3, 7, 6), "pool", (3, 4, 4), settings)
    assert_same(page, graph, draw(2, 3, 7, 6))


def test_global_pooling_leaves_out_axes(page):
    whole = {"maps": [3, 7, 6], "rows": [[0, 7]], "columns": [[0, 6]], "dilation": [1, 1]}
    settings = {**whole, "function": "average", "divisor": None, "counts_padding": False}
    assert_same(page, graph_of((3, 7, 6), "pool", (3,), settings), draw(2, 3, 7, 6))


def test_batch_normalisation(page):
    tensors = {"mean": draw(4), "variance": draw(4) ** 2, "weight": draw(4), "bias": draw(4)}
    graph = graph_of((4, 3, 5), "batch_norm", (4, 3, 5), {"epsilon": 1e-3}, **tensors)
    assert_same(page, graph, draw(2, 4, 3, 5))


def test_standardising(page):
    shape, settings = (4, 3, 5), {"block": 30, "epsilon": 1e-5}
    graph = graph_of(
        shape, "standardise", shape, settings, weight=draw(4, 1, 1), bias=draw(4, 1, 1)
    )
    assert_same(page, graph, draw(2, *shape))
    graph = graph_of(shape, "standardise", shape, {"block": 5, "epsilon": 0.1}, weight=draw(5))
    assert_same(page, graph, draw(2, *shape))


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
]


def test_activations(page):
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 88.0, -88.0, 1e-8, 1e4]
    x = np.concatenate([draw(91) * 4, special]).astype(np.float32).reshape(1, 4, 5, 5)
    for settings in ACTIVATIONS:
        assert_same(page, graph_of((4, 5, 5), "activation", (4, 5, 5), settings), x)
    settings = {"function": "prelu"}
    graph = graph_of((4, 5, 5), "activation", (4, 5, 5), settings, weight=draw(4, 1, 1))
    assert_same(page, graph, x[:, ::-1])


@pytest.mark.parametrize("op", ["add", "subtract", "multiply", "divide", "maximum", "minimum"])
def test_two_numbers_broadcast(page, op):
    for other in (draw(4, 3, 5), draw(4, 1, 1), draw(5), draw(1, 3, 1), np.float32(0.7)):
        assert_same(page, graph_of((4, 3, 5), op, (4, 3, 5), None, [other]), draw(2, 4, 3, 5))
    graph = graph_of((4, 1, 5), op, (2, 4, 3, 5), None, [draw(2, 1, 3, 1)])
    assert_same(page, graph, draw(1, 4, 1, 5))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concatenation(page, axis):
    shape, out = [4, 3, 5], [4, 3, 5]
    shape[axis], out[axis] = 2, out[axis] + 2 + 2
    graph = graph_of(
        (4, 3, 5), "concatenate", tuple(out), {"axis": axis}, [draw(*shape), draw(*shape, seed=3)]
    )
    assert_same(page, graph, draw(2, 4, 3, 5))


def test_copies(page):
    x = draw(2, 4, 3, 5)
    settings = {"offset": 2, "strides": [15, -1, 5, 0]}
    assert_same(page, graph_of((4, 3, 5), "copy", (3, 2, 3, 1), settings), x)
    index = np.random.default_rng(1).integers(-1, 60, size=(7, 9)).astype(np.int32)
    assert_same(page, graph_of((4, 3, 5), "copy", (7, 9), {"value": 0.5}, index=index), x)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("log", [False, True])
def test_softmax_of_an_axis(page, axis, log):
    settings = {"axis": axis, "log": log}
    graph = graph_of((4, 3, 5), "softmax", (4, 3, 5), settings)
    assert_same(page, graph, draw(2, 4, 3, 5) * 30)


def test_half_precision(page):
    """A block of halves, which is no multiple of four bytes, before one of floats."""
    weight, bias = draw(3, 5).astype(np.float16), draw(3)
    weight.flat[:5] = [0, 6e-8, -65504, math.inf, math.nan]
    graph = graph_of((1, 1, 5), "linear", (1, 1, 3), None, weight=weight.astype("f4"), bias=bias)
    json = graph.to_json()
    json["tensors"] = [
        {"shape": [3, 5], "type": "f16", "at": 0},
        {"shape": [3], "type": "f32", "at": 30},
    ]
    json["bytes"] = 42
    block = weight.tobytes() + bias.tobytes()
    found = page.evaluate(
        "([json, bytes]) => readGraph(json, bytesOf(bytes)).tensors.map((t) => textOf(t.data))",
        [json, as_text(block)],
    )
    np.testing.assert_array_equal(as_array(found[0]), weight.astype("f4").reshape(-1))
    np.testing.assert_array_equal(as_array(found[1]), bias)


def test_a_graph_that_cannot_be_read_is_refused_in_words(page):
    graph = graph_of((1, 1, 5), "linear", (1, 1, 3), None, weight=draw(3, 5))
    good = graph.to_json()

    def words(changes, block=graph.to_bytes()):
        return page.evaluate(
            """([json, bytes]) => {
              try { readGraph(json, bytesOf(bytes)); } catch (error) { return error.message; }
            }""",
            [{**good, **changes}, as_text(block)],
        )

    again = "Export the network again"
    assert words({}) is None
    assert words({"cnnlab_graph": 2}) == (
        f"This graph has version 2; expected 1. {again} with this cnnlab."
    )
    assert words({}, b"1234") == (
        f"The weights are incomplete: expected 60 bytes, found 4. {again}."
    )
    place = {"shape": [3, 6], "type": "f32", "at": 0}
    assert words({"tensors": [place]}) == f"A tensor does not lie within the weights. {again}."
    steps = [good["steps"][0], {**good["steps"][1], "op": "guess"}]
    assert words({"steps": steps}) == 'Step "made" is there twice, or cannot be computed here.'
    assert words({"steps": good["steps"][1:]}) == (
        'Step "made" needs "input", which is not before it.'
    )


def test_images_become_the_same_input_bit_for_bit(page):
    noise = np.random.default_rng(1).integers(0, 256, size=(20, 28, 28)).astype(np.uint8)
    noise[0] = np.arange(784).reshape(28, 28) % 256
    expected = as_input(prepare_images(noise)).numpy()
    found = page.evaluate(
        "(images) => images.map((text) => textOf(asInput(bytesOf(text))))",
        [as_text(each) for each in noise],
    )
    for wanted, text in zip(expected, found, strict=True):
        np.testing.assert_array_equal(as_array(text).view(np.int32), wanted.view(np.int32).ravel())


def test_softmax_of_the_answer(page):
    logits = draw(10) * 50
    found = page.evaluate("(text) => softmax(floatsOf(text))", as_text(logits))
    expected = torch.from_numpy(logits).double().softmax(0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_result_is_reused(page):
    graph = graph_of((1, 1, 5), "linear", (1, 1, 3), None, weight=draw(3, 5))
    same = page.evaluate(
        """([json, bytes]) => {
          const graph = readGraph(json, bytesOf(bytes));
          const first = compute(graph, new Float32Array(5));
          const made = first.get("made");
          const again = compute(graph, Float32Array.of(1, 2, 3, 4, 5), first);
          return again === first && again.get("made") === made && made[0] !== 0;
        }""",
        [graph.to_json(), as_text(graph.to_bytes())],
    )
    assert same is True
