"""How the file is written: the styles of books, courses, competitions and of programmers."""

from tests.support.networks.case import Sound

SOUND = {
    "lenet-of-1998": Sound(
        """
import torch.nn as nn


class LeNet5(nn.Module):
    \"\"\"LeNet-5 with tanh and average pooling.\"\"\"

    def __init__(self, n_classes=10):
        super(LeNet5, self).__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(in_channels=1, out_channels=6, kernel_size=5, stride=1),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(in_channels=6, out_channels=16, kernel_size=5, stride=1),
            nn.Tanh(),
            nn.AvgPool2d(kernel_size=2),
            nn.Conv2d(in_channels=16, out_channels=120, kernel_size=5, stride=1),
            nn.Tanh(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(in_features=120, out_features=84),
            nn.Tanh(),
            nn.Linear(in_features=84, out_features=n_classes),
        )

    def forward(self, x):
        x = self.feature_extractor(x)
        x = x.view(-1, 120)
        return self.classifier(x)
""",
        name="LeNet5",
    ),
    "lenet-functional": Sound("""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):

    def __init__(self):
        super(Net, self).__init__()
        # 1 input image channel, 6 output channels, 5x5 square convolution
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        # an affine operation: y = Wx + b
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, input):
        c1 = F.relu(self.conv1(input))
        s2 = F.max_pool2d(c1, (2, 2))
        c3 = F.relu(self.conv2(s2))
        s4 = F.max_pool2d(c3, 2)
        s4 = torch.flatten(s4, 1)
        f5 = F.relu(self.fc1(s4))
        f6 = F.relu(self.fc2(f5))
        output = self.fc3(f6)
        return output


if __name__ == "__main__":
    net = Net()
    print(net)
    print(net(torch.randn(1, 1, 32, 32)))
"""),
    "lenet-as-a-sequential-class": Sound("""
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 84), nn.ReLU(),
            nn.Linear(84, 10),
        )
"""),
    "function-that-returns-a-sequential": Sound(
        """
from torch import nn


def make_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 6 * 6, 120), nn.Sigmoid(),
        nn.Linear(120, 10))
""",
        name="make_net",
    ),
    "named-layers-by-ordered-dict": Sound("""
from collections import OrderedDict

import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convnet = nn.Sequential(OrderedDict([
            ("c1", nn.Conv2d(1, 6, kernel_size=(5, 5))),
            ("relu1", nn.ReLU()),
            ("s2", nn.MaxPool2d(kernel_size=(2, 2), stride=2)),
            ("c3", nn.Conv2d(6, 16, kernel_size=(5, 5))),
            ("relu3", nn.ReLU()),
            ("s4", nn.MaxPool2d(kernel_size=(2, 2), stride=2)),
        ]))
        self.fc = nn.Sequential(OrderedDict([
            ("f6", nn.Linear(400, 84)),
            ("relu6", nn.ReLU()),
            ("f7", nn.Linear(84, 10)),
        ]))

    def forward(self, img):
        output = self.convnet(img)
        output = output.view(img.size(0), -1)
        return self.fc(output)
"""),
    "layers-added-by-name": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential()
        self.net.add_module("conv", nn.Conv2d(1, 8, 5, stride=2))
        self.net.add_module("act", nn.ReLU())
        self.net.add_module("pool", nn.MaxPool2d(2))
        self.net.add_module("flatten", nn.Flatten())
        self.net.add_module("fc", nn.Linear(8 * 7 * 7, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "layers-by-add-module": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [1, 6, 8, 10]
        for i in range(3):
            self.add_module(f"conv{i}", nn.Conv2d(channels[i], channels[i + 1], 3, stride=2))
        self.fc = nn.Linear(10 * 9, 10)

    def forward(self, x):
        for i in range(3):
            x = torch.relu(getattr(self, f"conv{i}")(x))
        return self.fc(x.flatten(1))
"""),
    "layers-by-setattr": Sound("""
class Net(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        self.depth = depth
        size = 1024
        for i in range(depth):
            setattr(self, "fc%d" % i, nn.Linear(size, 32))
            size = 32
        self.last = nn.Linear(size, 10)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        for i in range(self.depth):
            x = F.relu(getattr(self, "fc%d" % i)(x))
        return self.last(x)
"""),
    "book-with-self-net": Sound(
        """
import torch
from torch import nn


def init_cnn(module):
    if type(module) == nn.Linear or type(module) == nn.Conv2d:
        nn.init.xavier_uniform_(module.weight)


class LeNet(nn.Module):
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.lr = lr
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.Linear(576, 120), nn.Sigmoid(),
            nn.Linear(120, 84), nn.Sigmoid(),
            nn.Linear(84, num_classes))
        self.net.apply(init_cnn)

    def forward(self, X):
        return self.net(X)
""",
        name="LeNet",
    ),
    "book-vgg-block": Sound(
        """
from torch import nn


def vgg_block(num_convs, in_channels, out_channels):
    layers = []
    for _ in range(num_convs):
        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))
        layers.append(nn.ReLU())
        in_channels = out_channels
    layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


def vgg(conv_arch=((1, 8), (1, 12), (2, 16), (2, 16))):
    conv_blks = []
    in_channels = 1
    for num_convs, out_channels in conv_arch:
        conv_blks.append(vgg_block(num_convs, in_channels, out_channels))
        in_channels = out_channels
    return nn.Sequential(
        *conv_blks, nn.Flatten(),
        nn.Linear(out_channels * 2 * 2, 64), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(64, 10))
""",
        name="vgg",
    ),
    "book-nin": Sound(
        """
from torch import nn


def nin_block(in_channels, out_channels, kernel_size, strides, padding):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, strides, padding), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1), nn.ReLU())


