"""cnnlab.explain: a number of a run's network, or of your own, in one call."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import cnnlab
from cnnlab.custom.network import read_custom
from cnnlab.errors import ModelError, RunError
from cnnlab.insight.explanation import Explanation, Function, Sum
from cnnlab.insight.graph import Graph
from cnnlab.runs.explain import network_graph
from tests.support.custom_network import FLATTEN, NET, write

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run-0.1.0"
IMAGE = np.arange(784, dtype=np.uint8).reshape(28, 28)


def test_a_run_a_network_and_a_graph_are_explained():
    run = cnnlab.open_run(FIXTURE)
    found = cnnlab.explain(run, IMAGE, "conv2", (7, 4, 6))
    assert isinstance(found, Explanation)
    total, tanh = found.parts
    assert isinstance(total, Sum)
    assert isinstance(tanh, Function)
    assert (len(total.patches), tanh.function) == (6, "tanh")
    graph = network_graph(run)
    assert isinstance(graph, Graph)
    assert cnnlab.explain(graph, IMAGE, "conv2", (7, 4, 6)) == found
    fresh = cnnlab.LeNet5()
    assert cnnlab.explain(fresh, IMAGE, "conv2", (7, 4, 6)) != found
    assert fresh.training, "explaining leaves a network in its mode"


def test_missing_weights_are_an_error_with_the_way_out(tmp_path):
    folder = shutil.copytree(FIXTURE, tmp_path / "run")
    (folder / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"model.safetensors is missing.*Train again"):
        cnnlab.explain(cnnlab.open_run(folder), IMAGE, "conv2", (7, 4, 6))


def test_a_stage_that_is_not_there_names_the_others():
    with pytest.raises(ModelError, match=r"no stage 'conv9'. Its stages are: input, conv1, pool1,"):
        cnnlab.explain(cnnlab.LeNet5(), IMAGE, "conv9", (0, 0, 0))


def test_a_network_of_your_own_is_refused_with_the_line_of_your_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(NET, (FLATTEN, "x = x.cumsum(1).flatten(start_dim=1)"))
    line = NET.splitlines().index(f"        {FLATTEN}") + 1
    with pytest.raises(ModelError) as refused:
        network_graph(read_custom("mine.py")())
    assert str(refused.value).startswith(
        f"cnnlab cannot show this network: line {line} of mine.py, `x = x.cumsum(1).flatten("
        "start_dim=1)`, uses cumsum, which cnnlab cannot show. cnnlab can show convolution, "
    )
