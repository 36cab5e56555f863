"""Small networks worth comparing with: each stands for one idea of a paper.

All map images (N, 1, 32, 32) to logits (N, num_classes), with fewer than 62,000 parameters for 10
classes. What each reaches on both data sets: docs/networks.md.
"""

import torch
from torch import nn


class LeNet1(nn.Module):
    """Two convolutions and one linear layer: images (N, 1, 32, 32) to logits (N, num_classes).

    LeCun et al., "Handwritten Digit Recognition with a Back-Propagation Network", NIPS 2, 1990.
    As in our LeNet-5, pooling has no weights and the second convolution sees all maps: 4,326
    parameters. The paper's network, for 28 x 28 pixels, has 2,578.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=5),  # 32 x 32 -> 28 x 28
            nn.Tanh(),
            nn.AvgPool2d(2),  # -> 14 x 14
            nn.Conv2d(4, 12, kernel_size=5),  # -> 10 x 10
            nn.Tanh(),
            nn.AvgPool2d(2),  # -> 5 x 5
        )
        self.classifier = nn.Linear(12 * 5 * 5, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


class LeNet5BatchNorm(nn.Module):
    """LeNet-5 with ReLU, max pooling and batch normalisation: (N, 1, 32, 32) to (N, num_classes).

    Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift", ICML 2015: 61,750 parameters. Pooling comes before normalising, so
    that a quarter of the values remain to be normalised.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),  # 32 x 32 -> 28 x 28
            nn.MaxPool2d(2),  # -> 14 x 14
            *_normalised(6),
            nn.Conv2d(6, 16, kernel_size=5),  # -> 10 x 10
            nn.MaxPool2d(2),  # -> 5 x 5
            *_normalised(16),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


class VGG6(nn.Module):
    """Pairs of 3 x 3 convolutions with batch normalisation: (N, 1, 32, 32) to (N, num_classes).

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    ICLR 2015, cut to six layers with weights, without padding: 52,582 parameters. The strongest
    here on both data sets (docs/networks.md).
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, kernel_size=3),  # 32 x 32 -> 30 x 30
            nn.ReLU(),
            nn.Conv2d(12, 12, kernel_size=3),  # -> 28 x 28
            nn.MaxPool2d(2),  # -> 14 x 14
            *_normalised(12),
            nn.Conv2d(12, 32, kernel_size=3),  # -> 12 x 12
            *_normalised(32),
            nn.Conv2d(32, 48, kernel_size=3),  # -> 10 x 10
            nn.MaxPool2d(2),  # -> 5 x 5
            *_normalised(48),
            nn.Conv2d(48, 64, kernel_size=3),  # -> 3 x 3
            *_normalised(64),
        )
        self.classifier = nn.Linear(64 * 3 * 3, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


class ResNet8(nn.Module):
    """Three residual blocks: images (N, 1, 32, 32) to logits (N, num_classes).

    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016: each block
    computes what is to be added to its input. 56,250 parameters. The first convolution moves by
    two pixels, because maps of 32 x 32 are what costs the time.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1, bias=False),  # -> 16 x 16
            *_normalised(16),
            ResidualBlock(16, 16),
            ResidualBlock(16, 32, stride=2),  # -> 8 x 8
            ResidualBlock(32, 48, stride=2),  # -> 4 x 4
            nn.AdaptiveAvgPool2d(1),  # each map's mean
        )
        self.classifier = nn.Linear(48, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions whose result is added to the input: (N, C, H, W) to (N, D, H', W').

    Where the shape changes, the input comes through a 1 x 1 convolution.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
            *_normalised(channels_out),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps (N, D, H', W') of maps (N, C, H, W)."""
        return torch.relu(self.shortcut(x) + self.residual(x))


class SmallMobileNet(nn.Module):
    """Depthwise separable convolutions: images (N, 1, 32, 32) to logits (N, num_classes).

    Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", arXiv:1704.04861, 2017: a filter for each map, then a mix of the maps at each
    pixel. 36,874 parameters and the fewest multiplications for its depth.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1, bias=False),  # -> 16 x 16
            *_normalised(16),
            *_separable(16, 32),
            *_separable(32, 64, stride=2),  # -> 8 x 8
            *_separable(64, 64),
            *_separable(64, 128, stride=2),  # -> 4 x 4
            *_separable(128, 128),
            nn.AdaptiveAvgPool2d(1),  # each map's mean
        )
        self.classifier = nn.Linear(128, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


def _normalised(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.ReLU()


def _separable(channels_in: int, channels_out: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(
            channels_in, channels_in, 3, stride=stride, padding=1, groups=channels_in, bias=False
        ),
        *_normalised(channels_in),
        nn.Conv2d(channels_in, channels_out, kernel_size=1, bias=False),
        *_normalised(channels_out),
    )