class NiN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nin_block(1, 12, kernel_size=5, strides=2, padding=0),
            nn.MaxPool2d(3, stride=2),
            nin_block(12, 16, kernel_size=3, strides=1, padding=1),
            nn.Dropout(0.5),
            nn.Conv2d(16, 10, kernel_size=3, padding=1),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten())

    def forward(self, X):
        return self.net(X)
""",
        name="NiN",
    ),
    "book-residual": Sound(
        """
import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, input_channels, num_channels, use_1x1conv=False, strides=1):
        super().__init__()
        self.conv1 = nn.Conv2d(input_channels, num_channels, kernel_size=3, padding=1,
                               stride=strides)
        self.conv2 = nn.Conv2d(num_channels, num_channels, kernel_size=3, padding=1)
        if use_1x1conv:
            self.conv3 = nn.Conv2d(input_channels, num_channels, kernel_size=1, stride=strides)
        else:
            self.conv3 = None
        self.bn1 = nn.BatchNorm2d(num_channels)
        self.bn2 = nn.BatchNorm2d(num_channels)

    def forward(self, X):
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3:
            X = self.conv3(X)
        Y += X
        return F.relu(Y)


def resnet_block(input_channels, num_channels, num_residuals, first_block=False):
    blk = []
    for i in range(num_residuals):
        if i == 0 and not first_block:
            blk.append(Residual(input_channels, num_channels, use_1x1conv=True, strides=2))
        else:
            blk.append(Residual(num_channels, num_channels))
    return blk


