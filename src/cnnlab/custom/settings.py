"""The settings of the process that a user's file may change: they are restored after it."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch


@contextmanager
def unchanged_settings() -> Iterator[None]:
    """Restore the settings of the process that a user's file may change for its own use.

    They are PyTorch's and Python's (see `_SETTINGS`), the environment, and the working folder.
    Another network, or the next run, would not expect them. The file sees a command line without
    arguments.
    """
    before = [read() for read, _ in _SETTINGS]
    device, environment, folder, words = (
        torch.get_default_device(),
        dict(os.environ),
        Path.cwd(),
        sys.argv,
    )
    sys.argv = words[:1]  # the words of cnnlab's command are not for the file
    try:
        with torch.enable_grad(), warnings.catch_warnings():
            yield
    finally:
        sys.argv = words
        for (read, write), value in zip(_SETTINGS, before, strict=True):
            if read() != value:
                write(value)
        if torch.get_default_device() != device:
            # Setting it even to the CPU would slow down each call of PyTorch.
            torch.set_default_device(None if device.type == "cpu" else device)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        if Path.cwd() != folder:
            os.chdir(folder)


_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (np.geterr, lambda before: np.seterr(**before)),
)
"""Settings of the process that a file may change, each as its reader and its writer."""
