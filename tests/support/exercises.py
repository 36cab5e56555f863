"""Answers to exercises, checked in this process; and whether a mutant is another program at all."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotTriedError, NotYetError
from cnnlab.classroom.exercises.cases import as_result
from cnnlab.classroom.exercises.exercise import Case, Exercise, names_in
from cnnlab.classroom.exercises.outcome import Outcome

REFERENCE_SEEDS = range(900_000, 900_010)


def check_code(exercise: Exercise, code: str, seed: int = 0, runs: Sequence[Path] = ()) -> Outcome:
    """Check a file of answers, given as text."""
    try:
        names = names_in(code)
    except Exception as error:  # a mutant may fail when it is read
        return Attempt(exercise, {}, seed).ended("not yet", str(error))
    given = {name: names[name] for name in exercise.answers if name in names}
    return Attempt(exercise, given, seed, [*runs]).outcome()


def reference_cases(exercise: Exercise, runs: Sequence[Path] = ()) -> list[Case]:
    """Return many cases of an exercise, of other seeds than any check in the tests."""
    return [
        case
        for seed in REFERENCE_SEEDS
        for case in exercise.cases(Attempt(exercise, {}, seed, [*runs]))
    ]


def is_equivalent(
    exercise: Exercise, code: str, cases: Sequence[Case], runs: Sequence[Path] = ()
) -> bool:
    """Return whether a mutant does on all reference cases what the solution does.

    Answers that are not functions must be the solution's, or right with each reference seed.
    """
    try:
        names, solved = names_in(code), names_in(exercise.solved)
    except Exception:
        return False
    others = exercise.answers[bool(exercise.cases) :]
    if any(names.get(name) != solved[name] for name in others):
        seeds = REFERENCE_SEEDS[:3]
        return all(check_code(exercise, code, seed, runs).status == "right" for seed in seeds)
    if not exercise.cases:
        return True
    name = exercise.answers[0]
    return name in names and all(_is_right(names[name], name, case, exercise) for case in cases)


def _is_right(function, name: str, case: Case, exercise: Exercise) -> bool:
    attempt = Attempt(exercise, {name: function}, 0)
    try:
        found = as_result(name, attempt.call(name, *case.arguments)).numbers
    except (NotYetError, NotTriedError):
        return False
    expected = np.asarray(case.expected, np.float64)
    return (
        found is not None
        and found.shape == expected.shape
        and np.allclose(found, expected, exercise.tolerance, exercise.tolerance, equal_nan=True)
    )