def resnet():
    b1 = nn.Sequential(nn.Conv2d(1, 8, kernel_size=7, stride=2, padding=3),
                       nn.BatchNorm2d(8), nn.ReLU(),
                       nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
    b2 = nn.Sequential(*resnet_block(8, 8, 1, first_block=True))
    b3 = nn.Sequential(*resnet_block(8, 16, 1))
    return nn.Sequential(b1, b2, b3, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(),
                         nn.Linear(16, 10))
""",
        name="resnet",
    ),
    "bootcamp-tiny-vgg": Sound(
        """
import torch
from torch import nn


class TinyVGG(nn.Module):
    def __init__(self, input_shape: int = 1, hidden_units: int = 10, output_shape: int = 10):
        super().__init__()
        self.block_1 = nn.Sequential(
            nn.Conv2d(in_channels=input_shape, out_channels=hidden_units, kernel_size=3,
                      stride=1, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden_units, hidden_units, 3, stride=1, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )
        self.block_2 = nn.Sequential(
            nn.Conv2d(hidden_units, hidden_units, 3, padding=1), nn.ReLU(),
            nn.Conv2d(hidden_units, hidden_units, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_features=hidden_units * 8 * 8, out_features=output_shape),
        )

    def forward(self, x: torch.Tensor):
        x = self.block_1(x)
        # print(x.shape)
        x = self.block_2(x)
        # print(x.shape)
        return self.classifier(x)
""",
        name="TinyVGG",
    ),
    "bootcamp-baseline": Sound(
        """
from torch import nn


class FashionMNISTModelV0(nn.Module):
    def __init__(self, input_shape: int = 32 * 32, hidden_units: int = 10, output_shape: int = 10):
        super().__init__()
        self.layer_stack = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_features=input_shape, out_features=hidden_units),
            nn.Linear(in_features=hidden_units, out_features=output_shape),
        )

    def forward(self, x):
        return self.layer_stack(x)
""",
        name="FashionMNISTModelV0",
    ),
    "quickstart-linear-relu-stack": Sound(
        """
from torch import nn


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(32*32, 64),
            nn.ReLU(),
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 10)
        )

    def forward(self, x):
        x = self.flatten(x)
        logits = self.linear_relu_stack(x)
        return logits


model = NeuralNetwork()
""",
        name="NeuralNetwork",
    ),
    "competition-with-batch-norm": Sound(
        """
import torch.nn as nn


class FashionCNN(nn.Module):

    def __init__(self):
        super(FashionCNN, self).__init__()

        self.layer1 = nn.Sequential(
            nn.Conv2d(in_channels=1, out_channels=8, kernel_size=3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2)
        )

        self.layer2 = nn.Sequential(
            nn.Conv2d(in_channels=8, out_channels=16, kernel_size=3),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2)
        )

        self.fc1 = nn.Linear(in_features=16*7*7, out_features=60)
        self.drop = nn.Dropout(0.25)
        self.fc2 = nn.Linear(in_features=60, out_features=10)

    def forward(self, x):
        out = self.layer1(x)
        out = self.layer2(out)
        out = out.view(out.size(0), -1)
        out = nn.functional.relu(self.fc1(out))
        out = self.drop(out)
        out = self.fc2(out)
        return out
""",
        name="FashionCNN",
    ),
    "competition-with-dropout-2d": Sound(
        """
class CNN(nn.Module):
    def __init__(self):
        super(CNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(500, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 500)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        x = self.fc2(x)
        return x
""",
        name="CNN",
    ),
    "competition-in-the-style-of-keras": Sound(
        """
import torch.nn as nn
import torch.nn.functional as F

NUM_CLASSES = 10
EPOCHS = 30


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv2d_1 = nn.Conv2d(1, 8, (3, 3), padding="same")
        self.conv2d_2 = nn.Conv2d(8, 8, (3, 3), padding="valid")
        self.maxpool = nn.MaxPool2d((2, 2))
        self.dropout = nn.Dropout(p=.25)
        self.dense_1 = nn.Linear(8 * 15 * 15, 32)
        self.dense_2 = nn.Linear(32, NUM_CLASSES)

    def forward(self, x):
        x = F.relu(self.conv2d_1(x))
        x = F.relu(self.conv2d_2(x))
        x = self.dropout(self.maxpool(x))
        x = nn.Flatten()(x)
        x = self.dropout(F.relu(self.dense_1(x)))
        return self.dense_2(x)
""",
        name="Model",
    ),
    "own-base-class": Sound("""
class Classifier(nn.Module):
    \"\"\"What all my networks have in common.\"\"\"

    def __init__(self):
        super().__init__()
        self.body = self.build()
        self.head = nn.Linear(self.width, 10)

    def build(self):
        raise NotImplementedError

    def forward(self, x):
        return self.head(self.body(x).flatten(1))

    def count(self):
        return sum(p.numel() for p in self.parameters())


class Net(Classifier):
    width = 8 * 7 * 7

    def build(self):
        return nn.Sequential(nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.MaxPool2d(2))
"""),
    "abstract-base-class": Sound("""
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Base(nn.Module, ABC):
    @abstractmethod
    def embed(self, x: Tensor) -> Tensor: ...

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.embed(x)))


