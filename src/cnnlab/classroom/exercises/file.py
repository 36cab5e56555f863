"""Check a file of answers: it runs in a process of its own, with a time limit."""

import ast
import json
import linecache
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from cnnlab.classroom.exercises.attempt import Attempt, draw_seed, folders
from cnnlab.classroom.exercises.calls import Code, NotYetError, watched, why_failed
from cnnlab.classroom.exercises.exercise import Exercise
from cnnlab.classroom.exercises.outcome import Outcome
from cnnlab.custom.finding import FaultError
from cnnlab.custom.parse import parse
from cnnlab.custom.process import Ended, run_child, watchdog
from cnnlab.errors import CnnlabError, ConfigError
from cnnlab.files import write_whole

OUTCOME = "outcome.json"
"""The file that the child process leaves."""
_MORE_SECONDS = 120.0  # for what the check itself does: load PyTorch, compute, train


def check_file(
    exercise: Exercise,
    path: Path,
    *,
    run: Any = None,
    seed: int | None = None,
    trust: bool = False,
    on_waiting: Callable[[], None] = lambda: None,
) -> Outcome:
    """Return the result of checking a file of answers; see `Exercise.check`.

    Raises `ConfigError` if there is no such file.
    """
    attempt, text = Attempt(exercise, {}, draw_seed(seed)), _read(path)
    try:
        parse(str(path), text)
    except FaultError as error:
        return attempt.ended("not yet", error.finding.message)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        given = (
            *(name, exercise.number, exercise.seconds, str(path), text),
            *(attempt.seed, folders(run), trust),
        )
        ended = run_child(
            "cnnlab.classroom.exercises.file",
            given,
            Path(name),
            exercise.seconds + _MORE_SECONDS,
            on_waiting,
        )
        left = Path(name, OUTCOME)
        if not left.exists():
            return attempt.ended("not yet", _how_it_ended(exercise, ended, str(path)))
        content = json.loads(left.read_text(encoding="utf-8"))
    if "error" in content:
        raise ConfigError(content["error"])
    return Outcome(**content)


def write_new(path: Path, ending: str, text: str) -> None:
    """Write a new file, such as a starter; raise `ConfigError` if that is impossible."""
    if path.suffix != ending:
        raise ConfigError(f"{path} does not end in {ending}. Name a file such as mine{ending}.")
    if path.exists():
        raise ConfigError(
            f"{path} already exists, and cnnlab did not change it. Name another file."
        )
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise ConfigError(
            f"Cannot write {path} ({error.strerror}). Choose a folder that exists and is yours."
        ) from None


def main(
    folder: str,
    number: str,
    seconds: float,
    path: str,
    text: str,
    seed: int,
    runs: list[Path],
    trust: bool,
) -> None:
    """Check a file in this process, a child, and leave the result in a folder."""
    from cnnlab.classroom.exercises import find

    exercise = replace(find(number), seconds=seconds)
    tempfile.tempdir = folder  # what a student's code leaves there goes with it
    limit = partial(watchdog, Path(folder))
    attempt = Attempt(exercise, {}, seed, runs, trust, path, text, limit)
    try:
        content = asdict(_check_here(attempt))
    except CnnlabError as error:
        content = {"error": str(error)}
    write_whole(Path(folder, OUTCOME), json.dumps(content).encode())
    os._exit(0)  # a thread that a student's code started need not end


def _check_here(attempt: Attempt) -> Outcome:
    """Run the file, then judge its answers."""
    try:
        names = _names_of(attempt)
    except NotYetError as error:
        return attempt.ended("not yet", str(error))
    for name in attempt.exercise.answers:
        if name not in names:
            return attempt.ended("not yet", _missing(name, _defined(attempt.text)))
    attempt.given = {name: names[name] for name in attempt.exercise.answers}
    return attempt.outcome()


def _names_of(attempt: Attempt) -> dict[str, Any]:
    path, text = attempt.path, attempt.text
    sys.path.insert(0, str(Path(path).resolve().parent))
    lines = text.splitlines(keepends=True)
    linecache.cache[path] = (len(text), None, lines, path)
    names: dict[str, Any] = {"__name__": "answers", "__file__": path}
    try:
        with watched(attempt.printed), attempt.limited():
            exec(compile(text, path, "exec"), names)  # noqa: S102
    except (Exception, SystemExit) as error:
        said = why_failed(error, f"{path} (the file itself)", Code(path, text))
        raise NotYetError(said) from None
    return names


def _defined(text: str) -> list[str]:
    """Return the functions that a file defines."""
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no file {path}. Name the file with your answers, such as mine.py."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file in UTF-8. Save it again as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"Cannot read {path} ({error.strerror}).") from None


def _how_it_ended(exercise: Exercise, ended: Ended, path: str) -> str:
    line = ended.line(path)
    where = f" in line {line}" if line else ""
    if ended.is_timeout:
        return (
            f"{path} did not end within {exercise.seconds:g} seconds, so the check stopped it"
            f"{where}. Does each loop end?"
        )
    if ended.status == -9:
        return f"The system ended the check{where}, usually because the memory was full."
    if ended.is_crash:
        return f"Python itself crashed{where}. Delete what this line calls."
    if ended.errors and "Traceback" in ended.errors:
        raise RuntimeError(ended.errors)  # a mistake of cnnlab's own
    return f"{path} ended Python{where} (status {ended.status}). Delete os._exit()."


def _missing(name: str, there: list[str]) -> str:
    """Return, for a student, that a file does not define an answer, and which name is near it."""
    near = get_close_matches(name, there, n=1) or (there if len(there) == 1 else [])
    hint = f"It has {near[0]}: call it {name}." if near else "Write it, with the name of the task."
    return f"There is no {name} in your file. {hint}"
