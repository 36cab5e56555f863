"""LeNet-5, with its activation and pooling as arguments.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
Recognition", Proc. IEEE 86(11), 1998. As in the workshop, pooling has no weights, the third
layer sees all 16 maps, and the output is linear: 61,706 parameters at 32 x 32 pixels.
"""

from typing import Literal

import torch
from torch import nn

Activation = Literal["tanh", "relu"]
Pooling = Literal["average", "max"]

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}
_POOLINGS: dict[Pooling, type[nn.AvgPool2d] | type[nn.MaxPool2d]] = {
    "average": nn.AvgPool2d,
    "max": nn.MaxPool2d,
}


class LeNet5(nn.Module):
    """LeNet-5: images (N, 1, 32, 32) to logits (N, num_classes).

    ``activation`` is "tanh" (the paper's kind) or "relu"; ``pooling`` "average" or "max".
    """

    def __init__(
        self,
        activation: Activation = "tanh",
        pooling: Pooling = "average",
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        activate, pool = _ACTIVATIONS[activation], _POOLINGS[pooling]
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),  # 32 x 32 -> 28 x 28
            activate(),
            pool(kernel_size=2, stride=2),  # -> 14 x 14
            nn.Conv2d(6, 16, kernel_size=5),  # -> 10 x 10
            activate(),
            pool(kernel_size=2, stride=2),  # -> 5 x 5
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            activate(),
            nn.Linear(120, 84),
            activate(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        logits: torch.Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits
