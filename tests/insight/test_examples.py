import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.errors import ModelError
from cnnlab.insight.examples import before_activation, best_examples
from cnnlab.insight.interpret import run
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS


@pytest.fixture(scope="module")
def levels() -> np.ndarray:
    sample = load("fashion-mnist-sample", notify=lambda _: None).validation
    return np.concatenate([sample.images[:600], sample.images[:1]])  # more than one batch


def test_the_examples_of_a_map_are_where_the_reference_is_largest(levels):
    network = MODELS["lenet5"].build(seed=3).eval()
    graph = trace(network, (1, 32, 32))
    step = before_activation(graph, graph.stages["conv2"])
    assert step.op == "conv2d"
    maps = run(graph, as_input(prepare_images(levels)).numpy())[step.name]
    found = best_examples(network, step.name, levels, 4)
    assert [len(each) for each in found] == [4] * 16
    for map_, examples in enumerate(found):
        largest = maps[:, map_].reshape(len(levels), -1).max(axis=1)
        values = [each.value for each in examples]
        assert values == pytest.approx(sorted(largest, reverse=True)[:4], abs=1e-5)
        for each in examples:
            at = maps[each.image, map_, each.row, each.column]
            assert at == pytest.approx(each.value, abs=1e-5)


def test_a_stage_without_activation_is_ranked_by_its_own_numbers():
    graph = trace(MODELS["lenet5"].build(seed=3), (1, 32, 32))
    assert before_activation(graph, graph.stages["pool1"]).op == "pool"


def test_what_is_no_layer_is_refused(levels):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 1, 5, 5))

        def forward(self, x):
            return nn.functional.conv2d(x, self.weight).mean(dim=(2, 3))

    with pytest.raises(ModelError, match="conv2d is not a layer of its own"):
        best_examples(Net(), "conv2d", levels, 4)
