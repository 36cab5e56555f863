"""Seconds an epoch of every network of cnnlab's own, in turn in one process.

    python benchmarks/networks.py --rounds 3

Each round trains two epochs of the recipe sprint's job and takes the second, which is warm. Writes
benchmarks/results/networks.json.
"""

from functools import partial

from cnnlab.data.own.load import load
from cnnlab.data.splits import PreparedSplits
from cnnlab.models.catalog import MODELS
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from harness import about, command_line, fresh, in_turn, summary, write_results


def main(*, rounds: int = 3) -> None:
    """Train, write, print."""
    found = fresh(all_networks, rounds)
    write_results("networks", about() | {"recipe": "sprint", "epoch_seconds": found})
    for name, values in found.items():
        print(f"{name:20} an epoch: {summary(values)}")


def all_networks(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each network's warm epochs."""
    prepared = load("fashion-mnist").on()
    return in_turn({name: partial(warm_epoch, name, prepared) for name in MODELS}, rounds)


def warm_epoch(name: str, prepared: PreparedSplits, _: int) -> float:
    """Return the seconds of a network's second epoch."""
    model, config = MODELS[name].build(0), recipe("sprint", epochs=2)
    return fit(model, prepared.train, prepared.validation, config)[-1].seconds


if __name__ == "__main__":
    command_line(main)()
