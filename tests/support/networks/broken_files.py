"""Files that stop before an image has passed: syntax, imports, the top of the file, the class."""

from tests.support.networks.case import Broken

_REST = """
    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""
_LAYERS = """
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
"""


def _hiding(line: str, name: str) -> Broken:
    """Return a network with a name in __init__ that hides one of nn.Module's own."""
    return Broken(
        f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__(){_LAYERS}        {line}  # HERE
{_REST}""",
        "stops",
        rf"(?=.*\b{name}\b)(?=.*(nn\.Module|PyTorch))(?=.*(\b|re)name\b)",
    )


def _hiding_method(line: str, name: str) -> Broken:
    return Broken(
        f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__(){_LAYERS}{_REST}
    {line}  # HERE
        return None
""",
        "stops",
        rf"(?=.*\b{name}\b)(?=.*(nn\.Module|PyTorch))(?=.*(\b|re)name\b)",
    )


_UNDER_MAIN = r'if __name__ == "__main__":'

BROKEN = {
    "missing-colon": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x)  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        "expected ':'",
    ),
    "bracket-never-closed": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(  # HERE
            nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(),
            nn.Linear(16, 10)

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        "never closed",
    ),
    "no-comma-between-layers": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(1024, 16)  # HERE
            nn.ReLU(),
            nn.Linear(16, 10),
        )

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        "comma",
    ),
    "body-not-indented": Broken(
        """
class Net(nn.Module):
    def __init__(self):
    super().__init__()  # HERE
    self.fc = nn.Linear(1024, 10)
""",
        "stops",
        "expected an indented block",
    ),
    "tabs-and-spaces": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

\tdef forward(self, x):  # HERE
\t\treturn self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*\btabs?\b)(?=.*\bspaces\b)",
    ),
    "tabs-within-a-function": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
\tself.fc = nn.Linear(1024, 10)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*\btabs?\b)(?=.*\bspaces\b)",
    ),
    "notebook-command": Broken(
        """
%matplotlib inline  # HERE
import torch
from torch import nn


class Net(nn.Module):
    pass
""",
        "stops",
        "notebook",
    ),
    "nn-not-imported": Broken(
        """
import torch


class Net(nn.Module):  # HERE
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"from torch import nn|import torch\.nn as nn",
    ),
    "f-not-imported": Broken(
        """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(1))))  # HERE
""",
        "stops",
        r"functional as F",
    ),
    "layer-imported-by-no-one": Broken(
        """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = Linear(1024, 10)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"nn\.Linear",
    ),
    "layer-in-other-capitals": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(1, 6, 5)  # HERE
        self.fc = nn.Linear(6 * 28 * 28, 10)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))
""",
        "stops",
        r"nn\.Conv2d",
    ),
    "function-that-pytorch-has-not": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        x = F.maxpool2d(x, 1)  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"F\.max_pool2d",
    ),
    "argument-of-another-library": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, kernel_size=5, strides=2)  # HERE
        self.fc = nn.Linear(6 * 14 * 14, 10)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))
""",
        "stops",
        r"(?=.*strides)(?=.*\bstride\b)",
    ),
    "package-not-installed": Broken(
        """
from torch import nn
from d2l import torch as d2l  # HERE


class Net(d2l.Classifier):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(1024, num_classes))
""",
        "stops",
        r"(?=.*\bd2l\b)(?=.*nn\.Module|.*(remove|delete|take))",
    ),
    "hyperparameters-of-the-book": Broken(
        """
class Net(nn.Module):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()  # HERE
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(1024, num_classes))

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        r"(?=.*save_hyperparameters)(?=.*(delete|remove|take\b.*\bout))",
    ),
    "file-that-is-not-there": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.load_state_dict(torch.load("best_model.pth"))  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"best_model\.pth",
    ),
    "asks-at-the-top": Broken(
        """
import torch
from torch import nn

width = int(input("How many filters? "))  # HERE


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, width, 5), nn.Linear(width * 784, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
""",
        "stops",
        r"input\(\)",
    ),
    "argparse-at-the-top": Broken(
        """
import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser(description="Train a network")
parser.add_argument("--width", type=int, required=True)
args = parser.parse_args()  # HERE


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, args.width), nn.Linear(args.width, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "stops",
        rf"(?=.*(argparse|parse_args|--width))(?=.*({_UNDER_MAIN}|default))",
    ),
    "exit-at-the-top": Broken(
        """
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


print(Net())
sys.exit(0)  # HERE
""",
        "stops",
        rf"(?=.*(SystemExit|exit))(?=.*{_UNDER_MAIN})",
    ),
    "waits-at-the-top": Broken(
        """
import time

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


time.sleep(10 ** 6)  # HERE
""",
        "stops",
        _UNDER_MAIN,
    ),
    "loops-at-the-top": Broken(
        """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


step = 0
while True:  # HERE
    step += 1  # HERE
""",
        "stops",
        _UNDER_MAIN,
    ),
    "trains-at-the-top": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(2):
    loss = F.cross_entropy(model(torch.randn(4, 1, 32, 32)), torch.arange(4))
    optimizer.zero_grad()
    loss.backward()  # HERE
    optimizer.step()
