"""A finding: one thing that is wrong with a network, for the person who wrote it."""

from dataclasses import dataclass
from typing import Literal

from cnnlab.errors import ModelError

Kind = Literal[
    # The file, and the network that it makes.
    "file",
    "syntax",
    "which-class",
    "no-class",
    "import",
    "top-level",
    "arguments",
    "hidden-name",
    "super-init",
    "not-a-network",
    "same-network",
    "lazy",
    "too-large",
    "memory",
    "mistake",
    # Layers and numbers that are not saved with the weights.
    "plain-list",
    "made-in-forward",
    "outside",
    "not-saved",
    # The weights.
    "no-parameters",
    "frozen",
    # A pass through the layers.
    "forward",
    "linear-size",
    "flatten",
    "channels",
    "too-small",
    "output",
    "training-mode",
    "evaluation-mode",
    "batch-size",
    "slow",
    "crash",
    "unfinished",
    "error",
    # What the network does with images, and what it can learn.
    "not-finite",
    "in-place",
    "input-changed",
    "random",
    "batch-dependent",
    "softmax",
    "log-softmax",
    "squashed",
    "dropout",
    "detached",
    "no-gradient",
    "constant",
    "unused",
    "equal-filters",
    "seeded",
    "straight",
]
Effect = Literal["stops", "spoils", "none"]
UNDER_MAIN = 'under if __name__ == "__main__": at the end of the file.'
"""Where to put code that must not run each time cnnlab reads the file."""
_NAMED = 6


@dataclass(frozen=True)
class Finding:
    """One fact about a network: its kind, a complete message, and a line of the user's file.

    ``effect`` is what it does to training: "stops" or "spoils" it, or "none". It is that of the
    rule that found it.
    """

    kind: Kind
    message: str
    line: int | None = None
    effect: Effect = "stops"


class FaultError(ModelError):
    """A network cannot be trained: the finding, and the file if the message does not name it."""

    def __init__(self, finding: Finding, file: str | None = None) -> None:
        super().__init__(finding, file)
        self.finding = finding
        self.file = file

    def __str__(self) -> str:
        return f"{self.file}: {self.finding.message}" if self.file else self.finding.message


def at_line(line: int | None, message: str, kind: Kind = "mistake") -> Finding:
    """Return a finding whose message begins with its line, if that is known."""
    return Finding(kind, f"Line {line}: {message}" if line else message, line)


def with_line(name: str, line: int | None) -> str:
    """Return a name with its line, if that is known; a number becomes "layer 1"."""
    name = f"layer {name}" if name.isdigit() else name
    return f"{name} (line {line})" if line else name


def join_names(names: list[str]) -> str:
    """Return names joined for a sentence, only the first few if there are many."""
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
