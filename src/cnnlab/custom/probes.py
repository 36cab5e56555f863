"""What cnnlab notes while a user's code runs: lines of layers, their size, side effects."""

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_pre_hook,
    register_module_parameter_registration_hook,
)
from torch.nn.parameter import is_lazy

from cnnlab.custom.trial import Stage, TooLarge
from cnnlab.errors import CnnlabError

MOST_PARAMETERS = 250_000_000
"""They take 4 GB with gradients, optimizer state and the copy that is being saved."""


class TooLargeError(CnnlabError):
    """The network is too large for a laptop to train."""

    def __init__(self, seen: TooLarge) -> None:
        super().__init__(seen)
        self.seen = seen


class Notes:
    """The lines of a file that made layers, set seeds, trained and printed, by stage.

    For a layer of PyTorch it is the line of the call; for a class of the file, the line of its
    first parameter. ``stage`` says what runs now. ``born_in_a_pass`` are the layers that a pass
    made, with the line outside of any __init__. Parameters are counted up to the first network.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.stage: Stage = "reading"
        self.is_first_network = True
        # Weak keys, so that a layer that the network does not keep is freed as without a check.
        self.lines: MutableMapping[nn.Module, int] = WeakKeyDictionary()
        self.born_in_a_pass: MutableMapping[nn.Module, int | None] = WeakKeyDictionary()
        self.seeds: dict[Stage, int] = {}
        self.top_level_trains: int | None = None
        self.top_level_prints: int | None = None
        self._parameters: WeakValueDictionary[int, nn.Parameter] = WeakValueDictionary()
        self._owners: dict[int, tuple[str, int]] = {}

    def note_module(self, module: nn.Module) -> None:
        """Note a module that is being made."""
        if self.stage == "trying":
            self.born_in_a_pass.setdefault(module, self.running_line(is_init_skipped=True))
        if type(module).__module__.startswith("torch."):
            self.note_line(module)

    def note_parameter(self, module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        """Note a layer that gets a parameter; refuse it if the network is too large by then."""
        self.note_line(module)
        if parameter is None or is_lazy(parameter) or parameter.is_meta:
            return
        if not self.is_first_network:
            return
        self._parameters[id(parameter)] = parameter
        self._owners.setdefault(id(parameter), (type(module).__name__, id(module)))
        sizes = Counter[tuple[str, int]]()
        for key, each in self._parameters.items():
            sizes[self._owners[key]] += each.numel()
        if sizes.total() > MOST_PARAMETERS:
            (((kind, _), most),) = sizes.most_common(1)
            raise TooLargeError(
                TooLarge(sizes.total(), kind, most, MOST_PARAMETERS, self.running_line())
            )

    def note_line(self, module: nn.Module) -> None:
        """Note the line that makes a layer, the first time."""
        line = self.running_line()
        if line:
            self.lines.setdefault(module, line)

    def note_seed(self) -> None:
        """Note the line that sets a seed."""
        line = self.running_line()
        if line:
            self.seeds.setdefault(self.stage, line)

    def note_training(self) -> None:
        """Note the line that starts a backward pass while the file is read."""
        if self.stage == "reading":
            self.top_level_trains = self.top_level_trains or self.running_line()

    def note_print(self) -> None:
        """Note the line that prints while the file is read."""
        if self.stage == "reading":
            self.top_level_prints = self.top_level_prints or self.running_line()

    def running_line(self, *, is_init_skipped: bool = False) -> int | None:
        """Return the innermost line of the file that is running, that of an __init__ or not."""
        frame = sys._getframe()
        while frame.f_back and (
            frame.f_code.co_filename != self.path
            or (is_init_skipped and frame.f_code.co_name == "__init__")
        ):
            frame = frame.f_back
        return frame.f_lineno if frame.f_code.co_filename == self.path else None


@contextmanager
def take_notes(path: str) -> Iterator[Notes]:
    """Note what a file does inside the block, which prints nothing, and for which nobody types."""
    notes = Notes(path)
    plain_init, plain_seed = nn.Module.__init__, torch.manual_seed
    plain_backward, standard_input = torch.autograd.backward, sys.stdin

    def noting_init(module: nn.Module, *given: Any, **named: Any) -> None:
        notes.note_module(module)
        plain_init(module, *given, **named)

    def noting_seed(seed: int) -> torch.Generator:
        notes.note_seed()
        return plain_seed(seed)

    def noting_backward(*given: Any, **named: Any) -> None:
        notes.note_training()
        plain_backward(*given, **named)

    handle = register_module_parameter_registration_hook(notes.note_parameter)
    # PyTorch has no hooks for these three.
    nn.Module.__init__ = noting_init  # type: ignore[assignment, method-assign]
    torch.manual_seed = torch.random.manual_seed = noting_seed
    torch.autograd.backward = noting_backward
    sys.stdin = io.StringIO()  # input() raises EOFError
    try:
        with (
            redirect_stdout(_NotedStream(notes.note_print)),
            redirect_stderr(_NotedStream(lambda: None)),
        ):
            yield notes
    finally:
        sys.stdin = standard_input
        torch.autograd.backward = plain_backward
        torch.manual_seed = torch.random.manual_seed = plain_seed
        nn.Module.__init__ = plain_init  # type: ignore[method-assign]
        handle.remove()


class _NotedStream(io.TextIOWrapper):
    """A stream that shows nothing, and calls a function at each write."""

    def __init__(self, note: Callable[[], None]) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self._note = note

    def write(self, text: str) -> int:
        self._note()
        return super().write(text)


@contextmanager
def record_strangers(network: nn.Module, notes: Notes) -> Iterator[dict[nn.Module, int | None]]:
    """Record each module that is called inside the block and is not a part of the network.

    The outermost comes first, each with the line of its first call.
    """
    # By identity: code that torch.compile traces cannot look up a module in a set.
    members = {id(each) for each in network.modules()}
    strangers: dict[nn.Module, int | None] = {}

    def note(module: nn.Module, _given: tuple[Any, ...]) -> None:
        if id(module) not in members and torch.is_grad_enabled() and module not in strangers:
            strangers[module] = notes.running_line()

    handle = register_module_forward_pre_hook(note)
    try:
        yield strangers
    finally:
        handle.remove()


@contextmanager
def preserve_state(network: nn.Module) -> Iterator[None]:
    """Restore a network's weights, buffers, gradients and modes after the block."""
    tensors = [
        (each, each.detach().clone(), each.grad)
        for each in chain(network.parameters(), network.buffers())
    ]
    modes = [(each, each.training) for each in network.modules()]
    for each, _, _ in tensors:
        each.grad = None
    try:
        yield
    finally:
        with torch.no_grad():
            for each, before, gradient in tensors:
                each.copy_(before)
                each.grad = gradient
        for module, is_training in modes:
            module.training = is_training
