"""Seconds of training: the recipe sprint beside 25 epochs of the workshop's own pipeline.

    python benchmarks/time_to_accuracy.py

Runs both in turn, a process each: the workshop's pipeline as benchmarks/epoch.py runs it, then
three seeds of sprint. Both times are from the first epoch's start to the last one's end, ours
with the making of the kernels. Writes benchmarks/results/time-to-accuracy.json, prints the ratio.
"""

import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from cnnlab.custom.find import build
from cnnlab.data.own.load import load
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from harness import about, ask, command_line, fresh, summary, write_results
from peers.prepare import PEER_FOLDER, environment, write_job

EPOCHS = 25


def main(*, turns: int = 2, environments: Path = Path("build/peers")) -> None:
    """Run in turn, write, print."""
    python = environment("workshop", environments.absolute())
    pipeline, sprints = [], []
    with tempfile.TemporaryDirectory() as job:
        write_job(Path(job), EPOCHS)
        for turn in range(turns):
            pipeline.append(ask([python, PEER_FOLDER / "workshop_peer.py", job, str(EPOCHS)]))
            sprints += [fresh(sprint, seed) for seed in range(3 * turn, 3 * turn + 3)]
    write_results("time-to-accuracy", about() | {"workshop": pipeline, "sprint": sprints})
    theirs = [sum(each["train_seconds"] + each["validation_seconds"]) for each in pipeline]
    ours = [sum(epoch["seconds"] for epoch in each["epochs"]) for each in sprints]
    calls = [each["seconds"] for each in sprints]
    print(f"the workshop's pipeline, 25 epochs: {summary(theirs)}")
    print(f"sprint, 4 epochs: {summary(ours)}")
    print(f"sprint, the whole call, with PyTorch's optimizer imported: {summary(calls)}")
    print(f"ratio of the medians: {statistics.median(theirs) / statistics.median(ours):.1f}")


def sprint(seed: int) -> dict:
    """Return the seconds and the epochs of one run by sprint, in a process of its own."""
    prepared = load("fashion-mnist").on()
    model = build("lenet5-relu-max", seed)
    start = time.perf_counter()
    history = fit(model, prepared.train, prepared.validation, recipe("sprint", seed=seed))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "epochs": [asdict(record) for record in history]}


if __name__ == "__main__":
    command_line(main)()
