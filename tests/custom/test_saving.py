"""All that a network answers with must be in what is saved of it: no way around is let through."""

import pytest

from cnnlab.custom.find import check_network, find_network
from cnnlab.errors import ModelError
from tests.support.custom_network import LAST, NET, RETURN, assert_found_alone, check, only, write
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.saving import FAULTS

LINEAR = """\
import random

import torch
from torch import nn
{before}

class Net(nn.Module):
    {within}
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        {made}

    def forward(self, x):
        x = x.flatten(1)
        return {answer}
"""
BLOCK = """
class Block:
    def __init__(self):
        self.layer = nn.Linear(1024, 10)

    def __call__(self, x):
        return self.layer(x)
"""
CLOSURE = """
def closed():
    layer = nn.Linear(1024, 10)
    return lambda x: layer(x)
"""
OWN_STATE = """
    def get_extra_state(self):
        return torch.tensor(id(self))

    def set_extra_state(self, state):
        if state != id(self):
            raise ValueError("of another network")
"""
LATE = """
    def late(self, x):
        if not hasattr(self, "more"):
            self.more = nn.Linear(x.shape[1], 10)
        return self.more(x)
"""


def written(tmp_path, monkeypatch, *, before="", within="", made="", answer="self.last(x)") -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        LINEAR.format(before=before, within=within, made=made, answer=answer)
    )
    return "mine.py:Net"


@pytest.mark.parametrize(
    ("parts", "kind", "said"),
    [
        (
            {"made": "self.more = [[nn.Linear(1024, 10)]]", "answer": "self.more[0][0](x)"},
            "plain-list",
            "Write self.more = nn.ModuleList([...]).",
        ),
        (
            {"before": BLOCK, "made": "self.block = Block()", "answer": "self.block(x)"},
            "plain-list",
            "block (line 8) holds layers in a Block, which is not an nn.Module, so PyTorch does "
            "not see the weights. They are not trained and not saved with the run. Write class "
            "Block(nn.Module), with super().__init__() as the first line of its __init__.",
        ),
        (
            {"before": BLOCK, "made": "self.blocks = [Block()]", "answer": "self.blocks[0](x)"},
            "plain-list",
            "class Block(nn.Module)",
        ),
        (
            {"before": CLOSURE, "made": "self.more = closed()", "answer": "self.more(x)"},
            "outside",
            "A Linear, made in line 7 and called in line 8, is not part of the network",
        ),
        (
            {"within": "more = nn.Linear(1024, 10)", "answer": "self.last(x) + self.more(x)"},
            "outside",
            "assign it to self",
        ),
        (
            {"made": "self._more = [nn.Linear(1024, 10)]", "answer": "self._more[0](x)"},
            "plain-list",
            "_more (line 12) is a plain list of layers, so PyTorch does not see the weights.",
        ),
        (
            {"before": "NORM = nn.BatchNorm1d(10, affine=False)", "answer": "NORM(self.last(x))"},
            "outside",
            "A BatchNorm1d",
        ),
        (
            {
                "made": "self.norms = [nn.BatchNorm1d(10, affine=False)]",
                "answer": "self.norms[0](self.last(x))",
            },
            "plain-list",
            "Write self.norms = nn.ModuleList([...]).",
        ),
        (
            {"within": LATE, "answer": "self.last(x) + self.late(x)"},
            "made-in-forward",
            "makes a Linear while forward runs",
        ),
        (
            {
                "made": "self.more = nn.Parameter(torch.rand(10)).data",
                "answer": "self.last(x) * self.more",
            },
            "not-saved",
            "more is a plain tensor",
        ),
        (
            {"made": "self.factor = random.random()", "answer": "self.last(x) * self.factor"},
            "not-saved",
            "A second network with the same saved weights gives other outputs",
        ),
        (
            {
                "made": 'self.register_buffer("more", torch.rand(10), persistent=False)',
                "answer": "self.last(x) * self.more",
            },
            "not-saved",
            "A second network with the same saved weights gives other outputs",
        ),
        (
            {
                "made": "self.last = nn.Sequential(\n"
                "            nn.Linear(1024, random.randrange(9, 999)), nn.LazyLinear(10))\n"
                "        self.last(torch.zeros(1, 1024))",
            },
            "not-saved",
            "A second network does not accept the saved weights of the first",
        ),
        (
            {"within": "def get_extra_state(self): return {}"},
            "not-saved",
            "get_extra_state adds _extra_state, a dict, to the saved network, but cnnlab saves "
            "tensors only. Keep its numbers in a buffer,",
        ),
        (
            {
                "made": "self.factor = random.random()",
                "answer": 'setattr(self, "kept", self.last(x) * self.factor) or self.kept',
            },
            "not-saved",
            "A second network with the same saved weights gives other outputs",
        ),
        (
            {
                "made": "self.none = torch.full((2,), torch.nan); self.factor = torch.rand(10)",
                "answer": "self.last(x) * self.factor",
            },
            "not-saved",
            "factor is a plain tensor",
        ),
        (
            {
                "before": "MADE = []",
                "made": "MADE.append(self)",
                "answer": "self.last(x) if len(MADE) < 2 else self.last(x).reshape(3, 7)",
            },
            "not-saved",
            "A second network with the same saved weights fails: Line 16 asks for",
        ),
        (
            {
                "made": "self.more = [nn.Parameter(torch.zeros(10))]",
                "answer": "self.last(x) + self.more[0]",
            },
            "plain-list",
            "more is a plain list of parameters, so PyTorch does not train them. Write self.more "
            "= nn.ParameterList([...]).",
        ),
        (
            {
                "made": 'self.more = {"a": nn.Parameter(torch.zeros(10))}',
                "answer": 'self.last(x) + self.more["a"]',
            },
            "plain-list",
            "Write self.more = nn.ParameterDict({...}).",
        ),
        (
            {
                "made": "self.scale = torch.ones(10, requires_grad=True)",
                "answer": "self.last(x) * self.scale",
            },
            "not-saved",
            "scale is a plain tensor with requires_grad=True, so PyTorch does not train it. "
            "Write self.scale = nn.Parameter(...), without requires_grad.",
        ),
        (
            {"within": OWN_STATE},
            "not-saved",
            "could not load them again: of another network. Make the same layers each time.",
        ),
    ],
)
def test_what_would_not_be_saved_stops_it(tmp_path, monkeypatch, parts, kind, said):
    name = written(tmp_path, monkeypatch, **parts)
    first = check_network(name).findings[0]
    assert (first.kind, first.effect) == (kind, "stops")
    assert said in first.message
    with pytest.raises(ModelError):
        find_network(name)