""",
        "none",
        rf"(?=.*trains)(?=.*{_UNDER_MAIN})",
    ),
    "prints-at-the-top": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


print(Net())  # HERE
""",
        "none",
        rf"(?=.*prints)(?=.*{_UNDER_MAIN})",
    ),
    "no-network-but-a-class": Broken(
        """
class Net:  # HERE
    def __init__(self):
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"nn\.Module",
    ),
    "no-super": Broken(
        """
class Net(nn.Module):
    def __init__(self):  # HERE
        self.fc = nn.Linear(1024, 10)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"super\(\)\.__init__\(\)",
    ),
    "super-without-brackets": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__  # HERE
        self.fc = nn.Linear(1024, 10)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"super\(\)\.__init__\(\)",
    ),
    "super-after-the-layers": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(1024, 10)  # HERE
        super().__init__()

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"super\(\)\.__init__\(\).*first",
    ),
    "super-of-half": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super(Net).__init__()  # HERE
        self.fc = nn.Linear(1024, 10)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"super\(\)\.__init__\(\)",
    ),
    "no-super-in-a-block": Broken(
        """
class Block(nn.Module):
    def __init__(self):
        self.conv = nn.Conv2d(1, 6, 5, 3)  # HERE

    def forward(self, x):
        return torch.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.fc = Block(), nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(self.block(x).flatten(1))
""",
        "stops",
        r"super\(\)\.__init__\(\)",
    ),
    "init-with-single-underscores": Broken(
        """
class Net(nn.Module):
    def _init_(self):  # HERE
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        "__init__",
    ),
    "init-misspelt": Broken(
        """
class Net(nn.Module):
    def __int__(self):  # HERE
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        "__init__",
    ),
    "argument-without-a-default": Broken(
        """
class Net(nn.Module):
    def __init__(self, categories, width=16):  # HERE
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, width), nn.Linear(width, categories)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "stops",
        "categories.*default",
    ),
    "init-without-self": Broken(
        """
class Net(nn.Module):
    def __init__():  # HERE
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"def __init__\(self",
    ),
    "no-forward": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
""",
        "stops",
        r"def forward\(self, x\)",
    ),
    "forward-misspelt": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def foward(self, x):  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"foward.*def forward\(self, x\)",
    ),
    "forward-within-init": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

        def forward(self, x):  # HERE
            return self.fc(x.flatten(1))
""",
        "stops",
        r"forward.*indented",
    ),
    "forward-outside-the-class": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)


def forward(self, x):  # HERE
    return self.fc(x.flatten(1))
""",
        "stops",
        r"forward.*indented",
    ),
    "forward-without-self": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(x):  # HERE
        return x.flatten(1)
""",
        "stops",
        r"def forward\(self, x\)",
    ),
    "forward-of-images-and-labels": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x, y):  # HERE
        return F.cross_entropy(self.fc(x.flatten(1)), y)
