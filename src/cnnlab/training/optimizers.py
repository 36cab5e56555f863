"""The optimiser and the learning-rate schedule that a config asks for."""

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from cnnlab.training.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Return SGD with momentum, or AdamW (Loshchilov and Hutter, 2019), over all parameters."""
    parameters, decay = list(model.parameters()), config.weight_decay
    if config.optimizer == "adamw":
        return AdamW(
            parameters,
            lr=config.learning_rate,
            betas=(config.momentum, 0.999),
            weight_decay=decay,
            fused=True,
        )
    return SGD(
        parameters,
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=decay,
        fused=True,
    )


class Schedule:
    """Changes an optimiser's learning rate as a training goes on."""

    def __init__(self, optimizer: Optimizer, config: TrainConfig, batches: int) -> None:
        self._by_batch: OneCycleLR | None = None
        self._by_epoch: ReduceLROnPlateau | None = None
        if config.schedule == "one-cycle":
            self._by_batch = OneCycleLR(
                optimizer,
                max_lr=config.learning_rate,
                total_steps=config.epochs * batches + 1,
                pct_start=config.warmup_share,
                anneal_strategy="linear",
                cycle_momentum=False,
            )
        elif config.schedule == "plateau":
            self._by_epoch = ReduceLROnPlateau(
                optimizer,
                mode="max",
                factor=config.plateau_factor,
                patience=config.plateau_patience,
            )

    def after_batch(self) -> None:
        """Go on by a mini-batch: one-cycle (Smith and Topin, 2019)."""
        if self._by_batch is not None:
            self._by_batch.step()

    def after_epoch(self, validation_accuracy: float) -> None:
        """Go on by an epoch: plateau lowers the rate when accuracy has stalled."""
        if self._by_epoch is not None:
            self._by_epoch.step(validation_accuracy)