@pytest.mark.parametrize(
    "parts",
    [
        {"made": "self.norm = nn.BatchNorm1d(10)", "answer": "self.norm(self.last(x))"},
        {"made": "self.drop = nn.Dropout(0.5)", "answer": "self.last(self.drop(x))"},
        {"answer": "self.last(x + torch.randn_like(x) if self.training else x)"},
        {"answer": "nn.Sequential(nn.ReLU(), self.last)(x)"},
        {
            "before": "GREY = nn.Linear(1024, 1024).requires_grad_(False)",
            "answer": "self.last(GREY(x))",
        },
        {"made": "self.kept = [self.last.weight]", "answer": "x @ self.kept[0].T + self.last.bias"},
        {"made": "self._kept = [self.last]", "answer": "self._kept[0](x)"},
        {"made": "self.mask = torch.ones(10)", "answer": "self.last(x) * self.mask"},
        {
            "made": 'self.register_buffer("mask", torch.rand(10))',
            "answer": "self.last(x) * self.mask",
        },
        {
            "made": "self.last = nn.utils.parametrizations.spectral_norm(nn.Linear(1024, 10))",
        },
    ],
)
def test_what_is_saved_or_the_same_each_time_is_no_fault(tmp_path, monkeypatch, parts):
    assert check_network(written(tmp_path, monkeypatch, **parts)).findings == ()


