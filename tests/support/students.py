"""Networks as public tutorials write them, each for images (N, 1, 32, 32): what engines meet."""

import torch
from torch import nn
from torch.nn import functional


class TutorialLeNet(nn.Module):
    """PyTorch's own tutorial: functional calls and a view."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), (2, 2))
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = x.view(-1, 400)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x)))))


def le_net_gelu():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.GELU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, padding=2), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 20), nn.GELU(), nn.Linear(20, 10),
    )  # fmt: skip


class TinyVGG(nn.Module):
    """Blocks of two padded convolutions, ten maps each."""

    def __init__(self):
        super().__init__()
        self.block_1 = nn.Sequential(
            nn.Conv2d(1, 10, 3, padding=1), nn.ReLU(),
            nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.block_2 = nn.Sequential(
            nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(),
            nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(640, 10))

    def forward(self, x):
        return self.classifier(self.block_2(self.block_1(x)))


def sigmoid_le_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(576, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip


def kaggle_batch_norm():
    layers, channels = [], 1
    for wide in (32, 64):
        for _ in range(2):
            layers += [nn.Conv2d(channels, wide, 3), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]
            channels = wide
        layers += [nn.MaxPool2d(2), nn.Dropout2d(0.25)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1600, 512), nn.ReLU(), nn.Linear(512, 10))


class SimpleGlobalPool(nn.Module):
    """Convolutions that move by two pixels, batch normalisation, and a mean over each map."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32)
        self.conv3, self.bn3 = nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = functional.relu(self.bn3(self.conv3(x)))
        return self.fc(x.mean(dim=(2, 3)))


class PyTorchExample(nn.Module):
    """The MNIST example of PyTorch's repository."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1), nn.Conv2d(32, 64, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(12544, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        x = torch.flatten(self.dropout1(functional.max_pool2d(x, 2)), 1)
        x = self.dropout2(functional.relu(self.fc1(x)))
        return functional.log_softmax(self.fc2(x), dim=1)


def quickstart():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, 10),
    )  # fmt: skip


STUDENTS = {
    "tutorial LeNet": TutorialLeNet,
    "LeNet, GELU": le_net_gelu,
    "TinyVGG": TinyVGG,
    "LeNet, sigmoid": sigmoid_le_net,
    "Kaggle, batch norm": kaggle_batch_norm,
    "global pool": SimpleGlobalPool,
    "PyTorch's example": PyTorchExample,
    "quickstart": quickstart,
}
