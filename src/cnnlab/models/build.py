"""A name to a network with freshly drawn weights."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from torch import nn

from cnnlab.errors import ModelError
from cnnlab.models.checking.examine import examine
from cnnlab.models.checking.finding import FaultError
from cnnlab.models.lenet5 import LeNet5
from cnnlab.models.meant import meant_by, notebook
from cnnlab.models.own import is_own, read_own
from cnnlab.models.small import VGG6, LeNet1, LeNet5BatchNorm, ResNet8, SmallMobileNet
from cnnlab.models.spec import ModelSpec

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
"""Every network of cnnlab's own, by name."""


def find_network(name: str, notify: Callable[[str], None] = lambda _: None) -> ModelSpec:
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
        warnings = tuple(each.message for each in findings)
        return ModelSpec(f"{own.path}:{own.class_name}", own.class_name, own, own, warnings)
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
