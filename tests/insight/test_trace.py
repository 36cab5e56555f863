"""Every network that cnnlab includes, and those of students, as graphs; and what is refused."""

import json
import re
from types import FunctionType

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from cnnlab.errors import ModelError
from cnnlab.insight.graph import read_graph
from cnnlab.insight.interpret import check_agreement, logits_of
from cnnlab.insight.trace import graph_of, trace
from cnnlab.models.catalog import MODELS
from tests.support.idioms import IDIOMS, lively

EVERY = {name: spec.make for name, spec in MODELS.items()} | IDIOMS


@pytest.mark.parametrize("name", EVERY)
def test_a_network_becomes_a_graph_that_computes_the_same(name, images):
    network = lively(EVERY[name])
    network.train()
    graph = graph_of(network, images)
    assert network.training, "the network stays in the mode it was in"
    with torch.no_grad():
        logits = network.eval()(torch.from_numpy(images)).numpy()
    assert logits.std(axis=0).max() > 1e-3, "a network whose answer does not depend on the image"
    assert check_agreement(graph, images, logits).largest_difference < 1e-4
    content = json.loads(json.dumps(graph.to_json()))
    again = read_graph(content, graph.to_bytes())
    assert again.to_json() == content
    assert np.array_equal(logits_of(again, images[:4]), logits_of(graph, images[:4]))


def test_lenet5_is_seen_as_its_stages_with_names_and_lines():
    graph = trace(MODELS["lenet5"].build(seed=0), (1, 32, 32))
    assert {name: stage.last.shape for name, stage in graph.stages.items()} == {
        "input": (1, 32, 32),
        "conv1": (6, 28, 28),
        "pool1": (6, 14, 14),
        "conv2": (16, 10, 10),
        "pool2": (16, 5, 5),
        "linear1": (120,),
        "linear2": (84,),
        "linear3": (10,),
    }
    assert [step.name for step in graph.stages["conv1"].steps] == ["features.0", "features.1"]
    assert [step.call for step in graph.stages["linear1"].steps] == ["flatten", "linear", "tanh"]
    assert len({step.line for step in graph.steps[1:]}) == 1, "all are called by one line"
    assert len(graph.to_bytes()) == 4 * 61_706
    assert len(json.dumps(graph.to_json())) < 6000


def test_a_residual_block_has_a_stage_for_its_addition():
    graph = trace(lively(IDIOMS["ResNet"]), (1, 32, 32))
    names = [name.rstrip("0123456789") for name in graph.stages]
    assert names.count("conv") == 6
    assert names.count("add") == 2
    relu = graph.stages["add1"].last
    assert (relu.call, relu.layer) == ("relu", "layer1.relu")
    assert relu.name == "layer1.relu.relu", "the layer's second call"


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.rnn = nn.LSTM(32, 8, batch_first=True)
        self.attention = nn.MultiheadAttention(32, 2, batch_first=True)
        self.up = nn.ConvTranspose2d(1, 1, 1)
        self.norm = nn.BatchNorm2d(1, track_running_stats=False)
        self.conv = nn.Conv2d(1, 1, 1)


def network(forward):
    """Return a network with that function as its forward, whatever the function's name is."""
    code = forward.__code__.replace(co_name="forward", co_qualname="Net.forward")
    return type("Net", (Base,), {"forward": FunctionType(code, globals())})().eval()


def lstm(self, x):
    h, _ = self.rnn(x[:, 0])
    return self.fc(x.flatten(1)) + h.mean()


def attention(self, x):
    x = x[:, 0]
    x, _ = self.attention(x, x, x)
    return self.fc(x.flatten(1))


def transposed(self, x):
    return self.fc(self.up(x).flatten(1))


def decides(self, x):
    if x.sum() > 0:
        x = -x
    return self.fc(x.flatten(1))


def number(self, x):
    scale = x.max().item()
    return self.fc(x.flatten(1)) * scale


def through_numpy(self, x):
    x = torch.from_numpy(x.detach().numpy())
    return self.fc(x.flatten(1))


def noise(self, x):
    x = x + torch.randn(1, 1, 32, 32)
    return self.fc(x.flatten(1))


def dropout(self, x):
    x = F.dropout(x.flatten(1))
    return self.fc(x)


def batch_statistics(self, x):
    return self.fc(self.norm(x).flatten(1))


def whole_batch(self, x):
    return self.fc((x - x.mean()).flatten(1))


def over_images(self, x):
    return self.fc(F.softmax(x.flatten(1), dim=0))


def mixes(self, x):
    return self.fc(x.flip(0).flatten(1))


def writes(self, x):
    x = x.clone()
    x[:, :, 0] = 0
    return self.fc(x.flatten(1))


