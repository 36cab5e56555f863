"""Settings that must be made first: before PyTorch is loaded, before anything is printed."""

import io
import os
import sys


def let_waiting_threads_sleep() -> None:
    """Let OpenMP's waiting threads sleep, unless the user has set how they wait.

    GNU OpenMP reads this setting when PyTorch loads it. By default a waiting thread keeps its core
    busy for so long that a browser on the other core makes an epoch up to ten times slower.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def print_every_letter() -> None:
    """Let the output show ? for a letter that the terminal's code page lacks, and not fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