class Net(Base):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(1024, 24)
        self.head = nn.Linear(24, 10)

    def embed(self, x: Tensor) -> Tensor:
        return self.inner(x.flatten(1))
"""),
    "mixin": Sound("""
class PrintsItself:
    def describe(self):
        return f"{type(self).__name__}: {sum(p.numel() for p in self.parameters())} weights"


class Net(PrintsItself, nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(1024, 20), nn.SELU(), nn.Linear(20, 10))

    def forward(self, x):
        return self.layers(x)
"""),
    "dataclass-config": Sound("""
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    channels: tuple = (1, 8, 12)
    kernel: int = 3
    hidden: int = 24
    classes: int = 10


class Net(nn.Module):
    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        convs = []
        for a, b in zip(config.channels, config.channels[1:]):
            convs += [nn.Conv2d(a, b, config.kernel), nn.ReLU(), nn.MaxPool2d(2)]
        self.convs = nn.Sequential(*convs)
        self.fc = nn.Sequential(
            nn.Flatten(), nn.Linear(12 * 6 * 6, config.hidden), nn.ReLU(),
            nn.Linear(config.hidden, config.classes),
        )

    def forward(self, x):
        return self.fc(self.convs(x))
"""),
    "config-by-dictionary": Sound("""
CONFIG = {"filters": [6, 12], "kernel": 5, "activation": nn.ReLU, "dropout": 0.1}


class Net(nn.Module):
    def __init__(self, cfg=None):
        super().__init__()
        cfg = cfg or CONFIG
        blocks, c = [], 1
        for f in cfg["filters"]:
            blocks.append(nn.Sequential(
                nn.Conv2d(c, f, cfg["kernel"]), cfg["activation"](), nn.MaxPool2d(2),
            ))
            c = f
        self.blocks = nn.Sequential(*blocks)
        self.drop = nn.Dropout(cfg["dropout"])
        self.out = nn.Linear(c * 25, 10)

    def forward(self, x):
        return self.out(self.drop(self.blocks(x).flatten(1)))
"""),
    "config-by-string": Sound(
        """
import torch.nn as nn

cfg = {"tiny": [8, "M", 12, "M", 16, 16, "M"], "small": [16, "M", 16, "M"]}


class VGG(nn.Module):
    def __init__(self, vgg_name="tiny"):
        super(VGG, self).__init__()
        self.features = self._make_layers(cfg[vgg_name])
        self.classifier = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x):
        out = self.features(x)
        out = out.view(out.size(0), -1)
        out = self.classifier(out)
        return out

    def _make_layers(self, cfg):
        layers = []
        in_channels = 1
        for x in cfg:
            if x == "M":
                layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
            else:
                layers += [nn.Conv2d(in_channels, x, kernel_size=3, padding=1),
                           nn.BatchNorm2d(x),
                           nn.ReLU(inplace=True)]
                in_channels = x
        layers += [nn.AvgPool2d(kernel_size=1, stride=1)]
        return nn.Sequential(*layers)
""",
        name="VGG",
    ),
    "class-method-factory": Sound(
        """
class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 4, stride=4)
        self.fc = nn.Linear(width * 64, 10)

    @classmethod
    def small(cls):
        return cls(width=6)

    def forward(self, x):
        return self.fc(F.leaky_relu(self.conv(x)).flatten(1))


def small_net():
    return Net.small()
""",
        name="small_net",
    ),
    "function-with-defaults": Sound(
        """
from torch import nn


