"""An end to code that does not end by itself."""

import ctypes
import io
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import chain
from typing import TextIO

import torch
from torch import nn

from cnnlab.seeding import seeded


class TooSlowError(BaseException):
    """Code took longer than it may; no ``except Exception`` of the code itself holds it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` inside the block when it has taken so long.

    Works in any thread and on any system. A single call of compiled code is waited for.
    """
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    thread = ctypes.c_ulong(threading.get_ident())
    lock, is_over = threading.Lock(), False

    def stop() -> None:
        with lock:
            if not is_over:
                raise_in(thread, ctypes.py_object(TooSlowError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            is_over = True
        raise_in(thread, None)  # what was about to be raised comes too late
        timer.cancel()


TIME_LIMIT_SECONDS = 60.0
"""How long a file, its network and the passes through it may take together."""
PROCESS_LOCK = threading.RLock()
"""Held while something of the whole process is other than usual: two threads would mix it up."""
NOTICE_SECONDS = 2.5
"""After how many seconds a person is told what is waited for."""


@contextmanager
def isolation(on_waiting: Callable[[], None]) -> Iterator[None]:
    """Run the block with no output, no input, a time limit, and random numbers of its own.

    The generators of PyTorch (on the CPU), NumPy and Python are left as they were. After
    `NOTICE_SECONDS` seconds ``on_waiting`` is called, which may write on standard error. Raises
    `TooSlowError` after `TIME_LIMIT_SECONDS`.
    """
    with PROCESS_LOCK:
        standard_input, standard_error = sys.stdin, sys.stderr
        sys.stdin = io.StringIO()
        try:
            with (
                seeded(0),
                redirect_stdout(_null_stream()),
                redirect_stderr(_null_stream()),
                _announce_waiting(on_waiting, standard_error),
                warnings.catch_warnings(),
                time_limit(TIME_LIMIT_SECONDS),
            ):
                warnings.simplefilter("ignore")
                yield
        finally:
            sys.stdin = standard_input


@contextmanager
def _announce_waiting(on_waiting: Callable[[], None], standard_error: TextIO) -> Iterator[None]:
    def tell() -> None:
        with redirect_stderr(standard_error):
            on_waiting()

    timer = threading.Timer(NOTICE_SECONDS, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # else it could put back the stream that it found after we have put back ours


def _null_stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


@contextmanager
def preserve_state(network: nn.Module) -> Iterator[None]:
    """Leave a network's weights, buffers, gradients and modes as they were before the block."""
    tensors = [
        (each, each.detach().clone(), each.grad)
        for each in chain(network.parameters(), network.buffers())
    ]
    modes = [(each, each.training) for each in network.modules()]
    for each, _, _ in tensors:
        each.grad = None
    try:
        yield
    finally:
        with torch.no_grad():
            for each, before, gradient in tensors:
                each.copy_(before)
                each.grad = gradient
        for module, is_training in modes:
            module.training = is_training
