"""A listener hears what happens during a training."""

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
    """Functions that a training calls. A function that you leave out does nothing.

    ``say`` gets a sentence for a person. ``training`` gets the network's name and the settings
    at the start. ``batch`` gets the epoch, the batch and the number of batches; ``epoch`` gets
    the metrics of an epoch; ``state`` gets the state after each batch and each epoch.
    """

    say: Notify = _ignore
    training: Callable[[str, TrainConfig], None] = _ignore
    batch: Callable[[int, int, int], None] = _ignore
    epoch: Callable[[EpochRecord], None] = _ignore
    state: Callable[["TrainingState"], None] = _ignore
