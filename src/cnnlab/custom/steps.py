"""A few training steps, as training does them; and what the graph of one pass shows."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy
from torch.nn.modules.dropout import _DropoutNd

from cnnlab.custom.probes import Notes
from cnnlab.custom.trial import (
    CLASSES,
    Doing,
    Family,
    ModuleSeen,
    Outputs,
    Raised,
    StepsSeen,
)
from cnnlab.training.config import RECIPES
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.optimizers import Optimizer

_STEPS, _MORE_STEPS = 2, 4
_APART = 0.5  # of how far filters moved; what breaks their symmetry drives them as far apart
_FAR = 30.0  # what weights are multiplied by, twice
_NEAR = 1e-3
_MOVES = ("View", "Reshape", "UnsafeView", "Permute", "Squeeze")
_CPU = torch.device("cpu")


def train_a_little(
    network: nn.Module, images: torch.Tensor, called: set[nn.Module], notes: Notes
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
    steps, moved = _train(network, torch.cat((images, -images, levels.expand_as(images))), notes)
    if steps.raised:
        of_few, moved_of_few = _train(network, images, notes)
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
        )
        for name, module in network.named_modules()
    )


def _train(
    network: nn.Module, images: torch.Tensor, notes: Notes
) -> tuple[StepsSeen, set[nn.Parameter]]:
    """Return what a few steps did, and the parameters that got a gradient other than 0."""
    classes = torch.arange(len(images)) % CLASSES
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
                loss = cross_entropy(model.train()(images), classes)
                doing = "backward"
                loss.backward()
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


def last_step(logits: torch.Tensor) -> str:
    """Return PyTorch's name of the operation that made the logits, such as "SoftmaxBackward0"."""
    step: Any = logits.grad_fn
    while step is not None and step.name().startswith(_MOVES):
        step = step.next_functions[0][0]
    return step.name() if step is not None else ""


@torch.no_grad()
def range_of_outputs(network: nn.Module, images: torch.Tensor) -> Outputs:
    """Return what all outputs have in common; their range is that of much larger weights.

    A range that stays between two numbers then is so by construction, whatever the last step.
    """
    both, outputs = (images, -images), Outputs()
    network.eval()
    for farther in (1.0, _FAR, _FAR):
        for each in network.parameters():
            if each.is_floating_point():
                each.mul_(farther)
        try:
            rows = torch.cat([network(each) for each in both])
        except (Exception, SystemExit):
            break  # such as numbers that are too large for a check of its own
        if not rows.isfinite().all() or bool((rows == rows[:1, :1]).all()):
            break
        outputs = Outputs(are_shares=_sum_to_1(rows), are_log_shares=_sum_to_1(rows.exp()))
        if farther > 1:
            outputs = replace(outputs, lowest=float(rows.min()), highest=float(rows.max()))
    return outputs


def _sum_to_1(rows: torch.Tensor) -> bool:
    """Return whether the numbers of each row are not negative and sum to 1."""
    return bool((rows >= 0).all() and ((rows.sum(dim=1) - 1).abs() < _NEAR).all())


def watch_graph(
    network: nn.Module, images: torch.Tensor
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return layers with nothing between them that bends, and the bytes that a pass keeps."""
    names: dict[nn.Module, str] = {
        module: name
        for name, module in network.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d)) and getattr(module, "groups", 1) == 1
    }
    made_by: dict[object, nn.Module] = {}
    pairs: list[tuple[str, str]] = []

    def before(module: nn.Module, given: tuple[Any, ...]) -> None:
        step = getattr(given[0], "grad_fn", None) if given else None
        while step is not None and step not in made_by and _is_straight(step):
            step = step.next_functions[0][0]
        if step in made_by:
            pairs.append((names[made_by[step]], names[module]))

    def after(module: nn.Module, _given: tuple[Any, ...], output: Any) -> None:
        if getattr(output, "grad_fn", None) is not None:
            made_by[output.grad_fn] = module

    own = {each.untyped_storage().data_ptr() for each in network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    handles = [module.register_forward_pre_hook(before) for module in names]
    handles += [module.register_forward_hook(after) for module in names]
    try:
        with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
            network.train()(images)
    except (Exception, SystemExit):
        return (), 0  # hooks are not for every network; its passes have succeeded
    finally:
        for handle in handles:
            handle.remove()
    return tuple(dict.fromkeys(pairs)), sum(kept.values())


def _is_straight(step: Any) -> bool:
    """Return whether a step of the graph only moves numbers to other places, or averages them."""
    return bool(step.name().startswith((*_MOVES, "AvgPool2D")))
