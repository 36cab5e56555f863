"""Layers as they are made: in which line of the file each is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from cnnlab.models.checking.strangers import line_running


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
