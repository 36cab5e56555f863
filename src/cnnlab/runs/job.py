"""What to train, as one value."""

from dataclasses import dataclass

from cnnlab.data.batches import check_mirroring
from cnnlab.data.catalog import DataSet
from cnnlab.models.catalog import ModelSpec
from cnnlab.training.config import TrainConfig


@dataclass(frozen=True)
class Job:
    """A network, the name of a recipe, the settings (the recipe, with changes), and a data set.

    Raises `ConfigError` if the settings would mirror images that must not be mirrored.
    """

    network: ModelSpec
    recipe_name: str
    config: TrainConfig
    data_set: DataSet

    def __post_init__(self) -> None:
        check_mirroring(self.config.augmentation == "flip", self.data_set.may_mirror)
