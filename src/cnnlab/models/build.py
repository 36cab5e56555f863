"""A name to a network with freshly drawn weights."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

import torch
from torch import nn

from cnnlab.errors import ModelError
from cnnlab.models.lenet5 import LeNet5

MODELS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "lenet5": ("LeNet-5 (tanh, average)", LeNet5),
    "lenet5-relu-max": (
        "LeNet-5 (ReLU, max)",
        partial(LeNet5, activation="relu", pooling="max"),
    ),
}
"""Every network by name: its display name, and how to make it."""


def check_model_name(name: str) -> None:
    """Raise `ModelError`, naming the nearest model, where there is none of that name."""
    if name not in MODELS:
        near = get_close_matches(name.lower(), MODELS, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ModelError(f"There is no model {name!r}.{hint} There are: {', '.join(MODELS)}.")


def build(name: str, seed: int = 0) -> nn.Module:
    """Return the network of that name, its weights drawn from ``seed`` by PyTorch's defaults.

    PyTorch's global generator is left as it was. Raises `ModelError` for an unknown name.
    """
    check_model_name(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[name][1]()


def display_name(name: str) -> str:
    """Return a model's name as a person writes it."""
    check_model_name(name)
    return MODELS[name][0]


def count_parameters(model: nn.Module) -> int:
    """Return the number of weights and biases that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
