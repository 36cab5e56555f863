"""The device that trains."""

import platform
from pathlib import Path
from typing import Literal

import torch

from cnnlab.errors import DeviceError
from cnnlab.wording import counted

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def choose_device(name: DeviceName = "auto") -> torch.device:
    """Return the device of that name; "auto" tries CUDA, then Apple's MPS, then the CPU.

    Raises `DeviceError` if the machine has no such device.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    elif not available.get(name, False):
        here = ", ".join(kind for kind, there in available.items() if there)
        raise DeviceError(f"This machine has no device {name!r}. Use one of: auto, {here}.")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """Return a device's name, as a person would say it."""
    if device.type == "cuda":
        return f"CUDA, {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return "Apple GPU (MPS)"
    return f"CPU, {counted(torch.get_num_threads(), 'thread')}, {_processor()}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
