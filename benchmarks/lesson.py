"""How long do the machines work in the 60 minutes of docs/leading.md, and in each notebook.

    python benchmarks/lesson.py --rounds 3
    python benchmarks/lesson.py --rounds 1 --notebooks

The commands of the plan, in their order, each as a student starts it, on Fashion-MNIST. With
--notebooks also each notebook from the top: its seconds, and those of its slowest cell.
"""

import tempfile
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from harness import HERE, about, command_line, summary, timed, write_results

RUN = "runs/fashion-mnist-lenet5-seed-0"
SPRINT = ("--dataset", "fashion-mnist", "--recipe", "sprint")
PLAN = {
    "is this laptop ready": ("doctor",),
    "the first network": ("train", "--model", "lenet5", *SPRINT),
    "its page": ("export", RUN, "--page"),
    "its slides, for the leader": ("slides", RUN, "-o", "slides.html"),
    "a network of one's own": ("new", "mine.py"),
    "what is wrong with it": ("check", "mine.py:Net"),
    "train it": ("train", "--model", "mine.py:Net", *SPRINT),
    "did it help": ("compare", "lenet5", "mine.py:Net", *SPRINT, "--seeds", "5"),
    "the report of a run": ("report", RUN),
}
"""The commands of the 60-minute plan, and what each is for."""


def main(
    *,
    rounds: int = 3,
    notebooks: Annotated[bool, Parameter(help="Run the notebooks too.")] = False,
) -> None:
    """Measure, print and keep the seconds of each command of the plan."""
    found: dict[str, list[float]] = {name: [] for name in PLAN}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, words in PLAN.items():
                found[name].append(timed(*words, folder=folder))
    whole = [sum(values) for values in zip(*found.values(), strict=True)]
    results = {"plan": found, "whole": whole, "notebooks": _notebooks() if notebooks else {}}
    write_results("lesson", about() | results)
    for name, seconds in (found | {"all of the plan": whole}).items():
        print(f"{name:28} {summary(seconds)}")
    for name, cells in results["notebooks"].items():
        print(f"{name:28} {sum(cells):.1f} s, its slowest cell {max(cells):.1f} s")


def _notebooks() -> dict[str, list[float]]:
    """Return the seconds of each cell of each notebook, run from the top in one folder."""
    import nbformat
    from nbclient import NotebookClient

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            resources = {"metadata": {"path": folder}}
            NotebookClient(notebook, timeout=900, resources=resources).execute()
            found[path.stem] = [
                _seconds(cell.metadata["execution"])
                for cell in notebook.cells
                if cell.cell_type == "code"
            ]
    return found


def _seconds(execution: dict[str, str]) -> float:
    """Return how long a cell was busy."""
    begun, ended = (
        datetime.fromisoformat(execution[name])
        for name in ("iopub.status.busy", "iopub.status.idle")
    )
    return (ended - begun).total_seconds()


if __name__ == "__main__":
    command_line(main)()