def block(i, o, k=3, *, pool=True):
    layers = [nn.Conv2d(i, o, k, padding=k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


def net(width: int = 8, classes: int = 10) -> nn.Module:
    return nn.Sequential(
        block(1, width), block(width, 2 * width), block(2 * width, 2 * width, k=1, pool=False),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8 * width, classes),
    )
""",
        name="net",
    ),
    "keyword-only-defaults": Sound("""
class Net(nn.Module):
    def __init__(self, *, hidden=(48, 24), p=0.2, **unused):
        super().__init__()
        sizes = [1024, *hidden, 10]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.p = p

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = F.dropout(torch.relu(layer(x)), self.p, self.training)
        return self.layers[-1](x)
"""),
    "typed-with-annotations": Sound("""
from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn


class Net(nn.Module):
    classes: Final[int] = 10
    conv: nn.Conv2d
    head: nn.Linear

    def __init__(self, channels: int | None = None) -> None:
        super().__init__()
        c: int = channels or 8
        self.conv = nn.Conv2d(1, c, 5, stride=3)
        self.head = nn.Linear(c * 100, self.classes)

    def forward(self, images: Tensor, *, scale: float = 1.0) -> Tensor:
        maps: Tensor = torch.relu(self.conv(images * scale))
        return self.head(maps.flatten(1))
"""),
    "forward-with-extra-arguments": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=2)
        self.fc = nn.Linear(6 * 14 * 14, 10)

    def forward(self, x, return_features=False, labels=None, **kwargs):
        features = torch.relu(self.conv(x)).flatten(1)
        logits = self.fc(features)
        if return_features:
            return logits, features
        return logits
"""),
    "forward-of-other-names": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.GELU(), nn.Flatten())
        self.decide = nn.Linear(8 * 15 * 15, 10)

    def extract_features(self, inputs):
        return self.encode(inputs)

    def classify(self, features):
        return self.decide(features)

    def forward(self, inputs):
        return self.classify(self.extract_features(inputs))

    def predict(self, x):
        self.eval()
        with torch.no_grad():
            return self(x).argmax(1)
"""),
    "forward-over-the-children": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 6, 5, stride=2)
        self.b = nn.ReLU()
        self.c = nn.MaxPool2d(2)
        self.d = nn.Flatten()
        self.e = nn.Linear(6 * 7 * 7, 10)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x
"""),
    "forward-in-one-expression": Sound("""
from functools import reduce

from torch import nn


class Net(nn.ModuleList):
    def __init__(self):
        super().__init__([nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10)])

    def forward(self, x):
        return reduce(lambda value, layer: layer(value), self, x)
"""),
    "properties": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 8, stride=8)
        self.out = nn.Linear(8 * 16, 10)

    @property
    def device(self):
        return next(self.parameters()).device

    @property
    def num_parameters(self):
        return sum(each.numel() for each in self.parameters() if each.requires_grad)

    def forward(self, x):
        x = x.to(self.device)
        return self.out(self.conv(x).relu().flatten(1))
"""),
    "helper-functions-above": Sound("""
import math

import torch
import torch.nn as nn


def conv3x3(i, o, stride=1):
    "3x3 convolution with padding"
    return nn.Conv2d(i, o, kernel_size=3, stride=stride, padding=1, bias=False)


