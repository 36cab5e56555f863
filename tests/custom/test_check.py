"""Every fault that a student's network can have, and the words and line it is answered with."""

import io
import random
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.custom import sandbox
from cnnlab.custom.check import Checked, made_up_images
from cnnlab.custom.find import build, check_network, find_network
from cnnlab.custom.finding import Finding
from cnnlab.custom.sandbox import TooSlowError, time_limit
from cnnlab.data.tensors import as_input
from cnnlab.errors import ModelError
from cnnlab.models.layers import Layer
from tests.support.events import BEGUN, EventTimer, waiting_for

NET = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(400, 120), nn.ReLU(),
            nn.Linear(120, 10),
        )

    def forward(self, x):
        x = self.features(x)
        x = x.flatten(start_dim=1)
        return self.classifier(x)
"""

INIT = "        super().__init__()\n"
FLATTEN = "x = x.flatten(start_dim=1)"
RETURN = "return self.classifier(x)"
FIRST = "nn.Linear(400, 120)"
LAST = "nn.Linear(120, 10),"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text: str, *edits: tuple[str, str], file: str = "mine.py") -> None:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with open(file, "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(text)


def check(text: str, *edits: tuple[str, str], name: str = "mine.py") -> Checked:
    write(text, *edits)
    return check_network(name)


def forget_files() -> None:
    """Let cnnlab run each file again, as another process does."""
    for name in [each for each in sys.modules if each.startswith("cnnlab_own_")]:
        del sys.modules[name]


def only(found: Checked) -> tuple[str, int | None, str]:
    (finding,) = found.findings
    return finding.kind, finding.line, finding.message


# --- a sound network -----------------------------------------------------------------------------


def test_lenet5_has_the_papers_figures_layer_by_layer():
    found = check_network("lenet5")
    assert (found.parameters, found.multiply_accumulates) == (61_706, 416_520)
    assert found.findings == ()
    assert found.layers == (
        Layer("features.0", "Conv2d", (6, 28, 28), 156, 117_600),
        Layer("features.1", "Tanh", (6, 28, 28), 0, 0),
        Layer("features.2", "AvgPool2d", (6, 14, 14), 0, 0),
        Layer("features.3", "Conv2d", (16, 10, 10), 2_416, 240_000),
        Layer("features.4", "Tanh", (16, 10, 10), 0, 0),
        Layer("features.5", "AvgPool2d", (16, 5, 5), 0, 0),
        Layer("classifier.0", "Linear", (120,), 48_120, 48_000),
        Layer("classifier.1", "Tanh", (120,), 0, 0),
        Layer("classifier.2", "Linear", (84,), 10_164, 10_080),
        Layer("classifier.3", "Tanh", (84,), 0, 0),
        Layer("classifier.4", "Linear", (10,), 850, 840),
    )


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.BatchNorm1d(120),")],
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.Dropout(0.5),")],
        [("return self", "return 3 * self"), ("x = self.features(x)", "x = self.features(x + 1)")],
    ],
)
def test_a_sound_network_has_no_findings(edits):
    found = check(NET, *edits)
    assert found.findings == ()
    assert found.is_sound
    assert found.name == "mine.py:Net"
    assert found.parameters >= 156 + 2_416 + 48_120 + 1_210
    assert len(found.layers) == 9


MIX = [
    ("self.features = ", "self.mix = nn.Linear(16, 16)\n        self.features = "),
    (FLATTEN, "x = self.mix(x.movedim(1, 3)).movedim(3, 1).flatten(1)"),
]


def test_a_linear_layer_over_the_channels_of_maps_is_no_missing_flatten():
    assert check(NET, *MIX).findings == ()
    assert only(check(NET, *MIX, (LAST, "nn.Linear(120, 12),")))[0] == "output"


def test_the_shares_that_the_messages_name_are_what_a_softmax_gives():
    for least, share in ((0.0, "23 %"), (-1.0, "45 %")):
        numbers = torch.tensor([1.0, *[least] * 9])
        assert f"{numbers.softmax(dim=0).max():.0%}".replace("%", " %") == share


def test_a_layer_called_twice_has_two_rows_and_its_parameters_once():
    found = check(
        NET,
        ("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120),"),
        (
            "nn.Linear(120, 10),\n        )",
            "nn.Linear(120, 10),\n        )\n        self.again = nn.Linear(400, 400, bias=False)",
        ),
        ("x = x.flatten(start_dim=1)", "x = self.again(self.again(x.flatten(start_dim=1)))"),
    )
    rows = [layer for layer in found.layers if layer.name == "again"]
    assert [(row.parameters, row.multiply_accumulates) for row in rows] == [
        (160_000, 160_000),
        (0, 160_000),
    ]
    assert found.parameters == sum(layer.parameters for layer in found.layers)
    assert found.multiply_accumulates == 117_600 + 240_000 + 2 * 160_000 + 48_000 + 1_200


def test_groups_strides_and_transposed_convolutions_are_counted():
    found = check(
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(\n"
        "        nn.Conv2d(1, 4, 2, stride=2), nn.Conv2d(4, 8, 3, groups=4, padding=1),\n"
        "        nn.ConvTranspose2d(8, 3, 2, stride=2), nn.Flatten(), nn.Linear(3072, 10))\n",
        name="mine.py:net",
    )
    assert [(layer.output_shape, layer.multiply_accumulates) for layer in found.layers] == [
        ((4, 16, 16), 16 * 16 * 4 * 4),
        ((8, 16, 16), 16 * 16 * 8 * 9),
        ((3, 32, 32), 16 * 16 * 8 * 3 * 4),
        ((3072,), 0),
        ((10,), 30_720),
    ]
    assert found.findings == ()


def test_a_layer_with_normalised_weights_is_one_layer():
    found = check(
        NET, (FIRST, f"nn.utils.parametrizations.weight_norm({FIRST})"), name="mine.py:Net"
    )
    (row,) = [layer for layer in found.layers if layer.name.startswith("classifier.0")]
    assert (row.parameters, row.multiply_accumulates) == (48_000 + 120 + 120, 48_000)
    assert found.findings == ()


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


def test_made_up_images_are_grey_levels_as_a_network_takes_them():
    images = made_up_images()
    levels = ((images + 1) / 2 * 255).round().to(torch.uint8)
    assert images.shape == (4, 1, 32, 32)
    assert torch.equal(as_input(levels), images)
    assert len(levels.unique()) == 256


# --- the file ------------------------------------------------------------------------------------


def test_a_syntax_error_is_said_with_its_line():
    found = check(NET, ("def forward(self, x):", "def forward(self, x)"))
    assert only(found) == (
        "syntax",
        18,
        "mine.py, line 18 is not Python: expected ':'. The line reads: def forward(self, x)",
    )
    assert not found.is_sound


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "    wrong = [1 2]",
            "mine.py, line 6 is not Python: invalid syntax. Perhaps you forgot "
            "a comma? The line reads: wrong = [1 2]",
        ),
        (
            "%matplotlib inline",
            "mine.py, line 6 is not Python: invalid syntax. The line reads: "
            "%matplotlib inline. That is a notebook's command: take it out.",
        ),
    ],
)
def test_a_syntax_error_ends_as_a_sentence_does(line, said):
    found = check(NET, ("class Net(", f"{line.strip()}\n\n\nclass Net("))
    assert only(found) == ("syntax", 6, said)


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
        "Cannot read other.py (No such file or directory). To begin one: cnnlab new other.py",
    )


def test_a_file_that_is_no_text_is_said():
    with open("mine.py", "wb") as stream:  # noqa: PTH123
        stream.write(b"# caf\xe9\n")
    assert only(check_network("mine.py:Net")) == (
        "file",
        None,
        "Cannot read mine.py (it is not text in UTF-8). Save it as UTF-8 in your editor.",
    )


BLOCK = "class Block(nn.Module):\n    pass\n\nclass Net("


def test_of_several_classes_one_must_be_named():
    assert only(check(NET, ("class Net(", BLOCK))) == (
        "which-class",
        None,
        "mine.py holds 2 networks; say which. There are: Block, Net. Name one, as in mine.py:Net.",
    )
    assert check_network("mine.py:Net").findings == ()
    assert check(NET, ("class Net(", BLOCK.replace("Block", "_Block"))).name == "mine.py:Net"


def test_what_is_no_network_is_not_taken_for_one():
    text = NET + "\nclass Settings:\n    width = 3\n\ndef make():\n    return Net()\n"
    assert check(text).name == "mine.py:Net"
    assert only(check("class Settings:\n    width = 3\n")) == (
        "which-class",
        None,
        "mine.py holds no networks; say which. There are: Settings. Name one, as in "
        "mine.py:Settings.",
    )
    assert only(check("import torch\n")) == (
        "no-class",
        None,
        "mine.py holds no class or function: expected a network, class Net(nn.Module). To see one: "
        "cnnlab new first.py",
    )


def test_a_class_that_derives_from_another_of_the_file_is_a_network():
    text = NET + "\nclass Wider(Net):\n    pass\n\n\ndef late():\n    return Net()\n"
    assert only(check(text))[2] == (
        "mine.py holds 2 networks; say which. There are: Net, Wider. Name one, as in mine.py:Wider."
    )
    assert check_network("mine.py:Wider").findings == ()


def test_a_class_that_is_not_there_is_answered_with_the_nearest():
    assert only(check(NET, name="mine.py:Ned")) == (
        "no-class",
        6,
        "mine.py has no class or function 'Ned'. Did you mean 'Net'? There are: Net.",
    )


def test_an_unknown_name_is_refused():
    with pytest.raises(ModelError, match=r"There is no model 'lenet'\. Did you mean 'lenet5'"):
        check_network("lenet")


def test_another_file_of_the_users_is_not_imported():
    write("width = 3\n", file="widths.py")
    assert only(check(NET, ("import torch\n", "import torch, widths\n"))) == (
        "import",
        1,
        "Line 1 imports widths, another file of yours: cnnlab takes one file alone. Copy what you "
        "need from widths.py into mine.py.",
    )


# --- one fault each ------------------------------------------------------------------------------


FAULTS = [
    pytest.param(
        [("import torch\n", "import torch, nowhere_at_all.deep\n")],
        "import",
        1,
        "Line 1 imports nowhere_at_all, which is not installed here. It is an import of your own "
        "file: install it (pip install nowhere_at_all), or remove that line.",
        id="module-missing",
    ),
    pytest.param(
        [("import functional as F", "import functionals as F")],
        "import",
        3,
        "Line 3, an import of your own file, fails: cannot import name 'functionals' from "
        "'torch.nn' ({torch}).",
        id="name-missing",
    ),
    pytest.param(
        [("class Net(", "print('begins')\n\n\nclass Net(")],
        "top-level",
        6,
        "Line 6 prints whenever the file is read: put what is to run only when the file is started "
        'itself under if __name__ == "__main__": at its end.',
        id="print-at-top-level",
    ),
    pytest.param(
        [("nn.ReLU(), nn.MaxPool2d(2),\n            nn.Conv2d", "nn.Maxpool2d(2),\n nn.Conv2d")],
        "mistake",
        10,
        "Line 10: there is no nn.Maxpool2d in PyTorch. Did you mean nn.MaxPool2d?",
        id="misspelt-layer",
    ),
    pytest.param(
        [("class Net(nn.Module)", "class Net(nn.module)")],
        "mistake",
        6,
        "Line 6: there is no nn.module in PyTorch. Did you mean nn.Module?",
        id="misspelt-module",
    ),
    pytest.param(
        [(FLATTEN, "x = F.Relu(x).flatten(1)")],
        "mistake",
        20,
        "Line 20: there is no F.Relu in PyTorch. Did you mean F.relu?",
        id="misspelt-function",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.ReLU,")],
        "mistake",
        13,
        "Line 13: an nn.ReLU stands there without its brackets: write nn.ReLU().",
        id="layer-without-brackets",
    ),
    pytest.param(
        [(FLATTEN, "x = nn.ReLU(x).flatten(1)")],
        "mistake",
        20,
        "Line 20: an nn.ReLU stands where numbers should, as it was made and not applied to them: "
        "make it in __init__, as in self.layer = nn.ReLU(...) with its brackets, and write "
        "x = self.layer(x) in forward.",
        id="layer-made-of-numbers",
    ),
    pytest.param(
        [
            ("self.features = ", "self.relu = nn.ReLU\n        self.features = "),
            ("x = self.features(x)", "x = self.features(self.relu(x))"),
        ],
        "mistake",
        20,
        "Line 20: an nn.ReLU stands where numbers should, as it was made and not applied to them: "
        "make it in __init__, as in self.layer = nn.ReLU(...) with its brackets, and write "
        "x = self.layer(x) in forward.",
        id="layer-kept-without-brackets",
    ),
    pytest.param(
        [(FLATTEN, "x = torch.from_numpy(x.flatten(1).numpy())")],
        "mistake",
        20,
        "Line 20: numbers leave PyTorch here, as .numpy() or a function of NumPy has it, and no "
        "gradient can follow them: use PyTorch's own functions, such as torch.relu(x) or "
        "x.mean().",
        id="numpy",
    ),
    pytest.param(
        [(FLATTEN, "raise AssertionError('Torch not compiled with CUDA enabled')")],
        "mistake",
        20,
        "Line 20: something is moved to a GPU, or made there: take .cuda(), .to(...) and "
        "device=... out. cnnlab moves the network and its images itself; cnnlab train --device "
        "says where to.",
        id="cuda",
    ),
    pytest.param(
        [("class Net(", "get_ipython().run_line_magic('matplotlib', 'inline')\n\n\nclass Net(")],
        "mistake",
        6,
        "Line 6: get_ipython() belongs to a notebook, and comes from a line that began with % or ! "
        "there: take it out.",
        id="get-ipython",
    ),
    pytest.param(
        [("from torch import nn\n", "")],
        "mistake",
        5,
        "Line 5: nn is not imported: write from torch import nn at the top of the file.",
        id="nn-not-imported",
    ),
    pytest.param(
        [(FIRST, "nn.Linear(400, 10**13)")],
        "too-large",
        14,
        "Line 14: 4,000,000,000,000,000 numbers are asked for at once, 16000000.0 GB, and this "
        "machine has less memory: make that layer smaller, as by fewer channels or a pooling "
        "before it.",
        id="no-memory",
    ),
    pytest.param(
        [("def __init__(self)", "def _init_(self)")],
        "mistake",
        7,
        "Line 7: _init_ is never called by Python: write __init__, with two underscores on either "
        "side.",
        id="misspelt-init",
    ),
    pytest.param(
        [("def __init__(self)", "def __int__(self)"), ("super().__init__()", "super().__int__()")],
        "mistake",
        7,
        "Line 7: __int__ is never called by Python: write __init__, with two underscores on either "
        "side.",
        id="int",
    ),
    pytest.param(
        [(INIT, "")],
        "super-init",
        8,
        "super().__init__() is missing before line 8: write it as the first line of __init__.",
        id="super-init",
    ),
    pytest.param(
        [("super().__init__()", "super.__init__()")],
        "super-init",
        8,
        "super().__init__() is missing before line 8: write it as the first line of __init__.",
        id="super-without-brackets",
    ),
    pytest.param(
        [
            (
                "class Net(",
                "class Part(nn.Module):\n    def __init__(self):\n        self.width = 3"
                "\n\n\nclass Net(",
            ),
            ("self.features = ", "self.part = Part()\n        self.features = "),
        ],
        "super-init",
        7,
        "super().__init__() is missing in Part: write it as the first line of its __init__.",
        id="super-init-of-a-part",
    ),
    pytest.param(
        [("def __init__(self):", "def __init__(self, width):")],
        "arguments",
        7,
        "cnnlab makes the network as Net(), but that is missing a required argument: 'width': give "
        "each argument a default, as in def __init__(self, width=16).",
        id="arguments",
    ),
    pytest.param(
        [("super().__init__()", "super().__init__()\n        self.width = widht")],
        "error",
        9,
        "Making Net() stops in line 9 with NameError: name 'widht' is not defined.",
        id="error-in-init",
    ),
    pytest.param(
        [("class Net(", "print('hi')\nraise SystemExit(3)\n\nclass Net(")],
        "error",
        7,
        "Running the file stops in line 7 with SystemExit: 3.",
        id="exit-in-the-file",
    ),
    pytest.param(
        [("class Net(", "width = input()\n\nclass Net(")],
        "error",
        6,
        "Running the file stops in line 6 with EOFError: EOF when reading a line.",
        id="input-in-the-file",
    ),
    pytest.param(
        [(FIRST, "nn.LazyLinear(120)")],
        "lazy",
        14,
        "classifier.0 (line 14) is a LazyLinear, which has no weights before it first runs; cnnlab "
        "draws all weights from the seed before that. Write nn.Linear(400, 120).",
        id="lazy-linear",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5)", "nn.LazyConv2d(16, 5)")],
        "lazy",
        11,
        "features.3 (line 11) is a LazyConv2d, which has no weights before it first runs; cnnlab "
        "draws all weights from the seed before that. Write nn.Conv2d(6, 16, ...).",
        id="lazy-convolution",
    ),
    pytest.param(
        [("def forward(", "def foward(")],
        "forward",
        18,
        "The network has no forward, but foward (line 18): write def forward(self, x) in its "
        "class, indented as __init__ is, and return the numbers of the 10 classes from it.",
        id="no-forward",
    ),
    pytest.param(
        [("def forward(", "def predict(")],
        "forward",
        None,
        "The network has no forward: write def forward(self, x) in its class, indented as __init__ "
        "is, and return the numbers of the 10 classes from it.",
        id="nothing-like-forward",
    ),
    pytest.param(
        [("def forward(self, x):", "def forward(x):")],
        "forward",
        18,
        "forward (line 18) cannot be called with images: write def forward(self, x), and give a "
        "default to whatever else it takes.",
        id="forward-without-self",
    ),
    pytest.param(
        [("def forward(self, x):", "def forward(self, x, mask):")],
        "forward",
        18,
        "forward (line 18) cannot be called with images: write def forward(self, x), and give a "
        "default to whatever else it takes.",
        id="forward-of-two",
    ),
    pytest.param(
        [(FIRST, "nn.Linear(576, 120)")],
        "linear-size",
        14,
        "The first linear layer, classifier.0 (line 14), takes 576 numbers an image but gets 400: "
        "write nn.Linear(400, 120).",
        id="first-linear",
    ),
    pytest.param(
        [(LAST, "nn.Linear(84, 10, bias=False),")],
        "linear-size",
        15,
        "The linear layer, classifier.2 (line 15), takes 84 numbers an image but gets 120: write "
        "nn.Linear(120, 10, bias=False).",
        id="second-linear",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(-1, 576)")],
        "linear-size",
        20,
        "Line 20 asks for the shape [-1, 576], but each image has 400 numbers there: write "
        ".flatten(start_dim=1), and nn.Linear(400, ...) after it.",
        id="view",
    ),
    pytest.param(
        [(FLATTEN, "pass")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes a row of numbers an image but gets "
        "maps of 16 x 5 x 5: flatten them before it, with .flatten(start_dim=1) or nn.Flatten().",
        id="no-flatten",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (FIRST, "nn.Linear(256, 120)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes a row of numbers an image but gets "
        "maps of 16 x 5 x 5: flatten them before it, with .flatten(start_dim=1) or nn.Flatten(). "
        "It then gets 400 numbers: write nn.Linear(400, 120).",
        id="no-flatten-and-wrong-size",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (FIRST, "nn.Linear(5, 120)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes a row of numbers an image but gets "
        "maps of 16 x 5 x 5: flatten them before it, with .flatten(start_dim=1) or nn.Flatten(). "
        "It then gets 400 numbers: write nn.Linear(400, 120).",
        id="no-flatten-that-runs",
    ),
    pytest.param(
        [(FLATTEN, "x = x.flatten()")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), gets all images in one row of 1600 "
        "numbers: flatten each image for itself, with .flatten(start_dim=1).",
        id="flatten-of-all",
    ),
    pytest.param(
        [("x = self.features(x)", "x = self.features(x.flatten(1))")],
        "flatten",
        10,
        "The convolution features.0 (line 10) takes maps but gets 1024 an image: put it before "
        "what flattens them.",
        id="flatten-too-early",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5)", "nn.Conv2d(8, 16, 5)")],
        "channels",
        11,
        "The convolution features.3 (line 11) takes 8 channels but gets 6: write nn.Conv2d(6, 16, "
        "...).",
        id="channels",
    ),
    pytest.param(
        [("nn.Conv2d(1, 6, 5)", "nn.Conv2d(3, 6, 5)")],
        "channels",
        10,
        "The convolution features.0 (line 10) takes 3 channels but gets 1, as the images are grey: "
        "write nn.Conv2d(1, 6, ...).",
        id="channels-of-images",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU()", "nn.Conv2d(6, 16, 5), nn.BatchNorm2d(6)")],
        "channels",
        11,
        "The normalisation features.4 (line 11) takes 6 channels but gets 16: write "
        "nn.BatchNorm2d(16).",
        id="channels-of-normalisation",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU()", "nn.Conv2d(6, 16, 5), nn.BatchNorm1d(16)")],
        "flatten",
        11,
        "The normalisation features.4 (line 11) is for rows of numbers but gets maps of 16 x 10 x "
        "10: write nn.BatchNorm2d(16).",
        id="normalisation-of-rows",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.BatchNorm2d(120),")],
        "flatten",
        14,
        "The normalisation classifier.1 (line 14) is for maps but gets a row of 120 numbers an "
        "image: write nn.BatchNorm1d(120).",
        id="normalisation-of-maps",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 15)")],
        "too-small",
        11,
        "The maps are only 14 x 14 when they reach features.3 (line 11), whose kernel is 15 x 15: "
        "take out a pooling before it, use a smaller kernel, or give the convolutions before it "
        "padding.",
        id="too-small-for-a-convolution",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(9), nn.AvgPool2d(2)")],
        "too-small",
        11,
        "The maps are only 1 x 1 when they reach features.4 (line 11), whose kernel is 2 x 2: take "
        "out a pooling before it, use a smaller kernel, or give the convolutions before it "
        "padding.",
        id="too-small-for-a-pooling",
    ),
    pytest.param(
        [(FLATTEN, "x = F.max_pool2d(x, 6).flatten(1)")],
        "too-small",
        20,
        "The maps have become too small for the kernel in line 20: take out a pooling before it, "
        "use a smaller kernel, or give the convolutions before it padding.",
        id="too-small-for-a-function",
    ),
    pytest.param(
        [(RETURN, "self.classifier(x)")],
        "output",
        18,
        "forward (line 18) gives nothing back: expected (4, 10), a number for each of 10 classes. "
        "End it with return x, where x holds those numbers.",
        id="no-return",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x), x")],
        "output",
        18,
        "forward (line 18) gives a tuple; expected (4, 10), a number for each of 10 classes. "
        "Return that one tensor alone.",
        id="no-tensor",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 12),")],
        "output",
        15,
        "forward (line 18) gives (4, 12) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. Write nn.Linear(120, 10) for classifier.2 (line 15).",
        id="width",
    ),
    pytest.param(
        [(RETURN, "return x")],
        "output",
        18,
        "forward (line 18) gives (4, 400) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. End it with nn.Linear(400, 10).",
        id="no-linear",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (RETURN, "return x")],
        "output",
        18,
        "forward (line 18) gives (4, 16, 5, 5) for 4 images; expected (4, 10), a number for each "
        "of 10 classes. End it with .flatten(start_dim=1) and nn.Linear(400, 10).",
        id="maps",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x)[:, :, None, None]")],
        "output",
        18,
        "forward (line 18) gives (4, 10, 1, 1) for 4 images; expected (4, 10), a number for each "
        "of 10 classes. End it with .flatten(start_dim=1).",
        id="maps-of-one-pixel",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).argmax(dim=1)")],
        "output",
        18,
        "forward (line 18) gives (4,) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. Return all the numbers of an image, not the place of the largest.",
        id="argmax",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(-1, 100)"), (FIRST, "nn.Linear(100, 120)")],
        "output",
        18,
        "forward (line 18) gives (16, 10) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. A squeeze(), or a view(...) that does not fit, mixes the images: write "
        ".flatten(start_dim=1).",
        id="view-that-runs",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(4, -1)")],
        "batch-size",
        14,
        "An image alone, as a last batch may be, is refused. The first linear layer, classifier.0 "
        "(line 14), gets 4 rows for 1 image: a squeeze(), or a view(...) or reshape(...) of a "
        "fixed size, mixes the images. Write .flatten(start_dim=1).",
        id="fixed-batch-size",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(64, -1)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), gets 64 rows for 4 images: a squeeze(), "
        "or a view(...) or reshape(...) of a fixed size, mixes the images. Write "
        ".flatten(start_dim=1).",
        id="fixed-batch-size-of-64",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).squeeze()")],
        "batch-size",
        18,
        "An image alone, as a last batch may be, is refused. forward (line 18) gives (10,) for 1 "
        "image; expected (1, 10), a number for each of 10 classes. A squeeze(), or a view(...) "
        "that does not fit, mixes the images: write .flatten(start_dim=1).",
        id="squeeze",
    ),
    pytest.param(
        [(RETURN, "return self.clasifier(x)")],
        "error",
        21,
        "The pass through the network stops in line 21 with AttributeError: 'Net' object has no "
        "attribute 'clasifier'.",
        id="error-in-forward",
    ),
    pytest.param(
        [(RETURN, "raise ValueError")],
        "error",
        21,
        "The pass through the network stops in line 21 with ValueError: no message.",
        id="error-without-words",
    ),
    pytest.param(
        [
            (
                RETURN,
                "y = x.exp()\n        y.mul_(2)\n        y2 = y * y\n        y.add_(1)\n"
                "        return self.classifier(y2)",
            )
        ],
        "in-place",
        18,
        "forward (line 18) changes a value in place that the backward pass still needs: by +=, by "
        "a function whose name ends in _, or by inplace=True. Make new values, as in x = x + 1.",
        id="in-place",
    ),
    pytest.param(
        [(FLATTEN, f"{FLATTEN}\n        x.requires_grad and x.register_hook(lambda g: 1 // 0)")],
        "error",
        21,
        "The backward pass stops in line 21 with ZeroDivisionError: integer division or modulo by "
        "zero.",
        id="backward",
    ),
    pytest.param(
        [(RETURN, "return (self.classifier(x), x) if self.training else self.classifier(x)")],
        "training-mode",
        18,
        "Only in training mode, after network.train(): forward (line 18) gives a tuple; expected "
        "(4, 10), a number for each of 10 classes. Return that one tensor alone.",
        id="training-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x if self.training else x[:, :50])")],
        "evaluation-mode",
        14,
        "Only in evaluation mode, after network.eval(): The first linear layer, classifier.0 (line "
        "14), takes 400 numbers an image but gets 50: write nn.Linear(50, 120).",
        id="evaluation-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) if self.training else x")],
        "evaluation-mode",
        18,
        "Only in evaluation mode, after network.eval(): forward (line 18) gives (4, 400) for 4 "
        "images; expected (4, 10), a number for each of 10 classes. End it with nn.Linear(400, "
        "10).",
        id="evaluation-mode-of-another-shape",
    ),
    pytest.param(
        [
            (
                "nn.Linear(400, 120), nn.ReLU(),",
                "nn.Linear(400, 120), nn.Threshold(9, float('nan')),",
            )
        ],
        "not-finite",
        14,
        "Before any training the output already holds NaN or infinity, first after classifier.1 "
        "(line 14): look for a division by 0, a logarithm or root of what can be 0 or less, or "
        "very large weights.",
        id="nan-of-a-layer",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) / 0")],
        "not-finite",
        18,
        "Before any training the output already holds NaN or infinity: look for a division by 0, a "
        "logarithm or root of what can be 0 or less, or very large weights.",
        id="infinity",
    ),
    pytest.param(
        [("x = self.features(x)", "x += 1\n        x = self.features(x)")],
        "input-changed",
        18,
        "forward (line 18) changes the images that it is given: by +=, by a function whose name "
        "ends in _, or by inplace=True in the first layer. Make new values, as in x = x + 1.",
        id="input-changed",
    ),
    pytest.param(
        [(FLATTEN, "x = F.dropout(x.flatten(start_dim=1), 0.5)")],
        "random",
        18,
        "In evaluation mode the same images get another answer each time: F.dropout needs "
        "training=self.training, and layers must be made in __init__, not in forward.",
        id="dropout-in-evaluation",
    ),
    pytest.param(
        [(FLATTEN, "x = x.flatten(start_dim=1)\n        x = x - x.mean(dim=0)")],
        "batch-dependent",
        18,
        "In evaluation mode an image gets another answer alone than among others, but each must be "
        "judged by itself. Look for a mean or softmax over dim=0, or a batch normalisation with "
        "track_running_stats=False.",
        id="batch-dependent",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10), nn.Softmax(dim=1),")],
        "softmax",
        15,
        "The last step is a softmax (line 15): cross-entropy, the loss of training, already "
        "contains it, and after a second one no class can get more than 23 %. Take it out: return "
        "the numbers before it.",
        id="softmax-layer",
    ),
    pytest.param(
        [(RETURN, "return F.softmax(self.classifier(x), dim=1)")],
        "softmax",
        21,
        "The last step is a softmax (line 21): cross-entropy, the loss of training, already "
        "contains it, and after a second one no class can get more than 23 %. Take it out: return "
        "the numbers before it.",
        id="softmax-function",
    ),
    pytest.param(
        [(RETURN, "x = self.classifier(x).exp()\n        return x / x.sum(dim=1, keepdim=True)")],
        "softmax",
        None,
        "The last step is a softmax: cross-entropy, the loss of training, already contains it, and "
        "after a second one no class can get more than 23 %. Take it out: return the numbers "
        "before it.",
        id="softmax-by-hand",
    ),
    pytest.param(
        [(RETURN, "return F.log_softmax(self.classifier(x), dim=1)")],
        "log-softmax",
        21,
        "The last step is a log-softmax (line 21): cross-entropy, the loss of training, already "
        "contains it. It does no harm, but has no use either: take it out.",
        id="log-softmax",
    ),
    pytest.param(
        [(RETURN, "x = self.classifier(x)\n        return x - x.logsumexp(1, keepdim=True)")],
        "log-softmax",
        None,
        "The last step is a log-softmax: cross-entropy, the loss of training, already contains it. "
        "It does no harm, but has no use either: take it out.",
        id="log-softmax-by-hand",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10), nn.Sigmoid(),")],
        "squashed",
        15,
        "The last step is a sigmoid (line 15): with all numbers between 0 and 1, the loss of "
        "training can give no class more than 23 %. Take it out.",
        id="sigmoid",
    ),
    pytest.param(
        [(RETURN, "return torch.tanh(self.classifier(x))")],
        "squashed",
        21,
        "The last step is a tanh (line 21): with all numbers between -1 and 1, the loss of "
        "training can give no class more than 45 %. Take it out.",
        id="tanh",
    ),
    pytest.param(
        [(RETURN, "return F.relu(self.classifier(x), inplace=True)")],
        "squashed",
        21,
        "The last step is a ReLU (line 21): it makes all numbers below 0 the same, and where they "
        "are, nothing is learned. Take it out.",
        id="relu",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).detach()")],
        "detached",
        18,
        "No gradient can go back from the output, so nothing can be learned: take "
        "torch.no_grad(), .detach(), .data, .numpy() or torch.tensor() out of forward (line 18).",
        id="detached",
    ),
    pytest.param(
        [(FLATTEN, "x = x.detach().flatten(1)")],
        "no-gradient",
        10,
        "features.0.weight, features.0.bias, features.3.weight and features.3.bias get no "
        "gradient, so training leaves them as drawn: the output does not use them, or .detach(), "
        ".data, torch.no_grad() or a multiplication by 0 stands between.",
        id="no-gradient",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.scale = nn.Parameter(torch.ones(1))\n        self.features = ",
            )
        ],
        "no-gradient",
        9,
        "scale gets no gradient, so training leaves it as drawn: the output does not use it, or "
        ".detach(), .data, torch.no_grad() or a multiplication by 0 stands between.",
        id="no-gradient-of-a-parameter",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.extra = nn.Linear(400, 10)\n        self.features = ",
            ),
            (RETURN, "return self.classifier(x) + 0 * self.extra(x)"),
        ],
        "no-gradient",
        9,
        "extra.weight and extra.bias get no gradient, so training leaves them as drawn: the output "
        "does not use them, or .detach(), .data, torch.no_grad() or a multiplication by 0 stands "
        "between.",
        id="no-gradient-past-a-zero",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.Dropout(1.0),")],
        "constant",
        14,
        "classifier.1 (line 14) drops everything in training, so nothing is learned of the images. "
        "Its number is the share that is dropped: write nn.Dropout(0.5).",
        id="dropout-of-all",
    ),
    pytest.param(
        [
            (
                LAST,
                f"{LAST}\n        )\n        for each in self.parameters():\n"
                "            nn.init.zeros_(each",
            )
        ],
        "constant",
        10,
        "Every image gets the same answer, and some steps of training do not change that, so "
        "nothing can be learned of the images: all weights of features.0 (line 10), features.3 "
        "(line 11), classifier.0 (line 14) and classifier.2 (line 15) are 0. Leave them as "
        "PyTorch draws them.",
        id="zeros",
    ),
    pytest.param(
        [(FLATTEN, "x = 0 * x.flatten(1)")],
        "constant",
        18,
        "Every image gets the same answer, and some steps of training do not change that, so "
        "nothing can be learned of the images: look for a multiplication by 0, or a step that "
        "makes all numbers the same.",
        id="features-times-0",
    ),
    pytest.param(
        [("self.features = ", "self.extra = nn.Linear(3, 4)\n        self.features = ")],
        "unused",
        9,
        "extra (line 9) is made but never called: call it in forward, or take it out.",
        id="unused",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.one = nn.Linear(3, 4)\n        self.two = nn.Conv2d(1, 2, 3)\n"
                "        self.features = ",
            )
        ],
        "unused",
        9,
        "one (line 9) and two (line 10) are made but never called: call them in forward, or take "
        "them out.",
        id="two-unused",
    ),
    pytest.param(
        [
            (LAST, "nn.Linear(120, 10),\n        )\n        self.features.requires_grad_(False"),
        ],
        "frozen",
        None,
        "features.0.weight, features.0.bias, features.3.weight and features.3.bias are frozen "
        "(requires_grad=False): training leaves them as drawn.",
        id="frozen",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10),\n        )\n        self.requires_grad_(False")],
        "no-parameters",
        20,
        "All weights are frozen (requires_grad=False), so there is nothing to train: leave those "
        "of one layer or more as they are made.",
        id="all-frozen",
    ),
    pytest.param(
        [
            (RETURN, "return self.classifier(x) + self.extra[0](x)"),
            ("self.features = ", "self.extra = [nn.Linear(400, 10)]\n        self.features = "),
        ],
        "plain-list",
        9,
        "extra (line 9) is a plain list of layers, so PyTorch does not see the weights: they are "
        "neither trained nor saved with the run. Write self.extra = nn.ModuleList([...]).",
        id="plain-list",
    ),
    pytest.param(
        [
            (RETURN, "return self.classifier(x) + self.extra['a'](x)"),
            (
                "self.features = ",
                "self.extra = {'a': nn.Linear(400, 10)}\n        self.features = ",
            ),
        ],
        "plain-list",
        9,
        "extra (line 9) is a plain dict of layers, so PyTorch does not see the weights: they are "
        "neither trained nor saved with the run. Write self.extra = nn.ModuleDict({...}).",
        id="plain-dict",
    ),
    pytest.param(
        [(RETURN, "return nn.Linear(400, 10)(x) + self.classifier(x)")],
        "made-in-forward",
        21,
        "Line 21 makes a Linear while forward runs: its weights are drawn there, and are neither "
        "trained nor saved with the run. Make it in __init__, as in self.layer = nn.Linear(...), "
        "and only call it in forward: x = self.layer(x).",
        id="made-in-forward",
    ),
    pytest.param(
        [
            ("class Net(", "LAST = nn.Linear(400, 10)\n\n\nclass Net("),
            (RETURN, "return self.classifier(x) + LAST(x)"),
        ],
        "outside",
        6,
        "A Linear, made in line 6 and called in line 24, is no part of the network, so PyTorch "
        "does not see the weights: they are neither trained nor saved with the run. Make it in "
        "__init__ and assign it to self, as in self.layer = nn.Linear(...), and call "
        "self.layer(x).",
        id="outside",
    ),
    pytest.param(
        [
            ("self.features = ", "self.bias = torch.randn(10)\n        self.features = "),
            (RETURN, "return self.classifier(x) + self.bias"),
        ],
        "not-saved",
        19,
        "bias is a plain tensor, so it is not saved with the weights: loaded again, the network "
        "would give other answers. Write self.bias = nn.Parameter(...) for what is to be trained, "
        'self.register_buffer("bias", ...) for what is not.',
        id="not-saved",
    ),
]


@pytest.mark.parametrize(("edits", "kind", "line", "message"), FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    found = check(NET, *edits, name="mine.py:Net")
    assert only(found) == (kind, line, message.replace("{torch}", str(nn.__file__)))
    assert found.is_sound == (kind in {"top-level", "frozen", "log-softmax"})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("edits", "kind", "line", "message"), FAULTS)
def test_only_what_stops_training_keeps_a_network_from_being_found(edits, kind, line, message):
    (finding,) = check(NET, *edits, name="mine.py:Net").findings
    forget_files()
    lets_pass = {
        *("top-level", "frozen", "log-softmax", "softmax", "squashed", "no-gradient", "unused"),
        *("random", "batch-dependent", "input-changed", "constant"),
    }
    assert (finding.effect == "stops") == (kind not in lets_pass)
    if kind in lets_pass:
        assert find_network("mine.py:Net").name == "mine.py:Net"
        return
    with pytest.raises(ModelError) as refused:
        find_network("mine.py:Net")
    assert str(refused.value) == f"mine.py: {finding.message}"


def test_every_kind_of_finding_has_a_test():
    from typing import get_args

    from cnnlab.custom.finding import Kind

    elsewhere = {"file", "syntax", "which-class", "no-class", "not-a-network", "slow"}
    tested = {case.values[1] for case in FAULTS}
    assert tested | elsewhere == set(get_args(Kind))
    assert not tested & elsewhere


def test_a_function_that_returns_no_network_is_said():
    found = check("def Net():\n    return 3\n", name="mine.py:Net")
    assert only(found) == (
        "not-a-network",
        1,
        "Net is no network: expected an nn.Module, found int. Write class Net(nn.Module), or "
        "return one from the function.",
    )


def test_a_class_that_derives_from_nothing_is_no_network():
    text = NET.replace("(nn.Module)", "")
    for name in ("mine.py", "mine.py:Net"):
        assert only(check(text, name=name)) == (
            "not-a-network",
            6,
            "Net (line 6) is a class but no network: write class Net(nn.Module): and "
            "super().__init__() as the first line of __init__.",
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
        "The network has no weights, so there is nothing to train: make a layer that has some in "
        "__init__, as in self.last = nn.Linear(1024, 10).",
    )
    assert found.parameters == 0


def test_many_names_are_cut_short():
    layers = ", ".join(f"nn.Linear({n}, 3)" for n in range(3, 11))
    found = check(
        NET,
        ("self.features = ", f"self.extra = nn.ModuleList([{layers}])\n        self.features = "),
    )
    assert only(found)[2] == (
        "extra.0 (line 9), extra.1 (line 9), extra.2 (line 9), extra.3 (line 9), extra.4 (line 9) "
        "and 3 more are made but never called: call them in forward, or take them out."
    )


def test_several_findings_come_with_the_gravest_first():
    found = check(
        NET,
        (LAST, "nn.Linear(120, 10), nn.LogSoftmax(dim=1),"),
        (FLATTEN, "x = F.dropout(x.view(4, -1), 0.5, self.training)"),
        ("self.features = ", "self.extra = nn.Linear(3, 4)\n        self.features = "),
    )
    assert [(each.kind, each.effect) for each in found.findings] == [
        ("batch-size", "stops"),
        ("unused", "spoils"),
        ("log-softmax", "none"),
    ]


def test_the_layers_before_a_fault_are_in_the_table():
    found = check(NET, (FIRST, "nn.Linear(576, 120)"))
    assert [layer.name for layer in found.layers] == [f"features.{n}" for n in range(6)]
    assert found.layers[-1].output_shape == (16, 5, 5)
    assert found.parameters == 156 + 2_416 + 576 * 120 + 120 + 1_210
    assert found.multiply_accumulates == 117_600 + 240_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RETURN, "return self.classifier(x) / 3"),
        (RETURN, "return self.classifier(x) - 1"),
        (RETURN, "return self.classifier(x) * 0.01 + 0.1"),
        (RETURN, "x = self.classifier(x)\n        return x / x.sum(dim=1, keepdim=True)"),
    ],
)
def test_a_last_step_that_only_resembles_a_softmax_is_none(old, new):
    assert check(NET, (old, new)).findings == ()


@pytest.mark.parametrize(
    "edits",
    [
        [(LAST, f"{LAST}\n        )\n        nn.init.zeros_(self.classifier[-1].weight")],
        [
            (LAST, f"{LAST}\n        )\n        self.gate = nn.Parameter(torch.zeros(1)"),
            (FLATTEN, "x = x + self.gate * (x @ x.transpose(2, 3))\n        x = x.flatten(1)"),
        ],
        [("nn.Conv2d(1, 6, 5)", "nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6)")],
        [(LAST, "nn.Dropout(0.9), nn.Linear(120, 10),")],
    ],
)
def test_what_learns_after_a_first_step_without_gradient_is_no_fault(edits):
    assert check(NET, *edits).findings == ()


def test_the_line_of_a_last_step_is_the_last_of_several():
    found = check(
        NET,
        (FLATTEN, "x = F.relu(x.flatten(1))"),
        (RETURN, "x = F.relu(self.classifier(x))\n        return x"),
    )
    assert only(found)[:2] == ("squashed", 21)
    found = check(NET, (LAST, "nn.Linear(120, 10), nn.ReLU(),"))
    assert only(found)[:2] == ("squashed", 15)


def test_a_layer_made_by_a_function_of_the_file_is_found_in_its_line():
    found = check(
        NET,
        ("class Net(", "def linear(out):\n    return nn.Linear(576, out)\n\n\nclass Net("),
        (FIRST, "linear(120)"),
    )
    assert only(found)[:2] == ("linear-size", 7)


def test_a_layer_is_found_where_it_is_made_not_where_its_weights_are_set():
    found = check(
        NET,
        (FIRST, "nn.Linear(576, 120)"),
        (
            LAST,
            f"{LAST}\n        )\n        self.classifier[0].bias = nn.Parameter(torch.ones(120)",
        ),
    )
    assert only(found)[:2] == ("linear-size", 14)


@pytest.mark.parametrize(
    "kept", ["order = [self.features]", "shapes = [nn.ReLU()]", "_teacher = [nn.Linear(400, 10)]"]
)
def test_a_plain_list_that_hides_nothing_to_train_is_no_fault(kept):
    write(NET, ("    def forward", f"        self.{kept}\n\n    def forward"))
    assert check_network("mine.py").findings == ()


def test_a_network_of_numbered_layers_names_them_so():
    text = (
        "from torch import nn\n"
        "def Net():\n    return nn.Sequential(nn.Flatten(),\n        nn.Linear(784, 10))\n"
    )
    assert only(check(text, name="mine.py:Net")) == (
        "linear-size",
        4,
        "The first linear layer, layer 1 (line 4), takes 784 numbers an image but gets 1024: write "
        "nn.Linear(1024, 10).",
    )


# --- nothing is left behind ----------------------------------------------------------------------


def test_no_generator_path_or_stream_is_touched(capfd):
    write(
        NET,
        (
            "class Net(",
            "import random\nimport sys\nimport warnings\nimport numpy as np\n\n"
            "torch.set_grad_enabled(False)\n"
            "torch.manual_seed(7)\nrandom.seed(7)\nnp.random.seed(7)\n"
            "print('hi')\nprint('hi', file=sys.stderr)\n"
            "warnings.warn('careful')\n\n\nclass Net(",
        ),
        (FLATTEN, "x = x.flatten(start_dim=1); torch.rand(3); print('hi')"),
    )
    modules = set(sys.modules)
    before = torch.get_rng_state(), random.getstate(), str(np.random.get_state())
    streams = sys.path[:], sys.stdin, sys.stdout, sys.stderr
    assert torch.is_grad_enabled()
    assert [each.kind for each in check_network("mine.py").findings] == ["top-level"]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), str(np.random.get_state())) == before[1:]
    assert (sys.path, sys.stdin, sys.stdout, sys.stderr) == streams
    assert torch.is_grad_enabled()
    assert all(name.startswith("cnnlab_own_") for name in set(sys.modules) - modules)
    assert capfd.readouterr() == ("", "")


def test_a_network_that_the_file_keeps_is_left_as_it_was():
    text = NET.replace(
        "nn.ReLU(), nn.MaxPool2d(2),\n        )", "nn.BatchNorm2d(16), nn.MaxPool2d(2),\n        )"
    )
    write(text + "\nKEPT = Net()\ndef kept():\n    return KEPT\n")
    network = find_network("mine.py:kept").make()
    network.eval()
    network.features.train()
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert check_network("mine.py:kept").findings == ()
    after = network.state_dict()
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in network.parameters())
    assert (network.training, network.features.training) == (False, True)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_what_the_file_draws_does_not_make_its_first_network_another():
    write(NET, ("class Net(", "torch.manual_seed(7)\n\nclass Net("))
    network = find_network("mine.py")
    forget_files()
    first, second = network.build(3), network.build(3)
    assert torch.equal(first.classifier[0].weight, second.classifier[0].weight)


def test_code_that_does_not_end_is_stopped(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Timer", EventTimer)
        found = check(
            NET,
            (
                "class Net(",
                f"{BEGUN}\nwhile True:\n    try:\n        sum(range(9))\n"
                "    except Exception:\n        pass\n\nclass Net(",
            ),
        )
    (finding,) = found.findings
    assert finding.kind == "slow"
    assert finding.line in {6, 7, 8, 9}
    assert finding.message == (
        f"After 60 seconds of running the file from its top it was stopped in line "
        f"{finding.line}. Put what is to run only when the file is started itself under if "
        '__name__ == "__main__": at its end.'
    )
    assert check(NET).findings == ()


TRAINING = """
network = Net()
for _ in range(3):
    loss = network(torch.zeros(2, 1, 32, 32)).sum()
    loss.backward()
    print(loss.item())
