"""Choose the engine for a network: fused kernels if they fit, else PyTorch's own layers."""

import copy
import importlib.util
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from cnnlab.seeding import seeded
from cnnlab.training.engines.memory import keep_freed_memory

if TYPE_CHECKING:
    from cnnlab.training.engines.capture import Plan


class CopiedViews(TorchFunctionMode):
    """Inside the block, ``x.view(...)`` of a layout that has no such view copies, as reshape does.

    Tutorials write ``x.view(-1, 400)``, which PyTorch refuses for channels-last maps.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of PyTorch; a view that is refused becomes a reshape."""
        if func is not torch.Tensor.view:
            return func(*args, **(kwargs or {}))
        try:
            return func(*args, **(kwargs or {}))
        except RuntimeError:
            return args[0].reshape(*args[1:], **(kwargs or {}))


@dataclass(frozen=True)
class Layout:
    """How a network's tensors lie in memory, and whether its views must copy for that."""

    memory_format: torch.memory_format = torch.contiguous_format
    copies_views: bool = False

    def views(self) -> AbstractContextManager[object]:
        """Return the block inside which the network's views work."""
        return CopiedViews() if self.copies_views else nullcontext()


@dataclass(frozen=True)
class Engine:
    """How a network's layers run, and why."""

    name: Literal["fused kernels", "PyTorch's own layers"]
    reason: str = ""
    layout: Layout = Layout()
    plan: "Plan | None" = None

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name

    @contextmanager
    def applied(self, model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
        """Move a network to a device and run its layers this way inside the block."""
        if device.type == "cpu":
            keep_freed_memory()
        model = model.to(device=device, memory_format=self.layout.memory_format)  # type: ignore[call-overload]
        with self.layout.views():
            if self.name == "fused kernels":
                from cnnlab.training.engines.capture import fused
                from cnnlab.training.engines.workers import one_pytorch_thread

                is_small = self.plan is not None and self.plan.leaves_little
                threads = one_pytorch_thread() if is_small else nullcontext()
                with threads, fused(model, plan=self.plan):
                    yield model
            else:
                yield model


def engine_for(model: nn.Module, device: torch.device) -> Engine:
    """Return the fastest engine that can run a network on a device."""
    reason = ""
    if device.type == "cpu":
        if importlib.util.find_spec("llvmlite") is None:
            reason = "for fused kernels: pip install 'cnnlab[fast]'"
        else:
            from cnnlab.training.engines.capture import plan_for
            from cnnlab.training.engines.lanes import this_processor

            plan = plan_for(model, _images(model))
            if plan.convolutions:
                layout = fastest_layout(model) if plan.is_partial else Layout()
                reason = (
                    f"{', '.join(plan.in_order)} and the activation and pooling after each, "
                    f"{this_processor().lanes} images at once; PyTorch's own layers run the rest"
                )
                return Engine("fused kernels", reason, layout, plan)
            reason = "no convolution gains by a fused kernel"
    return Engine("PyTorch's own layers", reason, fastest_layout(model))


def fastest_layout(model: nn.Module) -> Layout:
    """Return channels-last if a network computes the same in it, else the usual layout.

    PyTorch's convolutions are fastest on channels-last tensors (docs/log.md), but a view such as
    ``x.view(-1, 400)`` of channels-last maps is an error. Only a pass through a copy can tell.
    """
    usual, *fast = (
        Layout(),
        Layout(torch.channels_last),
        Layout(torch.channels_last, copies_views=True),
    )
    try:
        expected = _tried(model, usual)
    except Exception:  # whatever a user's network raises; in training it says so itself
        return usual
    for layout in fast:
        try:
            found = _tried(model, layout)
        except Exception:  # noqa: S112  # then the next layout
            continue
        # A copied view that is written to leaves the maps as they were.
        if torch.allclose(expected, found, rtol=1e-3, atol=1e-3, equal_nan=True):
            return layout
    return usual


def _tried(model: nn.Module, layout: Layout) -> torch.Tensor:
    """Return what a copy of a network computes in a layout, after it has computed gradients."""
    images = _images(model)
    with seeded(0), torch.enable_grad(), layout.views():
        copied = copy.deepcopy(model).to(memory_format=layout.memory_format)  # type: ignore[call-overload]
        copied.train()(images).sum().backward()
        logits: torch.Tensor = copied.eval()(images)
        return logits.detach()


def _images(model: nn.Module) -> torch.Tensor:
    """Return a few images to try a network with, on its device."""
    first = next(model.parameters(), None)
    levels = torch.linspace(-1, 1, 4, device=None if first is None else first.device)
    return levels.view(4, 1, 1, 1).repeat(1, 1, 32, 32)