def swish(x):
    return x * torch.sigmoid(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv3x3(1, 8, 2)
        self.conv2 = conv3x3(8, 8, 2)
        self.fc = nn.Linear(8 * 8 * 8, 10)
        nn.init.uniform_(self.fc.weight, -1 / math.sqrt(512), 1 / math.sqrt(512))

    def forward(self, x):
        return self.fc(swish(self.conv2(swish(self.conv1(x)))).flatten(1))
"""),
    "numpy-in-init": Sound("""
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = np.linspace(64, 16, 3).astype(int)
        self.layers = nn.ModuleList()
        before = 1024
        for size in sizes:
            self.layers.append(nn.Linear(before, int(size)))
            before = int(size)
        yy, xx = np.mgrid[-1:1:32j, -1:1:32j]
        window = torch.from_numpy(np.exp(-(xx ** 2 + yy ** 2))).float()
        self.register_buffer("window", window)
        self.last = nn.Linear(before, 10)

    def forward(self, x):
        x = (x * self.window).flatten(1)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.last(x)
"""),
    "prints-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5, stride=4)
        self.fc = nn.Linear(4 * 49, 10)

    def forward(self, x):
        print("in", x.shape)
        x = F.relu(self.conv1(x))
        print("after conv1", x.shape, f"{x.mean().item():.3f}")
        x = x.view(x.size(0), -1)
        return self.fc(x)
"""),
    "debug-switch": Sound("""
class Net(nn.Module):
    def __init__(self, verbose=False):
        super().__init__()
        self.verbose = verbose
        self.fc1, self.fc2 = nn.Linear(1024, 24), nn.Linear(24, 10)

    def _log(self, name, x):
        if self.verbose:
            print(f"{name:>10}: {tuple(x.shape)}")
        return x

    def forward(self, x):
        x = self._log("flat", torch.flatten(x, 1))
        x = self._log("fc1", torch.relu(self.fc1(x)))
        return self._log("fc2", self.fc2(x))
"""),
    "asserts-and-errors": Sound("""
class Net(nn.Module):
    def __init__(self, kernel=3):
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError("the kernel must be odd")
        self.conv = nn.Conv2d(1, 4, kernel, 2, kernel // 2)
        self.fc = nn.Linear(4 * 16 * 16, 10)

    def forward(self, x):
        assert x.dim() == 4, f"expected a batch of images, got {x.shape}"
        n, c, h, w = x.shape
        if (c, h, w) != (1, 32, 32):
            raise ValueError("expected grey images of 32 x 32")
        y = self.fc(torch.relu(self.conv(x)).flatten(1))
        assert y.shape == (n, 10)
        return y
"""),
    "training-code-under-main": Sound("""
import torch
import torch.nn as nn
import torch.optim as optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, 3)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))


def train(model, loader, optimizer, criterion):
    model.train()
    for images, labels in loader:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()


def main():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Net().to(device)
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    data = [(torch.randn(4, 1, 32, 32), torch.tensor([0, 1, 2, 3]))]
    train(model, data, optimizer, nn.CrossEntropyLoss())


if __name__ == "__main__":
    main()
"""),
    "optimizer-and-loss-of-its-own": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(1024, 20), nn.Tanh(), nn.Linear(20, 10))
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.layers(x)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.criterion(self(x), y)
"""),
    "device-chosen-at-the-top": Sound("""
import torch
import torch.nn as nn

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
torch.backends.cudnn.benchmark = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 7, stride=3)
        self.fc = nn.Linear(8 * 81, 10)

    def forward(self, x):
        h = torch.zeros(x.size(0), 8, 9, 9, device=x.device)
        h = torch.relu(self.conv(x) + h)
        return self.fc(h.view(x.size(0), -1))
"""),
    "match-statement": Sound("""
def activation(name):
    match name:
        case "relu":
            return nn.ReLU()
        case "tanh":
            return nn.Tanh()
        case other:
            raise ValueError(other)


class Net(nn.Module):
    def __init__(self, kind="tanh"):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, 20), activation(kind), nn.Linear(20, 10)
        )

    def forward(self, x):
        return self.net(x)
