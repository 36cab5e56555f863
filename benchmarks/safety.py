"""What it costs that nothing is lost: saving, resuming a run, checking a network.

    python benchmarks/safety.py --rounds 7

Saving: the same epochs with and without a run folder, in turn. Resuming: a process that resumes a
25-epoch run for its last epoch, and one that trains a single epoch, in turn. Writes
benchmarks/results/safety.json.
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch

from cnnlab.custom.find import find_network
from cnnlab.data.splits import Splits, load
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.runs.train import train_run
from cnnlab.training.config import TrainConfig, recipe
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
    splits, network = load("fashion-mnist"), find_network("lenet5")
    sets = prepare(splits.train), prepare(splits.validation)
    config = recipe("workshop", epochs=EPOCHS)

    def without(_: int) -> float:
        return seconds(lambda: fit(network.build(0), *sets, config))

    def with_folder(number: int) -> float:
        return seconds(lambda: train(Path(folder, f"saved-{number}"), splits, sets, config))

    fit(network.build(0), *sets, recipe("workshop", epochs=1))  # the cold epoch
    return in_turn({"without": without, "with": with_folder}, rounds)


def resuming(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of processes that train the last epoch of 25, and the first of 1."""

    def stop(epoch: int, batch: int, batches: int) -> None:
        if epoch == 25:
            raise KeyboardInterrupt

    splits = load("fashion-mnist")
    sets = prepare(splits.train), prepare(splits.validation)
    with suppress(KeyboardInterrupt):
        train(folder / "stopped", splits, sets, recipe("workshop"), stop)

    def first(number: int) -> float:
        return timed("train", "--epochs", "1", "--output", f"fresh-{number}", folder=folder)

    def last(number: int) -> float:
        shutil.copytree(folder / "stopped", folder / f"stopped-{number}")
        return timed("train", "--resume", f"stopped-{number}", folder=folder)

    return in_turn({"first epoch of 1": first, "last epoch of 25": last}, rounds)


def train(
    folder: Path,
    splits: Splits,
    sets: tuple[TensorSet, TensorSet],
    config: TrainConfig,
    on_batch: Callable[[int, int, int], None] | None = None,
) -> None:
    """Train LeNet-5 into a run folder; ``sets`` are the training and the validation images."""
    train_run(
        folder,
        network=find_network("lenet5"),
        recipe_name="workshop",
        config=config,
        splits=splits,
        train=sets[0],
        validation=sets[1],
        on_batch=on_batch,
    )


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
