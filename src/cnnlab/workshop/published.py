"""The numbers that the notebook published: one run of each network on Fashion-MNIST, 25 epochs.

A computer-science club made the notebook, and cnnlab grew from it. Its training numbers are of the
last mini-batch only and are left out here. Our numbers are means over all images.
"""

from dataclasses import dataclass, replace
from typing import Literal

from cnnlab.runs.run import Run
from cnnlab.training.config import TrainConfig

DATA_SET = "fashion-mnist"
EPOCHS = (1, 5, 10, 15, 20, 25)


@dataclass(frozen=True)
class PublishedRun:
    """The validation loss and accuracy after `EPOCHS`, and the result on the test set."""

    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    test_loss: float
    test_accuracy: float


RUNS = {
    "lenet5": PublishedRun(
        validation_loss=(0.5508, 0.3462, 0.3184, 0.3037, 0.2978, 0.3203),
        validation_accuracy=(0.7899, 0.8718, 0.8858, 0.8948, 0.8990, 0.8955),
        test_loss=0.3430,
        test_accuracy=0.8933,
    ),
    "lenet5-relu-max": PublishedRun(
        validation_loss=(0.5533, 0.3192, 0.2980, 0.3113, 0.3209, 0.3553),
        validation_accuracy=(0.7854, 0.8824, 0.8938, 0.8906, 0.9008, 0.8971),
        test_loss=0.3593,
        test_accuracy=0.8936,
    ),
}


def is_comparable(run: Run) -> bool:
    """Return whether the notebook's numbers are for the same data set and the same settings."""
    return run.data_set_name == DATA_SET and has_its_settings(run)


def has_its_settings(run: Run) -> bool:
    """Return whether a run has the notebook's settings, except for the epochs and the seed."""
    return run.config == replace(TrainConfig(), epochs=run.config.epochs, seed=run.config.seed)


def validation_points(run: Run, quantity: Literal["loss", "accuracy"]) -> dict[int, float]:
    """Return the notebook's validation values of a run's network, by epoch; empty if others."""
    if not is_comparable(run):
        return {}
    return dict(zip(EPOCHS, getattr(RUNS[run.model_name], f"validation_{quantity}"), strict=True))
