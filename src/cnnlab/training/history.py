"""The metrics of training: loss and accuracy, epoch by epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """Mean cross-entropy, in nats, and accuracy, in [0, 1], over all images of a set."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class EpochRecord:
    """The metrics of one epoch: means over all images, the learning rate used, seconds taken.

    Both losses are the plain cross-entropy, even if training smooths its labels.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float


History = list[EpochRecord]


def has_learned(history: History, classes: int) -> bool:
    """Return whether a run is better than guessing on its training images.

    Of 10 classes, 20 % must be correct: a ninth of the way from guessing to all; of 2, 56 %.
    """
    guessing = 1 / classes
    return history[-1].train_accuracy >= guessing + (1 - guessing) / 9 - 1e-9
