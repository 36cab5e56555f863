"""What every benchmark needs: its flags, times, processes of their own, a place for the results.

A benchmark is a file with one question. Its docstring is its help, the arguments of its `main` are
its flags, and its results lie in benchmarks/results. This file imports neither PyTorch nor cnnlab
until somebody asks for them, so that a process of its own can use another checkout of cnnlab.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cyclopts import App, Parameter

HERE = Path(__file__).parent
RESULTS = HERE / "results"
IMAGES = HERE.parent / "docs" / "images"
OPENMP = {"GOMP_SPINCOUNT": "10000"}
"""What cnnlab's command line sets for GNU OpenMP, which reads it when PyTorch is loaded."""


def command_line(main: Callable[..., None]) -> App:
    """Return a benchmark's command line: help from its file's docstring, flags from ``main``.

    A flag that takes several values takes all that follow it.
    """
    doc = sys.modules[main.__module__].__doc__ or ""
    app = App(
        name=f"python benchmarks/{Path(main.__code__.co_filename).name}",
        help=doc.partition("\n")[0],
        help_format="plaintext",
        version_flags=(),
        default_parameter=Parameter(consume_multiple=True, negative=()),
    )
    app.default(main)
    return app


def about() -> dict[str, str]:
    """Return cnnlab's version and commit, PyTorch's version, and the processor."""
    import torch

    from cnnlab.training.device import describe_device

    return {
        "cnnlab": version("cnnlab"),
        "commit": commit(HERE),
        "torch": torch.__version__,
        "device": describe_device(torch.device("cpu")),
    }


def commit(folder: Path) -> str:
    """Return the commit that a checkout is at, marked as dirty if files have changed since."""
    git = ["git", "-C", folder, "describe", "--always", "--dirty"]
    found = subprocess.run(git, check=False, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def write_results(name: str, results: object) -> None:
    """Write what a benchmark found into benchmarks/results, as JSON."""
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed(*words: str, folder: str | Path, environment: Mapping[str, str] | None = None) -> float:
    """Return the seconds that a cnnlab command takes in a folder, as a user starts it."""
    command = [sys.executable, "-m", "cnnlab", *words]
    given = os.environ | (environment or {})
    return seconds(
        lambda: subprocess.run(command, cwd=folder, env=given, check=True, capture_output=True)
    )


def ask(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Any:
    """Return the last line that a command prints, read as JSON.

    PROCESS_STARTED tells the process when it was started. Raises `subprocess.CalledProcessError`
    with what the command wrote on standard error.
    """
    given = os.environ | {"PROCESS_STARTED": str(time.time())} | (environment or {})
    try:
        done = subprocess.run(command, env=given, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return json.loads(done.stdout.splitlines()[-1])


def fresh(
    function: Callable[..., Any], *arguments: Any, environment: Mapping[str, str] | None = None
) -> Any:
    """Return what a benchmark's function returns in a process of its own, set up as cnnlab's.

    Arguments and result travel as JSON.
    """
    script = Path(function.__code__.co_filename).stem
    command = [sys.executable, __file__, script, function.__name__, json.dumps(arguments)]
    return ask(command, OPENMP | (environment or {}))


def in_turn(ways: Mapping[str, Callable[[int], Any]], rounds: int) -> dict[str, list[Any]]:
    """Return what each way of doing a thing returns in each round, whose number it is given.

    The ways take turns, so that a slow minute of the machine meets all of them; every second
    round goes backwards, so that none always follows the same one.
    """
    found: dict[str, list[Any]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            found[name].append(ways[name](number))
    return found


def summary(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Return the median of a series, its range, and how many values there are."""
    middle, low, high = (
        f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"median {middle} {unit}, from {low} to {high} {unit}, n {len(values)}"


if __name__ == "__main__":  # the process that `fresh` starts
    script, name, arguments = sys.argv[1:]
    print(json.dumps(getattr(import_module(script), name)(*json.loads(arguments))))
