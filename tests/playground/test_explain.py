"""The page explains each number as Python does, and what it prints adds up."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from cnnlab.insight.explain import explain_pixel
from cnnlab.insight.explanation import as_maps, pixel_of
from cnnlab.insight.fields import receptive_fields
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import run
from cnnlab.insight.saliency import occlusion, strongest_path
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.browser import as_array, as_text, script
from tests.support.graphs import CASES, draw
from tests.support.idioms import IDIOMS, lively

LOAD = """([name, json, weights, values]) => {
  globalThis.graphs = globalThis.graphs || {};
  const made = new Map(values.map(([step, text]) => [step, floatsOf(text)]));
  graphs[name] = { graph: readGraph(json, bytesOf(weights)), values: made };
}"""
EXPLAIN = """([name, pixels]) => pixels.map(([where, pixel]) => {
  const { graph, values } = graphs[name];
  const found = explain(graph, values, where, pixel);
  const fields = reach(graph, where, pixel);
  const path = strongestPath(graph, values, where, pixel);
  // JSON has no NaN and no infinity.
  const text = (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);
  return JSON.stringify([found, fields, path], text);
})"""
# The total of printed numbers, as a whole number of units of the last decimal.
SUMS = """
function unitsIn(text) { return Number(text.replace(".", "")); }
function decimalsIn(text) { return text.split(".")[1].length; }
function isRight(part) {
  if (part.kind === "share") {
    return unitsIn(part.total) === part.addends.reduce((sum, each) => sum + unitsIn(each), 0);
  }
  if (part.kind !== "sum") return true;
  let total = part.bias === null ? 0 : unitsIn(part.bias);
  for (const patch of part.patches) {
    const products = patch.products.flat();
    const subtotal = products.reduce((sum, each) => sum + unitsIn(each), 0);
    if (subtotal !== unitsIn(patch.subtotal)) return false;
    if (products.some((each) => decimalsIn(each) !== decimalsIn(part.printed))) return false;
    total += subtotal;
  }
  return total === unitsIn(part.printed);
}
"""


@pytest.fixture(scope="module")
def page(number_page):
    number_page.add_script_tag(content=script("forward", "explain") + SUMS)
    return number_page


@pytest.fixture(scope="module")
def networks(page) -> dict[str, tuple[Graph, dict[str, np.ndarray]]]:
    """Return cnnlab's and students' networks, with the values of an image."""
    image = np.clip(draw(1, 1, 32, 32), -1, 1)
    found = {}
    for name, make in ({name: spec.make for name, spec in MODELS.items()} | IDIOMS).items():
        found[name] = load(page, name, trace(lively(make), (1, 32, 32)), image)
    return found


def load(page, name: str, graph: Graph, image: np.ndarray):
    """Give the page a graph and NumPy's values of one image; return both."""
    values = {
        step: np.broadcast_to(made, (1, *made.shape[1:]))
        for step, made in run(graph, image).items()
    }
    texts = [[step, as_text(made)] for step, made in values.items()]
    page.evaluate(LOAD, [name, graph.to_json(), as_text(graph.to_bytes()), texts])
    return graph, values


def some_pixels(graph: Graph, count: int, seed: int = 1) -> list[tuple[str, tuple[int, ...]]]:
    """Return pixels of every stage, and of every step."""
    rng = np.random.default_rng(seed)
    places = {name: stage.last for name, stage in graph.stages.items()} | graph.by_name
    return [
        (where, pixel_of(as_maps(step.shape), int(rng.integers(math.prod(step.shape)))))
        for where, step in places.items()
        for _ in range(count)
    ]


def plain(value):
    """Return what JSON makes of a value of `cnnlab.insight.explanation`."""
    if hasattr(value, "parts"):
        parts = [{"kind": type(p).__name__.lower(), **asdict(p)} for p in value.parts]
        own = {name: getattr(value, name) for name in ("stage", "pixel", "value", "printed")}
        return json.loads(json.dumps({**own, "parts": parts}))
    return json.loads(json.dumps(asdict(value)))


def assert_equal(found, expected, where: str):
    """Assert that two JSON values are equal, texts exactly and numbers within 1e-12."""
    if isinstance(expected, dict):
        assert sorted(found) == sorted(expected), where
        for name in expected:
            assert_equal(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, (a, b) in enumerate(zip(found, expected, strict=True)):
            assert_equal(a, b, f"{where}[{place}]")
    elif isinstance(expected, float):
        found = float({"NaN": "nan"}.get(found, found)) if isinstance(found, str) else found
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), where
    else:
        assert found == expected, where


def assert_same_explanations(page, name: str, graph: Graph, values, count: int):
    pixels = some_pixels(graph, count)
    texts = page.evaluate(EXPLAIN, [name, pixels])
    for (where, pixel), text in zip(pixels, texts, strict=True):
        found, fields, _ = json.loads(text)
        place = f"{name}: {where} {pixel}"
        assert_equal(found, plain(explain_pixel(graph, values, where, pixel)), place)
        wanted = [plain(each) for each in receptive_fields(graph, where, pixel)]
        assert_equal(fields, wanted, place)


