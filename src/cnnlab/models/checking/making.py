"""Layers as they are made: in which line of the file each is, and when they become too many."""

import weakref
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.parameter import is_lazy

from cnnlab.models.checking.finding import FaultError, Finding
from cnnlab.models.checking.mistakes import TOO_LARGE
from cnnlab.models.checking.strangers import line_running
from cnnlab.words import with_article

MOST_PARAMETERS = 250_000_000
"""With its gradients, the optimizer's state and a copy on its way to the disk: 4 GB."""
_BYTES = 4


@contextmanager
def lines_of_layers(path: str) -> Iterator[MutableMapping[nn.Module, int]]:
    """Note in which line of the file each layer is made inside the block.

    One of PyTorch's is made where it is called; one of the file's own where its weights are.
    """
    # Weak, so that a layer which the network does not keep is gone as it is without a check.
    lines: MutableMapping[nn.Module, int] = weakref.WeakKeyDictionary()
    plain_init = nn.Module.__init__

    def note(module: nn.Module) -> None:
        line = line_running(path)
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


@contextmanager
def too_large_refused(path: str) -> Iterator[None]:
    """Raise `FaultError` inside the block before more is drawn than a laptop can train."""
    drawn = _Drawn()

    def count(module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        if parameter is None or is_lazy(parameter) or parameter.is_meta:
            return
        drawn.add(module, parameter)
        if drawn.total > MOST_PARAMETERS:
            raise FaultError(_too_large(drawn, line_running(path)), path)

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


class _Drawn:
    """The parameters that are there at a time, each counted once, in whatever layers it is."""

    def __init__(self) -> None:
        self.total = 0
        self._there: dict[int, tuple[weakref.ref[nn.Parameter], str, int, int]] = {}

    def add(self, module: nn.Module, parameter: nn.Parameter) -> None:
        """Count a parameter of a layer until it is gone."""
        key, size = id(parameter), parameter.numel()
        if key in self._there:
            return

        def gone(_: object) -> None:
            del self._there[key]
            self.total -= size

        self.total += size
        self._there[key] = weakref.ref(parameter, gone), type(module).__name__, id(module), size

    def largest(self) -> tuple[str, int]:
        """Return which kind of layer has most of them, and how many."""
        sizes: Counter[tuple[str, int]] = Counter()
        for _, kind, layer, size in self._there.values():
            sizes[kind, layer] += size
        (((kind, _), most),) = sizes.most_common(1)
        return kind, most


def _too_large(drawn: _Drawn, line: int | None) -> Finding:
    kind, most = drawn.largest()
    the = f"By line {line} the" if line else "The"
    return Finding(
        "too-large",
        f"{the} network has {drawn.total:,} parameters or more: {drawn.total * _BYTES / 1e9:.1f} "
        f"GB, and training takes four times that. cnnlab takes up to {MOST_PARAMETERS:,}. The "
        f"largest layer is {with_article(kind)} with {most:,}: {TOO_LARGE}",
        line,
    )
