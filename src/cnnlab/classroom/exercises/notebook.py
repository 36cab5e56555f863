"""An exercise in a notebook: ``ex3.check(...)``, ``ex3.hint()``, ``ex3.solution()``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.classroom.exercises.attempt import Attempt, draw_seed, folders, listed, sheet_page
from cnnlab.classroom.exercises.exercise import Exercise
from cnnlab.classroom.exercises.file import check_file
from cnnlab.classroom.exercises.outcome import Note, Outcome
from cnnlab.errors import ConfigError
from cnnlab.playground.notebook import Frame


@dataclass(frozen=True, repr=False)
class Task:
    """An exercise as a student uses it in Python. Shown alone in a cell, it prints its task."""

    exercise: Exercise

    def check(
        self, *answers: Any, run: Any = None, seed: int | None = None, trust: bool = False
    ) -> Outcome:
        """Check answers, in the order of the task; or a file of answers, by its path.

        ``run`` is the folder of your own run or comparison (a list, if there are several). The
        random cases follow ``seed``. A file is checked in a process of its own.
        """
        names = self.exercise.answers
        if len(answers) == 1 and _is_file(answers[0]):
            return check_file(self.exercise, Path(answers[0]), run=run, seed=seed, trust=trust)
        if len(answers) > len(names):
            raise ConfigError(
                f"check takes {listed(names)}, in this order; found {len(answers)} values."
            )
        given = dict(zip(names, answers, strict=False))
        return Attempt(self.exercise, given, draw_seed(seed), folders(run), trust).outcome()

    def hint(self, number: int = 1) -> Note:
        """Return hint 1 (a question), 2 (where to look) or 3 (a skeleton with one gap)."""
        return self.exercise.hint(number)

    def solution(self) -> Note:
        """Return a solution, and the reason behind it."""
        return self.exercise.solution_note

    def example(self, run: Any = None, seed: int = 0) -> tuple[Any, ...]:
        """Return the arguments of one of the check's cases, to try your own function on."""
        if self.exercise.cases is None:
            raise ConfigError(f"{self.exercise.name}, has no cases to try: its answers are values.")
        return self.exercise.cases(Attempt(self.exercise, {}, seed, folders(run)))[0].arguments

    def sheet(self, run: Any = None) -> Frame:
        """Return the page that belongs to the task, as the last line of a cell."""
        return Frame(sheet_page(self.exercise, folders(run)).encode())

    def __repr__(self) -> str:
        return str(self.exercise.note)

    def _repr_html_(self) -> str:
        """Return the task for a notebook."""
        return self.exercise.note._repr_html_()


def _is_file(answer: object) -> bool:
    return isinstance(answer, Path) or (isinstance(answer, str) and answer.endswith(".py"))