def doubles(self, x):
    return self.fc(x.double().float().flatten(1))


def smaller_weights(self, x):
    self.fc.weight.mul_(0.5)
    return self.fc(x.flatten(1))


def dynamic(self, x):
    weight = self.fc(x.flatten(1)).mean(0).view(10, 1, 1, 1)
    return F.conv2d(x, weight).mean((2, 3))


def two_outputs(self, x):
    return self.fc(x.flatten(1)), x


REFUSED = {
    lstm: r"`h, _ = self.rnn\(.*\)` \(layer rnn\), uses lstm, which cnnlab cannot show. cnnlab can",
    attention: r"`x, _ = self.attention\(x, x, x\)` \(layer attention\), ",
    transposed: r"`return .*` \(layer up\), uses conv_transpose2d, which cnnlab cannot show",
    decides: "`if x.sum\\(\\) > 0:`, decides by the image, and the steps must be the same",
    number: r"`scale = x.max\(\).item\(\)`, makes a tensor of \(\) from 2 images",
    through_numpy: r"`x = torch.from_numpy\(.*`, leaves PyTorch for NumPy",
    noise: r"`x = x \+ torch.randn.*`, draws random numbers \(randn\)",
    dropout: r"drops numbers at random in evaluation too. Write F.dropout\(x, training=self.train",
    batch_statistics: r"\(layer norm\), normalises with the mean of the batch in evaluation too",
    whole_batch: "makes a tensor of .* from 2 images. Keep the first axis .* and name the others",
    over_images: "takes the softmax over the images of a batch. Write dim=1.",
    mixes: "mixes the images of a batch, or changes their order",
    writes: "writes into a part of a tensor, which cnnlab cannot show. Make a new tensor",
    doubles: "computes in torch.float64; cnnlab can show torch.float32 only",
    smaller_weights: r"mul_\(0.5\)`, changes a weight or another tensor of the network in forward",
    dynamic: r"line \d+ of test_trace.py, `weight = .*`, makes a tensor of \(10,\) from 2 images",
    two_outputs: "its forward must return one tensor, the logits",
}


@pytest.mark.parametrize("forward", REFUSED, ids=lambda each: each.__name__)
def test_what_cannot_be_shown_is_refused_in_words_with_the_line(forward):
    with pytest.raises(ModelError, match=r"^cnnlab cannot show this network: ") as refused:
        trace(network(forward), (1, 32, 32))
    message = str(refused.value)
    assert re.search(REFUSED[forward], message), message
    named = re.search(r"line (\d+) of test_trace", message)
    if named:
        first = forward.__code__.co_firstlineno
        assert first < int(named[1]) <= first + 4


def test_a_mistake_in_forward_names_its_line():
    def wrong(self, x):
        return self.fc(x)

    with pytest.raises(
        ModelError,
        match=r"test_trace.py, `return self.fc\(x\)`, cannot be followed. PyTorch says: Runtime",
    ):
        trace(network(wrong), (1, 32, 32))


def test_a_graph_that_computes_something_else_is_refused(images):
    def aliased(self, x):
        x = x.flatten(1).clone()
        y = x.view(-1, 32, 32)
        x += 1
        return self.fc(y.flatten(1) + 0 * x)

    with pytest.raises(ModelError, match=r"the result is not PyTorch's. On 64 images") as refused:
        graph_of(network(aliased), images)
    assert "write x = x + 1 there" in str(refused.value)


def test_a_layer_that_is_not_used_does_not_matter(images):
    def unused(self, x):
        self.rnn(x[:, 0])
        return self.fc(x.flatten(1))

    graph = graph_of(network(unused), images)
    assert [step.op for step in graph.steps] == ["input", "copy", "linear"]
    assert len(graph.tensors) == 2


def test_a_counter_of_calls_does_not_matter(images):
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(1024, 10)
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return self.fc(x.flatten(1))

    counts = Counts()
    assert len(graph_of(counts, images).tensors) == 2
    assert counts.calls == 1, "only the proof called it"


def test_a_graph_stays_as_it_is_when_its_network_trains_on(images):
    net = MODELS["lenet1"].build(seed=0)
    graph = graph_of(net, images)
    before = graph.to_bytes()
    with torch.no_grad():
        net.classifier.weight.zero_()
    assert graph.to_bytes() == before


def test_tracing_prints_nothing(capsys):
    def talks(self, x):
        print("shape", x.shape)  # noqa: T201
        if x.sum() > 0:
            x = -x
        return self.fc(x.flatten(1))

    with pytest.raises(ModelError):
        trace(network(talks), (1, 32, 32))
    assert capsys.readouterr() == ("", "")
