"""An end to code that does not end by itself."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
