"""A file to a network: what is read, made, refused, and the same in every process."""

import pickle
import sys

import pytest
import torch

from cnnlab.custom.advice import explain
from cnnlab.custom.find import build, check_network, find_network
from cnnlab.custom.trial import Raised
from cnnlab.errors import ModelError
from tests.support.custom_network import NET, assert_found_alone, check, forget_files, only, write
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.network import FAULTS

SEVERAL = """
import torch
from torch import nn

WIDTH = 4

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, WIDTH, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.last = nn.Linear(WIDTH * 14 * 14, 10)

    def forward(self, x):
        return self.last(self.layers(x).flatten(1))

def wide():
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 12))

def nothing():
    return 3

class Broken(nn.Module):
    def forward(self, x):
        return self.missing(x)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SEVERAL)


def test_a_class_of_ones_own_is_built_from_its_seed(mine):
    one, same, other = (build("mine.py:Net", seed) for seed in (1, 1, 2))
    assert torch.equal(one.last.weight, same.last.weight)
    assert not torch.equal(one.last.weight, other.last.weight)
    assert one(torch.zeros(3, 1, 32, 32)).shape == (3, 10)


def test_the_source_travels_with_the_network_and_is_not_read_again(mine, tmp_path):
    network = find_network("mine.py:Net")
    copy = pickle.loads(pickle.dumps(network))
    (tmp_path / "mine.py").write_text("changed since")
    assert torch.equal(copy.build(3).last.weight, network.build(3).last.weight)
    assert (network.name, network.title, network.slug) == ("mine.py:Net", "Net", "mine-Net")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.py:Net", r"Cannot read gone.py \(No such file or directory\)"),
        (
            "mine.py:Ned",
            r"mine.py has no class or function 'Ned'\. Did you mean 'Net'\? It has: Net, wide",
        ),
        (
            "mine.py",
            "mine.py has 2 networks: Net, Broken. Name one, as in mine.py:Broken.",
        ),
        (
            "mine.py:wide",
            r"mine.py: forward returns the shape \(4, 12\), but cnnlab expected the shape "
            r"\(4, 10\) for 4 images: 10 numbers per image, one for each class. "
            r"Write nn.Linear\(1024, 10\) for layer 1 \(line 17\)",
        ),
        (
            "mine.py:nothing",
            r"mine.py: nothing \(line 19\) returns an int, but cnnlab expected a network, an "
            "nn.Module",
        ),
        (
            "mine.py:Broken",
            "mine.py: The forward pass failed in line 24 with AttributeError: 'Broken' object",
        ),
        ("lenet", "no model 'lenet'. Did you mean 'lenet5'"),
    ],
)
def test_what_cannot_be_a_network_is_said(mine, name, message):
    with pytest.raises(ModelError, match=message):
        find_network(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Net(:\n", "line 1 is not valid Python: invalid syntax"),
        (
            "import nowhere_at_all\nclass Net: pass\n",
            "bad.py: Line 1 of your file imports nowhere_at_all, which is not installed",
        ),
        ("\0", "is not valid Python: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_does_not_run_is_said_with_its_line(tmp_path, text, message):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(ModelError, match=message):
        find_network(f"{path}:Net")


def test_what_a_file_draws_when_it_is_read_is_the_same_for_every_seed(tmp_path):
    path = tmp_path / "draws.py"
    path.write_text(
        "import random, torch\n"
        "import numpy as np\n"
        "from torch import nn\n"
        "MASK = torch.rand(10)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.mask, self.drawn = MASK, (random.random(), np.random.rand())\n"
        "        self.last = nn.Linear(1024, 10)\n"
        "    def forward(self, x):\n"
        "        return self.last(x.flatten(1)) * self.mask\n"
    )
    network = find_network(f"{path}:Net")
    one, two, again = network.build(1), network.build(2), network.build(1)
    assert torch.equal(one.mask, two.mask)
    assert one.drawn == again.drawn != two.drawn
    sys.modules.pop(network.source.module_name)  # as in another process
    assert torch.equal(find_network(f"{path}:Net").build(2).mask, one.mask)


def test_a_file_of_a_windows_editor_is_read_as_any_other(mine, tmp_path):
    plain = find_network("mine.py:Net")
    (tmp_path / "windows.py").write_bytes(
        b"\xef\xbb\xbf" + SEVERAL.replace("\n", "\r\n").encode("utf-8")
    )
    network = find_network("windows.py:Net")
    assert network.source.text == SEVERAL
    assert network.source.sha256 == plain.source.sha256
    assert torch.equal(network.build(1).last.weight, plain.build(1).last.weight)


def test_two_files_of_equal_text_keep_their_lines(tmp_path):
    text = SEVERAL.replace("WIDTH * 14 * 14", "7")
    for file in ("one.py", "two.py"):
        (tmp_path / file).write_text(text)
        with pytest.raises(ModelError, match=r"last \(line 11\)") as found:
            find_network(f"{tmp_path / file}:Net")
        assert str(found.value).startswith(str(tmp_path / file))


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("cannot assign module before Module.__init__() call"),
        ImportError("cannot import name 'a' from 'b'"),
        ModuleNotFoundError("No module named 'b'", name="b"),
        ValueError("wrong"),
    ],
)
def test_a_line_that_is_not_known_is_not_named(error):
    raised = Raised.of(error, "mine.py")
    assert "None" not in explain(raised, "The pass", "mine.py", "").message


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


def test_a_file_that_is_not_there_is_answered_with_the_nearest():
    write(NET)
    assert only(check_network("mien.py:Net")) == (
        "file",
        None,
        "Cannot read mien.py (No such file or directory). Did you mean mine.py:Net?",
    )
    assert only(check_network("other.py")) == (
        "file",
        None,
        "Cannot read other.py (No such file or directory). To create it: cnnlab new other.py",
    )


def test_a_file_that_is_no_text_is_said():
    with open("mine.py", "wb") as stream:  # noqa: PTH123
        stream.write(b"# caf\xe9\n")
    assert only(check_network("mine.py:Net")) == (
        "file",
        None,
        "Cannot read mine.py (it is not UTF-8 text). Save it as UTF-8 in your editor.",
    )


def test_a_class_that_is_not_there_is_answered_with_the_nearest():
    assert only(check(NET, name="mine.py:Ned")) == (
        "no-class",
        6,
        "mine.py has no class or function 'Ned'. Did you mean 'Net'? It has: Net.",
    )


def test_a_function_that_returns_no_network_is_said():
    found = check("def Net():\n    return 3\n", name="mine.py:Net")
    assert only(found) == (
        "not-a-network",
        1,
        "Net (line 1) returns an int, but cnnlab expected a network, an nn.Module. Return one "
        "from it, or write class Net(nn.Module).",
    )


def test_a_class_that_derives_from_nothing_is_no_network():
    text = NET.replace("(nn.Module)", "")
    for name in ("mine.py", "mine.py:Net"):
        assert only(check(text, name=name)) == (
            "not-a-network",
            6,
            "Net (line 6) is a class but not a network. Write class Net(nn.Module): and "
            "super().__init__() as the first line of __init__.",
        )


def test_what_the_file_draws_does_not_make_its_first_network_another():
    write(NET, ("class Net(", "torch.manual_seed(7)\n\nclass Net("))
    network = find_network("mine.py")
    forget_files()
    first, second = network.build(3), network.build(3)
    assert torch.equal(first.classifier[0].weight, second.classifier[0].weight)


@pytest.mark.parametrize(
    ("maker", "begins", "line", "made"),
    [
        ("MODEL = Net()\n\n\ndef net():\n    return MODEL\n", 27, 24, ", made in line 24"),
        ("import functools\n\n\n@functools.cache\ndef net():\n    return Net()\n", 28, 28, ""),
    ],
)
def test_a_function_that_returns_one_network_again_is_refused(maker, begins, line, made):
    assert only(check(f"{NET}\n\n{maker}", name="mine.py:net")) == (
        "same-network",
        line,
        f"net (line {begins}) returns the same network each time{made}, so each run would begin "
        "with the weights of the run before. Make a new one inside it: def net(): return "
        "nn.Sequential(...).",
    )
