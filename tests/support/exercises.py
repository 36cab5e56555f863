"""Answers to exercises, checked in this process; and whether a mutant is another program at all."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotTriedError, NotYetError
from cnnlab.classroom.exercises.cases import as_result
from cnnlab.classroom.exercises.exercise import Case, Exercise, names_in
from cnnlab.classroom.exercises.outcome import Outcome
from cnnlab.runs.layout import CONFIG, PLAN, RESULTS

REFERENCE_SEEDS = range(900_000, 900_010)


def check_code(exercise: Exercise, code: str, seed: int = 0, runs: Sequence[Path] = ()) -> Outcome:
    """Check a file of answers, given as text."""
    try:
        names = names_in(code)
    except Exception as error:  # a mutant may fail when it is read
        return Attempt(exercise, {}, seed).ended("not yet", str(error))
    given = {name: names[name] for name in exercise.answers if name in names}
    return Attempt(exercise, given, seed, [*runs], text=code).outcome()


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
        seeds = REFERENCE_SEEDS[: 3 if exercise.cases else 1]
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


def write_comparison(
    folder: Path,
    names: tuple[str, str],
    *,
    decision: str = "cannot tell yet",
    interval: tuple[float, float] = (-0.31, 0.52),
    p_value: float = 0.4,
    parameters: int = 52_582,
    on: str = "validation",
) -> Path:
    """Write the files of a finished comparison that exercises read; return its folder."""
    models = [name.removesuffix(" (again)") for name in names]
    difference = {"low": interval[0], "high": interval[1]}
    verdict: Any = {"decision": decision, "difference": difference, "p_value": p_value}
    if decision == "no verdict":
        verdict = None
    content = {
        "on": on,
        "matters": 0.1,
        "variants": [
            {"name": name, "model": model, "source_sha256": None, "config": {"epochs": 4}}
            for name, model in zip(names, models, strict=True)
        ],
        "verdicts": [{"name": names[1], "verdict": verdict}],
    }
    run = folder / "second" / "seed-0"
    run.mkdir(parents=True)
    (run / CONFIG).write_text(json.dumps({"model": models[1], "parameters": parameters}))
    (folder / PLAN).write_text("{}")
    (folder / RESULTS).write_text(json.dumps(content))
    return folder


def write_all(folder: Path) -> dict[str, Path]:
    """Write a comparison for each exercise that reads one; return them by its number.

    "bonus-2" is the one for the bonus's mistake number 2.
    """
    ours = ("lenet5-relu-max", "vgg6")
    helped: dict[str, Any] = {"decision": "helped", "interval": (0.2, 0.9), "p_value": 0.001}
    settings: dict[str, tuple[tuple[str, str], dict[str, Any]]] = {
        "10": (("lenet5", "lenet5-relu-max"), {}),
        "11": (("lenet1", "lenet1 (again)"), {}),
        "bonus": (ours, helped),
        "bonus-0": (("lenet5-relu-max", "resnet8"), helped | {"parameters": 77_754}),
        "bonus-1": (ours, helped | {"on": "test"}),
        "bonus-2": (ours[::-1], helped),
        "bonus-3": (ours, helped),
        "bonus-4": (ours, {}),
    }
    return {
        name: write_comparison(folder / name, names, **changed)
        for name, (names, changed) in settings.items()
    }
