"""The weights of a run: after its last epoch, or from a checkpoint that replaces them."""

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
    """A network's tensors by name, and after how many epochs they had these values."""

    tensors: Mapping[str, torch.Tensor]
    epochs: int

    @property
    def sha256(self) -> str:
        """A digest: other weights have another one."""
        found = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            found.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return found.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run at one moment: all its tensors, and its numbers, such as ``epoch``."""

    path: Path
    tensors: dict[str, torch.Tensor]
    numbers: dict[str, Any]

    @property
    def epochs(self) -> int:
        """The number of complete epochs."""
        return int(self.numbers["epoch"]) - 1

    @property
    def weights(self) -> Weights:
        """The network's own tensors, without those of the optimiser and others."""
        return Weights(model_tensors(self.tensors), self.epochs)


def model_tensors(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the network's own tensors among all tensors of a checkpoint."""
    prefix = "model."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def read_weights(run: Run) -> Weights:
    """Return the weights after the last epoch.

    If their file is missing or damaged, a checkpoint replaces it, and ``notify`` hears this.
    Raises `RunError` if no checkpoint can, and if the weights are of another network.
    """
    path = run.folder / MODEL
    try:
        tensors, about = load_tensors(path)
    except RunError as error:
        return _stand_in(run, str(error) if path.exists() else f"{path} is missing.")
    if about.get("model") != run.model_name:
        raise RunError(
            f"{path} holds the weights of {str(about.get('model'))[:80]!r}; expected "
            f"{run.model_name!r}, as in {run.folder / CONFIG}. One of the two files was "
            f"changed. Restore it, or train again:\n  {run.train_command()}"
        )
    epochs = about.get("epochs")  # the first files of 0.1.0 do not say it
    return Weights(tensors, epochs if type(epochs) is int else len(run.read_history()))


def _stand_in(run: Run, fault: str) -> Weights:
    """Return a checkpoint's weights instead of weights with a fault."""
    is_over, has_diverged = run.status == "finished", run.status == "diverged"
    # A diverged run ended inside an epoch: no checkpoint has its last weights.
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
            f"{fault} Using the weights in {chosen.path} instead, which are from after epoch "
            f"{chosen.epochs}."
        )
        return chosen.weights
    if is_over or has_diverged:
        advice = f"No checkpoint has these weights. Train again:\n  {run.train_command()}"
    elif run.read_history() or (run.folder / MODEL).exists():
        advice = (
            "Resume the run: its next epoch writes the file again.\n"
            f"  {run.command('train', '--resume')}"
        )
    else:
        fault = f"{run.folder} has no trained network yet: its first epoch has not ended."
        advice = f"Resume it with:\n  {run.command('train', '--resume')}"
    raise RunError(f"{fault} {advice}")


def read_checkpoints(run: Run, notify: Notify) -> Iterator[Checkpoint]:
    """Yield the checkpoints that can be read, the newest first; report the others."""
    for path in (run.folder / CHECKPOINT, run.folder / CHECKPOINT_BEFORE):
        if not path.exists():
            continue
        try:
            tensors, numbers = load_tensors(path)
            if type(numbers.get("epoch")) is not int or numbers["epoch"] < 1:
                raise RunError(f"{path} is damaged: it does not name its epoch.")
            if numbers.get("model", run.model_name) != run.model_name:
                raise RunError(
                    f"{path} is of the network {str(numbers['model'])[:80]!r}, but "
                    f"{run.folder / CONFIG} names {run.model_name!r}."
                )
        except RunError as error:
            notify(f"{error} Skipping this file.")
            continue
        yield Checkpoint(path, tensors, numbers)


def newest_checkpoint(run: Run, notify: Notify) -> Checkpoint | None:
    """Return the newest checkpoint that can be read, or None if there are no checkpoints."""
    newest = next(read_checkpoints(run, notify), None)
    if newest is None and any(
        (run.folder / each).exists() for each in (CHECKPOINT, CHECKPOINT_BEFORE)
    ):
        raise RunError(
            f"{run.folder} has no checkpoint that can be read, so it cannot be resumed. Train "
            f"again, in a new run:\n  {run.train_command()}"
        )
    return newest
