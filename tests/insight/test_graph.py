"""The graph as JSON and bytes: what is written can be read, and what is damaged is refused."""

import copy

import numpy as np
import pytest

from cnnlab.errors import ModelError
from cnnlab.insight.graph import read_graph
from cnnlab.insight.interpret import logits_of
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.idioms import IDIOMS, lively


@pytest.fixture(scope="module")
def stored():
    graph = trace(MODELS["lenet5"].build(seed=0), (1, 32, 32))
    return graph.to_json(), graph.to_bytes()


def test_the_same_network_is_the_same_graph(stored):
    again = trace(MODELS["lenet5"].build(seed=0), (1, 32, 32))
    assert (again.to_json(), again.to_bytes()) == stored


def test_an_index_of_whole_numbers_is_kept_too(images):
    graph = trace(lively(IDIOMS["Dilated"]), (1, 32, 32))
    content = graph.to_json()
    assert {"f32", "i32"} == {each["type"] for each in content["tensors"]}
    again = read_graph(content, graph.to_bytes())
    assert np.array_equal(logits_of(again, images), logits_of(graph, images))


def test_a_version_that_is_not_known_is_refused(stored):
    for version in (2, None, "1"):
        with pytest.raises(ModelError, match=f"expected version 1, found {version!r}. Export the"):
            read_graph({**stored[0], "cnnlab_graph": version}, stored[1])


def test_missing_weights_are_refused(stored):
    for size in (0, 1000):
        with pytest.raises(ModelError, match=f"incomplete: expected 246,824 bytes, found {size:,}"):
            read_graph(stored[0], stored[1][:size])


def change_name(content):
    content["steps"][2]["name"] = "features.0"


def change_order(content):
    content["steps"].reverse()


def change_operation(content):
    content["steps"][3]["op"] = "eval"


def change_input(content):
    content["steps"][3]["inputs"] = ["nothing"]


def change_tensor(content):
    content["steps"][1]["tensors"]["weight"] = 99


def change_answer(content):
    content["answer"] = "nothing"


def change_field(content):
    content["steps"][1]["more"] = 1


def change_shape(content):
    content["tensors"][0]["shape"] = [10**6, 10**6]


def change_place(content):
    content["tensors"][0]["at"] = -4


def remove_steps(content):
    del content["steps"]


CHANGES = {
    change_name: "'features.0' is not after its inputs, or is there twice",
    change_order: "is not after its inputs",
    change_operation: "has the unknown operation 'eval'",
    change_input: "is not after its inputs",
    change_tensor: "needs a tensor that is not there",
    change_answer: "it has no input or no answer",
    change_field: "unexpected keyword argument 'more'",
    change_shape: "does not lie within the weights",
    change_place: "does not lie within the weights",
    remove_steps: "KeyError: 'steps'",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_a_damaged_graph_is_refused(change, stored):
    content = copy.deepcopy(stored[0])
    change(content)
    with pytest.raises(ModelError, match=f"^This graph is damaged .*{CHANGES[change]}"):
        read_graph(content, stored[1])
