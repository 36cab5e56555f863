"""The weights of a run: from its last epoch, or from a checkpoint that stands in for them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cnnlab.errors import RunError
from cnnlab.notices import Notify
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE, CONFIG, MODEL
from cnnlab.runs.run import Run
from cnnlab.runs.tensors import load_tensors


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


def read_weights(run: Run) -> Weights:
    """Return the weights after the last epoch.

    Where their file is missing or damaged a checkpoint's stand in, and ``notify`` is told.
    Raises `RunError` where none do, and where the weights are of another network.
    """
    path = run.folder / MODEL
    try:
        tensors, about = load_tensors(path)
    except RunError as error:
        return _stand_in(run, str(error) if path.exists() else f"{path} is missing.")
    if about.get("model") != run.model_name:
        raise RunError(
            f"{path} holds the weights of {str(about.get('model'))[:80]!r}; expected "
            f"{run.model_name!r}, which {run.folder / CONFIG} names. One of the two was "
            f"changed: put it back, or train again:\n  {run.train_command()}"
        )
    epochs = about.get("epochs")  # the first files of 0.1.0 do not say it
    return Weights(tensors, epochs if type(epochs) is int else len(run.read_history()))


def _stand_in(run: Run, fault: str) -> Weights:
    """Return a checkpoint's weights in place of those that have a fault."""
    is_over, has_diverged = run.status == "finished", run.status == "diverged"
    # What diverged ended inside an epoch: no checkpoint has those weights.
    notify = None if has_diverged else run.notify
    stand_ins = [
        each
        for each in (read_checkpoints(run, notify) if notify else ())
        if each.numbers.get("batch") == 0
        and (not is_over or each.epochs == run.config.epochs)
        and each.epochs > 0
    ]
    if notify and stand_ins:
        chosen = stand_ins[0]
        notify(
            f"{fault} The weights in {chosen.path} are used, which are those after epoch "
            f"{chosen.epochs}."
        )
        return chosen.weights
    if is_over or has_diverged:
        advice = f"No checkpoint beside it has the weights. Train again:\n  {run.train_command()}"
    elif run.read_history() or (run.folder / MODEL).exists():
        advice = f"After its next epoch it is there:\n  {run.command('train', '--resume')}"
    else:
        fault = f"{run.folder} has no trained network yet: its first epoch has not ended."
        advice = f"Go on with it:\n  {run.command('train', '--resume')}"
    raise RunError(f"{fault} {advice}")


def read_checkpoints(run: Run, notify: Notify) -> Iterator[Checkpoint]:
    """Yield the checkpoints that can be read, the newest first; tell of those that cannot."""
    for path in (run.folder / CHECKPOINT, run.folder / CHECKPOINT_BEFORE):
        if not path.exists():
            continue
        try:
            tensors, numbers = load_tensors(path)
            if type(numbers.get("epoch")) is not int or numbers["epoch"] < 1:
                raise RunError(f"{path} is damaged: it does not say its epoch.")
            if numbers.get("model", run.model_name) != run.model_name:
                raise RunError(
                    f"{path} is of the network {str(numbers['model'])[:80]!r}, and "
                    f"{run.folder / CONFIG} names {run.model_name!r}."
                )
        except RunError as error:
            notify(f"{error} It is left out.")
            continue
        yield Checkpoint(path, tensors, numbers)


def newest_checkpoint(run: Run, notify: Notify) -> Checkpoint | None:
    """Return the newest checkpoint that can be read, or None where there is none at all."""
    newest = next(read_checkpoints(run, notify), None)
    if newest is None and any(
        (run.folder / each).exists() for each in (CHECKPOINT, CHECKPOINT_BEFORE)
    ):
        raise RunError(
            f"{run.folder} has no checkpoint that can be read: train anew, in a new run:\n  "
            f"{run.train_command()}"
        )
    return newest
