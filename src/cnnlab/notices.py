"""How code that knows no terminal tells a person something: one sentence at a time."""

import sys
from collections.abc import Callable

Notify = Callable[[str], None]
"""A function that receives one sentence about what happens."""
Progress = Callable[[str, int, int | None], None]
"""A function that receives the name of a download, its bytes so far, and all its bytes if known."""


def print_to_stderr(message: str) -> None:
    """Print one line to standard error: the `Notify` to use without a terminal of cnnlab's."""
    sys.stderr.write(message + "\n")
