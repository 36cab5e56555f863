"""What cnnlab records while a user's code runs: lines, unregistered layers, side effects."""

import sys
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterator, MutableMapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from typing import Any, TextIO, cast

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_pre_hook,
    register_module_parameter_registration_hook,
)
from torch.nn.parameter import is_lazy

from cnnlab.custom.advice import MAKE_SMALLER
from cnnlab.custom.finding import FaultError, Finding
from cnnlab.wording import with_article


@dataclass(frozen=True)
class UnregisteredLayer:
    """A layer with weights that forward calls, but that is not part of the network.

    ``block`` is the block that the layer was made for, or the layer itself; a pass made it in
    ``block_line``, or that is None.
    """

    module: nn.Module
    call_line: int | None
    is_made_in_forward: bool
    block: nn.Module
    block_line: int | None


@contextmanager
def record_unregistered_layers(
    network: nn.Module, path: str, made: Collection[nn.Module]
) -> Iterator[list[UnregisteredLayer]]:
    """Record each layer that is called inside the block and is not part of the network, once.

    Only layers with weights or running means count. ``made`` holds all layers that the file has
    made; it grows while the block runs.
    """
    # By identity: code that torch.compile traces cannot look up a module in a set.
    members = {id(each) for each in network.modules()}
    state = state_ids(network)
    made_before = set(made)
    unregistered: dict[nn.Module, UnregisteredLayer] = {}
    blocks: dict[nn.Module, tuple[nn.Module, int | None]] = {}

    def note(module: nn.Module, _given: tuple[Any, ...]) -> None:
        if id(module) in members:
            return
        if network.training and not torch.is_grad_enabled():
            return  # such as a teacher: what the output needs is called in evaluation mode too
        if module in unregistered or not has_state_beyond(state, module):
            return
        is_new = module in made and module not in made_before
        block, line = blocks.get(module, (module, None))
        unregistered[module] = UnregisteredLayer(module, running_line(path), is_new, block, line)

    def note_block(module: nn.Module, *_: object) -> None:
        blocks.setdefault(module, _block_being_made(module, path))

    noted: list[UnregisteredLayer] = []
    handles = (
        register_module_forward_pre_hook(note),
        register_module_parameter_registration_hook(note_block),
    )
    try:
        yield noted
    finally:
        for handle in handles:
            handle.remove()
        noted += unregistered.values()


def state_ids(network: nn.Module) -> set[int]:
    """Return the identities of a network's parameters and buffers."""
    return {id(each) for each in chain(network.parameters(), network.buffers())}


def has_state_beyond(state: set[int], module: nn.Module) -> bool:
    """Return whether training would change a tensor of the layer that is not in ``state``."""
    # What torch.func.functional_call lends to a layer is a tensor, not a parameter.
    own = [
        each
        for each in module.parameters(recurse=False)
        if isinstance(each, nn.Parameter) and each.requires_grad
    ]
    running = getattr(module, "running_mean", None)
    return any(id(each) not in state for each in (*own, *([] if running is None else [running])))


def _block_being_made(module: nn.Module, path: str) -> tuple[nn.Module, int | None]:
    """Return the outermost block whose __init__ makes a layer, and its line in the file."""
    block, frame = module, sys._getframe().f_back
    while frame:
        code = frame.f_code
        if code.co_name == "__init__":
            made = frame.f_locals.get(code.co_varnames[0])
            block = made if isinstance(made, nn.Module) else block
        elif code.co_filename == path:
            return block, frame.f_lineno
        frame = frame.f_back
    return module, None


def running_line(path: str) -> int | None:
    """Return the innermost line of the file that is running."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame.f_code.co_filename == path else None


MOST_PARAMETERS = 250_000_000
"""They take 4 GB with gradients, optimizer state and the copy that is being saved."""
_BYTES = 4


@contextmanager
def record_layer_lines(path: str) -> Iterator[MutableMapping[nn.Module, int]]:
    """Record the line of the file that makes each layer inside the block.

    For a layer of PyTorch it is the line of the call; for a class of the file, the line of its
    first parameter.
    """
    # Weak keys, so that a layer that the network does not keep is freed as it is without a check.
    lines: MutableMapping[nn.Module, int] = weakref.WeakKeyDictionary()
    plain_init = nn.Module.__init__

    def note(module: nn.Module) -> None:
        line = running_line(path)
        if line:
            lines.setdefault(module, line)

    def noting_init(module: nn.Module, *given: Any, **named: Any) -> None:
        if type(module).__module__.startswith("torch."):
            note(module)
        plain_init(module, *given, **named)

    handle = register_module_parameter_registration_hook(lambda module, *_: note(module))
    nn.Module.__init__ = noting_init  # type: ignore[assignment, method-assign]  # PyTorch has no hook for it
    try:
        yield lines
    finally:
        nn.Module.__init__ = plain_init  # type: ignore[method-assign]
        handle.remove()


class SeedLines:
    """The lines of a file that set PyTorch's seed, by the stage in which they did."""

    def __init__(self) -> None:
        self.stage = "reading"
        self.lines: dict[str, int] = {}


