"""Read damaged bytes and watch the time, the memory and the end."""

import ctypes
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

from cnnlab.errors import CnnlabError

SECONDS = 10
CONSTANT = 40 << 20
"""Bytes that any reading may use, even of a small file."""
_STATUS = Path("/proc/self/status")


class HangError(BaseException):
    """A reading took longer than allowed."""


def try_once(read: Callable[[], str], honest_size: int) -> tuple[str, str | None]:
    """Return how a reading ended, and what was wrong with it or None.

    Good endings are a `CnnlabError` with a message, and any ending that ``read`` returns.
    """
    _give_back_freed()
    before = _memory("VmRSS")
    _forget_peak()
    try:
        with _at_most(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("error")
            ending = read()
    except CnnlabError as error:
        ending = "refused"
        if len(str(error)) < 20:
            return ending, f"says too little: {error}"
    except HangError:
        return "hung", f"took more than {SECONDS} s: {traceback.format_exc(limit=-4)}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "raised", "".join(traceback.format_exception(error, limit=-5))[:3000]
    taken = _memory("VmHWM") - before
    if taken > 2 * honest_size + CONSTANT:
        return ending, f"took {taken:,} bytes of memory for a file of {honest_size:,}"
    return ending, None


@contextmanager
def _at_most(seconds: float):
    def stop(*_):
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _memory(name: str) -> int:
    if not _STATUS.exists():
        return 0
    (line,) = (each for each in _STATUS.read_text().splitlines() if each.startswith(name + ":"))
    return 1024 * int(line.split()[1])


def _give_back_freed() -> None:
    """Return freed memory to the system: reused memory would hide a reading's use."""
    with suppress(OSError, AttributeError):  # only glibc has the function
        ctypes.CDLL(None).malloc_trim(0)


def _forget_peak() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
            os.write(file.fileno(), b"5")
    except OSError:
        pass
