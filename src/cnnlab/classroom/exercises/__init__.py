"""Eleven exercises and a bonus: ``from cnnlab.classroom.exercises import ex1``; ``ex1.check(...)``.

Each is one file with its text, its typical mistakes and its check. Read: exercise (the shape of
all), convolution, output_size, edges, parameters, pixel, shift, repair, learning_rates, confused,
did_it_help, false_alarms, small_network (the bonus). Behind them: cases (a function in many cases),
runs (your own network), attempt (one check), calls (a student's code, called), file (a file of
answers, in a process of its own), notebook (an exercise in a cell), outcome (what a student reads).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnlab.errors import ConfigError

if TYPE_CHECKING:
    from cnnlab.classroom.exercises.exercise import Exercise

HOMES = {
    "1": "convolution",
    "2": "output_size",
    "3": "edges",
    "4": "parameters",
    "5": "pixel",
    "6": "shift",
    "7": "repair",
    "8": "learning_rates",
    "9": "confused",
    "10": "did_it_help",
    "11": "false_alarms",
    "bonus": "small_network",
}
"""The file of each exercise, by its number."""

__all__ = [*(f"ex{number}" for number in HOMES if number.isdigit()), "bonus", "find"]  # noqa: PLE0604


def find(number: str) -> "Exercise":
    """Return the exercise of that number, or the bonus; raise `ConfigError` if there is none."""
    name = number.lower().removeprefix("ex")
    if name not in HOMES:
        *numbers, last = HOMES
        raise ConfigError(
            f"There is no exercise {number!r}. There are {numbers[0]} to {numbers[-1]}, and {last}."
        )
    module = import_module(f"cnnlab.classroom.exercises.{HOMES[name]}")
    exercise: Exercise = module.EXERCISE
    return exercise


def __getattr__(name: str) -> Any:
    """Return ex1 to ex11 and bonus; each file is read when it is first used."""
    if name.removeprefix("ex") in HOMES:
        from cnnlab.classroom.exercises.notebook import Task

        return Task(find(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
