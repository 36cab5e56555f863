"""The state of a training: everything needed to resume it with a bit-identical result."""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.tensors import TensorSet
from cnnlab.errors import DivergedError, RunError
from cnnlab.seeding import plain_states, set_plain_states
from cnnlab.training.config import TrainConfig
from cnnlab.training.history import EpochRecord, Evaluation
from cnnlab.training.optimizers import Optimizer, Schedule

_COPIED = {"model", "finite", "means", "squares", "counts"}


class TrainingState:
    """The state of a training between two mini-batches; ``epoch`` counts from 1.

    ``total_loss`` and ``total_correct`` are sums over the images of this epoch so far.
    ``seconds`` is the time that this epoch has taken, ``learning_rate`` its rate at the start.
    """

    def __init__(self, model: nn.Module, train: TensorSet, config: TrainConfig) -> None:
        self.model = model
        self.config = config
        self.device = train.labels.device
        self.optimizer = Optimizer(model, config)
        self.batches = ShuffledBatches(
            train, config.batch_size, config.seed, flip=config.augmentation == "flip"
        )
        self.schedule = Schedule(self.optimizer, config, len(self.batches))
        self.last_finite = LastFinite(model, config.learning_rate)
        self._begin_epoch(1)

    def _begin_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.learning_rate = self.optimizer.learning_rate
        self.total_loss, self.total_correct = torch.zeros(2, device=self.device)
        self.seconds = 0.0

    def start_clock(self) -> None:
        """Count the seconds of this epoch from now on, and add them to those so far."""
        self._started = time.perf_counter() - self.seconds

    def check_batch(self, loss: torch.Tensor) -> None:
        """Raise `DivergedError` if the loss of a mini-batch is not finite; see `LastFinite`.

        Only on the CPU: to read a loss, the program would have to wait for a GPU.
        """
        if self.device.type == "cpu":
            where = f"epoch {self.epoch}, batch {self.batches.given}"
            self.last_finite.check(loss.item(), where)

    def count(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Add a mini-batch to the sums of the epoch."""
        self.total_loss += cross_entropy(logits.detach(), labels, reduction="sum")
        self.total_correct += (logits.argmax(dim=1) == labels).sum()
        self.seconds = time.perf_counter() - self._started

    def end_epoch(self, validation: Evaluation) -> EpochRecord:
        """Return the metrics of the epoch, and begin the next.

        Raises `DivergedError` if the validation loss is not finite.
        """
        self.last_finite.check(validation.loss, f"epoch {self.epoch}, validation")
        self.schedule.after_epoch(validation.accuracy)
        images = len(self.batches.tensors.labels)
        record = EpochRecord(
            epoch=self.epoch,
            train_loss=self.total_loss.item() / images,
            train_accuracy=self.total_correct.item() / images,
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
            learning_rate=self.learning_rate,
            seconds=time.perf_counter() - self._started,
        )
        self._begin_epoch(self.epoch + 1)
        return record

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors needed to resume, not copied."""
        found = {
            **_named("model", self.model.state_dict()),
            **_named("finite", self.last_finite.kept),
            "order": self.batches.pass_start,
            "random": torch.get_rng_state(),
            **_named("random", plain_states()),
            "totals": torch.stack([self.total_loss, self.total_correct]),
        }
        for kind in ("means", "squares", "counts"):
            found |= _named(kind, enumerate(getattr(self.optimizer, kind)))
        if self.device.type == "cuda":
            found["random.cuda"] = torch.cuda.get_rng_state(self.device)
        return found

    def numbers(self) -> dict[str, Any]:
        """Return the numbers needed to resume, for JSON."""
        return {
            "epoch": self.epoch,
            "batch": self.batches.given,
            "seconds": self.seconds,
            "learning_rate": self.learning_rate,
            "next_learning_rate": self.optimizer.learning_rate,
            "step": self.schedule.step,
            "best_accuracy": self.schedule.best_accuracy,
            "epochs_without_better": self.schedule.epochs_without_better,
        }

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, Any]) -> None:
        """Continue from the state of another training.

        Raises `RunError`, and changes nothing, if that state is damaged or of another network.
        """
        own = self.tensors()
        self._check_tensors(own, tensors)
        self._check_numbers(numbers)
        for name, tensor in own.items():
            if name.partition(".")[0] in _COPIED:
                tensor.copy_(tensors[name])
        self.epoch, self.seconds = int(numbers["epoch"]), float(numbers["seconds"])
        self.learning_rate = float(numbers["learning_rate"])
        self.total_loss, self.total_correct = tensors["totals"].to(self.device).clone()
        self.optimizer.learning_rate = float(numbers["next_learning_rate"])
        self.schedule.step = int(numbers["step"])
        self.schedule.best_accuracy = float(numbers["best_accuracy"])
        self.schedule.epochs_without_better = int(numbers["epochs_without_better"])
        self.batches.pass_start, self.batches.given = tensors["order"], int(numbers["batch"])
        try:
            self.batches.generator.set_state(tensors["order"])
            torch.set_rng_state(tensors["random"])
            if "random.python" in tensors and "random.numpy" in tensors:
                set_plain_states(tensors["random.python"], tensors["random.numpy"])
            if "random.cuda" in own and "random.cuda" in tensors:
                torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
        except (RuntimeError, ValueError, OverflowError) as error:
            raise RunError(f"The checkpoint's random generators are damaged ({error}).") from None

    def _check_tensors(
        self, own: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]
    ) -> None:
        for name, tensor in own.items():
            other = tensors.get(name)
            if name.startswith("random.") and other is None:
                continue  # trained on the CPU, or by an earlier cnnlab, which did not save it
            if other is None or (other.shape, other.dtype) != (tensor.shape, tensor.dtype):
                found = "missing" if other is None else f"{other.dtype} of {tuple(other.shape)}"
                raise RunError(
                    f"The checkpoint does not fit this run: {name} is {found}; expected "
                    f"{tensor.dtype} of {tuple(tensor.shape)}."
                )

    def _check_numbers(self, numbers: Mapping[str, Any]) -> None:
        whole = {
            "epoch": range(1, self.config.epochs + 2),
            "batch": range(len(self.batches) + 1),
            "step": range(self.schedule.steps + 1),
            "epochs_without_better": range(self.config.epochs + 1),
        }
        for name in self.numbers():
            value = numbers.get(name)
            if name in whole:
                is_sound = type(value) is int and value in whole[name]
            else:
                is_sound = isinstance(value, int | float) and abs(value) <= sys.float_info.max
            if not is_sound:
                raise RunError(f"The checkpoint is damaged: {name} is {value!r}.")


def _named(
    prefix: str, tensors: Mapping[str, torch.Tensor] | Iterable[tuple[int, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    pairs = tensors.items() if isinstance(tensors, Mapping) else tensors
    return {f"{prefix}.{name}": tensor for name, tensor in pairs}


class LastFinite:
    """Keeps the last weights with a finite loss, and restores them when a loss is not finite."""

    def __init__(self, model: nn.Module, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.state = model.state_dict()
        self.kept = {name: tensor.clone() for name, tensor in self.state.items()}

    @torch.no_grad()
    def check(self, loss: float, where: str) -> None:
        """Keep the weights if their loss is finite; else restore the kept weights and raise."""
        if loss - loss == 0:  # false for NaN and for infinity
            for name, tensor in self.state.items():
                self.kept[name].copy_(tensor)
            return
        for name, tensor in self.state.items():
            tensor.copy_(self.kept[name])
        raise DivergedError(
            f"The loss became {loss} at {where}: training diverged. The last weights with a "
            f"finite loss are kept. The learning rate was {self.learning_rate:g}; try "
            f"--learning-rate {self.learning_rate / 10:g}."
        )
