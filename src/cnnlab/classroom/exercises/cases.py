"""Judge a function by what it does in many cases, the smallest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.exercise import Case, Mistake, names_in


@dataclass(frozen=True)
class Result:
    """What a function did in a case: it returned numbers, or ``problem`` says what went wrong."""

    numbers: NDArray[np.float64] | None
    problem: str = ""
    kind: str = ""

    def is_like(self, other: "Result", tolerance: float) -> bool:
        """Return whether both did the same: equal numbers, or the same failure."""
        if self.numbers is None or other.numbers is None:
            return self.numbers is other.numbers and self.kind == other.kind
        return _are_equal(self.numbers, other.numbers, tolerance)


def judge_cases(
    call: Callable[..., Any],
    name: str,
    cases: Sequence[Case],
    mistakes: Sequence[Mistake],
    tolerance: float,
) -> None:
    """Raise `NotYetError` unless a student's function is right in every case.

    ``call`` calls it. The sentence is that of a typical mistake, if the function does what the
    mistake does in every case; else it names the first case that fails.
    """
    results = []
    for case in cases:
        results.append(_try(call, name, case))
        if results[-1].kind in _HOPELESS:
            raise NotYetError(results[-1].problem)
    for case, result in zip(cases, results, strict=True):
        if result.numbers is None or not _are_equal(
            result.numbers, np.asarray(case.expected, np.float64), tolerance
        ):
            for mistake in mistakes:
                if mistake.when is None and _makes(mistake, name, cases, results, tolerance):
                    raise NotYetError(f"{mistake.sentence}\n\n{_what_failed(name, case, result)}")
            raise NotYetError(_what_failed(name, case, result))


_HOPELESS = {"TimeOverError", "SystemExit", "_KeyboardAskedError", "EOFError", "MemoryError"}
"""Failures after which no other case is tried."""


def _try(call: Callable[..., Any], name: str, case: Case) -> Result:
    try:
        returned = call(*case.arguments)
    except NotYetError as error:
        cause = error.__cause__
        return Result(None, str(error), type(cause).__name__ if cause else "refused")
    return as_result(name, returned)


def as_result(name: str, returned: Any) -> Result:
    """Return what a function returned as numbers; it may be a list, an array or a tensor."""
    if returned is None:
        return Result(
            None, f"{name} returned None. Does every way through it end with return?", "None"
        )
    if hasattr(returned, "detach"):  # a tensor
        returned = returned.detach().cpu().numpy()
    try:
        held = np.asarray(returned)
        numbers = held.astype(np.float64)
    except (TypeError, ValueError):
        found = f"a {type(returned).__name__}"
        if isinstance(returned, list | tuple):
            found = "a list whose rows differ in length, or that holds more than numbers"
        return Result(None, f"{name} must return numbers; it returned {found}.", "type")
    if held.dtype.kind in "USb":
        what = "True or False" if held.dtype.kind == "b" else "text"
        return Result(None, f"{name} must return numbers; it returned {what}.", "type")
    return Result(numbers)


def _makes(
    mistake: Mistake, name: str, cases: Sequence[Case], results: list[Result], tolerance: float
) -> bool:
    """Return whether a mistake does in every case what the function did."""
    function = names_in(mistake.example)[name]
    for case, result in zip(cases, results, strict=True):
        try:
            does = as_result(name, function(*case.arguments))
        except Exception as error:
            does = Result(None, "", type(error).__name__)
        if not does.is_like(result, tolerance):
            return False
    return True


def _what_failed(name: str, case: Case, result: Result) -> str:
    """Return the case, what was expected and what was found."""
    where = f"The smallest case that fails:\n\n{_indent(case.words)}\n\n"
    if result.numbers is None:
        return f"{result.problem}\n\n{where}".strip()
    expected = np.asarray(case.expected, np.float64)
    if expected.shape != result.numbers.shape:
        return (
            f"{where}Expected {_size(expected)}, found {_size(result.numbers)}."
            + (f"\n\n{_indent(as_words(result.numbers))}" if result.numbers.size <= 81 else "")
        ).strip()
    if not expected.ndim:
        return f"{where}Expected {as_words(expected)}, found {as_words(result.numbers)}."
    return (
        f"{where}Expected:\n\n{_indent(as_words(expected))}\n\n"
        f"Found:\n\n{_indent(as_words(result.numbers))}"
    )


def as_words(numbers: Any) -> str:
    """Return a number, or rows of numbers below each other."""
    array = np.asarray(numbers, np.float64)
    if array.ndim == 0:
        return f"{float(array):.10g}"
    rows = np.atleast_2d(array) if array.ndim < 3 else array.reshape(-1, array.shape[-1])
    texts = [[f"{each:.6g}" for each in row] for row in rows]
    width = max((len(each) for row in texts for each in row), default=0)
    return "\n".join(" ".join(each.rjust(width) for each in row) for row in texts)


def _size(numbers: NDArray[np.float64]) -> str:
    if not numbers.ndim:
        return "one number"
    if numbers.ndim == 1:
        return f"one row of {len(numbers)} numbers"
    return f"{' x '.join(map(str, numbers.shape))} numbers (rows x columns)"


def _are_equal(one: NDArray[np.float64], other: NDArray[np.float64], tolerance: float) -> bool:
    return one.shape == other.shape and bool(
        np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    )


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
