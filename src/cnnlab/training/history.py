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

_LEAST_LEARNED = 0.2  # an accuracy, twice that of guessing among ten classes


def has_learned(history: History) -> bool:
    """Return whether a run is at least twice as good as guessing on its training images."""
    return history[-1].train_accuracy >= _LEAST_LEARNED
