"""The training loop: ``loss_batch``, ``accuracy``, ``evaluate`` and ``fit``.

Read it from top to bottom: this is all that happens when a network learns.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.data.tensors import TensorSet, as_input
from cnnlab.seeding import seeded
from cnnlab.training.config import TrainConfig
from cnnlab.training.engines.choose import quick
from cnnlab.training.state import TrainingState


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
    on_state: Callable[[TrainingState], None] | None = None,
    resume: tuple[Mapping[str, torch.Tensor], Mapping[str, Any]] | None = None,
) -> History:
    """Train the model in place; return the figures of each epoch that ended here.

    ``on_batch`` is told epoch, batch and the number of batches; ``on_epoch`` the epoch's
    record; ``on_state`` after both where the training stands, whose tensors and numbers another
    call takes as ``resume``, and goes on from there to the same bits. Same seed, machine and
    version: same bits. Raises `DivergedError` where the loss is NaN or infinite, with the last
    weights whose loss was finite in the model: looked at after every step on the CPU, after
    every epoch elsewhere, so that a GPU need not wait.
    """
    device = train.images.device
    cuda = [device] if device.type == "cuda" else []
    with quick(model, device), seeded(config.seed, cuda):
        state = TrainingState(model, train, config)
        if resume is not None:
            state.restore(*resume)
        history: History = []

        while state.epoch <= config.epochs:
            start = time.perf_counter() - state.seconds

            model.train()
            for images, labels in state.batches:
                loss, logits = loss_batch(model, images, labels, config.label_smoothing)
                if device.type == "cpu":
                    where = f"epoch {state.epoch}, batch {state.batches.given}"
                    state.last_finite.check(loss.item(), where)
                loss.backward()
                state.optimizer.step()
                state.optimizer.zero_grad()
                state.schedule.after_batch()
                state.total_loss += cross_entropy(logits.detach(), labels, reduction="sum")
                state.total_correct += count_correct(logits, labels)
                state.seconds = time.perf_counter() - start
                if on_batch is not None:
                    on_batch(state.epoch, state.batches.given, len(state.batches))
                if on_state is not None:
                    on_state(state)

            result = evaluate(model, validation, config.evaluation_batch_size)
            state.last_finite.check(result.loss, f"epoch {state.epoch}, validation")
            state.schedule.after_epoch(result.accuracy)

            record = EpochRecord(
                epoch=state.epoch,
                train_loss=state.total_loss.item() / len(train.labels),
                train_accuracy=state.total_correct.item() / len(train.labels),
                validation_loss=result.loss,
                validation_accuracy=result.accuracy,
                learning_rate=state.learning_rate,
                seconds=time.perf_counter() - start,
            )
            history.append(record)
            state.begin_epoch(state.epoch + 1)
            if on_epoch is not None:
                on_epoch(record)
            if on_state is not None:
                on_state(state)
        return history
