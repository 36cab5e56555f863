"""Who hears what a training does, while it does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlab.notices import Notify
from cnnlab.training.config import TrainConfig
from cnnlab.training.history import EpochRecord

if TYPE_CHECKING:
    from cnnlab.training.state import TrainingState


def _ignore(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Listener:
    """Functions that a training calls; each does nothing unless it is given.

    ``say`` hears a sentence for a person; ``training`` the name of a network whose training
    starts, and its settings; ``batch`` the epoch, the batch and the number of batches; ``epoch``
    the metrics of an epoch; ``state`` where the training is, after each batch and each epoch.
    """

    say: Notify = _ignore
    training: Callable[[str, TrainConfig], None] = _ignore
    batch: Callable[[int, int, int], None] = _ignore
    epoch: Callable[[EpochRecord], None] = _ignore
    state: Callable[["TrainingState"], None] = _ignore
