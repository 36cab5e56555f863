"""Layers as they are made: in which line of the file each is."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from cnnlab.models.checking.strangers import line_running


@contextmanager
def lines_of_layers(path: str) -> Iterator[dict[nn.Module, int]]:
    """Note in which line of the file each layer with parameters is made inside the block."""
    lines: dict[nn.Module, int] = {}

    def note(module: nn.Module, _name: str, _parameter: nn.Parameter) -> None:
        line = line_running(path)
        if line:
            lines.setdefault(module, line)

    handle = register_module_parameter_registration_hook(note)
    try:
        yield lines
    finally:
        handle.remove()
