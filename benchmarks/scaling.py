"""How an epoch's time and the peak of memory grow: images, batch size, width, number of seeds.

    python benchmarks/scaling.py

Each point is a process of its own: 4 epochs of random images in 10 classes, the first left out.
Writes benchmarks/results/scaling.json and prints a table.
"""

import os
import re
import statistics
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from cnnlab.data.catalog import DATA_SETS
from cnnlab.data.images import ImageSet
from cnnlab.data.splits import Splits
from cnnlab.experiments.jobs import fit_many
from cnnlab.models.catalog import ModelSpec
from cnnlab.runs.job import Job
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from harness import command_line, fresh, seconds, write_results
from peers.job import peak_megabytes

USUAL = {"images": 48_000, "batch_size": 512, "width": 1, "seeds": 1}
POINTS = {
    "images": (6_000, 12_000, 24_000, 48_000, 96_000),
    "batch_size": (32, 128, 512, 2048),
    "width": (1, 2, 4),
    "seeds": (1, 2, 4, 8),
}


def main() -> None:
    """Measure every point in a process of its own; write and print."""
    results = []
    for quantity, values in POINTS.items():
        for value in values:
            setting = USUAL | {quantity: value}
            results.append({"varied": quantity, **setting, **fresh(measure, *setting.values())})
            print(
                f"{quantity:10} {value:7,}  {results[-1]['seconds']:7.2f} s an epoch"
                f"  {results[-1]['peak_megabytes']:6.0f} MB",
                flush=True,
            )
    write_results("scaling", results)


def measure(images: int, batch_size: int, width: int, seeds: int) -> dict[str, float]:
    """Return one point's seconds an epoch and peak memory, in a process of its own."""
    prepared = random_splits(images).on()
    network = ModelSpec("wide", "LeNet-5, wider", partial(lenet5, width))
    jobs = [
        Job(
            network,
            "workshop",
            recipe("workshop", epochs=4, batch_size=batch_size, learning_rate=0.01, seed=seed),
            prepared.splits.data_set,
        )
        for seed in range(seeds)
    ]
    if seeds == 1:
        model = network.build(0)
        history = fit(model, prepared.train, prepared.validation, jobs[0].config)
        took = statistics.median(record.seconds for record in history[1:])
    else:
        list(fit_many(jobs[:2], prepared))  # starts the processes
        took = seconds(lambda: list(fit_many(jobs, prepared))) / 4
    return {"seconds": took, "peak_megabytes": family_megabytes()}


def random_splits(count: int) -> Splits:
    """Return so many random training images, and the first 1,000 of them for validation."""
    data_set, generator = DATA_SETS["fashion-mnist"], np.random.default_rng(0)
    images = generator.integers(256, size=(count, 28, 28), dtype=np.uint8)
    train = ImageSet(images, generator.integers(10, size=count), data_set.classes)
    held = train.take(np.arange(1000))
    return Splits(data_set, stored=train, train=train, validation=held, test=held, source="random")


def lenet5(width: int) -> nn.Module:
    """Return LeNet-5 with ReLU and max pooling, every layer but the last so many times as wide."""
    return nn.Sequential(
        nn.Sequential(
            nn.Conv2d(1, 6 * width, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6 * width, 16 * width, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ),
        nn.Flatten(),
        nn.Linear(400 * width, 120 * width),
        nn.ReLU(),
        nn.Linear(120 * width, 84 * width),
        nn.ReLU(),
        nn.Linear(84 * width, 10),
    )


def family_megabytes() -> float:
    """Return the largest memory of this process and of those that it started, added up."""
    parents = {
        path.parent.name: re.search(r"PPid:\s+(\d+)", path.read_text())[1]
        for path in Path("/proc").glob("[0-9]*/status")
    }
    own = str(os.getpid())
    family = [own, *(child for child, parent in parents.items() if parent == own)]
    return sum(peak_megabytes(member) or 0 for member in family)


if __name__ == "__main__":
    command_line(main)()
