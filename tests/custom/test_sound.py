"""Sound networks, written in unusual ways, of which nothing may be said."""

from pathlib import Path

import pytest

from cnnlab.custom import probes
from cnnlab.custom.find import check_network, find_network
from tests.support.custom_network import check

IMPORTS = """\
import copy
import random
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

"""

POST_INIT = """
@dataclass(eq=False)
class Net(nn.Module):
    width: int = 16

    def __post_init__(self):
        super().__init__()
        self.last = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, self.width), nn.ReLU(), nn.Linear(16, 10)
        )

    def forward(self, x):
        return self.last(x)
"""
INIT_OF_A_BASE = """
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self._init()

    def _init(self):
        self.first = nn.Linear(1024, 32)

class Net(Base):
    def _init(self):
        super()._init()
        self.last = nn.Linear(32, 10)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).relu())
"""
RESET = """
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)

    def forward(self, x):
        return self.last(x.flatten(1))

class Net(Base):
    def reset(self):
        super().__init__()
"""
COMPILED = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1024, 32)

    def forward(self, x):
        return self.layer(x).relu()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.compile(Block(), backend="eager")
        self.last = nn.Linear(32, 10)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)))
"""
TEMPLATE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self._template = [nn.Linear(1024, 10, bias=False)]
        self.weights = nn.Linear(4, 10240)
        self.code = nn.Parameter(torch.randn(4))

    def forward(self, x):
        weight = self.weights(self.code).view(10, 1024)
        return functional_call(self._template[0], {"weight": weight}, (x.flatten(1),))
"""
TEACHER = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        self._teacher = [copy.deepcopy(self.last)]

    def forward(self, x):
        x = x.flatten(1)
        if self.training:
            with torch.no_grad():
                self.target = self._teacher[0](x)
        return self.last(x)
"""
FROZEN_LIST = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        self.teachers = [nn.Linear(1024, 10).requires_grad_(False)]

    def forward(self, x):
        return self.last(x.flatten(1))
"""
SMALL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        {made}

    def forward(self, x):
        return self.last(x.flatten(1))
"""
LINKED = """
class Node:
    def __init__(self, following):
        self.following = following

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        self.first = None
        for _ in range(5000):
            self.first = Node(self.first)

    def forward(self, x):
        return self.last(x.flatten(1))
"""
KEPT = """
from torch.autograd import backward
import sys
OUTPUT = sys.stdout

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
        backward(torch.ones(2, requires_grad=True).sum())
        print("made", file=OUTPUT)

    def forward(self, x):
        print(x.shape, file=OUTPUT)
        return self.last(x.flatten(1))
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(POST_INIT, id="post-init"),
        pytest.param(INIT_OF_A_BASE, id="init-of-a-base"),
        pytest.param(RESET, id="reset"),
        pytest.param(COMPILED, id="compiled"),
        pytest.param(TEMPLATE, id="template"),
        pytest.param(TEACHER, id="teacher"),
        pytest.param(FROZEN_LIST, id="frozen-list"),
        pytest.param(LINKED, id="linked"),
        pytest.param(KEPT, id="kept"),
    ],
)
def test_nothing_is_said_of_it(text):
    Path("mine.py").write_text(IMPORTS + text)
    assert check_network("mine.py:Net").findings == ()


def test_what_explains_no_failure_of_a_method_like_init_is_not_said():
    Path("mine.py").write_text(
        IMPORTS + RESET.replace("reset", "_init_"),
    )
    assert find_network("mine.py:Net").warnings == ()


def test_a_method_that_python_does_call_is_not_what_a_failure_comes_from():
    Path("mine.py").write_text(IMPORTS + POST_INIT.replace("nn.Linear(16, 10)", "nn.Linear(16, 9)"))
    (found,) = check_network("mine.py:Net").findings
    assert found.kind == "output"


@pytest.mark.parametrize(
    "made",
    [
        "for _ in range(3): nn.Linear(1024, 10)",
        "self.tied = nn.ParameterList([self.last.weight] * 3)",
        "nn.Linear(10**6, 10**6, device='meta')",
    ],
)
def test_only_the_weights_that_a_network_has_count_against_the_limit(monkeypatch, made):
    monkeypatch.setattr(probes, "MOST_PARAMETERS", 2 * 10250)
    Path("mine.py").write_text(IMPORTS + SMALL.format(made=made))
    assert all(each.kind != "too-large" for each in check_network("mine.py:Net").findings)


@pytest.mark.parametrize(
    "made",
    [
        "torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(1024, 10)))",
        "Saving(nn.Linear(1024, 10))",
    ],
)
def test_networks_of_other_kinds_are_sound_too(made):
    found = check(
        "import torch\n"
        "from torch import nn\n"
        "from torch.utils.checkpoint import checkpoint\n"
        "class Saving(nn.Module):\n"
        "    def __init__(self, layer):\n"
        "        super().__init__()\n"
        "        self.layer = layer\n"
        "    def forward(self, x):\n"
        "        return checkpoint(self.layer, x.flatten(1), use_reentrant=False)\n"
        f"def net():\n    return {made}\n",
        name="mine.py:net",
    )
    assert found.findings == ()
    assert found.parameters == 10_250
