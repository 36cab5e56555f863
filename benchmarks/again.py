"""A/A tests by real training: one variant against itself, over and over, with other seeds.

    python benchmarks/again.py --comparisons 40 --seeds 5

Trains `sprint` on Fashion-MNIST, two times five seeds for each comparison, no seed twice, and
judges each pair of fives as `cnnlab compare` does. Counts how often it says helped or hurt, which
chance alone should bring about in at most 5 %. Writes benchmarks/results/again.json.
"""

from collections import Counter

import numpy as np

from cnnlab.custom.find import find_network
from cnnlab.data.own.load import load
from cnnlab.experiments.jobs import fit_many
from cnnlab.experiments.verdict import judge
from cnnlab.runs.job import Job
from cnnlab.training.config import recipe
from harness import about, command_line, seconds, write_results


def main(*, comparisons: int = 40, seeds: int = 5, model: str = "lenet5-relu-max") -> None:
    """Train, judge, write, print."""
    splits = load("fashion-mnist")
    prepared, network = splits.on(), find_network(model)
    count = 2 * comparisons * seeds
    jobs = [
        Job(network, "sprint", recipe("sprint", seed=1_000 + place), splits.data_set)
        for place in range(count)
    ]
    values = np.full(count, np.nan)

    def train() -> None:
        for done in fit_many(jobs, prepared):
            if done.status == "finished":
                values[done.place] = 100 * done.history[-1].validation_accuracy

    took = seconds(train)
    verdicts = [
        judge(*_finished(pair), matters=0.1, peeked=False)[0]
        for pair in values.reshape(comparisons, 2, seeds)
    ]
    outcomes = Counter(verdict.decision for verdict in verdicts)
    mean, deviation = float(np.nanmean(values)), float(np.nanstd(values, ddof=1))
    results = {
        "model": model,
        "seeds": seeds,
        "trainings": count,
        "not_finished": int(np.isnan(values).sum()),
        "seconds": took,
        "mean": mean,
        "standard_deviation": deviation,
        "outcomes": outcomes,
        "p_values": [verdict.p_value for verdict in verdicts],
        "values": values.tolist(),
    }
    write_results("again", about() | results)
    print(
        f"{count} runs in {took:.0f} s, mean {mean:.2f} %, standard deviation {deviation:.2f}: "
        f"{dict(outcomes)}"
    )


def _finished(pair: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    first, second = (each[~np.isnan(each)] for each in pair)
    return first, [second]


if __name__ == "__main__":
    command_line(main)()
