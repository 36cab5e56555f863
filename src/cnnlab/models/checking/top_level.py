"""What a file does when it is only read: it may print, train, or take long, as a notebook does."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, TextIO, cast

import torch

from cnnlab.models.checking.apart import ONE_AT_A_TIME
from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.strangers import line_running

_LONG = 2.0
UNDER_MAIN = 'under if __name__ == "__main__": at its end.'
"""Where to put what is not to run whenever a file is read."""


@dataclass
class Reading:
    """How long a file ran when it was read, and in which line it first trained and printed."""

    seconds: float = 0.0
    train_line: int | None = None
    print_line: int | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield what the file should do only where it is started itself."""
        line = self.train_line or self.print_line
        advice = f"put what is to run only when the file is started itself {UNDER_MAIN}"
        if self.train_line:
            message = (
                f"Line {line} trains whenever the file is read, for {self.seconds:.1f} s: {advice}"
            )
        elif self.seconds > _LONG:
            message = (
                f"Whenever the file is read it runs for {self.seconds:.1f} s; unless that is its "
                f"imports, {advice}"
            )
        elif self.print_line:
            message = f"Line {line} prints whenever the file is read: {advice}"
        else:
            return
        yield Finding("top-level", message, line)


@contextmanager
def reading_noted(path: str) -> Iterator[Reading]:
    """Note what the file does inside the block, in which it is run; it prints as before."""
    with ONE_AT_A_TIME, _noted(path) as reading:
        yield reading


@contextmanager
def _noted(path: str) -> Iterator[Reading]:
    reading = Reading()
    plain_backward = torch.autograd.backward
    is_over = False  # the file may have kept the stream, or backward, for its network

    def noting_backward(*given: Any, **named: Any) -> None:
        if not is_over:
            reading.train_line = reading.train_line or line_running(path)
        plain_backward(*given, **named)

    def note_print() -> None:
        if not is_over:
            reading.print_line = reading.print_line or line_running(path)

    began = time.perf_counter()
    torch.autograd.backward = noting_backward  # PyTorch has no hook for it
    try:
        with redirect_stdout(cast(TextIO, _Noting(sys.stdout, note_print))):
            yield reading
    finally:
        is_over = True
        torch.autograd.backward = plain_backward
        reading.seconds = time.perf_counter() - began


class _Noting:
    """A stream that tells of each writing to it."""

    def __init__(self, stream: TextIO, note: Callable[[], None]) -> None:
        self._stream = stream
        self._note = note

    def write(self, text: str) -> int:
        self._note()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
