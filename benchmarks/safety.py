"""What it costs that nothing is lost: saving, resuming a run, checking a network.

    python benchmarks/safety.py --rounds 7

Saving: the same epochs with and without a run folder, in turn. Resuming: a process that resumes a
25-epoch run for its last epoch, and one that trains a single epoch, in turn. Writes
benchmarks/results/safety.json.
"""

import shutil
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch

from cnnlab.custom.find import find_network
from cnnlab.data.own.load import load
from cnnlab.data.splits import PreparedSplits
from cnnlab.runs.job import Job
from cnnlab.runs.train import train_run
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.training.loop import fit
from harness import about, command_line, fresh, in_turn, seconds, summary, timed, write_results

EPOCHS = 5


def main(*, rounds: int = 7) -> None:
    """Measure, write, print."""
    with tempfile.TemporaryDirectory() as folder:
        results = {
            "saving": fresh(saving, rounds, folder),
            "going on": resuming(rounds, Path(folder)),
            "checking": checking(rounds, folder),
        }
    made = about() | {"threads": torch.get_num_threads(), "epochs": EPOCHS}
    write_results("safety", made | results)
    for kind, series in results.items():
        for what, values in series.items():
            print(f"{kind:10} {what:18} {summary(values, digits=3)}")
    without, with_folder = results["saving"].values()
    ratios = [b / a for a, b in zip(without, with_folder, strict=True)]
    print(f"with a run folder over without: {summary(ratios, 'times', 3)}")
    first, last = results["going on"].values()
    more = [b - a for a, b in zip(first, last, strict=True)]
    print(f"resuming costs {summary(more, 's more', 3)}")


def saving(rounds: int, folder: str) -> dict[str, list[float]]:
    """Return the seconds of a few epochs of the workshop's job, without and with a run folder."""
    prepared = load("fashion-mnist").on()
    job = lenet5(EPOCHS, prepared)

    def without(_: int) -> float:
        sets = prepared.train, prepared.validation
        return seconds(lambda: fit(job.network.build(0), *sets, job.config))

    def with_folder(number: int) -> float:
        return seconds(lambda: train_run(Path(folder, f"saved-{number}"), job, prepared))

    without(0)  # the cold epoch is in no number
    return in_turn({"without": without, "with": with_folder}, rounds)


def resuming(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of processes that train the last epoch of 25, and the first of 1."""

    def stop(epoch: int, batch: int, batches: int) -> None:
        if epoch == 25:
            raise KeyboardInterrupt

    prepared = load("fashion-mnist").on()
    with suppress(KeyboardInterrupt):
        train_run(folder / "stopped", lenet5(25, prepared), prepared, Listener(batch=stop))

    def first(number: int) -> float:
        return timed("train", "--epochs", "1", "--output", f"fresh-{number}", folder=folder)

    def last(number: int) -> float:
        shutil.copytree(folder / "stopped", folder / f"stopped-{number}")
        return timed("train", "--resume", f"stopped-{number}", folder=folder)

    return in_turn({"first epoch of 1": first, "last epoch of 25": last}, rounds)


def lenet5(epochs: int, prepared: PreparedSplits) -> Job:
    """Return the workshop's job with so many epochs."""
    config = recipe("workshop", epochs=epochs)
    return Job(find_network("lenet5"), "workshop", config, prepared.splits.data_set)


def checking(rounds: int, folder: str) -> dict[str, list[float]]:
    """Return the seconds that `cnnlab check` takes for a network of one's own, and for LeNet-5."""
    timed("new", "mine.py", folder=folder)
    ways = {name: partial(check, name, folder) for name in ("mine.py", "lenet5")}
    return in_turn(ways, rounds)


def check(name: str, folder: str, _: int) -> float:
    """Return the seconds that `cnnlab check` takes for a network."""
    return timed("check", name, folder=folder)


if __name__ == "__main__":
    command_line(main)()
