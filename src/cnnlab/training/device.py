"""The device that trains, and how the CPU reuses its memory."""

import ctypes
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from cnnlab.errors import DeviceError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_DASKS_OWN = "65536"  # what Dask sets for each of its workers: a person did not choose it
_KEEP_BYTES = (1 << 30, 1 << 25)  # older versions of glibc refuse the larger


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
    return f"CPU, {torch.get_num_threads()} threads, {_processor()}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def keep_freed_memory() -> bool:
    """Let glibc's allocator reuse large blocks of memory; return whether that worked.

    By default glibc returns each freed activation to the kernel and requests it again in the
    next step; the page faults cost a third of an epoch. With this setting the process keeps its
    peak of memory until it ends. Nothing else changes. Without glibc, this does nothing. A process
    that set ``MALLOC_MMAP_THRESHOLD_`` or ``MALLOC_TRIM_THRESHOLD_`` keeps its own setting.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return False
    names = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    if any(os.environ.get(name, _DASKS_OWN) != _DASKS_OWN for name in names):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    done = [
        any(mallopt(parameter, size) for size in _KEEP_BYTES)
        for parameter in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)
    ]
    return all(done)