def test_every_operation_is_explained_as_in_python(page):
    for name, (case, images) in CASES.items():
        graph, values = load(page, name, case, images[:1])
        assert_same_explanations(page, name, graph, values, count=6)


def test_networks_are_explained_as_in_python(page, networks):
    for name, (graph, values) in networks.items():
        assert_same_explanations(page, name, graph, values, count=1)


def test_the_strongest_path_is_that_of_python(page, networks):
    for name, (graph, values) in networks.items():
        where = graph.by_name[graph.answer].stage
        for class_index in range(10):
            text = page.evaluate(EXPLAIN, [name, [[where, [class_index, 0, 0]]]])[0]
            path = json.loads(text)[2]
            expected = [plain(link) for link in strongest_path(graph, values, class_index)]
            for link in path:
                del link["where"]
            assert_equal(path, expected, name)
            assert path[-1]["stage"] == "input"


def assert_adds_up(page, name: str, graph: Graph, count: int):
    """Assert that pixels of every stage add up as shown, to the value that is there."""
    found = page.evaluate(
        """([name, count]) => {
          const { graph, values } = graphs[name];
          return graph.stages.map(({ name: stage, last }) => {
            let [right, near] = [0, 0];
            for (let k = 0; k < count; k++) {
              const flat = (k * 7919) % last.size;
              const found = explain(graph, values, stage, pixelOf(asMaps(last.shape), flat));
              right += found.parts.every(isRight);
              near += Math.abs(Number(found.printed) - values.get(last.name)[flat]) < 1e-3;
            }
            return [stage, right, near];
          });
        }""",
        [name, count],
    )
    assert found == [[stage, count, count] for stage in graph.stages], name


def test_1000_pixels_of_every_stage_of_lenet5_add_up_as_shown(page, networks):
    assert_adds_up(page, "lenet5", networks["lenet5"][0], 1000)


def test_pixels_of_every_stage_of_every_network_add_up_as_shown(page, networks):
    for name, (graph, _) in networks.items():
        assert_adds_up(page, name, graph, 30)


OCCLUDE = """([text, options, milliseconds]) => new Promise((resolve) => {
  let slices = 0;
  const show = (result, isDone) => {
    slices++;
    if (isDone) resolve({ ...result, falls: textOf(result.falls), slices });
  };
  inSlices(occlude(graphs.lenet5.graph, floatsOf(text), options), show, milliseconds);
})"""


def test_occlusion_is_that_of_python(page, networks):
    graph, values = networks["lenet5"]
    image = values["input"][0]
    expected = occlusion(graph, image)
    found = page.evaluate(OCCLUDE, [as_text(image), {}, 8])
    falls = as_array(found["falls"], np.float64).reshape(found["rows"], found["columns"])
    np.testing.assert_allclose(falls, expected.falls, atol=1e-5)
    assert found["classIndex"] == expected.class_index
    assert found["logit"] == pytest.approx(expected.logit, abs=1e-5)
    assert found["done"] == falls.size == 225


def test_occlusion_in_slices_of_one_place_each(page, networks):
    graph, values = networks["lenet5"]
    image = values["input"][0]
    options = {"classIndex": 3, "size": 8, "stride": 8}
    found = page.evaluate(OCCLUDE, [as_text(image), options, 0])
    wanted = occlusion(graph, image, class_index=3, size=8, stride=8)
    falls = as_array(found["falls"], np.float64).reshape(4, 4)
    np.testing.assert_allclose(falls, wanted.falls, atol=1e-5)
    assert found["slices"] == 16 + 1  # the last only finds that nothing is left


def test_a_stopped_iterator_makes_no_more_numbers(page):
    counts = page.evaluate(
        """() => new Promise((resolve) => {
          let count = 0;
          function* endless() { for (;;) yield ++count; }
          const stop = inSlices(endless(), () => {}, 1);
          stop();
          const before = count;
          setTimeout(() => resolve([before, count]), 20);
        })"""
    )
    assert counts[0] == counts[1] > 0


def test_places_that_are_not_there_are_refused_in_words(page, networks):
    def words(where, pixel):
        return page.evaluate(
            """([where, pixel]) => {
              const { graph, values } = graphs.lenet5;
              try { explain(graph, values, where, pixel); } catch (error) { return error.message; }
            }""",
            [where, pixel],
        )

    stages = ", ".join(networks["lenet5"][0].stages)
    assert words("conv3", [0, 0, 0]) == (
        f'This network has no stage "conv3". Its stages are: {stages}.'
    )
    for pixel in ([6, 0, 0], [0, 28, 0], [0, 0, -1], [0, 0.5, 0], [0, 0]):
        text = ",".join(map(str, pixel))
        assert words("conv1", pixel) == (
            f"conv1 has no pixel [{text}]: it has 6 maps of 28 x 28. "
            "Give [map, row, column], counted from 0."
        )
