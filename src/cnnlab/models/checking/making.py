"""Layers as they are made: in which line of the file each is, and when they become too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.parameter import is_lazy

from cnnlab.models.checking.finding import FaultError, Finding
from cnnlab.models.checking.mistakes import TOO_LARGE
from cnnlab.models.checking.strangers import line_running

MOST_PARAMETERS = 250_000_000
"""With its gradients, the optimizer's state and a copy on its way to the disk: 4 GB."""
_BYTES = 4


@contextmanager
def lines_of_layers(path: str) -> Iterator[dict[nn.Module, int]]:
    """Note in which line of the file each layer is made inside the block.

    One of PyTorch's is made where it is called; one of the file's own where its weights are.
    """
    lines: dict[nn.Module, int] = {}
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
    sizes: dict[nn.Module, int] = {}

    def count(module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        if parameter is None or is_lazy(parameter):
            return
        sizes[module] = sizes.get(module, 0) + parameter.numel()
        if sum(sizes.values()) > MOST_PARAMETERS:
            raise FaultError(_too_large(sizes, line_running(path)), path)

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _too_large(sizes: dict[nn.Module, int], line: int | None) -> Finding:
    total, largest = sum(sizes.values()), max(sizes, key=lambda each: sizes[each])
    the = f"With line {line} the" if line else "The"
    return Finding(
        "too-large",
        f"{the} network has {total:,} parameters or more: {total * _BYTES / 1e9:.1f} GB, and "
        f"training takes four times that. cnnlab takes up to {MOST_PARAMETERS:,}. The largest "
        f"layer is a {type(largest).__name__} with {sizes[largest]:,}: {TOO_LARGE}",
        line,
    )
