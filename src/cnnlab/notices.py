"""How a lower room tells a person something: one sentence at a time."""

import sys
from collections.abc import Callable

Notify = Callable[[str], None]
"""Told one sentence about what happens."""
Progress = Callable[[str, int, int | None], None]
"""Told what is being fetched, how many bytes of it are here, and of how many if known."""


def print_to_stderr(message: str) -> None:
    """Print one line to standard error: what is told where nobody else listens."""
    sys.stderr.write(message + "\n")
