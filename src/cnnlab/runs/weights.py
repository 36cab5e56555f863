"""The weights of a run: from its last epoch, or from a checkpoint that stands in for them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Weights:
    """A network's tensors by name, and after how many epochs they were so."""

    tensors: Mapping[str, torch.Tensor]
    epochs: int

    @property
    def sha256(self) -> str:
        """What tells these weights from any others."""
        found = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            found.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return found.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stood: all its tensors, and its numbers, of which ``epoch`` is one."""

    path: Path
    tensors: dict[str, torch.Tensor]
    numbers: dict[str, Any]

    @property
    def epochs(self) -> int:
        """How many epochs had ended."""
        return int(self.numbers["epoch"]) - 1

    @property
    def weights(self) -> Weights:
        """The network's own tensors among those of the training."""
        return Weights(model_tensors(self.tensors), self.epochs)


def model_tensors(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the network's own tensors among all that a training depends on."""
    prefix = "model."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