"""),
    "walrus-and-star": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = (1, 4, 8)
        self.convs = nn.Sequential(*(
            layer for a, b in zip(sizes, sizes[1:])
            for layer in (nn.Conv2d(a, b, 3, stride=2), nn.ReLU())
        ))
        self.fc = nn.Linear(8 * 7 * 7, 10)

    def forward(self, x):
        if (n := len(x)) and x.ndim == 4:
            x = self.convs(x)
        return self.fc(x.reshape(n, -1))
"""),
    "enum-and-constants": Sound("""
from enum import Enum

import torch
from torch import nn


class Pool(Enum):
    MAX = "max"
    AVERAGE = "average"


POOLS = {Pool.MAX: nn.MaxPool2d, Pool.AVERAGE: nn.AvgPool2d}
CHANNELS, SIDE = 6, 14


class Net(nn.Module):
    def __init__(self, pool=Pool.AVERAGE):
        super().__init__()
        self.conv = nn.Conv2d(1, CHANNELS, 5)
        self.pool = POOLS[pool](2)
        self.fc = nn.Linear(CHANNELS * SIDE * SIDE, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.pool(self.conv(x))).flatten(1))
"""),
    "partial-layers": Sound("""
from functools import partial

from torch import nn

Conv = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)
Norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.05)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            Conv(1, 6, stride=2), Norm(6), nn.ReLU(), Conv(6, 8, stride=2), Norm(8), nn.ReLU(),
            nn.Flatten(), nn.Linear(8 * 64, 10),
        )

    def forward(self, x):
        return self.net(x)
"""),
    "lambda-layer": Sound(
        """
class Lambda(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        return self.func(x)


def make():
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(8, 10, kernel_size=3, stride=2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        Lambda(lambda x: x.view(x.size(0), -1)),
    )
""",
        name="make",
    ),
    "hooks-on-layers": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc = nn.Linear(600, 10)
        self.seen = {}
        self.conv.register_forward_hook(self._keep("conv"))

    def _keep(self, name):
        def hook(module, given, output):
            self.seen[name] = output.detach()
        return hook

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
"""),
    "keeps-its-activations-to-look-at": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        self.maps = torch.relu(self.conv(x))
        self.features = self.maps.flatten(1)
        return self.fc(self.features)
"""),
    "counts-its-calls": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.calls = 0
        self.history = []

    def forward(self, x):
        self.calls += 1
        h = torch.relu(self.fc1(x.flatten(1)))
        if self.training:
            self.history.append(h.mean().item())
        return self.fc2(h)
"""),
    "many-networks-in-the-file": Sound(
        """
class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(1024, 12)
        self.two = Linear()
        self.two.fc = nn.Linear(12, 10)

    def forward(self, x):
        return self.two(torch.relu(self.one(x.flatten(1))))


MODELS = {"linear": Linear, "deep": Deep}
""",
        name="Deep",
    ),
    "class-of-a-class": Sound("""
class Net(nn.Module):
    class Block(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.conv = nn.Conv2d(i, o, 3, stride=2)

        def forward(self, x):
            return F.relu(self.conv(x))

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(self.Block(1, 4), self.Block(4, 6), self.Block(6, 8))
        self.fc = nn.Linear(8 * 9, 10)

    def forward(self, x):
        return self.fc(self.blocks(x).flatten(1))
"""),
    "class-made-by-a-function": Sound(
        """
def make_class(width):
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Flatten(), nn.Linear(1024, width), nn.ReLU(), nn.Linear(width, 10)
            )

        def forward(self, x):
            return self.net(x)
    return Inner


def net():
    return make_class(18)()
""",
        name="net",
    ),
    "umlauts-and-other-letters": Sound(
        """
class Größe(nn.Module):
    # Ein Netz für Kleider: größer ist nicht besser. 一个小网络
    def __init__(self, breite=16):
        super().__init__()
        self.faltung = nn.Conv2d(1, breite // 2, 5, stride=3)
        self.ausgänge = nn.Linear(breite // 2 * 100, 10)

    def forward(self, bilder):
        kanäle = torch.relu(self.faltung(bilder))
        return self.ausgänge(kanäle.flatten(1))
""",
        name="Größe",
    ),
    "old-super-and-object": Sound("""
class Net(torch.nn.Module, object):
    def __init__(self):
        torch.nn.Module.__init__(self)
        self.fc1 = torch.nn.Linear(32 * 32, 30)
        self.fc2 = torch.nn.Linear(30, 10)

    def forward(self, x):
        x = x.view(-1, 32 * 32)
        x = torch.nn.functional.sigmoid(self.fc1(x))
        return self.fc2(x)
"""),
    "logging-and-warnings": Sound("""
import logging
import warnings

import torch
from torch import nn

logger = logging.getLogger(__name__)
warnings.filterwarnings("ignore")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc = nn.Linear(600, 10)
        logger.info("made a network of %d weights", sum(p.numel() for p in self.parameters()))

    def forward(self, x):
        logger.debug("images: %s", x.shape)
        return self.fc(torch.relu(self.conv(x)).flatten(1))
"""),
    "lazy-layers-made-real-in-init": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, stride=3), nn.ReLU(),
            nn.Flatten(), nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(10))
        self.net(torch.zeros(1, 1, 32, 32))

    def forward(self, x):
        return self.net(x)
"""),
}
