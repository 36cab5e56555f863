"""Run the command line, and end it well: after a result, an error, Ctrl-C or a broken pipe."""

import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout

from cyclopts import CycloptsError

from cnnlab import startup
from cnnlab.cli import (
    data,
    exercises,
    experiments,
    laptops,
    networks,
    playground,
    runs,
    slides,
    workshop,
)
from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.terminal import Terminal
from cnnlab.cli.usage import explain_usage
from cnnlab.errors import CnnlabError

COMMANDS = (data, exercises, experiments, laptops, networks, playground, runs, slides, workshop)
"""The files that add their commands to the app when they are imported."""


@contextmanager
def only_json() -> Iterator[None]:
    """Send everything that is printed inside the block to standard error.

    This includes what a user's own network prints, in this process and in the workers, which
    inherit file descriptor 1.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def run(words: Sequence[str]) -> int:
    """Run a command; print its result as JSON if requested; return the exit status."""
    is_json_wanted = "--json" in words
    with only_json() if is_json_wanted else nullcontext():
        result = app(words)
    if not isinstance(result, CommandResult):
        return 0  # the help, or the version
    if is_json_wanted:
        sys.stdout.write(json.dumps(result.json) + "\n")
    return result.status


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; exit 0 done, 1 something to fix, 2 usage, 130 interrupted."""
    startup.let_waiting_threads_sleep()
    startup.print_every_letter()
    # joblib warns when Ctrl-C stops runs; the command has a better message.
    warnings.filterwarnings("ignore", message=".*tasks which were still being processed")
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal or a shutdown acts like Ctrl-C
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    try:
        sys.exit(run(sys.argv[1:]))
    except CnnlabError as error:
        Terminal(json_wanted=True).error(str(error))
        sys.exit(1)
    except CycloptsError as error:
        Terminal(json_wanted=True).error(explain_usage(error))
        sys.exit(2)
    except KeyboardInterrupt:
        Terminal(json_wanted=True).say("Interrupted. There was nothing to save.")
        sys.exit(130)
    except BrokenPipeError:
        # The program that reads our output has ended (| head): nobody reads any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
