"""Run a user's code isolated: no output, no input, a time limit, its own random numbers."""

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
    """Code reached the time limit; an ``except Exception`` in that code does not catch it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` inside the block when the time is over.

    This works in any thread and on any system, but a single call of compiled code ends first.
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
        raise_in(thread, None)  # an error that was about to be raised comes too late
        timer.cancel()


TIME_LIMIT_SECONDS = 60.0
"""How long it may take to run a file, make its network and try that out, all together."""
PROCESS_LOCK = threading.RLock()
"""Held while a setting of the whole process is changed, so that two threads do not mix them up."""
NOTICE_SECONDS = 2.5
"""After how many seconds a message says what cnnlab is waiting for."""


@contextmanager
def isolation(on_waiting: Callable[[], None]) -> Iterator[None]:
    """Run the block with no output, no input, a time limit, and its own random numbers.

    The generators of PyTorch (on the CPU), NumPy and Python stay as they were. ``on_waiting`` is
    called after `NOTICE_SECONDS`, and may write to standard error. Raises `TooSlowError` after
    `TIME_LIMIT_SECONDS`.
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
        timer.join()  # otherwise it could restore the stream that it found after we restore ours


def _null_stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


@contextmanager
def preserve_state(network: nn.Module) -> Iterator[None]:
    """Restore a network's weights, buffers, gradients and modes after the block."""
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
