"""Choose the engine for a network: fused kernels if they fit, else PyTorch's own layers."""

import copy
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from cnnlab.seeding import seeded
from cnnlab.training.engines.memory import keep_freed_memory


@dataclass(frozen=True)
class Engine:
    """How a network's layers run, and why."""

    name: Literal["fused kernels", "PyTorch's own layers"]
    reason: str = ""
    memory_format: torch.memory_format = torch.contiguous_format

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name

    @contextmanager
    def applied(self, model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
        """Move a network to a device and run its layers this way inside the block."""
        if device.type == "cpu":
            keep_freed_memory()
        model = model.to(device=device, memory_format=self.memory_format)  # type: ignore[call-overload]
        if self.name == "fused kernels":
            from cnnlab.training.engines.fused import fused

            with fused(model):
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
            from cnnlab.training.engines.fused import fusable
            from cnnlab.training.engines.lanes import this_processor

            if fusable(model):
                return Engine("fused kernels", f"{this_processor().lanes} images at once")
            reason = "no convolution in an nn.Sequential fits a fused kernel"
    return Engine("PyTorch's own layers", reason, _fastest_format(model))


def _fastest_format(model: nn.Module) -> torch.memory_format:
    """Return channels-last if a network can compute in it, else the usual layout.

    PyTorch's convolutions are fastest on channels-last tensors (docs/log.md), but a view such as
    ``x.view(-1, 400)`` of channels-last maps is an error. Only a pass through a copy can tell.
    """
    first = next(model.parameters(), None)
    levels = torch.linspace(-1, 1, 4, device=None if first is None else first.device)
    images = levels.view(4, 1, 1, 1).repeat(1, 1, 32, 32)
    try:
        with seeded(0), torch.enable_grad():
            copied = copy.deepcopy(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            copied.train()(images).sum().backward()
            copied.eval()(images)
    except Exception:  # whatever a user's network raises; in the usual layout it says so itself
        return torch.contiguous_format
    return torch.channels_last
