"""One check of a student's answers: what a judge reads and calls, and the result."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cnnlab.classroom.exercises.calls import (
    NotTriedError,
    NotYetError,
    Printed,
    call,
    is_placeholder,
    time_limit,
    watched,
)
from cnnlab.classroom.exercises.cases import judge_cases
from cnnlab.classroom.exercises.exercise import Exercise
from cnnlab.classroom.exercises.outcome import Outcome, Status, named
from cnnlab.errors import ConfigError

_SEEDS = 10_000


@dataclass
class Attempt:
    """Answers to an exercise, by name. ``runs`` are the folders that the student named.

    ``path`` and ``text`` are the file of answers, empty for live values in a notebook. ``limit``
    makes the block in which a student's code runs, for a number of seconds.
    """

    exercise: Exercise
    given: Mapping[str, Any]
    seed: int
    runs: list[Path] = field(default_factory=list)
    trust: bool = False
    path: str = ""
    text: str = ""
    limit: Callable[[float], AbstractContextManager[None]] = time_limit
    printed: Printed = field(default_factory=Printed)

    def __post_init__(self) -> None:
        self._seconds_left = self.exercise.seconds

    @cached_property
    def random(self) -> np.random.Generator:
        """The generator of the random cases."""
        return np.random.default_rng([self.seed, *map(ord, self.exercise.number)])

    def outcome(self) -> Outcome:
        """Judge the answers; return the result."""
        exercise = self.exercise
        status: Status = "right"
        try:
            if all(is_placeholder(self.given.get(name, ...)) for name in exercise.answers):
                raise NotTriedError(_how_to_begin(exercise))
            with watched(self.printed):
                if exercise.cases:
                    function = exercise.answers[0]
                    judge_cases(
                        lambda *given: self.call(function, *given),
                        function,
                        exercise.cases(self),
                        exercise.mistakes,
                        exercise.tolerance,
                    )
                message = exercise.judge(self)
        except NotTriedError as error:
            status, message = "not tried", str(error)
        except NotYetError as error:
            status, message = "not yet", str(error)
        return self.ended(status, message)

    def ended(self, status: Status, message: str) -> Outcome:
        """Return a result of this check."""
        return Outcome(
            exercise=self.exercise.number,
            title=self.exercise.title,
            status=status,
            message=message,
            question=self.exercise.question if status == "right" else "",
            seed=self.seed,
            printed=self.printed.text,
        )

    def answer(self, name: str) -> Any:
        """Return the answer of that name; raise `NotTriedError` if it is still the placeholder."""
        value = self.given.get(name, ...)
        if is_placeholder(value):
            done = self.exercise.answers[: self.exercise.answers.index(name)]
            so_far = f"{listed(done)}: right so far. " if done else ""
            raise NotTriedError(
                f"{so_far}{name} is still the placeholder. Write your answer there."
            )
        return value

    def call(self, name: str, *arguments: Any) -> Any:
        """Return what the function of that name returns; see `cnnlab.classroom.exercises.calls`."""
        function = self.answer(name)
        if isinstance(function, type) or not callable(function):
            found = "a class" if isinstance(function, type) else f"a {type(function).__name__}"
            raise NotYetError(
                f"{name} must be a function; found {found}. Pass the function itself, without "
                f"calling it: {name}, not {name}(...)."
            )
        returned = call(function, name, arguments, self.limited())
        if returned is Ellipsis:
            raise NotTriedError(f"{name} still returns the placeholder. Write your answer there.")
        return returned

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Let a student's code run inside the block for what is left of the check's seconds."""
        start = time.monotonic()
        try:
            with self.limit(max(0.1, self._seconds_left)):
                yield
        finally:
            self._seconds_left -= time.monotonic() - start

    def refuse(self, measured: Any, otherwise: str) -> None:
        """Raise `NotYetError` with the sentence of the first mistake whose rule holds."""
        for mistake in self.exercise.mistakes:
            if mistake.when is not None and mistake.when(measured):
                raise NotYetError(mistake.sentence)
        raise NotYetError(otherwise)


def sheet_page(exercise: Exercise, runs: list[Path], trust: bool = False) -> str:
    """Return the page that belongs to an exercise; raise `ConfigError` if it has none."""
    if exercise.sheet is None:
        raise ConfigError(f"{named(exercise.number)} has no page to look at. Exercise 9 has one.")
    return exercise.sheet(Attempt(exercise, {}, 0, runs, trust))


def draw_seed(seed: int | None) -> int:
    """Return the seed, or a new one."""
    return secrets.randbelow(_SEEDS) if seed is None else seed


def folders(run: Any) -> list[Path]:
    """Return the folders that a caller named: none, one, or several; an open run has one."""
    if run is None:
        return []
    several: list[Any] = [*run] if isinstance(run, list | tuple) else [run]
    return [Path(getattr(each, "folder", each)) for each in several]


def listed(names: tuple[str, ...]) -> str:
    """Return names joined for a sentence."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _how_to_begin(exercise: Exercise) -> str:
    name = f"ex{exercise.number}" if exercise.number.isdigit() else exercise.number
    return (
        f"Your turn: write {listed(exercise.answers)}. If you do not know how to begin, take a "
        f"hint: {name}.hint(), or in a terminal: cnnlab exercise {exercise.number} hint"
    )
