"""The networks that cnnlab includes: their names, and how to make them."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import torch
from torch import nn

from cnnlab.models.classes import CLASSES
from cnnlab.models.layers import Layer, record_calls, tabulate
from cnnlab.models.lenet5 import LeNet5
from cnnlab.models.small import VGG6, LeNet1, LeNet5BatchNorm, ResNet8, SmallMobileNet
from cnnlab.seeding import seeded


@dataclass(frozen=True)
class SourceCode:
    """A class or function in a user's Python file, as text: the code of their own network.

    ``class_name`` may have arguments, as in "Net(width=32)". ``files`` are other files that the
    code needs, from beside it: their names below its folder, and their contents. ``classes`` is
    how many numbers the network must return for each image.
    """

    path: str
    class_name: str
    text: str
    files: tuple[tuple[str, bytes], ...] = ()
    classes: int = CLASSES

    @property
    def sha256(self) -> str:
        """The SHA-256 of the text and the files: it tells this source from another of its name."""
        whole = hashlib.sha256(self.text.encode())
        for name, content in self.files:
            whole.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return whole.hexdigest()


@dataclass(frozen=True)
class ModelSpec:
    """A kind of network: its name, its title for people, and how to make one.

    ``source`` is the code of a user's own network, None for cnnlab's; ``warnings`` are sentences
    about it that do not keep it from being trained; ``layers`` is what its check found of them.
    """

    name: str
    title: str
    make: Callable[..., nn.Module]
    source: SourceCode | None = None
    warnings: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()

    def build(self, seed: int) -> nn.Module:
        """Return a network, its weights drawn from ``seed`` by PyTorch's defaults.

        All global generators stay as they were.
        """
        with seeded(seed):
            return self.make()

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        own = self.source
        if own is None:
            return self.name
        return re.sub(r"[^\w.-]+", "-", f"{Path(own.path).stem}-{own.class_name}").strip("-")


MODELS: dict[str, ModelSpec] = {
    each.name: each
    for each in (
        ModelSpec("lenet5", "LeNet-5 (tanh, average)", LeNet5),
        ModelSpec(
            "lenet5-relu-max",
            "LeNet-5 (ReLU, max)",
            partial(LeNet5, activation="relu", pooling="max"),
        ),
        ModelSpec("lenet1", "LeNet-1", LeNet1),
        ModelSpec("lenet5-batch-norm", "LeNet-5 (ReLU, max, batch norm)", LeNet5BatchNorm),
        ModelSpec("vgg6", "VGG-6", VGG6),
        ModelSpec("resnet8", "ResNet-8", ResNet8),
        ModelSpec("mobilenet-small", "MobileNet, small", SmallMobileNet),
    )
}
"""The networks that cnnlab includes, by name."""


def model_for(name: str, classes: int) -> ModelSpec:
    """Return the included network of that name; its last layer has that many outputs."""
    spec = MODELS[name]
    if classes == CLASSES:
        return spec
    return replace(spec, make=partial(spec.make, num_classes=classes))


def count_parameters(model: nn.Module) -> int:
    """Return the number of weights and biases that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@cache
def layers_of(network: ModelSpec) -> tuple[Layer, ...]:
    """Return the layers of a network: what its check found, or what one image passes through."""
    if network.layers:
        return network.layers
    model = network.build(seed=0).eval()
    with torch.inference_mode(), record_calls(model) as calls:
        model(torch.zeros(1, 1, 32, 32))
    return tabulate(calls, images=1)
