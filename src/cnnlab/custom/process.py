"""Run a user's code in a child process with a time limit: it ends, and changes nothing here."""

import faulthandler
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

GIVEN, TRACEBACK = "given.pickle", "traceback"
"""The file that a child process reads, and the one with the lines that ran when it was stopped."""
NOTICE_SECONDS = 4.0
"""After how many seconds a message says what cnnlab is waiting for."""
_START_SECONDS = 120.0  # to load PyTorch, on a slow disk
_CHILD = """\
import pickle, sys
with open(sys.argv[1], "rb") as file:
    sys.path[:] = pickle.load(file)  # it finds what this process would find
    given = pickle.load(file)
from {module} import main
main(*given)
"""


@dataclass(frozen=True)
class Ended:
    """How a child process ended: its status, the lines that were running, its standard error."""

    status: int
    traceback: str
    errors: str

    @property
    def is_timeout(self) -> bool:
        """Whether its time was over."""
        return self.traceback.startswith("Timeout") or "\nTimeout (" in self.traceback

    @property
    def is_crash(self) -> bool:
        """Whether compiled code crashed."""
        return "Fatal Python error" in self.traceback or self.status < 0

    def line(self, path: str) -> int | None:
        """Return the innermost running line of a file; the main thread is the text's last."""
        threads = re.split(r"^(?:Current thread|Thread) ", self.traceback, flags=re.M)
        for thread in reversed(threads):
            found = re.search(rf'^  File "{re.escape(path)}", line (\d+)', thread, re.M)
            if found:
                return int(found[1])
        return None


def run_child(
    module: str,
    given: Sequence[object],
    folder: Path,
    seconds: float,
    on_waiting: Callable[[], None] = lambda: None,
) -> Ended:
    """Call ``main(*given)`` of a module in a child process; return how the process ended.

    The child works in ``folder``, and stops itself after so many seconds, with `watchdog`. If it
    takes long, ``on_waiting`` is called once. What it has started ends with it.
    """
    (folder / GIVEN).write_bytes(pickle.dumps(sys.path) + pickle.dumps(tuple(given)))
    with (folder / "stderr").open("w") as standard_error:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _CHILD.format(module=module), str(folder / GIVEN)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=standard_error,
            start_new_session=True,
        )
    try:
        _wait(process, seconds, on_waiting)
    finally:
        _kill(process)
    return Ended(process.returncode, _read(folder / TRACEBACK), _read(folder / "stderr"))


@contextmanager
def watchdog(folder: Path, seconds: float) -> Iterator[None]:
    """End this process if the block takes longer, and leave the running lines in the folder.

    It is compiled code: it ends a call of compiled code too, whatever that waits for. After a
    crash the lines are left there too.
    """
    with (folder / TRACEBACK).open("w") as traceback:
        faulthandler.enable(traceback)
        faulthandler.dump_traceback_later(seconds, exit=True, file=traceback)
        yield
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _wait(
    process: "subprocess.Popen[bytes]", seconds: float, on_waiting: Callable[[], None]
) -> None:
    try:
        process.wait(NOTICE_SECONDS)
    except subprocess.TimeoutExpired:
        on_waiting()
        # The child ends itself. What is left is for a child that cannot.
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds + _START_SECONDS)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the process, and what it has started."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):  # nothing is left of it
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
