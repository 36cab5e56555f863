"""Whole networks, cnnlab's and students': the page predicts what PyTorch predicts."""

import numpy as np
import pytest
import torch

from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.browser import as_array, as_text, script
from tests.support.idioms import IDIOMS, lively

EVERY = {name: spec.make for name, spec in MODELS.items()} | IDIOMS
LOGITS = """([json, weights, images]) => {
  const graph = readGraph(json, bytesOf(weights));
  let values;
  return images.map((image) => {
    values = compute(graph, asInput(bytesOf(image)), values);
    return textOf(values.get(graph.answer));
  });
}"""


@pytest.fixture(scope="module")
def page(number_page):
    number_page.add_script_tag(content=script("forward"))
    return number_page


@pytest.fixture(scope="module")
def sample():
    """Return 32 images of the sample that cnnlab includes."""
    return load("fashion-mnist-sample", notify=lambda _: None).validation.take(np.arange(32))


@pytest.mark.parametrize("name", EVERY)
def test_a_network_predicts_what_pytorch_predicts(page, sample, name):
    network = lively(EVERY[name])
    graph = trace(network, (1, 32, 32))
    with torch.no_grad():
        expected = network(as_input(prepare(sample).images)).numpy()
    given = [graph.to_json(), as_text(graph.to_bytes()), [as_text(each) for each in sample.images]]
    logits = np.stack([as_array(text) for text in page.evaluate(LOGITS, given)])
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.argmax(axis=1))
