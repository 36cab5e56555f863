"""The layers of a network: the order of their calls, and what each costs."""

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
    """A row of a network's table: one call of a layer.

    ``output_shape`` leaves out the batch; it is empty if the output is not a tensor.
    ``multiply_accumulates`` counts those of one image in a forward pass, in linear and
    convolutional layers; it is 0 for all others. A layer that is called twice has two rows, and
    its parameters are in the first.
    """

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    multiply_accumulates: int


@dataclass
class Call:
    """A call of a leaf module: the shape of its input, and its output, None until it is done."""

    name: str
    module: nn.Module
    input_shape: Shape
    output: torch.Tensor | None = None
    is_done: bool = False
    is_finite: bool = True

    @property
    def kind(self) -> str:
        """PyTorch's name for such a layer."""
        return type(self.module).__name__


@contextmanager
def record_calls(network: nn.Module) -> Iterator[list[Call]]:
    """Record each call of a leaf module inside the block, in order."""
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
    """Return whether a module has no parts; a parametrization of its weights is not a part."""
    parts = {part for part, _ in module.named_children()} - {"parametrizations"}
    within = "parametrizations" in name.split(".")
    return not (parts or within or isinstance(module, torch.jit.ScriptModule))


def _shape(given: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    tensors = (each for each in (*given, *named.values()) if isinstance(each, torch.Tensor))
    return next((tuple(each.shape) for each in tensors), ())


def tabulate(calls: list[Call], images: int) -> tuple[Layer, ...]:
    """Return a row for each call that ended, for a batch of that many images."""
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
    """Return the multiply-accumulates of a call for all its images."""
    layer = call.module
    if call.output is None or not isinstance(layer, (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED)):
        return 0
    # Each output uses the filter's weights once; in a transposed convolution, each input does.
    is_transposed = isinstance(layer, _TRANSPOSED)
    sites = torch.Size(call.input_shape) if is_transposed else call.output.shape
    return sites.numel() * layer.weight[0].numel()
