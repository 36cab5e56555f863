"""The optimiser and the learning-rate schedule of a config.

Each step calls PyTorch's own function once for all weights. PyTorch's optimiser classes do the
same, but first load its compiler, which costs a second and 70 MB (docs/log.md).
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from cnnlab.errors import ConfigError
from cnnlab.training.config import TrainConfig

_LEAST_BETTER = 1e-4  # plateau: a better accuracy rises by this share, as in PyTorch
_START, _END = 1 / 25, 1e-4 / 25  # one-cycle: shares of the largest rate, as in PyTorch


class Optimizer:
    """SGD with momentum, or AdamW (Loshchilov and Hutter, 2019), over all weights of a network.

    Raises `ConfigError` for AdamW over weights of half precision.
    """

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        if config.optimizer == "adamw":
            _refuse_half(model)
        self.config = config
        self.learning_rate = config.learning_rate
        self.weights = [p for p in model.parameters() if p.requires_grad]
        self.means = [torch.zeros_like(p) for p in self.weights]  # of gradients: the momentum
        is_adamw = config.optimizer == "adamw"
        self.squares = [torch.zeros_like(p) for p in self.weights] if is_adamw else []
        self.counts = [torch.zeros((), device=p.device) for p in self.weights] if is_adamw else []
        self._are_plain = [_is_plain(p) for p in self.weights]

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight that has a gradient."""
        moved = [place for place, p in enumerate(self.weights) if p.grad is not None]
        for fused in (True, False):
            self._move([place for place in moved if self._are_plain[place] is fused], fused)

    def _move(self, places: list[int], fused: bool) -> None:
        """Move the weights in these places, by one fused call or one after another."""
        if not places:
            return

        def chosen(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            return [tensors[place] for place in places]

        weights, means, config = chosen(self.weights), chosen(self.means), self.config
        gradients = [
            weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
            for weight in weights
            if weight.grad is not None
        ]
        if config.optimizer == "sgd":
            sgd(
                weights,
                gradients,
                means,  # type: ignore[arg-type]
                fused=fused,
                foreach=False,
                lr=self.learning_rate,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )
        else:
            adamw(
                weights,
                gradients,
                means,
                chosen(self.squares),
                [],
                chosen(self.counts),
                fused=fused,
                foreach=False,
                lr=self.learning_rate,
                beta1=config.momentum,
                beta2=0.999,
                weight_decay=config.weight_decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )

    def zero_grad(self) -> None:
        """Delete all gradients."""
        for weight in self.weights:
            weight.grad = None


def _refuse_half(model: nn.Module) -> None:
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.dtype == torch.float16:
            raise ConfigError(
                f"AdamW cannot train {name}: it has half precision (torch.float16), in which small "
                "squares of gradients become 0, and a division by them infinite. Delete .half(), "
                "or train with --optimizer sgd."
            )


def _is_plain(weight: torch.Tensor) -> bool:
    """Return whether PyTorch can move a weight by a fused step: full precision, all side by side.

    A fused step does not change weights of half precision, and changes the neighbours of a slice.
    """
    if weight.dtype not in {torch.float32, torch.float64} or weight.layout != torch.strided:
        return False
    side_by_side = 1
    for stride, size in sorted(zip(weight.stride(), weight.shape, strict=True)):
        if size > 1:
            if stride != side_by_side:
                return False
            side_by_side *= size
    return True


class Schedule:
    """Changes an optimiser's learning rate during a training."""

    def __init__(self, optimizer: Optimizer, config: TrainConfig, batches: int) -> None:
        self.optimizer = optimizer
        self.config = config
        self.steps = config.epochs * batches
        self.step = 0
        self.best_accuracy = -1.0  # any is better
        self.epochs_without_better = 0
        if config.schedule == "one-cycle":
            optimizer.learning_rate = one_cycle(0, self.steps, config)

    def after_batch(self) -> None:
        """Count a mini-batch. one-cycle sets a new rate after each."""
        self.step += 1
        if self.config.schedule == "one-cycle":
            self.optimizer.learning_rate = one_cycle(self.step, self.steps, self.config)

    def after_epoch(self, validation_accuracy: float) -> None:
        """Count an epoch. plateau lowers the rate if accuracy has stopped rising."""
        if self.config.schedule != "plateau":
            return
        if validation_accuracy > self.best_accuracy * (1 + _LEAST_BETTER):
            self.best_accuracy, self.epochs_without_better = validation_accuracy, 0
            return
        self.epochs_without_better += 1
        if self.epochs_without_better > self.config.plateau_patience:
            self.optimizer.learning_rate *= self.config.plateau_factor
            self.epochs_without_better = 0


def one_cycle(step: int, steps: int, config: TrainConfig) -> float:
    """Return the rate for a step: up in a straight line, then down (Smith and Topin, 2019)."""
    largest = config.learning_rate
    top = config.warmup_share * (steps + 1) - 1
    if step < top:
        return largest * (_START + (1 - _START) * step / top)
    return largest * (1 + (_END - 1) * (step - top) / (steps - top))
