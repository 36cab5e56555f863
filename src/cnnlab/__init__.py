"""cnnlab: learn, train and improve small convolutional networks, and see every step."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlab.custom.find import build as build
    from cnnlab.data.images import ImageSet as ImageSet
    from cnnlab.data.own.load import load as load
    from cnnlab.data.splits import Splits as Splits
    from cnnlab.data.tensors import as_input as as_input
    from cnnlab.data.tensors import prepare as prepare
    from cnnlab.models.lenet5 import LeNet5 as LeNet5
    from cnnlab.playground.notebook import show as show
    from cnnlab.runs.explain import explain as explain
    from cnnlab.runs.run import open_run as open_run
    from cnnlab.runs.train import train_run as train_run
    from cnnlab.training.config import TrainConfig as TrainConfig
    from cnnlab.training.config import recipe as recipe
    from cnnlab.training.loop import accuracy as accuracy
    from cnnlab.training.loop import evaluate as evaluate
    from cnnlab.training.loop import fit as fit
    from cnnlab.training.loop import loss_batch as loss_batch

_HOMES = {
    "ImageSet": "data.images",
    "LeNet5": "models.lenet5",
    "Splits": "data.splits",
    "TrainConfig": "training.config",
    "accuracy": "training.loop",
    "as_input": "data.tensors",
    "build": "custom.find",
    "evaluate": "training.loop",
    "explain": "runs.explain",
    "fit": "training.loop",
    "load": "data.own.load",
    "loss_batch": "training.loop",
    "open_run": "runs.run",
    "prepare": "data.tensors",
    "recipe": "training.config",
    "show": "playground.notebook",
    "train_run": "runs.train",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: PyTorch takes seconds, ``--help`` must not."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnlab' has no attribute {name!r}")
    return getattr(import_module(f"cnnlab.{_HOMES[name]}"), name)
