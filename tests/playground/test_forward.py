"""The network in the browser computes what NumPy computes, operation by operation."""

import math

import numpy as np
import pytest
import torch

from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import run
from tests.support.browser import as_array, as_text, script
from tests.support.graphs import CASES, draw, single

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


def assert_same(page, graph: Graph, images: np.ndarray, case: str):
    """Assert that the page computes every step as NumPy does, within 1e-4."""
    expected, found = run(graph, images), computed(page, graph, images)
    for step in graph.steps:
        wanted = np.broadcast_to(expected[step.name], found[step.name].shape)
        size = max(1e-6, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
        np.testing.assert_allclose(
            found[step.name], wanted, rtol=1e-4, atol=1e-5 * size, err_msg=f"{case}: {step.name}"
        )


def test_every_operation(page):
    for name, (graph, images) in CASES.items():
        assert_same(page, graph, images, name)


def test_half_precision(page):
    """A block of halves, which is no multiple of four bytes, before one of floats."""
    weight, bias = draw(3, 5).astype(np.float16), draw(3)
    weight.flat[:5] = [0, 6e-8, -65504, math.inf, math.nan]
    graph = single((1, 1, 5), "linear", (1, 1, 3), None, weight=weight.astype("f4"), bias=bias)
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
    graph = single((1, 1, 5), "linear", (1, 1, 3), None, weight=draw(3, 5))
    good = graph.to_json()

    def words(changes, block=None):
        block = graph.to_bytes() if block is None else block
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
    graph = single((1, 1, 5), "linear", (1, 1, 3), None, weight=draw(3, 5))
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
