"""What a comparison costs above its trainings, and on a Dask cluster of this machine.

    python benchmarks/comparison.py --rounds 3

In turn, each round: one `sprint` training with all threads; 20 trainings (two variants, 10 seeds)
by `fit_many` alone; the same as a whole `cnnlab compare` in a process of its own, until its
report is written; and by `fit_many` on a cluster of two workers. Needs the extra `cluster`.
Writes benchmarks/results/comparison.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from distributed import LocalCluster

from about import about
from cnnlab.data.library import load
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.experiments.cluster import connected
from cnnlab.experiments.jobs import Training, fit_many
from cnnlab.experiments.variants import read_variants
from cnnlab.training.loop import fit

RESULTS = Path(__file__).parent / "results"
SEEDS = 10
WORDS = ["lenet5-relu-max", "smooth.toml"]


def many(trainings: list[Training], sets: list[TensorSet], client: Any = None) -> float:
    """Return the seconds of all trainings, the processes' start included."""
    start = time.perf_counter()
    done = list(fit_many(trainings, *sets, client=client))
    seconds = time.perf_counter() - start
    if [each.status for each in done] != ["finished"] * len(trainings):
        raise SystemExit("a training did not finish")
    return seconds


def command(folder: str) -> float:
    """Return the seconds of a whole comparison as a user types it."""
    words = ["compare", *WORDS, "--recipe", "sprint", "--seeds", str(SEEDS), "--output", "c"]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cnnlab", *words], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - start


def one_round() -> dict[str, float]:
    """Measure each way once, in a process of its own: no workers are left from before."""
    splits = load("fashion-mnist")
    sets = [prepare(splits.train), prepare(splits.validation)]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path(WORDS[1]).write_text('model = "lenet5-relu-max"\nlabel_smoothing = 0.1\n')
        variants = read_variants(WORDS, "sprint", {})
        trainings = [
            Training(variant.network.build, variant.settings(seed))
            for seed in range(SEEDS)
            for variant in variants
        ]
        first = trainings[0]
        history = fit(first.build(0), *sets, first.config)
        found = {
            "one_sprint": sum(record.seconds for record in history),
            "compare": command(folder),
            "fit_many": many(trainings, sets),
        }
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            connected(cluster.scheduler_address) as client,
        ):
            found["dask"] = many(trainings, sets, client)
        os.chdir("/")
    return found


def main() -> None:
    """Run the rounds, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round", action="store_true", help="measure one, in this process")
    arguments = parser.parse_args()
    if arguments.round:
        print(json.dumps(one_round()))
        return
    rounds = []
    for _ in range(arguments.rounds):
        done = subprocess.run(
            [sys.executable, __file__, "--round"], check=True, capture_output=True, text=True
        )
        rounds.append(json.loads(done.stdout.splitlines()[-1]))
        print({name: round(seconds, 2) for name, seconds in rounds[-1].items()}, flush=True)
    ratios = {
        "compare over one sprint": [each["compare"] / each["one_sprint"] for each in rounds],
        "compare over fit_many": [each["compare"] / each["fit_many"] for each in rounds],
        "Dask over local": [each["dask"] / each["fit_many"] for each in rounds],
    }
    for name, values in ratios.items():
        print(
            f"{name}: {statistics.median(values):.2f} "
            f"({min(values):.2f} to {max(values):.2f}, n {len(values)})"
        )
    results = {**about(), "rounds": rounds, "ratios": ratios}
    (RESULTS / "comparison.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
