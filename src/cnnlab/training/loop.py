"""The training loop: ``loss_batch``, ``accuracy``, ``evaluate`` and ``fit``.

Read it from top to bottom: this is all that happens when a network learns.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.images import TensorSet, as_input
from cnnlab.errors import DivergedError
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import seeded
from cnnlab.training.optimizers import Optimizer, Schedule
from cnnlab.training.steps import quick


@dataclass(frozen=True)
class Evaluation:
    """Mean cross-entropy, in nats, and accuracy, in [0, 1], over all images of a set."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave: means over all images, the learning rate used, seconds taken.

    Both losses are the plain cross-entropy, also where training smooths its labels.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float


History = list[EpochRecord]


def loss_batch(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean cross-entropy of a batch, and its logits (N, 10)."""
    logits = model(images)
    return cross_entropy(logits, labels, label_smoothing=label_smoothing), logits


def count_correct(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return how many images have their own label as the largest logit."""
    return (logits.argmax(dim=1) == labels).sum()


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of images, in [0, 1], whose largest logit is their label's."""
    return count_correct(logits, labels).item() / len(labels)


@torch.inference_mode()
def predict(model: nn.Module, images: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Return the logits (N, 10) of all images, the model in evaluation mode."""
    model.eval()
    return torch.cat([model(as_input(batch)) for batch in images.split(batch_size)])


def score(logits: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    """Return the loss and accuracy of logits (N, 10)."""
    return Evaluation(cross_entropy(logits, labels).item(), accuracy(logits, labels))


def evaluate(model: nn.Module, tensors: TensorSet, batch_size: int = 256) -> Evaluation:
    """Return the model's loss and accuracy over a whole set."""
    return score(predict(model, tensors.images, batch_size), tensors.labels)


def fit(
    model: nn.Module,
    train: TensorSet,
    validation: TensorSet,
    config: TrainConfig,
    *,
    on_batch: Callable[[int, int, int], None] | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> History:
    """Train the model in place; return each epoch's figures.

    ``on_batch`` is told epoch, batch and the number of batches; ``on_epoch`` the epoch's
    record. Same seed, machine and version: same bits. Raises `DivergedError` where the loss is
    NaN or infinite, with the last weights whose loss was finite in the model: looked at after
    every step on the CPU, after every epoch elsewhere, so that a GPU need not wait.
    """
    device = train.images.device
    with quick(model, device), seeded(config.seed, device):
        optimizer = Optimizer(model, config)
        batches = ShuffledBatches(
            train, config.batch_size, config.seed, flip=config.augmentation == "flip"
        )
        schedule = Schedule(optimizer, config, len(batches))
        last_finite = LastFinite(model, config.learning_rate)
        history: History = []

        for epoch in range(1, config.epochs + 1):
            start = time.perf_counter()
            learning_rate = optimizer.learning_rate
            total_loss, total_correct = torch.zeros(2, device=device)

            model.train()
            for batch, (images, labels) in enumerate(batches, start=1):
                loss, logits = loss_batch(model, images, labels, config.label_smoothing)
                if device.type == "cpu":
                    last_finite.check(loss.item(), f"epoch {epoch}, batch {batch}")
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                schedule.after_batch()
                total_loss += cross_entropy(logits.detach(), labels, reduction="sum")
                total_correct += count_correct(logits, labels)
                if on_batch is not None:
                    on_batch(epoch, batch, len(batches))

            result = evaluate(model, validation, config.evaluation_batch_size)
            last_finite.check(result.loss, f"epoch {epoch}, validation")
            schedule.after_epoch(result.accuracy)

            record = EpochRecord(
                epoch=epoch,
                train_loss=total_loss.item() / len(train.labels),
                train_accuracy=total_correct.item() / len(train.labels),
                validation_loss=result.loss,
                validation_accuracy=result.accuracy,
                learning_rate=learning_rate,
                seconds=time.perf_counter() - start,
            )
            history.append(record)
            if on_epoch is not None:
                on_epoch(record)
        return history


class LastFinite:
    """Keeps the last weights whose loss was finite, and puts them back when one is not."""

    def __init__(self, model: nn.Module, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.state = model.state_dict()
        self.kept = {name: tensor.clone() for name, tensor in self.state.items()}

    @torch.no_grad()
    def check(self, loss: float, where: str) -> None:
        """Keep the weights if their loss is finite; else put the kept ones back and raise."""
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
