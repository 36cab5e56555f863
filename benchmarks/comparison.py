"""What a comparison costs above its runs, and on a Dask cluster of this machine.

    python benchmarks/comparison.py --rounds 3

In turn, each round: one `sprint` run with all threads; 20 runs (two variants, 10 seeds) by
`fit_many` alone; the same as a whole `cnnlab compare` in a process of its own, until its
report is written; and by `fit_many` on a cluster of two workers. Needs the extra `cluster`.
Writes benchmarks/results/comparison.json.
"""

import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from distributed import LocalCluster

from cnnlab.data.own.load import load
from cnnlab.data.splits import PreparedSplits
from cnnlab.experiments.cluster import connected
from cnnlab.experiments.jobs import fit_many
from cnnlab.experiments.variants import read_variants
from cnnlab.runs.job import Job
from cnnlab.training.loop import fit
from harness import about, command_line, fresh, seconds, summary, timed, write_results

SEEDS = 10
WORDS = ["lenet5-relu-max", "smooth.toml"]


def main(*, rounds: int = 3) -> None:
    """Run the rounds, write, print."""
    found = []
    for _ in range(rounds):
        found.append(fresh(one_round))
        print({name: round(took, 2) for name, took in found[-1].items()}, flush=True)
    ratios = {
        "compare over one sprint": [each["compare"] / each["one_sprint"] for each in found],
        "compare over fit_many": [each["compare"] / each["fit_many"] for each in found],
        "Dask over local": [each["dask"] / each["fit_many"] for each in found],
    }
    write_results("comparison", about() | {"rounds": found, "ratios": ratios})
    for name, values in ratios.items():
        print(f"{name}: {summary(values, 'times')}")


def one_round() -> dict[str, float]:
    """Measure each way once, in a process of its own: no workers are left from before."""
    splits = load("fashion-mnist")
    prepared = splits.on()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path(WORDS[1]).write_text('model = "lenet5-relu-max"\nlabel_smoothing = 0.1\n')
        jobs = [
            variant.job(seed, splits.data_set)
            for seed in range(SEEDS)
            for variant in read_variants(WORDS, "sprint", {})
        ]
        model = jobs[0].network.build(0)
        history = fit(model, prepared.train, prepared.validation, jobs[0].config)
        words = [*WORDS, "--recipe", "sprint", "--seeds", str(SEEDS), "--output", "c"]
        found = {
            "one_sprint": sum(record.seconds for record in history),
            "compare": timed("compare", *words, folder=folder),
            "fit_many": seconds(lambda: train_all(jobs, prepared)),
        }
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            connected(cluster.scheduler_address) as client,
        ):
            found["dask"] = seconds(lambda: train_all(jobs, prepared, client))
    return found


def train_all(jobs: list[Job], prepared: PreparedSplits, client: Any = None) -> None:
    """Train all, the start of the processes included; end the benchmark if one did not finish."""
    done = list(fit_many(jobs, prepared, client=client))
    if [each.status for each in done] != ["finished"] * len(jobs):
        raise SystemExit("A run did not finish.")


if __name__ == "__main__":
    command_line(main)()
