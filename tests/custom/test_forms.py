"""A network in any of the forms in which people write one: it works, or the message is the code."""

import pytest
import torch
from torch import nn

from cnnlab.custom.find import build, check_network, find_network
from cnnlab.custom.network import split_name
from cnnlab.errors import ModelError
from tests.support.custom_network import FIRST, INIT, NET, check, forget_files, only, write

HEAD = "import torch\nfrom torch import nn\n"
SMALL = "nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))"


def test_lazy_layers_get_sizes_and_then_weights_from_the_seed():
    write(
        NET,
        (FIRST, "nn.LazyLinear(120)"),
        ("nn.Conv2d(6, 16, 5)", "nn.LazyConv2d(16, 5), nn.LazyBatchNorm2d()"),
    )
    assert check_network("mine.py").findings == ()
    network = find_network("mine.py")
    before = torch.get_rng_state()
    one, same, other = (network.build(seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert type(one.classifier[0]) is nn.Linear
    assert one.training and one.classifier.training
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(one.classifier[0].weight, other.classifier[0].weight)
    assert one.features[4].num_batches_tracked == 0


def test_a_lazy_layer_that_is_never_called_is_still_said():
    kind, line, message = only(check(NET, (INIT, f"{INIT}        self.more = nn.LazyLinear(3)\n")))
    assert (kind, line) == ("lazy", 9)
    assert message.startswith("more (line 9) is a LazyLinear, which has no weights until it runs.")


def test_a_lazy_layer_after_a_mistake_leaves_the_mistake():
    found = check(NET, (FIRST, "nn.LazyLinear(120)"), ("nn.Linear(120, 10)", "nn.Linear(99, 10)"))
    assert [each.kind for each in found.findings] == ["linear-size"]
    assert "Write nn.Linear(120, 10)." in found.findings[0].message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Net = lambda: {SMALL}\n", "mine.py:Net"),
        (
            f"if True:\n    class Net(nn.Sequential):\n        pass\n    make = lambda: {SMALL}\n",
            "mine.py:make",
        ),
        (
            "try:\n    import gone\nexcept ImportError:\n    class Net(nn.Module):\n"
            "        def __init__(self):\n            super().__init__()\n"
            "            self.last = nn.Linear(1024, 10)\n"
            "        def forward(self, x):\n            return self.last(x.flatten(1))\n",
            "mine.py",
        ),
        (f"def factory(width=10):\n    return {SMALL}\n", "mine.py:factory"),
        (
            "from functools import partial\ndef make(width):\n"
            "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, width))\n"
            "Net = partial(make, 10)\n",
            "mine.py:Net",
        ),
        ("from cnnlab.models.lenet5 import LeNet5\n", "mine.py:LeNet5"),
        (f"def factory(width=10):\n    return {SMALL}\n", "mine.py"),
        (f"def factory():\n    return {SMALL}\nModel = factory\n", "mine.py:Model"),
    ],
)
def test_what_makes_a_network_is_one(text, name):
    found = check(HEAD + text, name=name)
    assert found.findings == ()
    assert build(found.name)(torch.zeros(2, 1, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("name", ["mine.py", "mine.py:net"])
def test_a_variable_that_holds_one_network_is_answered_with_what_to_write(name):
    assert only(check(f"{HEAD}net = {SMALL}\n", name=name)) == (
        "not-a-network",
        3,
        "net (line 3) is one network, made when cnnlab reads the file, but each run needs a new "
        "one with weights drawn from its seed. Put it into a function:\n"
        "def net():\n    return nn.Sequential(...)",
    )


def test_a_variable_of_a_class_is_answered_with_what_to_write_too():
    _, line, message = only(check(f"{NET}\nmodel = Net()\n", name="mine.py:model"))
    assert line == 23
    assert message.endswith("def model():\n    return Net(...)")


@pytest.mark.parametrize(
    ("edit", "line", "message"),
    [
        (
            ("class Net(", "import sys\nsys.exit()\n\n\nclass Net("),
            7,
            "Line 7 ends Python (SystemExit: None). Delete it, or put it under if __name__ == "
            '"__main__": at the end of the file.',
        ),
        (
            ("nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 5, strides=1)"),
            11,
            "Line 11: nn.Conv2d has no argument strides. Did you mean stride?",
        ),
    ],
)
def test_other_habits_are_answered_with_the_cure(edit, line, message):
    assert only(check(NET, edit)) == ("mistake", line, message)


WIDE = NET.replace("def __init__(self):", "def __init__(self, width, kind='relu'):").replace(
    "120", "width"
)


def test_arguments_are_part_of_the_name():
    write(WIDE)
    for name, width in (("mine.py:Net(32)", 32), ("mine.py:Net(width=8, kind='a:b')", 8)):
        network = find_network(name)
        assert network.name == name
        assert network.build(0).classifier[0].out_features == width
        assert check_network(name).findings == ()
    assert find_network("mine.py:Net(width=8, kind='a:b')").slug == "mine-Net-width-8-kind-a-b"
    assert split_name("runs/a/source.py:Net(kind='a:b')") == ("runs/a/source.py", "Net(kind='a:b')")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.py:Net", "missing a required argument: 'width'. Give each argument a default"),
        (
            "mine.py:Net(32, depth=3)",
            "cnnlab makes the network with Net(32, depth=3), but Python says: got an unexpected "
            "keyword argument 'depth'. Name only arguments that Net has.",
        ),
        (
            "mine.py:Net(width=open)",
            "Cannot read the arguments of Net(width=open). Write numbers, words in quotes, True or "
            "False, as in Net(width=32).",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_said(name, message):
    write(WIDE)
    with pytest.raises(ModelError) as refused:
        find_network(name)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("edit", "line", "name", "what"),
    [
        ((INIT, f"{INIT}        self.train = True\n"), 9, "train", "self.train"),
        ((INIT, f"{INIT}        self.parameters = {{}}\n"), 9, "parameters", "self.parameters"),
        (
            (INIT, f"{INIT}        self.modules = nn.ModuleList([nn.ReLU()])\n"),
            9,
            "modules",
            "self.modules",
        ),
        ((INIT, f"{INIT}        self.half = nn.Linear(3, 3)\n"), 9, "half", "self.half"),
        (
            (
                "    def forward",
                "    def train(self, loader, epochs=5):\n        pass\n\n    def forward",
            ),
            18,
            "train",
            "the method train",
        ),
        (("    def __init__", "    eval = False\n\n    def __init__"), 7, "eval", "eval"),
    ],
)
def test_a_name_that_hides_a_method_of_a_module_is_to_be_renamed(edit, line, name, what):
    assert only(check(NET, edit)) == (
        "hidden-name",
        line,
        f"Line {line}: {what} hides {name}(), a method of nn.Module that cnnlab calls. Rename it, "
        f"as in my_{name}.",
    )


@pytest.mark.parametrize(
    "method",
    [
        "def train(self, mode=True):\n        return super().train(mode)",
        "def parameters(self, recurse=True):\n        return super().parameters(recurse)",
        "def load_state_dict(self, weights, *more, **named):\n"
        "        return super().load_state_dict(weights, *more, **named)",
    ],
)
def test_a_method_that_does_what_it_hides_is_fine(method):
    assert check(NET, ("    def forward", f"    {method}\n\n    def forward")).findings == ()


ARGPARSE = """\
import argparse
PARSER = argparse.ArgumentParser()
PARSER.add_argument("--width", type=int{more})
WIDTH = PARSER.parse_args().width


class Net("""


def test_argparse_is_heard_and_its_defaults_work(monkeypatch):
    monkeypatch.setattr("sys.argv", ["cnnlab", "train", "--model", "mine.py"])
    write(NET, ("class Net(", ARGPARSE.format(more=", default=3")))
    assert check_network("mine.py").findings == ()
    forget_files()
    assert find_network("mine.py").build(0)
    found = check(NET, ("class Net(", ARGPARSE.format(more=", required=True")))
    assert only(found) == (
        "arguments",
        9,
        "Line 9 reads the command line with argparse, which says: the following arguments are "
        "required: --width. cnnlab gives the file no arguments. Give each one a default, as in "
        'add_argument("--width", type=int, default=16), or put this under if __name__ == '
        '"__main__": at the end of the file.',
    )
