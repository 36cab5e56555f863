"""Try a user's network in a child process: nothing of this process is touched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnlab.custom.finding import UNDER_MAIN, Finding
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.process import Ended, run_child
from cnnlab.custom.size import MAKE_SMALLER
from cnnlab.custom.trial import Stage, Trial

STAGE, TRIAL = "stage", "trial.json"
"""The files that the child process leaves."""
TIME_LIMIT_SECONDS = 60.0
"""How long it may take to run a file, make its network and try that out, all together."""


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
        ended = run_child(
            "cnnlab.custom.child",
            (name, seconds, source),
            folder,
            seconds,
            lambda: on_waiting(_step(folder)[1].activity),
        )
        if (folder / TRIAL).exists():
            return Trial.from_json((folder / TRIAL).read_text(encoding="utf-8"))
        if not (folder / STAGE).exists():
            raise RuntimeError(ended.errors)
        finding = _how_it_ended(_step(folder)[1], ended, source, seconds)
        return Trial(source.path, source.maker, source.text, stopped=finding)


def _step(folder: Path) -> tuple[Stage, _Step]:
    try:
        stage = (folder / STAGE).read_text()
    except FileNotFoundError:
        stage = ""
    for name, step in _STEPS.items():
        if name == stage:
            return name, step
    return "reading", _STEPS["reading"]


def _how_it_ended(step: _Step, ended: Ended, source: CustomNetwork, seconds: float) -> Finding:
    """Return why a child left no trial: its time was over, or Python itself stopped."""
    line = ended.line(source.path)
    where = f" in line {line}" if line else ""
    if ended.is_timeout:
        message = (
            f"{step.activity.capitalize()} took more than {seconds:g} seconds, so cnnlab stopped "
            f"it{where}. {step.advice}"
        )
        return Finding("slow", message, line)
    if ended.status == -9:
        how = f"the system ended it, usually because the memory was full. {MAKE_SMALLER}"
    elif ended.is_crash:
        how = "compiled code crashed. Delete what this line calls, or update that package."
    else:
        how = (
            f"the file ended it with status {ended.status}. Delete os._exit() and whatever else "
            "ends Python."
        )
    return Finding("crash", f"Python stopped{where} while {step.activity}: {how}", line)
