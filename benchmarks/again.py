"""A/A checks by real training: one variant against itself, over and over, on other seeds.

    python benchmarks/again.py --comparisons 40 --seeds 5

Trains `sprint` on Fashion-MNIST, two times five seeds for each comparison, no seed twice, and
judges each pair of fives as `cnnlab compare` does. Counts how often it says helped or hurt, which
chance alone should bring about in at most 5 %. Writes benchmarks/results/again.json.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from about import about
from cnnlab.custom.find import find_network
from cnnlab.data.library import load
from cnnlab.data.tensors import prepare
from cnnlab.experiments.jobs import Training, fit_many
from cnnlab.experiments.verdict import judge
from cnnlab.training.config import recipe

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train, judge, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--model", default="lenet5-relu-max")
    arguments = parser.parse_args()
    splits = load("fashion-mnist")
    network = find_network(arguments.model)
    count = 2 * arguments.comparisons * arguments.seeds
    trainings = [
        Training(network.build, recipe("sprint", seed=1_000 + place)) for place in range(count)
    ]
    values = np.full(count, np.nan)
    start = time.perf_counter()
    for done in fit_many(trainings, prepare(splits.train), prepare(splits.validation)):
        if done.status == "finished":
            values[done.place] = 100 * done.history[-1].validation_accuracy
    seconds = time.perf_counter() - start
    verdicts = [
        judge(*_finished(pair), matters=0.1, looked_before=False)[0]
        for pair in values.reshape(arguments.comparisons, 2, arguments.seeds)
    ]
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    results = {
        **about(),
        "model": arguments.model,
        "seeds": arguments.seeds,
        "trainings": count,
        "not_finished": int(np.isnan(values).sum()),
        "seconds": seconds,
        "mean": float(np.nanmean(values)),
        "standard_deviation": float(np.nanstd(values, ddof=1)),
        "outcomes": outcomes,
        "p_values": [verdict.p_value for verdict in verdicts],
        "values": values.tolist(),
    }
    (RESULTS / "again.json").write_text(json.dumps(results, indent=1) + "\n")
    print(
        f"{count} trainings in {seconds:.0f} s, mean {results['mean']:.2f} %, standard deviation "
        f"{results['standard_deviation']:.2f}: {dict(outcomes)}"
    )


def _finished(pair: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    first, second = (each[~np.isnan(each)] for each in pair)
    return first, [second]


if __name__ == "__main__":
    main()
