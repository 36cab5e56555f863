"""Ways to write and name a network, other than one class of one file, that cnnlab must accept."""

from tests.support.networks.case import Wanted

WANTED = {
    "book-lazy-lenet": Wanted(
        """
from torch import nn


def init_cnn(module):
    if type(module) == nn.Linear or type(module) == nn.Conv2d:
        nn.init.xavier_uniform_(module.weight)


class LeNet(nn.Module):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.LazyConv2d(16, kernel_size=5), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.LazyLinear(120), nn.Sigmoid(),
            nn.LazyLinear(84), nn.Sigmoid(),
            nn.LazyLinear(num_classes))

    def forward(self, X):
        return self.net(X)
""",
        "mine.py:LeNet",
    ),
    "book-lazy-residual": Wanted(
        """
import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, num_channels, use_1x1conv=False, strides=1):
        super().__init__()
        self.conv1 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1, stride=strides)
        self.conv2 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1)
        self.conv3 = None
        if use_1x1conv:
            self.conv3 = nn.LazyConv2d(num_channels, kernel_size=1, stride=strides)
        self.bn1 = nn.LazyBatchNorm2d()
        self.bn2 = nn.LazyBatchNorm2d()

    def forward(self, X):
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3:
            X = self.conv3(X)
        Y += X
        return F.relu(Y)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(8, kernel_size=7, stride=2, padding=3), nn.LazyBatchNorm2d(), nn.ReLU(),
            Residual(8), Residual(12, use_1x1conv=True, strides=2),
            nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.LazyLinear(10))

    def forward(self, X):
        return self.net(X)
""",
        "mine.py:ResNet",
    ),
    "lazy-linear-alone": Wanted(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc = nn.LazyLinear(10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
""",
        "mine.py:Net",
    ),
    "variable-that-holds-a-network": Wanted(
        """
from torch import nn

net = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2), nn.Flatten(),
    nn.Linear(16 * 6 * 6, 120), nn.Sigmoid(),
    nn.Linear(120, 84), nn.Sigmoid(),
    nn.Linear(84, 10))
""",
        "mine.py:net",
    ),
    "variable-that-holds-a-network-by-the-file-alone": Wanted(
        """
from torch import nn

net = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))
""",
        "mine.py",
    ),
    "variable-of-a-class": Wanted(
        """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, width), nn.Linear(width, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


model = Net(24)
""",
        "mine.py:model",
    ),
    "lambda": Wanted(
        """
from torch import nn

Net = lambda: nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))
""",
        "mine.py:Net",
    ),
    "partial": Wanted(
        """
from functools import partial

from torch import nn


class MLP(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Flatten(), nn.Linear(1024, width), nn.ReLU(), nn.Linear(width, 10))


Small = partial(MLP, width=8)
Large = partial(MLP, width=40)
""",
        "mine.py:Small",
    ),
    "other-name-for-a-class": Wanted(
        """
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))


Model = Net
""",
        "mine.py:Model",
    ),
    "function-by-the-file-alone": Wanted(
        """
from torch import nn


def make_net():
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))
""",
        "mine.py",
    ),
    "arguments-on-the-command-line": Wanted(
        """
class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, width), nn.Linear(width, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "mine.py:Net(width=32)",
    ),
    "required-arguments-on-the-command-line": Wanted(
        """
class Net(nn.Module):
    def __init__(self, sizes, activation, *, bias):
        super().__init__()
        layers = [nn.Flatten()]
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b, bias=bias), getattr(nn, activation)()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.net(x)
""",
        "mine.py:Net((1024, 16, 10), 'Tanh', bias=True)",
    ),
    "class-in-an-if": Wanted(
        """
USE_BATCH_NORM = True

if USE_BATCH_NORM:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(1, 6, 5, 3), nn.BatchNorm2d(6)
            self.fc = nn.Linear(600, 10)

        def forward(self, x):
            return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))
else:
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Flatten(), nn.Linear(1024, 10))
""",
        "mine.py:Net",
    ),
    "class-in-a-try": Wanted(
        """
import torch
from torch import nn

try:
    from a_package_that_nobody_has import Base
except ImportError:
    class Base(nn.Module):
        pass

try:
    class Net(Base):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(x.flatten(1))))
except Exception:
    raise
""",
        "mine.py:Net",
    ),
    "block-from-a-file-beside": Wanted(
        """
from torch import nn

from blocks import Block


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.fc = Block(1, 6), nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(self.block(x).flatten(1))
""",
        "mine.py:Net",
        beside=(
            (
                "blocks.py",
                """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 5, stride=3)

    def forward(self, x):
        return torch.relu(self.conv(x))
""",
            ),
        ),
    ),
    "class-imported-from-a-file-beside": Wanted(
        """
from networks import Net
""",
        "mine.py:Net",
        beside=(
            (
                "networks.py",
                """\
from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))
""",
            ),
        ),
    ),
    "base-class-from-a-folder-beside": Wanted(
        """
from torch import nn

from layers.base import Classifier


class Net(Classifier):
    def __init__(self):
        super().__init__(nn.Linear(1024, 16), 16)
""",
        "mine.py:Net",
        beside=(
            ("layers/__init__.py", ""),
            (
                "layers/base.py",
                """\
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, body, width):
        super().__init__()
        self.body, self.fc = body, nn.Linear(width, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x.flatten(1))))
""",
            ),
        ),
    ),
    "sizes-from-a-file-beside": Wanted(
        """
import json
from pathlib import Path

import torch
from torch import nn

CONFIG = json.loads(Path(__file__).with_name("net.json").read_text())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, CONFIG["width"]), nn.Linear(CONFIG["width"], 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "mine.py:Net",
        beside=(("net.json", '{"width": 24}'),),
    ),
    "weights-from-a-file-beside": Wanted(
        """
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        kernels = np.loadtxt(Path(__file__).parent / "kernels.txt", dtype=np.float32)
        self.conv = nn.Conv2d(1, 2, 2, stride=2, bias=False)
        self.conv.weight.data = torch.from_numpy(kernels).view(2, 1, 2, 2)
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
""",
        "mine.py:Net",
        beside=(("kernels.txt", "1 -1 1 -1\n1 1 -1 -1\n"),),
    ),
    "argparse-with-defaults-at-the-top": Wanted(
        """
import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=16)
parser.add_argument("--no-cuda", action="store_true")
args = parser.parse_args()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, args.width), nn.Linear(args.width, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "mine.py:Net",
    ),
    "precision-of-the-file": Wanted(
        """
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "mine.py:Net",
    ),
}
NOT_YET_ACCEPTED = {
    "variable-of-a-class",
    "variable-that-holds-a-network",
    "variable-that-holds-a-network-by-the-file-alone",
}
"""Ways to write or name a network that cnnlab refuses today."""
