"""Seconds of training: the recipe sprint beside 25 epochs of the workshop's own pipeline.

    python benchmarks/time_to_accuracy.py

Runs both in turn, a process each: the workshop's pipeline as benchmarks/epoch.py runs it, then
three seeds of sprint. Both times are from the first epoch's start to the last one's end, ours
with the making of the kernels. Writes benchmarks/results/time-to-accuracy.json, prints the ratio.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from about import about
from cnnlab.custom.find import build
from cnnlab.data.library import load
from cnnlab.data.tensors import prepare
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from epoch import HERE, environment, write_job

EPOCHS = 25


def sprint(seed: int) -> None:
    """Print the epochs of one training by sprint as JSON."""
    splits = load("fashion-mnist")
    sets = prepare(splits.train), prepare(splits.validation)
    model = build("lenet5-relu-max", seed)
    start = time.perf_counter()
    history = fit(model, *sets, recipe("sprint", seed=seed))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "epochs": [asdict(record) for record in history]}))


def run(command: list) -> dict:
    """Return what a process prints as its last line."""
    told = os.environ | {"PROCESS_STARTED": str(time.time())}
    done = subprocess.run(command, env=told, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run in turn, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--environments", type=Path, default=Path("build/peers"))
    parser.add_argument("--sprint", type=int, help="train one seed, in this process")
    arguments = parser.parse_args()
    if arguments.sprint is not None:
        sprint(arguments.sprint)
        return
    python = environment("workshop", arguments.environments.absolute())
    pipeline, sprints = [], []
    with tempfile.TemporaryDirectory() as job:
        write_job(Path(job), EPOCHS)
        for turn in range(arguments.turns):
            script = HERE / "peers" / "workshop_peer.py"
            pipeline.append(run([python, script, job, str(EPOCHS)]))
            for seed in range(3 * turn, 3 * turn + 3):
                sprints.append(run([sys.executable, __file__, "--sprint", str(seed)]))
    theirs = [sum(each["train_seconds"] + each["validation_seconds"]) for each in pipeline]
    ours = [sum(epoch["seconds"] for epoch in each["epochs"]) for each in sprints]
    calls = [each["seconds"] for each in sprints]
    results = {
        **about(),
        "workshop": pipeline,
        "sprint": sprints,
    }
    path = HERE / "results" / "time-to-accuracy.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    for name, seconds in (
        ("the workshop's pipeline, 25 epochs", theirs),
        ("sprint, 4 epochs", ours),
        ("sprint, the whole call, with PyTorch's optimiser imported", calls),
    ):
        print(
            f"{name}: {statistics.median(seconds):.2f} s "
            f"({min(seconds):.2f} to {max(seconds):.2f}, n {len(seconds)})"
        )
    print(f"ratio of the medians: {statistics.median(theirs) / statistics.median(ours):.1f}")


if __name__ == "__main__":
    main()