def test_a_network_that_draws_in_evaluation_is_random_and_no_more(tmp_path, monkeypatch):
    name = written(tmp_path, monkeypatch, answer="self.last(x + torch.randn_like(x))")
    assert [each.kind for each in check_network(name).findings] == ["random"]


def test_a_network_that_cannot_be_made_twice_keeps_its_other_findings(tmp_path, monkeypatch):
    name = written(
        tmp_path,
        monkeypatch,
        before="MADE = []",
        made='if MADE: raise KeyError("made twice")\n        MADE.append(self)',
        answer="self.last(x).softmax(1)",
    )
    one, two = check_network(name).findings
    assert (one.kind, two.kind, two.effect) == ("error", "softmax", "spoils")
    assert one.message == (
        "Each run makes a new network, and the second fails: Making Net() failed in line 12 with "
        "KeyError: 'made twice'."
    )


OWN_BLOCK = """
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(10, 10))

    def forward(self, x):
        return self.inner(x)
"""
OWN_LAYER = """
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(10))

    def forward(self, x):
        return x * self.factor
"""


@pytest.mark.parametrize("before", [OWN_BLOCK, OWN_LAYER])
def test_a_block_of_ones_own_that_forward_makes_is_found_where_it_is_made(
    tmp_path, monkeypatch, before
):
    name = written(tmp_path, monkeypatch, before=before, answer="Scale()(self.last(x))")
    (found,) = check_network(name).findings
    assert found.line == 24
    assert found.message.startswith("Line 24 makes a Scale while forward runs")
    assert "self.layer = Scale(...)" in found.message


def test_a_layer_of_ones_own_outside_is_advised_by_its_own_name(tmp_path, monkeypatch):
    before = f"{OWN_LAYER}\nSCALE = Scale()\n"
    name = written(tmp_path, monkeypatch, before=before, answer="SCALE(self.last(x))")
    (found,) = check_network(name).findings
    assert (found.kind, "self.layer = Scale(...)" in found.message) == ("outside", True)


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


def test_a_second_check_in_one_process_finds_the_same_lines():
    edits = ("class Net(", "LAST = nn.Linear(400, 10)\n\n\nclass Net(")
    write(NET, edits, (RETURN, "return self.classifier(x) + LAST(x)"))
    first, second = check_network("mine.py"), check_network("mine.py")
    assert first == second
    assert only(first)[2].startswith("A Linear, made in line 6 and called in line 24, is not part")


def test_a_parameter_outside_of_the_network_is_named(tmp_path, monkeypatch):
    before = "SCALE = nn.Parameter(torch.ones(10))\n"
    name = written(tmp_path, monkeypatch, before=before, answer="self.last(x) * SCALE")
    assert only(check_network(name)) == (
        "outside",
        15,
        "forward (line 15): SCALE is a parameter outside of the network, so PyTorch does not train "
        "it or save it with the run. Make it in __init__: self.scale = nn.Parameter(...).",
    )
    name = written(tmp_path, monkeypatch, answer="self.last(x) * nn.Parameter(torch.ones(10))")
    assert only(check_network(name)) == (
        "made-in-forward",
        14,
        "forward (line 14) makes an nn.Parameter. It is not trained and not saved with the run. "
        "Make it in __init__: self.weight = nn.Parameter(...).",
    )


def test_a_network_without_weights_is_said():
    found = check(
        NET,
        (RETURN, "return x[:, :10]"),
        ("nn.Linear(400, 120), nn.ReLU(),", ""),
        (LAST, ""),
        ("nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),", ""),
        ("nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),", ""),
    )
    assert only(found) == (
        "no-parameters",
        18,
        "forward (line 18): The network has no weights, so there is nothing to train. Make a layer "
        "with weights in __init__, as in self.last = nn.Linear(1024, 10).",
    )
    assert found.parameters == 0


@pytest.mark.parametrize(
    "kept", ["order = [self.features]", "shapes = [nn.ReLU()]", "_teacher = [nn.Linear(400, 10)]"]
)
def test_a_plain_list_that_hides_nothing_to_train_is_no_fault(kept):
    write(NET, ("    def forward", f"        self.{kept}\n\n    def forward"))
    assert check_network("mine.py").findings == ()
