"""Run the command line: what any error, stop or broken pipe ends in."""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout

from cnnlab.cli import data, experiments, networks, runs, workshop
from cnnlab.cli.app import app
from cnnlab.cli.flags import answers
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import CnnlabError

COMMANDS = (data, experiments, networks, runs, workshop)
"""The files that each add their commands to the app when they are imported."""


@contextmanager
def _only_json() -> Iterator[None]:
    """Send what anybody prints to standard error, and then print the JSON on standard output.

    Anybody: a network of the user's own may print, in this process and in the workers, which
    take over file descriptor 1.
    """
    out = sys.stdout
    out.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        while answers:
            out.write(answers.pop(0) + "\n")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; exit 0 done, 1 to be mended, 2 usage, 130 interrupted."""
    # Read by GNU OpenMP when PyTorch loads it. By default a waiting thread spins for so long
    # that a browser on the other core makes an epoch up to ten times slower.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    # joblib says so where Ctrl-C stops trainings; the command says it better.
    warnings.filterwarnings("ignore", message=".*tasks which were still being processed")
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal or a shut-down stops as Ctrl-C does
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    try:
        with _only_json() if "--json" in sys.argv[1:] else nullcontext():
            app(sys.argv[1:])
    except CnnlabError as error:
        Terminal(json_wanted=True).error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        Terminal(json_wanted=True).say("Interrupted; there was nothing to keep.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output left (| head): nothing more to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
