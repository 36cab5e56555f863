"""The shape of an exercise: its text, its typical mistakes, its cases and its check."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cnnlab.classroom.exercises.outcome import Note, named
from cnnlab.errors import ConfigError

Needs = Literal["nothing", "run", "comparison"]


@dataclass(frozen=True)
class Case:
    """Arguments of a function, what it must return for them, and how a person reads them."""

    arguments: tuple[Any, ...]
    expected: Any
    words: str


@dataclass(frozen=True)
class Mistake:
    """A typical mistake: the sentence for who made it, and an answer that makes it.

    ``example`` is a whole file of answers. Without ``when``, an answer makes the mistake if it does
    in every case what the example does. With ``when``, it is that rule about what was measured.
    """

    sentence: str
    example: str
    when: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Exercise:
    """An exercise. All texts are for a student; code in them is indented by 4 spaces.

    ``starter`` and ``solved``, the solution, are whole files: they define ``answers``, the names
    that the check reads. ``why`` is the reason behind the solution, ``question`` the next one if
    all is right. If there are ``cases`` (small before large), the first answer is a function that
    must be right in all of them. Then ``judge`` looks at the others: it returns what the answers
    show, or raises `NotYetError`. Both are given an `Attempt`. ``seconds`` is how long a student's
    code may run in one check. ``variants`` are other starters, by
    name. ``sheet`` makes a page to look at, as HTML.
    """

    number: str
    title: str
    task: str
    starter: str
    solved: str
    why: str
    hints: tuple[str, str, str]
    question: str
    mistakes: tuple[Mistake, ...]
    answers: tuple[str, ...]
    judge: Callable[[Any], str]
    cases: Callable[[Any], Sequence[Case]] | None = None
    tolerance: float = 1e-6
    needs: Needs = "nothing"
    seconds: float = 10.0
    variants: Mapping[str, str] = field(default_factory=dict)
    sheet: Callable[[Any], str] | None = None

    @property
    def name(self) -> str:
        """Its number and title."""
        return f"{named(self.number)}, {self.title}"

    @property
    def note(self) -> Note:
        """The task, with the code to start from."""
        return Note(self.name, f"{self.task}\n\nStart with:\n\n{_as_code(self.starter)}")

    @property
    def solution_note(self) -> Note:
        """The solution, and the reason behind it."""
        return Note(f"{self.name}: a solution", f"{_as_code(self.solved)}\n\n{self.why}")

    def starter_of(self, variant: str | None) -> str:
        """Return the starter of that name; raise `ConfigError` if there is none."""
        if variant is None:
            return self.starter
        if variant not in self.variants:
            known = ", ".join(self.variants) or "none for this exercise"
            raise ConfigError(f"There is no starter {variant!r}. There are: {known}.")
        return self.variants[variant]

    def hint(self, number: int = 1) -> Note:
        """Return hint 1 (a question), 2 (where to look) or 3 (a skeleton with one gap)."""
        if not 1 <= number <= len(self.hints):
            raise ConfigError(
                f"There is no hint {number}. There are hints 1 to {len(self.hints)}; then comes "
                "the solution."
            )
        return Note(f"{self.name}: hint {number} of {len(self.hints)}", self.hints[number - 1])


def names_in(code: str) -> dict[str, Any]:
    """Return the names that code of cnnlab's own defines: a starter, a solution, a mistake."""
    names: dict[str, Any] = {"__name__": "answers"}
    exec(compile(code, "<exercise>", "exec"), names)  # noqa: S102
    return names


def _as_code(text: str) -> str:
    return textwrap.indent(text.strip(), "    ")
