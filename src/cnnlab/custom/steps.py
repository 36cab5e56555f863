"""A few training steps, as training does them, and what they show of each layer."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.dropout import _DropoutNd

from cnnlab.custom.finite import are_gradients_finite
from cnnlab.custom.probes import Notes
from cnnlab.custom.trial import Doing, Family, ModuleSeen, Raised, StepsSeen
from cnnlab.training.config import RECIPES
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.optimizers import Optimizer

_STEPS, _MORE_STEPS = 2, 4
_APART = 0.7  # of how far filters moved; what breaks their symmetry drives them farther apart
_CPU = torch.device("cpu")


def train_a_little(
    network: nn.Module,
    images: torch.Tensor,
    called: set[nn.Module],
    notes: Notes,
    classes: int,
) -> tuple[StepsSeen, tuple[ModuleSeen, ...]]:
    """Train for a few steps, as training does: its engine, its layout, its optimiser.

    The batch is the images, their negatives and plain grey. ``called`` are the layers that a pass
    calls. Two steps show state that keeps its graph. If some gradients are 0 after them, or all
    outputs alike, more steps tell whether that stays: weights of 0 in the last layer, for example,
    stop the others for one step only.
    """
    zero = {
        each
        for each in network.modules()
        if isinstance(weight := getattr(each, "weight", None), nn.Parameter) and not weight.any()
    }
    equal = {each: each.weight.detach().clone() for each in _with_equal_filters(network)}
    levels = torch.linspace(-1, 1, len(images)).view(-1, 1, 1, 1)
    batch = torch.cat((images, -images, levels.expand_as(images)))
    steps, moved = _train(network, batch, notes, classes)
    if steps.raised:
        of_few, moved_of_few = _train(network, images, notes, classes)
        if not of_few.raised:  # a fixed batch size, which has its finding
            steps, moved = of_few, moved_of_few
    missed = set() if steps.raised else trainable(network) - moved
    return steps, tuple(
        ModuleSeen(
            name=name,
            kind=type(module).__name__,
            family=family(module),
            line=notes.lines.get(module),
            is_called=module in called,
            has_parts=len(list(module.children())) > 0,
            missed=tuple(
                part for part, each in module.named_parameters(recurse=False) if each in missed
            ),
            is_zero=module in zero,
            equal_filters=_move_together(equal[module], module.weight) if module in equal else 0,
            drops=module.p if isinstance(module, _DropoutNd) else 0.0,
            is_batch_second=getattr(module, "batch_first", True) is False,
        )
        for name, module in network.named_modules()
    )


def _train(
    network: nn.Module, images: torch.Tensor, notes: Notes, classes: int
) -> tuple[StepsSeen, set[nn.Parameter]]:
    """Return what a few steps did, and the parameters that got a gradient other than 0."""
    labels = torch.arange(len(images)) % classes
    wanted, moved = trainable(network), set[nn.Parameter]()
    is_constant = False
    doing: Doing = "forward"
    try:
        engine = engine_for(network, _CPU)
        with engine.applied(network, _CPU) as model:
            optimizer = Optimizer(model, RECIPES["workshop"])
            for step in range(_STEPS + _MORE_STEPS):
                if step >= _STEPS and wanted == moved and not is_constant:
                    break
                doing = "forward"
                loss = cross_entropy(model.train()(images), labels)
                doing = "backward"
                loss.backward()
                if not are_gradients_finite(model):
                    return StepsSeen(is_finite=False), wanted
                moved |= {each for each in wanted if each.grad is not None and each.grad.any()}
                doing = "step"
                optimizer.step()
                optimizer.zero_grad()
                with torch.inference_mode():
                    is_constant = _are_alike(model.eval()(images))
    except (Exception, SystemExit) as error:
        return StepsSeen(Raised.of(error, notes.path), doing), moved
    return StepsSeen(is_constant=is_constant, engine=str(engine)), moved


def trainable(network: nn.Module) -> set[nn.Parameter]:
    """Return the parameters that training should change: not frozen, and not without numbers."""
    return {each for each in network.parameters() if each.requires_grad and each.numel()}


def family(module: nn.Module) -> Family:
    """Return the family of a layer: what its sizes mean."""
    if isinstance(module, nn.Linear):
        return "linear"
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)):
        return "convolution"
    if isinstance(module, nn.BatchNorm1d):
        return "normalised rows"
    return "normalised maps" if isinstance(module, nn.BatchNorm2d) else "other"


def _with_equal_filters(network: nn.Module) -> list[nn.Linear | nn.Conv2d]:
    """Return the trained layers whose filters are all equal, and each sees the same input."""
    return [
        each
        for each in network.modules()
        if isinstance(each, (nn.Linear, nn.Conv2d))
        and isinstance(each.weight, nn.Parameter)
        and each.weight.requires_grad
        and len(each.weight) > 1
        and getattr(each, "groups", 1) == 1
        and _are_alike(each.weight)
    ]


@torch.no_grad()
def _move_together(before: torch.Tensor, after: torch.Tensor) -> int:
    """Return the number of filters that were equal, have moved, and stayed near each other.

    Small random biases alone keep them from being equal to the last bit.
    """
    moved = float((after - before).abs().max())
    apart = float((after - after.mean(dim=0)).abs().max())
    return len(after) if moved > 0 and apart < _APART * moved else 0


def _are_alike(rows: torch.Tensor) -> bool:
    return bool((rows == rows[:1]).all())
