"""A name to a network with freshly drawn weights."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from torch import nn

from cnnlab.errors import ModelError
from cnnlab.models.checking.examine import examine
from cnnlab.models.checking.finding import FaultError, Finding
from cnnlab.models.lenet5 import LeNet5
from cnnlab.models.meant import meant_by, notebook
from cnnlab.models.own import OwnNetwork, is_own, read_own
from cnnlab.models.small import VGG6, LeNet1, LeNet5BatchNorm, ResNet8, SmallMobileNet
from cnnlab.randomness import seeded


@dataclass(frozen=True)
class Network:
    """A kind of network: its name, what a person calls it, and how to make one.

    ``findings`` are what was found wrong with it that does not keep it from being trained.
    """

    name: str
    title: str
    make: Callable[[], nn.Module]
    findings: tuple[Finding, ...] = ()

    def build(self, seed: int) -> nn.Module:
        """Return a network, its weights drawn from ``seed`` by PyTorch's defaults.

        All global generators are left as they were.
        """
        with seeded(seed):
            return self.make()

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        own = self.source
        return f"{Path(own.path).stem}-{own.class_name}" if own else self.name

    @property
    def source(self) -> OwnNetwork | None:
        """The file that a network of one's own comes from."""
        return self.make if isinstance(self.make, OwnNetwork) else None


MODELS: dict[str, Network] = {
    each.name: each
    for each in (
        Network("lenet5", "LeNet-5 (tanh, average)", LeNet5),
        Network(
            "lenet5-relu-max",
            "LeNet-5 (ReLU, max)",
            partial(LeNet5, activation="relu", pooling="max"),
        ),
        Network("lenet1", "LeNet-1", LeNet1),
        Network("lenet5-batch-norm", "LeNet-5 (ReLU, max, batch norm)", LeNet5BatchNorm),
        Network("vgg6", "VGG-6", VGG6),
        Network("resnet8", "ResNet-8", ResNet8),
        Network("mobilenet-small", "MobileNet, small", SmallMobileNet),
    )
}
"""Every network of cnnlab's own, by name."""


def find_network(name: str, notify: Callable[[str], None] = lambda _: None) -> Network:
    """Return the network of that name, or of one's own as ``file.py:Class``, tried out.

    ``notify`` is told where that takes long. Raises `ModelError`, naming the nearest, where there
    is none or it cannot do the job.
    """
    if is_own(name):
        own = read_own(name)
        findings = examine(name, own, notify).findings
        for finding in findings:
            if finding.effect == "stops":
                raise FaultError(finding, own.path)
        return Network(f"{own.path}:{own.class_name}", own.class_name, own, findings)
    if name not in MODELS:
        raise ModelError(
            f"There is no model {name!r}. {_instead(name)}There are: {', '.join(MODELS)}, or one "
            "of your own as file.py:Class."
        )
    return MODELS[name]


def _instead(name: str) -> str:
    meant = notebook(name)
    if meant:
        return f"{meant} "
    near = meant_by(name) or next(
        (repr(each) for each in get_close_matches(name.lower(), MODELS, n=1, cutoff=0.4)), None
    )
    return f"Did you mean {near}? " if near else ""


def build(name: str, seed: int = 0) -> nn.Module:
    """Return the network of that name with weights drawn from ``seed``; see `find_network`."""
    return find_network(name).build(seed)


def count_parameters(model: nn.Module) -> int:
    """Return the number of weights and biases that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
