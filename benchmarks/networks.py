"""Seconds an epoch of every network of cnnlab's own, in turn in one process.

    python benchmarks/networks.py --rounds 3

Each round trains two epochs of the recipe sprint's job and takes the second, which is warm. Writes
benchmarks/results/networks.json.
"""

import argparse
import json
import statistics
from pathlib import Path

from about import about
from cnnlab.data.library import load
from cnnlab.data.tensors import prepare
from cnnlab.models.catalog import MODELS
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    splits = load("fashion-mnist")
    train, validation = prepare(splits.train), prepare(splits.validation)
    seconds: dict[str, list[float]] = {name: [] for name in MODELS}
    for _ in range(rounds):
        for name, network in MODELS.items():
            history = fit(network.build(0), train, validation, recipe("sprint", epochs=2))
            seconds[name].append(history[-1].seconds)
    results = {**about(), "recipe": "sprint", "epoch_seconds": seconds}
    (RESULTS / "networks.json").write_text(json.dumps(results, indent=1) + "\n")
    for name, values in seconds.items():
        print(
            f"{name:20} median {statistics.median(values):5.2f} s an epoch, from "
            f"{min(values):.2f} to {max(values):.2f}, n {rounds}"
        )


if __name__ == "__main__":
    main()
