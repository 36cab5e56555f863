"""Hidden state: what the gradient reaches and the network's state does not hold; and its name."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import torch
from torch import nn

from cnnlab.custom.graph import graph_steps
from cnnlab.custom.network import MODULE_PREFIX, CustomModule
from cnnlab.custom.probes import Notes
from cnnlab.custom.trial import HiddenSeen, Place

_REGISTERED = {"_parameters", "_buffers", "_modules"}  # what an nn.Module trains and saves


def state_ids(network: nn.Module) -> set[int]:
    """Return the identities of a network's parameters and buffers."""
    return {id(each) for each in chain(network.parameters(), network.buffers())}


def find_hidden(
    network: nn.Module,
    hidden: Mapping[int, torch.Tensor],
    strangers: Mapping[nn.Module, int | None],
    names: CustomModule,
    notes: Notes,
) -> Iterator[HiddenSeen]:
    """Yield where hidden tensors are, those of each attribute once.

    ``strangers`` are the modules outside of the network that a pass called, each with its line;
    ``names`` are those that the file defines.
    """
    left = set(hidden)
    for name, module in network.named_modules():
        for attribute, value in vars(module).items():
            held = (
                []
                if attribute in _REGISTERED
                else [
                    (each, holder)
                    for each, holder in _held_by(value)
                    if left & _tensors_of(each).keys()
                ]
            )
            if held:
                first, holder = held[0]
                yield HiddenSeen(
                    place="attribute",
                    kind=_written(first),
                    name=f"{name}.{attribute}".lstrip("."),
                    container=type(value).__name__,
                    holder=holder,
                    made_line=notes.lines.get(first) if isinstance(first, nn.Module) else None,
                )
                left -= {key for each, _ in held for key in _tensors_of(each)}
    for stranger, call_line in strangers.items():
        if left & _tensors_of(stranger).keys():
            is_new = stranger in notes.born_in_a_pass
            line = notes.born_in_a_pass[stranger] if is_new else notes.lines.get(stranger)
            yield HiddenSeen(
                place="forward" if is_new else "outside",
                kind=_written(stranger),
                made_line=line,
                call_line=call_line,
            )
            return  # what else is outside has the same cause
    outside = {id(value): name for name, value in vars(names).items()}
    for key in left:
        if isinstance(hidden[key], nn.Parameter):  # any other tensor may be a step of forward
            place: Place = "outside" if key in outside else "forward"
            yield HiddenSeen(place, kind="tensor", name=outside.get(key, ""))
            return


def hidden_tensors(
    logits: torch.Tensor, state: set[int], strangers: Iterable[nn.Module]
) -> dict[int, torch.Tensor]:
    """Return, by identity, the leaves of the logits' gradients that are not in the state.

    The running means of layers outside of the network count too: training changes them as well.
    """
    found = {
        id(each): each
        for module in strangers
        if (each := getattr(module, "running_mean", None)) is not None
    }
    leaves = [each.variable for each in graph_steps(logits) if hasattr(each, "variable")]
    found |= {id(each): each for each in leaves}
    return {key: each for key, each in found.items() if key not in state}


def _tensors_of(value: nn.Module | torch.Tensor) -> dict[int, torch.Tensor]:
    tensors = (
        chain(value.parameters(), value.buffers()) if isinstance(value, nn.Module) else [value]
    )
    return {id(each): each for each in tensors}


def _held_by(value: object) -> Iterator[tuple[nn.Module | torch.Tensor, str]]:
    """Yield the modules and tensors in lists, dicts and objects, with the innermost such object."""
    waiting: list[tuple[object, str]] = [] if isinstance(value, nn.Module) else [(value, "")]
    visited: set[int] = set()
    while waiting:  # no recursion: a chain of objects may be long
        value, holder = waiting.pop()
        if id(value) in visited:
            continue
        visited.add(id(value))
        if isinstance(value, nn.Module | torch.Tensor):
            yield value, holder
        within: Iterable[object] = ()
        if isinstance(value, list | tuple | set):
            within = value
        elif isinstance(value, dict):
            within = value.values()
        elif type(value).__module__.startswith(MODULE_PREFIX) and not isinstance(value, nn.Module):
            holder, within = type(value).__name__, getattr(value, "__dict__", {}).values()
        waiting += [(each, holder) for each in reversed(list(within))]


def _written(value: nn.Module | torch.Tensor) -> str:
    """Return a class as it is written in a file: PyTorch's layers with "nn." before it."""
    kind = type(value)
    if not isinstance(value, nn.Module):
        return "tensor"
    return f"nn.{kind.__name__}" if kind.__module__.startswith("torch.nn.") else kind.__name__
