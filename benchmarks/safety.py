"""What it costs that nothing is lost: saving, going on with a stopped run, checking a network.

    python benchmarks/safety.py --rounds 7

Saving: the same epochs with and without a run folder, in turn. Going on: a process that resumes a
25-epoch run for its last epoch, and one that trains a single epoch, in turn. Writes
benchmarks/results/safety.json.
"""

import argparse
import contextlib
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from about import about
from cnnlab.custom.find import find_network
from cnnlab.data.library import load
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import prepare
from cnnlab.runs.train import train_run
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from workshop import timed

RESULTS = Path(__file__).parent / "results"
EPOCHS = 5


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def saving(splits: Splits, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of a few epochs of the workshop's job, without and with a run folder."""
    config, network = recipe("workshop", epochs=EPOCHS), find_network("lenet5")
    train, validation = prepare(splits.train), prepare(splits.validation)
    fit(network.build(0), train, validation, recipe("workshop", epochs=1))
    found: dict[str, list[float]] = {"without": [], "with": []}
    for number in range(rounds):
        found["without"].append(seconds(lambda: fit(network.build(0), train, validation, config)))
        run_folder = folder / f"saved-{number}"
        found["with"].append(
            seconds(
                lambda: train_run(
                    run_folder,  # noqa: B023 - called at once
                    network=network,
                    recipe_name="workshop",
                    config=config,
                    splits=splits,
                    train=train,
                    validation=validation,
                )
            )
        )
    return found


def going_on(splits: Splits, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of processes that train the last epoch of 25, and the first of 1."""

    def stop(epoch: int, batch: int, batches: int) -> None:
        if epoch == 25:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        train_run(
            folder / "stopped",
            network=find_network("lenet5"),
            recipe_name="workshop",
            config=recipe("workshop"),
            splits=splits,
            train=prepare(splits.train),
            validation=prepare(splits.validation),
            on_batch=stop,
        )
    found: dict[str, list[float]] = {"first epoch of 1": [], "last epoch of 25": []}
    for number in range(rounds):
        found["first epoch of 1"].append(
            timed("train", "--epochs", "1", "--output", f"fresh-{number}", folder=folder)
        )
        shutil.copytree(folder / "stopped", folder / f"stopped-{number}")
        found["last epoch of 25"].append(
            timed("train", "--resume", f"stopped-{number}", folder=folder)
        )
    return found


def checking(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds that `cnnlab check` takes for a network of one's own, and for LeNet-5."""
    timed("new", "mine.py", folder=folder)
    found: dict[str, list[float]] = {"mine.py": [], "lenet5": []}
    for _ in range(rounds):
        for name, values in found.items():
            values.append(timed("check", name, folder=folder))
    return found


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    splits = load("fashion-mnist")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = {
            "saving": saving(splits, rounds, folder),
            "going on": going_on(splits, rounds, folder),
            "checking": checking(rounds, folder),
        }
    made = {**about(), "threads": torch.get_num_threads(), "epochs": EPOCHS}
    (RESULTS / "safety.json").write_text(json.dumps({**made, **results}, indent=1) + "\n")
    for kind, series in results.items():
        for what, values in series.items():
            print(f"{kind:10} {what:18} {spread(values)} s")
    without, with_folder = results["saving"].values()
    ratios = [b / a for a, b in zip(without, with_folder, strict=True)]
    print(f"with saving, times without: {spread(ratios)}")
    first, last = results["going on"].values()
    print(f"going on costs {spread([b - a for a, b in zip(first, last, strict=True)])} s more")


def spread(values: list[float]) -> str:
    """Return a series' median, smallest, largest and number."""
    return (
        f"median {statistics.median(values):.3f}, from {min(values):.3f} to {max(values):.3f}, "
        f"n {len(values)}"
    )


if __name__ == "__main__":
    main()
