"""Networks whose code fails, or that have no forward; with what must be said of each."""

import pytest

from tests.support.custom_network import FIRST, FLATTEN, INIT, RETURN

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
        [(FLATTEN, f"{FLATTEN}\n        x.requires_grad and x.register_hook(lambda g: 1 // 0)")],
        "error",
        21,
        "The backward pass stops in line 21 with ZeroDivisionError: integer division or modulo by "
        "zero.",
        id="backward",
    ),
]