@contextmanager
def record_seed_lines(path: str) -> Iterator[SeedLines]:
    """Record the lines of the file that call torch.manual_seed inside the block."""
    seed_lines, plain_seed = SeedLines(), torch.manual_seed

    def noting_seed(seed: int) -> torch.Generator:
        line = running_line(path)
        if line:
            seed_lines.lines.setdefault(f"seed-{seed_lines.stage}", line)
        return plain_seed(seed)

    torch.manual_seed = torch.random.manual_seed = noting_seed
    try:
        yield seed_lines
    finally:
        torch.manual_seed = torch.random.manual_seed = plain_seed


@contextmanager
def refuse_too_large(path: str) -> Iterator[None]:
    """Raise `FaultError` inside the block before a network is too large for a laptop to train."""
    drawn = _ParameterCount()

    def count(module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        if parameter is None or is_lazy(parameter) or parameter.is_meta:
            return
        drawn.add(module, parameter)
        if drawn.total > MOST_PARAMETERS:
            raise FaultError(_too_large(drawn, running_line(path)), path)

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


class _ParameterCount:
    """The parameters that exist now, each counted once even if several layers share it."""

    def __init__(self) -> None:
        self.total = 0
        self._there: dict[int, tuple[weakref.ref[nn.Parameter], str, int, int]] = {}

    def add(self, module: nn.Module, parameter: nn.Parameter) -> None:
        """Count a parameter of a layer for as long as it exists."""
        key, size = id(parameter), parameter.numel()
        if key in self._there:
            return

        def gone(_: object) -> None:
            del self._there[key]
            self.total -= size

        self.total += size
        self._there[key] = weakref.ref(parameter, gone), type(module).__name__, id(module), size

    def largest(self) -> tuple[str, int]:
        """Return the kind of the layer that has most parameters, and their number."""
        sizes: Counter[tuple[str, int]] = Counter()
        for _, kind, layer, size in self._there.values():
            sizes[kind, layer] += size
        (((kind, _), most),) = sizes.most_common(1)
        return kind, most


def _too_large(drawn: _ParameterCount, line: int | None) -> Finding:
    kind, most = drawn.largest()
    the = f"By line {line} the" if line else "The"
    gigabytes = drawn.total * _BYTES / 1e9
    return Finding(
        "too-large",
        f"{the} network has at least {drawn.total:,} parameters ({gigabytes:.1f} GB), and training "
        f"needs four times that memory. cnnlab allows {MOST_PARAMETERS:,} parameters. The largest "
        f"layer is {with_article(kind)} with {most:,} parameters. {MAKE_SMALLER}",
        line,
    )


UNDER_MAIN = 'under if __name__ == "__main__": at the end of the file.'
"""Where to put code that must not run each time cnnlab reads the file."""


@dataclass
class SideEffects:
    """The lines in which a file first trained and first printed when cnnlab read it, if any."""

    train_line: int | None = None
    print_line: int | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield what the file should do only when the user starts it."""
        line = self.train_line or self.print_line
        if line:
            does = "trains" if self.train_line else "prints"
            message = (
                f"Line {line} {does} each time cnnlab reads the file. Delete it, or put it "
                f"{UNDER_MAIN}"
            )
            yield Finding("top-level", message, line)


@contextmanager
def record_side_effects(path: str) -> Iterator[SideEffects]:
    """Record the side effects of the file that runs inside the block; it prints as before."""
    effects = SideEffects()
    plain_backward = torch.autograd.backward
    is_over = False  # the file may have kept the stream, or backward, for later

    def noting_backward(*given: Any, **named: Any) -> None:
        if not is_over:
            effects.train_line = effects.train_line or running_line(path)
        plain_backward(*given, **named)

    def note_print() -> None:
        if not is_over:
            effects.print_line = effects.print_line or running_line(path)

    torch.autograd.backward = noting_backward  # PyTorch has no hook for it
    try:
        with redirect_stdout(cast(TextIO, _WatchedStream(sys.stdout, note_print))):
            yield effects
    finally:
        is_over = True
        torch.autograd.backward = plain_backward


class _WatchedStream:
    """A stream that calls a function at each write."""

    def __init__(self, stream: TextIO, note: Callable[[], None]) -> None:
        self._stream = stream
        self._note = note

    def write(self, text: str) -> int:
        self._note()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


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
