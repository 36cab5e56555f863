"""Layers that a pass calls although they are no part of the network."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_pre_hook,
    register_module_parameter_registration_hook,
)


@dataclass(frozen=True)
class Stranger:
    """A layer with weights of its own, in which line it was called, and if the pass made it.

    ``whole`` is the layer, or the block of which its making was a part; in ``whole_line`` the pass
    made that.
    """

    module: nn.Module
    call_line: int | None
    is_made_by_the_pass: bool
    whole: nn.Module
    whole_line: int | None


@contextmanager
def strangers_noted(
    network: nn.Module, path: str, made: Collection[nn.Module]
) -> Iterator[list[Stranger]]:
    """Note, once each, the layers with a state that are called inside the block from outside.

    ``made`` grows with each layer that the file makes.
    """
    # By identity: what torch.compile traces cannot look for a module in a set.
    members = {id(each) for each in network.modules()}
    state = state_of(network)
    made_before = set(made)
    strangers: dict[nn.Module, Stranger] = {}
    wholes: dict[nn.Module, tuple[nn.Module, int | None]] = {}

    def note(module: nn.Module, _given: tuple[Any, ...]) -> None:
        if id(module) in members:
            return
        if network.training and not torch.is_grad_enabled():
            return  # a teacher, say: what counts for the answers is called in evaluation too
        if module in strangers or not has_a_state_beyond(state, module):
            return
        is_new = module in made and module not in made_before
        whole, line = wholes.get(module, (module, None))
        strangers[module] = Stranger(module, line_running(path), is_new, whole, line)

    def note_whole(module: nn.Module, *_: object) -> None:
        wholes.setdefault(module, _whole(module, path))

    noted: list[Stranger] = []
    handles = (
        register_module_forward_pre_hook(note),
        register_module_parameter_registration_hook(note_whole),
    )
    try:
        yield noted
    finally:
        for handle in handles:
            handle.remove()
        noted += strangers.values()


def state_of(network: nn.Module) -> set[int]:
    """Return the identities of all that is trained or saved of a network."""
    return {id(each) for each in chain(network.parameters(), network.buffers())}


def has_a_state_beyond(state: set[int], module: nn.Module) -> bool:
    """Return whether training would change something in the layer that is not in ``state``."""
    # What torch.func.functional_call lends to a layer is a tensor and no parameter.
    own = [
        each
        for each in module.parameters(recurse=False)
        if isinstance(each, nn.Parameter) and each.requires_grad
    ]
    running = getattr(module, "running_mean", None)
    return any(id(each) not in state for each in (*own, *([] if running is None else [running])))


def _whole(module: nn.Module, path: str) -> tuple[nn.Module, int | None]:
    """Return the block that is being made with a layer in it, and in which line of the file."""
    whole, frame = module, sys._getframe().f_back
    while frame:
        code = frame.f_code
        if code.co_name == "__init__":
            made = frame.f_locals.get(code.co_varnames[0])
            whole = made if isinstance(made, nn.Module) else whole
        elif code.co_filename == path:
            return whole, frame.f_lineno
        frame = frame.f_back
    return module, None


def line_running(path: str) -> int | None:
    """Return the line of the file that is being run, innermost."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame.f_code.co_filename == path else None
