"""Choose the engine for a network: fused kernels if they fit, else PyTorch's own layers."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from cnnlab.training.engines.memory import keep_freed_memory


@dataclass(frozen=True)
class Engine:
    """How a network's layers run, and why."""

    name: Literal["fused kernels", "PyTorch's own layers"]
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name

    @contextmanager
    def applied(self, model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
        """Move a network to a device and run its layers this way inside the block.

        PyTorch's convolutions are fastest on channels-last tensors (docs/log.md).
        """
        if device.type == "cpu":
            keep_freed_memory()
        if self.name == "fused kernels":
            from cnnlab.training.engines.fused import fused

            with fused(model.to(device=device, memory_format=torch.contiguous_format)):  # type: ignore[call-overload]
                yield model
        else:
            yield model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def engine_for(model: nn.Module, device: torch.device) -> Engine:
    """Return the fastest engine that can run a network on a device."""
    if device.type != "cpu":
        return Engine("PyTorch's own layers")
    if importlib.util.find_spec("llvmlite") is None:
        reason = "for fused kernels: pip install 'cnnlab[fast]'"
        return Engine("PyTorch's own layers", reason)
    from cnnlab.training.engines.fused import fusable
    from cnnlab.training.engines.lanes import this_processor

    if not fusable(model):
        reason = "no convolution in an nn.Sequential fits a fused kernel"
        return Engine("PyTorch's own layers", reason)
    return Engine("fused kernels", f"{this_processor().lanes} images at once")
