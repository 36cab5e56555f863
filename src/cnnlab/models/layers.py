"""The layers of a network: in which order they are called, and what each costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Shape = tuple[int, ...]
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class Layer:
    """A row of a network's table.

    ``output_shape`` is without the batch; empty where the output is no tensor. Multiply-
    accumulates are of a forward pass of one image; 0 of all but linear and convolutional layers.
    A layer that is called twice has two rows, its parameters in the first.
    """

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    multiply_accumulates: int


@dataclass
class Call:
    """A leaf module at work: the shape it was given, and what it gave, None until it is done."""

    name: str
    module: nn.Module
    input_shape: Shape
    output: torch.Tensor | None = None
    is_done: bool = False
    is_finite: bool = True

    @property
    def kind(self) -> str:
        """What PyTorch calls such a layer."""
        return type(self.module).__name__


@contextmanager
def record_calls(network: nn.Module) -> Iterator[list[Call]]:
    """Note each call of a leaf module inside the block, in order."""
    calls: list[Call] = []
    handles = []
    for name, module in network.named_modules():
        if _is_leaf(name, module):

            def before(
                module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], name: str = name
            ) -> None:
                calls.append(Call(name or type(module).__name__, module, _shape(given, named)))

            def after(module: nn.Module, _given: tuple[Any, ...], output: Any) -> None:
                call = next(each for each in reversed(calls) if each.module is module)
                call.output = output if isinstance(output, torch.Tensor) else None
                call.is_done = True
                call.is_finite = call.output is None or bool(call.output.detach().isfinite().all())

            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _is_leaf(name: str, module: nn.Module) -> bool:
    """Return whether a module is a layer of its own; one with normalised weights still is."""
    parts = {part for part, _ in module.named_children()} - {"parametrizations"}
    within = "parametrizations" in name.split(".")
    return not (parts or within or isinstance(module, torch.jit.ScriptModule))


def _shape(given: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    tensors = (each for each in (*given, *named.values()) if isinstance(each, torch.Tensor))
    return next((tuple(each.shape) for each in tensors), ())


def tabulate(calls: list[Call], images: int) -> tuple[Layer, ...]:
    """Return a row for each call that came back, of a batch of so many images."""
    rows: list[Layer] = []
    seen: set[nn.Module] = set()
    for call in calls:
        if not call.is_done:
            continue
        parameters = sum(each.numel() for each in call.module.parameters())
        rows.append(
            Layer(
                name=call.name,
                kind=call.kind,
                output_shape=() if call.output is None else tuple(call.output.shape[1:]),
                parameters=0 if call.module in seen else parameters,
                multiply_accumulates=_products(call) // images,
            )
        )
        seen.add(call.module)
    return tuple(rows)


def _products(call: Call) -> int:
    """Return the multiply-accumulates of a call, of all its images."""
    layer = call.module
    if call.output is None or not isinstance(layer, (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED)):
        return 0
    # Each output of a filter takes its weights once; a transposed one gives each input to them.
    is_transposed = isinstance(layer, _TRANSPOSED)
    sites = torch.Size(call.input_shape) if is_transposed else call.output.shape
    return sites.numel() * layer.weight[0].numel()
