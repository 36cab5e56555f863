"""The training loop: ``loss_batch``, ``train_batch``, ``accuracy``, ``evaluate`` and ``fit``.

Read it from top to bottom: this is everything that happens when a network learns.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.data.tensors import TensorSet, as_input
from cnnlab.seeding import seeded
from cnnlab.training.config import TrainConfig
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.history import Evaluation, History
from cnnlab.training.listener import Listener
from cnnlab.training.state import TrainingState


def loss_batch(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean cross-entropy of a batch, and its logits (N, 10)."""
    logits = model(images)
    return cross_entropy(logits, labels, label_smoothing=label_smoothing), logits


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of correct predictions, in [0, 1]: the largest logit is the label's."""
    return (logits.argmax(dim=1) == labels).sum().item() / len(labels)


@torch.inference_mode()
def predict(model: nn.Module, images: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Return the logits (N, 10) of all images, with the model in evaluation mode."""
    model.eval()
    return torch.cat([model(as_input(batch)) for batch in images.split(batch_size)])


def score(logits: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    """Return the loss and accuracy of logits (N, 10)."""
    return Evaluation(cross_entropy(logits, labels).item(), accuracy(logits, labels))


def evaluate(model: nn.Module, tensors: TensorSet, batch_size: int = 256) -> Evaluation:
    """Return the model's loss and accuracy over a whole set."""
    return score(predict(model, tensors.images, batch_size), tensors.labels)


def train_batch(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, state: TrainingState
) -> tuple[torch.Tensor, torch.Tensor]:
    """Learn from one mini-batch; return its mean cross-entropy, and its logits (N, 10).

    Engines run this very function: what you read is what runs.
    """
    loss, logits = loss_batch(model, images, labels, state.config.label_smoothing)
    state.check_batch(loss)
    loss.backward()
    state.optimizer.step()
    state.optimizer.zero_grad()
    state.schedule.after_batch()
    return loss, logits


def fit(
    model: nn.Module,
    train: TensorSet,
    validation: TensorSet,
    config: TrainConfig,
    *,
    listener: Listener = Listener(),
    resume: tuple[Mapping[str, torch.Tensor], Mapping[str, Any]] | None = None,
) -> History:
    """Train the model in place; return the metrics of each epoch that ended here.

    The ``listener`` hears each batch, each epoch and the state of the training. Pass the tensors
    and numbers of a state as ``resume``, and training continues from there, bit-identical. The
    same seed, machine and version also give a bit-identical result. Raises `DivergedError` if the
    loss is NaN or infinite; the model then holds the last weights with a finite loss. This is
    checked in each step on the CPU, but in each epoch elsewhere, so that a GPU need not wait.
    """
    device = train.images.device
    cuda = [device] if device.type == "cuda" else []
    with engine_for(model, device).applied(model, device), seeded(config.seed, cuda):
        state = TrainingState(model, train, config)
        if resume is not None:
            state.restore(*resume)
        history: History = []

        while state.epoch <= config.epochs:
            state.start_clock()
            model.train()
            for images, labels in state.batches:
                _, logits = train_batch(model, images, labels, state)
                state.count(logits, labels)
                listener.batch(state.epoch, state.batches.given, len(state.batches))
                listener.state(state)

            result = evaluate(model, validation, config.evaluation_batch_size)
            history.append(state.end_epoch(result))
            listener.epoch(history[-1])
            listener.state(state)
        return history
