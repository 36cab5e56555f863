"""Call a student's code: it ends in time, prints little, and every failure becomes a sentence."""

import builtins
import copy
import dis
import io
import linecache
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from cnnlab.custom.advice import explain
from cnnlab.custom.trial import Raised

MOST_LINES, MOST_LETTERS = 10, 2000
"""How much of what a student's code prints is kept."""


class NotTriedError(Exception):
    """The placeholder of an answer is untouched. The message is a sentence."""


class NotYetError(Exception):
    """An answer is not right yet. The message says what was expected and what was found."""


class TimeOverError(BaseException):
    """The time of a check is over. An ``except Exception`` in a student's code does not stop it."""


class _KeyboardAskedError(Exception):
    """A student's code called input()."""


@dataclass(frozen=True)
class Code:
    """Where a student's code is: the name of its file or cell, and its text."""

    path: str = ""
    text: str = ""

    @classmethod
    def of(cls, answer: object) -> "Code":
        """Return where a function was written; in a notebook, that is a cell."""
        path = getattr(getattr(answer, "__code__", None), "co_filename", "")
        return cls(path, "".join(linecache.getlines(path)))


class Printed(io.TextIOBase):
    """Keeps the first lines that are printed, and counts the others."""

    def __init__(self) -> None:
        self._kept, self._letters, self._lines = "", 0, 0

    def write(self, text: str) -> int:
        """Keep a text, or count its lines."""
        self._letters += len(text)
        self._lines += text.count("\n")
        if self._kept.count("\n") < MOST_LINES:
            self._kept += text[: max(0, MOST_LETTERS - len(self._kept))]
        return len(text)

    @property
    def text(self) -> str:
        """What was printed, shortened."""
        lines = self._kept.splitlines()[:MOST_LINES]
        hidden = self._lines - len(lines)
        more = [f"... and {hidden:,} more lines"] if hidden > 0 else []
        if not more and self._letters > MOST_LETTERS:
            more = [f"... and {self._letters - MOST_LETTERS:,} more letters"]
        return "\n".join([*lines, *more])


@contextmanager
def watched(printed: Printed) -> Iterator[None]:
    """Keep what is printed inside the block, refuse input(), and hide warnings."""

    def refuse(*_: object) -> str:
        raise _KeyboardAskedError

    asked, builtins.input = builtins.input, refuse
    try:
        with redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        builtins.input = asked


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Return a block that raises `TimeOverError` after so many seconds.

    Where the system has an alarm, and in the main thread, it is the alarm. On Windows it is
    Python's trace function, which looks at the clock before each line: it needs no thread, but it
    cannot stop a call of compiled code, such as time.sleep(1000).
    """
    has_alarm = hasattr(signal, "setitimer")
    if has_alarm and threading.current_thread() is threading.main_thread():
        return _alarm(seconds)
    return _traced(seconds)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeOverError

    before = signal.signal(signal.SIGALRM, stop)
    # Again and again: a bare "except:" in a student's loop catches the first.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _traced(seconds: float) -> Iterator[None]:
    end, before = time.monotonic() + seconds, sys.gettrace()

    def look(_frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
        if time.monotonic() > end:
            raise TimeOverError
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


def call(
    function: Callable[..., Any],
    name: str,
    arguments: tuple[Any, ...],
    limit: AbstractContextManager[None],
) -> Any:
    """Return what a student's function returns for copies of the arguments.

    Raises `NotYetError` with a sentence, and the line, if it fails, does not end in time, or
    changes an argument in place. ``limit`` is a block such as `time_limit`.
    """
    given = tuple(_copied(each) for each in arguments)
    code = Code.of(function)
    try:
        with limit:
            returned = function(*given)
    except NotTriedError:
        raise
    except (Exception, SystemExit, TimeOverError) as error:
        raise NotYetError(why_failed(error, name, code)) from error
    for each, before in zip(given, arguments, strict=True):
        if not _is_unchanged(each, before):
            code_of = getattr(function, "__code__", None)  # a partial or an object has none
            raise NotYetError(_changed(name, getattr(code_of, "co_firstlineno", None), "function"))
    return returned


def why_failed(error: BaseException, name: str, code: Code) -> str:
    """Return, for a student, why code failed, and in which line."""
    raised = Raised.of(error, code.path)
    line = raised.line
    where = f" in line {line}" if line else ""
    no_call = raised.type == "TypeError" and "positional argument" in raised.text and not line
    sentences = (
        (
            isinstance(error, TimeOverError),
            f"{name} did not end in time, so the check stopped it{where}. Does each loop end?",
        ),
        (
            isinstance(error, _KeyboardAskedError | EOFError),
            f"{name} waits for the keyboard{where}, but a check has no keyboard. Delete input(): "
            "the values come as arguments.",
        ),
        (
            isinstance(error, SystemExit),
            f"{name} ends Python{where}. Delete exit() or quit(); write return instead.",
        ),
        (
            isinstance(error, RecursionError),
            f"{name} calls itself again and again{where}, and never comes to an end.",
        ),
        ("read-only" in raised.text, _changed(name, line, "line")),
        (
            no_call,
            f"The check could not call {name}: {raised.text}. Keep its arguments as in the task.",
        ),
        (
            raised.type == "TypeError" and "ellipsis" in raised.text.lower(),
            f"{name} still uses a placeholder, ...{where}. Replace it.",
        ),
    )
    said = next((sentence for holds, sentence in sentences if holds), "")
    said = said or explain(raised, name, code.path, code.text).message
    return said if said.endswith((".", "?")) else f"{said}."


def _changed(name: str, line: int | None, what: str) -> str:
    where = f"Line {line} changes" if line and what == "line" else f"{name} changes"
    begins = f" (its def is in line {line})" if line and what == "function" else ""
    return (
        f"{where} an argument in place{begins}. Whoever calls {name} would find other numbers "
        "there afterwards. Make a new list or array for the result."
    )


def _copied(argument: Any) -> Any:
    """Return a copy; an array's copy refuses changes, so that the error names the line."""
    if isinstance(argument, np.ndarray):
        argument = argument.copy()
        argument.flags.writeable = False
        return argument
    return copy.deepcopy(argument) if isinstance(argument, list | dict) else argument


def _is_unchanged(after: Any, before: Any) -> bool:
    if isinstance(before, np.ndarray):
        return bool(np.array_equal(after, before, equal_nan=True))
    return bool(after == before) if isinstance(before, list | dict) else True


def is_placeholder(answer: object) -> bool:
    """Return whether an answer is ``...``, or a function that does nothing."""
    if answer is Ellipsis:
        return True
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    only = {each.opname for each in dis.get_instructions(code)} <= _DOES_NOTHING
    return only and {*code.co_consts} <= {None, Ellipsis, getattr(answer, "__doc__", None)}


_DOES_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
