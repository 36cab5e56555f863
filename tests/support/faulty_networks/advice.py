"""Networks whose code fails, or that have no forward; with what must be said of each."""

import pytest

from tests.support.custom_network import FIRST, FLATTEN, INIT, RETURN

FAULTS = [
    pytest.param(
        [("import torch\n", "import torch, nowhere_at_all.deep\n")],
        "import",
        1,
        "Line 1 of your file imports nowhere_at_all, which is not installed. Install it (pip "
        "install nowhere_at_all), or delete that line.",
        id="module-missing",
    ),
    pytest.param(
        [("import functional as F", "import functionals as F")],
        "import",
        3,
        "The import in line 3 of your file failed: cannot import name 'functionals' from "
        "'torch.nn' ({torch}).",
        id="name-missing",
    ),
    pytest.param(
        [("nn.ReLU(), nn.MaxPool2d(2),\n            nn.Conv2d", "nn.Maxpool2d(2),\n nn.Conv2d")],
        "mistake",
        10,
        "Line 10: PyTorch has no nn.Maxpool2d. Did you mean nn.MaxPool2d?",
        id="misspelt-layer",
    ),
    pytest.param(
        [("class Net(nn.Module)", "class Net(nn.module)")],
        "mistake",
        6,
        "Line 6: PyTorch has no nn.module. Did you mean nn.Module?",
        id="misspelt-module",
    ),
    pytest.param(
        [(FLATTEN, "x = F.Relu(x).flatten(1)")],
        "mistake",
        20,
        "Line 20: PyTorch has no F.Relu. Did you mean F.relu?",
        id="misspelt-function",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.ReLU,")],
        "mistake",
        13,
        "Line 13: nn.ReLU needs brackets. Write nn.ReLU().",
        id="layer-without-brackets",
    ),
    pytest.param(
        [(FLATTEN, "x = nn.ReLU(x).flatten(1)")],
        "mistake",
        20,
        "Line 20: an nn.ReLU layer is used where a tensor should be. nn.ReLU(...) makes a layer; "
        "it does not apply it. Make it in __init__, with brackets: self.layer = nn.ReLU(...). "
        "Apply it in forward: x = self.layer(x).",
        id="layer-made-of-numbers",
    ),
    pytest.param(
        [
            ("self.features = ", "self.relu = nn.ReLU\n        self.features = "),
            ("x = self.features(x)", "x = self.features(self.relu(x))"),
        ],
        "mistake",
        20,
        "Line 20: an nn.ReLU layer is used where a tensor should be. nn.ReLU(...) makes a layer; "
        "it does not apply it. Make it in __init__, with brackets: self.layer = nn.ReLU(...). "
        "Apply it in forward: x = self.layer(x).",
        id="layer-kept-without-brackets",
    ),
    pytest.param(
        [(FLATTEN, "x = torch.from_numpy(x.flatten(1).numpy())")],
        "mistake",
        20,
        "Line 20: a tensor becomes a NumPy array here, by .numpy() or a NumPy function, and "
        "gradients cannot pass through NumPy. Use PyTorch's own functions, such as torch.relu(x) "
        "or x.mean().",
        id="numpy",
    ),
    pytest.param(
        [(FLATTEN, "raise AssertionError('Torch not compiled with CUDA enabled')")],
        "mistake",
        20,
        "Line 20: your code puts something on a GPU. Delete .cuda(), .to(...) and device=... "
        "here: cnnlab moves the network and the images itself. Choose the device with cnnlab "
        "train --device.",
        id="cuda",
    ),
    pytest.param(
        [(FIRST, "nn.Linear(400, 240 / 2)")],
        "mistake",
        14,
        "Line 14: a size is not a whole number: / makes 8.0 of 16 / 2. Write // in place of /, or "
        "int(...) around it.",
        id="size-with-a-point",
    ),
    pytest.param(
        [("x = self.features(x)", "x = self.features(x.double())")],
        "mistake",
        19,
        "Line 19: this combines numbers of two precisions, double and float. cnnlab's images are "
        "float32 (Float). Delete .double(), .half() and dtype=..., or write .float() after them.",
        id="images-of-double-precision",
    ),
    pytest.param(
        [(FLATTEN, "x = (x + x[:, :, 1:]).flatten(1)")],
        "mistake",
        20,
        "Line 20: this combines tensors with the sizes 5 and 4 in dimension 2. Their shapes must "
        "be the same: add padding to the convolutions, as in padding=1 for a kernel of 3.",
        id="maps-of-other-sizes",
    ),
    pytest.param(
        [(INIT, f"{INIT}        self.norm = nn.GroupNorm(3, 8)\n")],
        "mistake",
        9,
        "Line 9: nn.GroupNorm(3, ...) gets 8 channels, which do not divide into 3 groups. Write "
        "nn.GroupNorm(groups, 8), with a number of groups that divides 8.",
        id="groups-that-do-not-divide",
    ),
    pytest.param(
        [("class Net(", "get_ipython().run_line_magic('matplotlib', 'inline')\n\n\nclass Net(")],
        "mistake",
        6,
        "Line 6: get_ipython() works only in a notebook. It comes from a notebook line that "
        "begins with % or !. Delete this line.",
        id="get-ipython",
    ),
    pytest.param(
        [("from torch import nn\n", "")],
        "mistake",
        5,
        "Line 5: nn is not imported. Add this line at the top of the file: from torch import nn",
        id="nn-not-imported",
    ),
    pytest.param(
        [("x = self.features(x)", "x = features(x)")],
        "mistake",
        19,
        "Line 19: features is not defined. Did you mean self.features?",
        id="forgotten-self",
    ),
    pytest.param(
        [(INIT, f"{INIT}        self.scale = nn.Parameter(torch.ones(1).expand(10))\n")],
        "mistake",
        9,
        "Line 9: scale repeats the same numbers in memory, as expand() does, and training "
        "cannot change them one by one. Write .clone() after .expand(...).",
        id="expanded-parameter",
    ),
    pytest.param(
        [(INIT, f"{INIT}        self.save_hyperparameters()\n")],
        "mistake",
        9,
        "Line 9: save_hyperparameters() is the d2l book's and Lightning's, not PyTorch's. Delete "
        "it.",
        id="save-hyperparameters",
    ),
    pytest.param(
        [("import torch\n", "from .layers import Block\n")],
        "import",
        1,
        "Line 1: cnnlab runs the file alone, not as part of a package. Write the import without "
        "the dot, as in from helper import Block.",
        id="relative-import",
    ),
    pytest.param(
        [(FIRST, "nn.Linear(400, 10**13)")],
        "too-large",
        14,
        "Line 14: this needs 4,000,000,000,000,000 numbers at once (16,000,000.0 GB), more "
        "memory than this computer has. Make that layer smaller: use fewer channels, or put a "
        "pooling layer before it.",
        id="no-memory",
    ),
    pytest.param(
        [("def __init__(self)", "def _init_(self)")],
        "mistake",
        7,
        "Line 7: Python never calls _init_. Write __init__, with two underscores on each side.",
        id="misspelt-init",
    ),
    pytest.param(
        [("def __init__(self)", "def __int__(self)"), ("super().__init__()", "super().__int__()")],
        "mistake",
        7,
        "Line 7: Python never calls __int__. Write __init__, with two underscores on each side.",
        id="int",
    ),
    pytest.param(
        [(INIT, "")],
        "super-init",
        8,
        "super().__init__() is missing before line 8. Write it as the first line of __init__.",
        id="super-init",
    ),
    pytest.param(
        [("super().__init__()", "super.__init__()")],
        "super-init",
        8,
        "super().__init__() is missing before line 8. Write it as the first line of __init__.",
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
        "Line 7: super().__init__() is missing in Part. Write it as the first line of its "
        "__init__.",
        id="super-init-of-a-part",
    ),
    pytest.param(
        [("super().__init__()", "super().__init__()\n        self.width = widht")],
        "error",
        9,
        "Making Net() failed in line 9 with NameError: name 'widht' is not defined.",
        id="error-in-init",
    ),
    pytest.param(
        [("class Net(", "print('hi')\nraise SystemExit(3)\n\nclass Net(")],
        "mistake",
        7,
        "Line 7 ends Python (SystemExit: 3). Delete it, or put it under if __name__ == "
        '"__main__": at the end of the file.',
        id="exit-in-the-file",
    ),
    pytest.param(
        [("class Net(", "width = input()\n\nclass Net(")],
        "mistake",
        6,
        "Line 6: input() asks a question, but nobody can answer while cnnlab checks the file. "
        "Write the answer into the file instead.",
        id="input-in-the-file",
    ),
    pytest.param(
        [("def forward(", "def foward(")],
        "forward",
        18,
        "The network has no forward, but it has foward (line 18). Write def forward(self, x) in "
        "its class, indented like __init__, and return one number for each class, for each image.",
        id="no-forward",
    ),
    pytest.param(
        [("def forward(", "def predict(")],
        "forward",
        None,
        "The network has no forward. Write def forward(self, x) in its class, indented like "
        "__init__, and return one number for each class, for each image.",
        id="nothing-like-forward",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).score()")],
        "error",
        21,
        "The forward pass failed in line 21 with AttributeError: 'Tensor' object has no attribute "
        "'score'.",
        id="error-in-forward",
    ),
    pytest.param(
        [(RETURN, "return self.clasifier(x)")],
        "mistake",
        21,
        "Line 21: self.clasifier is not defined. Did you mean self.classifier?",
        id="misspelt-attribute",
    ),
    pytest.param(
        [(RETURN, "raise ValueError")],
        "error",
        21,
        "The forward pass failed in line 21 with ValueError: no message.",
        id="error-without-words",
    ),
    pytest.param(
        [(FLATTEN, f"{FLATTEN}\n        x.requires_grad and x.register_hook(lambda g: 1 // 0)")],
        "error",
        21,
        "The backward pass failed in line 21 with ZeroDivisionError: integer division or modulo "
        "by zero.",
        id="backward",
    ),
]
