"""Try a user's network in a child process: nothing of this process is touched."""

import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnlab.custom.finding import UNDER_MAIN, Finding
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.size import MAKE_SMALLER
from cnnlab.custom.trial import Stage, Trial

GIVEN, STAGE, TRACEBACK, TRIAL = "given.pickle", "stage", "traceback", "trial.json"
"""The file that a child process reads, and those that it leaves."""
TIME_LIMIT_SECONDS = 60.0
"""How long it may take to run a file, make its network and try that out, all together."""
NOTICE_SECONDS = 4.0
"""After how many seconds a message says what cnnlab is waiting for."""
_START_SECONDS = 120.0  # to load PyTorch, on a slow disk
_CHILD = """\
import pickle, sys
with open(sys.argv[1], "rb") as file:
    sys.path[:] = pickle.load(file)  # it finds what this process would find
    given = pickle.load(file)
from cnnlab.custom.child import main
main(*given)
"""


@dataclass(frozen=True)
class _Step:
    """A step of the trial: what cnnlab does in it, and what to change if it takes too long."""

    activity: str
    advice: str


_STEPS: dict[Stage, _Step] = {
    "reading": _Step(
        "running the file",
        f"Put code that should run only when you start the file yourself {UNDER_MAIN}",
    ),
    "making": _Step(
        "making the network",
        "Make its layers smaller, and do only what is needed in __init__.",
    ),
    "trying": _Step(
        "trying the network on a few images",
        "Make its layers smaller, and check that each loop in forward ends.",
    ),
}


def observe(
    source: CustomNetwork,
    seconds: float | None = None,
    on_waiting: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Return what a network does in a process of its own, which may take so many seconds.

    If that takes long, ``on_waiting`` hears what cnnlab is doing. A process that does not end in
    time, or that crashes, is a finding of the trial.
    """
    seconds = TIME_LIMIT_SECONDS if seconds is None else seconds
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given = pickle.dumps((name, seconds, source))
        (folder / GIVEN).write_bytes(pickle.dumps(sys.path) + given)
        with (folder / "stderr").open("w") as standard_error:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", _CHILD, str(folder / GIVEN)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=standard_error,
                start_new_session=True,
            )
        try:
            _wait(process, seconds, lambda: on_waiting(_step(folder)[1].activity))
        finally:
            _kill(process)
        if (folder / TRIAL).exists():
            return Trial.from_json((folder / TRIAL).read_text(encoding="utf-8"))
        if not (folder / STAGE).exists():
            raise RuntimeError((folder / "stderr").read_text(errors="replace"))
        traceback = (folder / TRACEBACK).read_text(errors="replace")
        finding = _how_it_ended(_step(folder)[1], traceback, process.returncode, source, seconds)
        return Trial(source.path, source.maker, source.text, stopped=finding)


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


def _step(folder: Path) -> tuple[Stage, _Step]:
    try:
        stage = (folder / STAGE).read_text()
    except FileNotFoundError:
        stage = ""
    for name, step in _STEPS.items():
        if name == stage:
            return name, step
    return "reading", _STEPS["reading"]


def _how_it_ended(
    step: _Step, traceback: str, status: int, source: CustomNetwork, seconds: float
) -> Finding:
    """Return why a child left no trial: its time was over, or Python itself stopped."""
    line = _running_line(traceback, source.path)
    where = f" in line {line}" if line else ""
    if traceback.startswith("Timeout") or "\nTimeout (" in traceback:
        message = (
            f"{step.activity.capitalize()} took more than {seconds:g} seconds, so cnnlab stopped "
            f"it{where}. {step.advice}"
        )
        return Finding("slow", message, line)
    if status == -9:
        how = f"the system ended it, usually because the memory was full. {MAKE_SMALLER}"
    elif "Fatal Python error" in traceback or status < 0:
        how = "compiled code crashed. Delete what this line calls, or update that package."
    else:
        how = (
            f"the file ended it with status {status}. Delete os._exit() and whatever else ends "
            "Python."
        )
    return Finding("crash", f"Python stopped{where} while {step.activity}: {how}", line)


def _running_line(traceback: str, path: str) -> int | None:
    """Return the innermost line of a file in a faulthandler's text; the main thread is its last."""
    for thread in reversed(re.split(r"^(?:Current thread|Thread) ", traceback, flags=re.M)):
        found = re.search(rf'^  File "{re.escape(path)}", line (\d+)', thread, re.M)
        if found:
            return int(found[1])
    return None
