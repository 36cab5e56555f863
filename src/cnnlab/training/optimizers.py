"""The optimiser and the learning-rate schedule that a config asks for."""

from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from cnnlab.training.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Return SGD with momentum over all of the model's parameters."""
    return SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)


def make_schedule(optimizer: Optimizer, config: TrainConfig) -> ReduceLROnPlateau | None:
    """Return the schedule, stepped with each epoch's validation accuracy, or None if constant."""
    if config.schedule == "constant":
        return None
    return ReduceLROnPlateau(
        optimizer, mode="max", factor=config.plateau_factor, patience=config.plateau_patience
    )