""",
        "stops",
        r"def forward\(self, x\)",
    ),
    "attribute-train": _hiding("self.train = True", "train"),
    "attribute-eval": _hiding("self.eval = False", "eval"),
    "attribute-parameters": _hiding("self.parameters = {'lr': 0.01, 'width': 16}", "parameters"),
    "attribute-modules": _hiding("self.modules = nn.ModuleList([self.fc1, self.fc2])", "modules"),
    "attribute-buffers": _hiding("self.buffers = []", "buffers"),
    "attribute-state-dict": _hiding("self.state_dict = {}", "state_dict"),
    "attribute-to": _hiding("self.to = 10", "to"),
    "method-train": _hiding_method("def train(self, loader, epochs=5):", "train"),
    "method-eval": _hiding_method("def eval(self, images, labels):", "eval"),
    "method-parameters": _hiding_method("def parameters(self):", "parameters"),
    "layer-without-self": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        x = torch.relu(conv1(x))  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"self\.conv1",
    ),
    "layer-made-without-self": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        conv1 = nn.Conv2d(1, 6, 5, 3)  # HERE
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        x = torch.relu(self.conv1(x))  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"self\.conv1 =",
    ),
    "layer-misspelt": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        x = torch.relu(self.cov1(x))  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*cov1)(?=.*self\.conv1)",
    ),
    "variable-in-other-capitals": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        h = torch.relu(self.fc1(X.flatten(1)))  # HERE
        return self.fc2(h)
""",
        "stops",
        r"(?-i:(?=.*\bX\b)(?=.*\bx\b))",
    ),
    "layer-applied-while-it-is-made": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        x = nn.ReLU(self.conv(x))
        return self.fc(x.flatten(1))  # HERE
""",
        "stops",
        r"nn\.ReLU",
    ),
    "layer-without-brackets": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)
        self.relu = nn.ReLU  # HERE

    def forward(self, x):
        x = self.relu(self.conv(x))  # HERE
        return self.fc(x.flatten(1))  # HERE
""",
        "stops",
        r"nn\.ReLU.*(brackets|nn\.ReLU\(\))",
    ),
    "class-in-a-sequential": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(  # HERE
            nn.Flatten(), nn.Linear(1024, 16), nn.ReLU, nn.Linear(16, 10))

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        r"nn\.ReLU\(\)",
    ),
    "function-in-a-sequential": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(  # HERE
            nn.Flatten(), nn.Linear(1024, 16), F.relu, nn.Linear(16, 10))

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        r"nn\.ReLU\(\)",
    ),
    "list-in-a-sequential": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10)]
        self.net = nn.Sequential(layers)  # HERE

    def forward(self, x):
        return self.net(x)
""",
        "stops",
        r"nn\.Sequential\(\*",
    ),
    "module-list-that-is-called": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Flatten(), nn.Linear(1024, 16), nn.Linear(16, 10)])

    def forward(self, x):
        return self.layers(x)  # HERE
""",
        "stops",
        r"nn\.Sequential|for .* in self\.layers",
    ),
    "numbers-that-are-no-integers": Broken(
        """
class Net(nn.Module):
    def __init__(self, size=32):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 2, stride=2)
        self.fc = nn.Linear(6 * (size / 2) ** 2, 10)  # HERE

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
""",
        "stops",
        r"//|int\(",
    ),
    "far-too-large": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(1024, 1_000_000)  # HERE
        self.fc2 = nn.Linear(1_000_000, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "stops",
        r"(?=.*parameters)(?=.*smaller)",
    ),
    "loops-in-init": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        width = 1
        while width != 10:  # HERE
            width *= 2  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"__init__|making",
    ),
    "loops-in-forward": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        side = x.size(2)
        while side > 0:  # HERE
            x = x + 0  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*loop)(?=.*forward)",
    ),
    "calls-itself-for-ever": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self(self.fc(x.flatten(1)).view(-1, 10)) if x.dim() == 4 else self(x)  # HERE
""",
        "stops",
        r"recursion|calls itself",
    ),
    "memory-of-a-batch": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 1024, 1)
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.wide(x)).mean((2, 3)))
""",
        "spoils or none",
        r"(?=.*\bGB\b)(?=.*--batch-size)",
    ),
}