"""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            (INIT, f"{INIT}        {BEGUN}\n        while True:\n            pass\n"),
            "of making the network it was stopped in line {line}. Make its layers smaller, and "
            "take out of __init__ what need not be done there.",
        ),
        (
            (FLATTEN, f"{BEGUN}\n        while True:\n            pass"),
            "of trying the network on a few images it was stopped in line {line}. Make its layers "
            "smaller, and see that each loop in forward ends.",
        ),
    ],
)
def test_what_does_not_end_is_said_by_what_was_done(monkeypatch, edit, said):
    monkeypatch.setattr(threading, "Timer", EventTimer)
    _, line, message = only(check(NET, edit))
    assert message == f"After 60 seconds {said.format(line=line)}"


def test_a_network_too_large_for_a_laptop_is_refused_before_it_is_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(nn.Linear, "reset_parameters", lambda layer: drawn.append(str(layer)))
    found = check(NET, (FIRST, "nn.Linear(400, 1_000_000)"))
    assert drawn == []
    assert only(found) == (
        "too-large",
        14,
        "By line 14 the network has 400,002,572 parameters or more: 1.6 GB, and training takes "
        "four times that. cnnlab takes up to 250,000,000. The largest layer is a Linear with "
        "400,000,000: make that layer smaller, as by fewer channels or a pooling before it.",
    )
    made_at_top = NET + "\nnn.Linear(400, 1_000_000)\n"
    assert only(check(made_at_top))[:2] == ("too-large", 23)


def test_training_at_the_top_of_a_file_is_said_with_its_line():
    assert only(check(NET + TRAINING)) == (
        "top-level",
        26,
        "Line 26 trains whenever the file is read: put what is to run only when the file is "
        'started itself under if __name__ == "__main__": at its end.',
    )
    guarded = TRAINING.replace("\n", "\n    ").replace("    network =", "def run():\n    network =")
    assert check(NET + guarded + '\nif __name__ == "__main__":\n    run()\n').findings == ()


def test_a_file_that_runs_long_is_waited_for_in_words(monkeypatch):
    monkeypatch.setattr(sandbox, "PATIENCE", 0)
    write(NET, ("class Net(", f"{waiting_for('told')}\n\nclass Net("))
    said = []

    def notify(message):
        said.append(message)
        Path("told").touch()

    assert check_network("mine.py", notify).findings == ()
    assert said == [
        "Waiting for mine.py:Net: running the file from its top. After 60 s it is stopped."
    ]


def test_a_limit_that_is_not_reached_leaves_no_timer_and_raises_nothing():
    before = set(threading.enumerate())
    with time_limit(60):
        pass
    assert sum(range(100_000)) == 4_999_950_000
    timers = set(threading.enumerate()) - before
    assert all(each.finished.is_set() for each in timers)  # they end by themselves
    with pytest.raises(TooSlowError), time_limit(0.05):
        while True:
            io.StringIO()


def test_built_in_networks_are_sound_and_built_as_before():
    assert check_network("lenet5-relu-max").findings == ()
    before = build("lenet5", 4).state_dict()
    check_network("lenet5")
    after = build("lenet5", 4).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_weights_and_images_are_the_same_at_each_check():
    write(NET, (RETURN, "raise ValueError(float(self.classifier(x).sum()))"))
    said = set()
    for seed in range(3):
        torch.manual_seed(seed)
        said.add(only(check_network("mine.py")))
    assert len(said) == 1


def test_the_table_is_of_the_mode_that_works():
    found = check(NET, (RETURN, "return self.classifier(x if self.training else x[:, :50])"))
    assert only(found)[0] == "evaluation-mode"
    assert len(found.layers) == 9


def test_what_a_network_prints_in_one_pass_is_kept():
    found = check(
        NET,
        ("class Net(", "print('read')\n\n\nclass Net("),
        (INIT, f"{INIT}        print('made')\n"),
        (FLATTEN, f"{FLATTEN}\n        print(x.shape)"),
    )
    assert found.printed == "made\ntorch.Size([4, 400])\n"
    found = check(NET, (FLATTEN, "print(x.shape)"))
    assert found.printed == "torch.Size([4, 16, 5, 5])\n"
    assert found.findings[0].kind == "flatten"


def test_a_finding_is_a_plain_value():
    assert Finding("frozen", "x", 3) == Finding("frozen", "x", 3)
    assert Finding("output", "x").effect == "stops"
