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
    "lazy",
    "too-large",
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
    "detached",
    "no-gradient",
    "constant",
    "unused",
    "equal-filters",
    "seeded",
    "straight",
]
Effect = Literal["stops", "spoils", "none"]

_SPOILS: frozenset[Kind] = frozenset(
    {
        "input-changed",
        "random",
        "batch-dependent",
        "softmax",
        "squashed",
        "no-gradient",
        "constant",
        "unused",
        "equal-filters",
        "seeded",
    }
)
_NONE: frozenset[Kind] = frozenset({"top-level", "frozen", "log-softmax", "straight"})


@dataclass(frozen=True)
class Finding:
    """One fact about a network: its kind, a complete message, and a line of the user's file."""

    kind: Kind
    message: str
    line: int | None = None

    @property
    def effect(self) -> Effect:
        """What it does to training: "stops" or "spoils" it, or "none"."""
        if self.kind in _NONE:
            return "none"
        return "spoils" if self.kind in _SPOILS else "stops"


class FaultError(ModelError):
    """A network cannot be trained: the finding, and the file if the message does not name it."""

    def __init__(self, finding: Finding, file: str | None = None) -> None:
        super().__init__(finding, file)
        self.finding = finding
        self.file = file

    def __str__(self) -> str:
        return f"{self.file}: {self.finding.message}" if self.file else self.finding.message
