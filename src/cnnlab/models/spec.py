"""A kind of network: its name, what a person calls it, how to make one, and its code."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from cnnlab.randomness import seeded


@dataclass(frozen=True)
class SourceCode:
    """A class or function in a Python file, as text: the code of a network of a user's own."""

    path: str
    class_name: str
    text: str

    @property
    def sha256(self) -> str:
        """What tells this source from another of the same name."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class ModelSpec:
    """A kind of network: its name, what a person calls it, and how to make one.

    ``source`` is the code of a user's own network, None for cnnlab's. ``warnings`` are sentences
    about it that do not keep it from being trained.
    """

    name: str
    title: str
    make: Callable[[], nn.Module]
    source: SourceCode | None = None
    warnings: tuple[str, ...] = ()

    def build(self, seed: int) -> nn.Module:
        """Return a network, its weights drawn from ``seed`` by PyTorch's defaults.

        All global generators are left as they were.
        """
        with seeded(seed):
            return self.make()

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        own = self.source
        return f"{Path(own.path).stem}-{own.class_name}" if own else self.name
