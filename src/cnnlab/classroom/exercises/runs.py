"""The network or the comparison that an exercise looks into: your own, or cnnlab's."""

import json
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.data.catalog import DEFAULT_SAMPLE
from cnnlab.data.images import ImageSet
from cnnlab.data.library import Library
from cnnlab.data.own.load import load_splits
from cnnlab.data.splits import Splits
from cnnlab.errors import RunError
from cnnlab.insight.graph import Graph, read_graph
from cnnlab.runs.layout import CONFIG, PLAN, RESULTS, not_a_run, runs_in
from cnnlab.runs.store import read_json
from cnnlab.wording import command_line

HOME = Path("runs")
"""Where the commands put runs and comparisons."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network as a graph, its name in words, and its data set's validation images."""

    words: str
    graph: Graph
    images: ImageSet

    def classify(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the predicted classes (N,) of grey images (N, 28, 28)."""
        from cnnlab.insight.interpret import logits_of
        from cnnlab.runs.explain import as_numbers

        blocks = [images[start : start + 250] for start in range(0, len(images), 250)]
        return np.concatenate(
            [logits_of(self.graph, as_numbers(block)).argmax(axis=1) for block in blocks]
        )


def trained_networks(attempt: Attempt) -> list[TrainedNetwork]:
    """Return the networks of the folders that a student named; else of the newest run in runs.

    Without any run it is the LeNet-5 that comes with cnnlab. Raises `RunError` if a folder is not
    a run, `ModelError` if its network cannot be followed step by step.
    """
    folders = attempt.runs or runs_in(HOME)[:1]
    if not folders:
        return [_shipped()]
    return [_of_run(folder.resolve(), attempt.trust) for folder in folders]


@cache
def sample() -> Splits:
    """Return the sample of Fashion-MNIST that comes with cnnlab."""
    return Library(offline=True, notify=lambda _: None).load(DEFAULT_SAMPLE)


@cache
def _shipped() -> TrainedNetwork:
    from cnnlab.playground.bundle import STATIC
    from cnnlab.playground.payload import as_bytes
    from cnnlab.playground.server import SHIPPED

    content = json.loads(lzma.decompress((STATIC / SHIPPED).read_bytes()))
    graph = read_graph(content["graph"], as_bytes(content["weights"]))
    return TrainedNetwork("the LeNet-5 that comes with cnnlab", graph, sample().validation)


@cache
def _of_run(folder: Path, trust: bool) -> TrainedNetwork:
    from cnnlab.runs.explain import network_graph
    from cnnlab.runs.run import open_run

    if not (folder / CONFIG).exists():
        raise RunError(not_a_run(folder))
    run = open_run(folder, trust=trust)
    splits = load_splits(Library(offline=True, notify=lambda _: None), run.data_set_name)
    return TrainedNetwork(
        f"{run.model_name} in {folder.name}", network_graph(run), splits.validation
    )


@dataclass(frozen=True)
class Compared:
    """A finished comparison of two variants: its folder and the content of its results.json."""

    folder: Path
    results: dict[str, Any]

    @property
    def names(self) -> tuple[str, str]:
        """The names of the first variant and of the one that is judged."""
        first, second = self.results["variants"][:2]
        return str(first["name"]), str(second["name"])

    @property
    def decision(self) -> str:
        """The verdict; "no verdict" if there is none."""
        verdict = self.results["verdicts"][0]["verdict"]
        return str(verdict["decision"]) if verdict else "no verdict"

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the difference's 95 % interval, in points."""
        found = (self.results["verdicts"][0]["verdict"] or {}).get("difference") or {}
        low, high = found.get("low"), found.get("high")
        return (-np.inf if low is None else low, np.inf if high is None else high)

    @property
    def p_value(self) -> float:
        """The p-value of no difference at all."""
        verdict = self.results["verdicts"][0]["verdict"]
        return float(verdict["p_value"]) if verdict else 1.0

    @property
    def matters(self) -> float:
        """The smallest difference that matters, in points."""
        return float(self.results["matters"])

    @property
    def is_again(self) -> bool:
        """Whether both variants are the same network with the same settings: an A/A test."""
        first, second = self.results["variants"][:2]
        keys = ("model", "source_sha256", "config")
        return all(first[key] == second[key] for key in keys)


def comparisons(
    attempt: Attempt, wanted: Callable[[Compared], bool], advice: str
) -> list[Compared]:
    """Return the comparisons of the folders that a student named, else the newest that is wanted.

    Raises `RunError` with ``advice``, a command, if there is none.
    """
    if attempt.runs:
        return [_comparison(folder) for folder in attempt.runs]
    files = sorted(HOME.glob(f"*/{RESULTS}"), key=lambda path: -path.stat().st_mtime)
    for path in files:
        if (path.parent / PLAN).exists() and wanted(found := _comparison(path.parent)):
            return [found]
    raise RunError(f"There is no such comparison in {HOME} yet. Make one:\n  {advice}")


def _comparison(folder: Path) -> Compared:
    path = folder / RESULTS
    if not path.exists():
        raise RunError(
            f"{folder} is not the folder of a finished comparison: expected {RESULTS} in it. Make "
            f"one:\n  {command_line('compare', 'lenet5', 'lenet5-relu-max')}"
        )
    results = read_json(path, ["variants", "verdicts", "matters", "on"])
    if not results["verdicts"] or len(results["variants"]) < 2:
        raise RunError(f"{folder} compares fewer than two variants. Name another comparison.")
    return Compared(folder, results)
