"""What the graph of one pass shows: its steps, layers with no activation between, kept bytes."""

from collections import Counter
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

MOVES = ("View", "Reshape", "UnsafeView", "Permute", "Squeeze")
"""How the names of steps begin that only move numbers to other places."""


def graph_steps(logits: torch.Tensor) -> list[Any]:
    """Return all steps of the graph that led to the logits, the last first."""
    found: dict[Any, None] = {}
    waiting = [logits.grad_fn]
    while waiting:
        step = waiting.pop()
        if step is not None and step not in found:
            found[step] = None
            waiting += [each for each, _ in step.next_functions]
    return list(found)


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
    pairs: dict[tuple[str, str], list[object]] = {}  # with the steps of the graph between them

    def before(module: nn.Module, given: tuple[Any, ...]) -> None:
        step, between = getattr(given[0], "grad_fn", None) if given else None, list[object]()
        while step is not None and step not in made_by and _is_straight(step):
            between.append(step)
            step = step.next_functions[0][0]
        if step in made_by:
            pairs[names[made_by[step]], names[module]] = [*between, step]

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
            logits = network.train()(images)
    except (Exception, SystemExit):
        return (), 0  # hooks are not for every network; its passes have succeeded
    finally:
        for handle in handles:
            handle.remove()
    # With a shortcut beside it, or with two layers after it, a layer is more than a part of one.
    uses = Counter(each for step in graph_steps(logits) for each, _ in step.next_functions)
    alone = (pair for pair, steps in pairs.items() if all(uses[each] == 1 for each in steps))
    return tuple(alone), sum(kept.values())


def _is_straight(step: Any) -> bool:
    """Return whether a step of the graph only moves numbers to other places, or averages them."""
    return bool(step.name().startswith((*MOVES, "AvgPool2D")))
