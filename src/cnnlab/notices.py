"""How any part of cnnlab tells a person something: one sentence at a time."""

import sys
from collections.abc import Callable

Notify = Callable[[str], None]
"""A function that receives one sentence about what happens."""
Progress = Callable[[str, int, int | None], None]
"""A function that receives a file's name, its bytes so far, and its size if that is known."""


def print_to_stderr(message: str) -> None:
    """Print one line to standard error: the usual `Notify`."""
    sys.stderr.write(message + "\n")
