"""The job that every peer does, read from the harness's folder, and the report it prints.

Train LeNet-5 (tanh, average pooling) by SGD, rate 0.1, momentum 0.9, batches of 512 in a given
order, from given weights; after each epoch evaluate 12,000 validation images in batches of 256.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import numpy as np

BATCH, EVALUATION_BATCH, RATE, MOMENTUM, LOSSES = 512, 256, 0.1, 0.9, 20


class Job:
    """The harness's arrays, and what a peer measures."""

    def __init__(self) -> None:
        self.folder = Path(sys.argv[1])
        self.epochs = int(sys.argv[2])
        self.losses: list[float] = []
        self.train_seconds: list[float] = []
        self.validation_seconds: list[float] = []
        self.accuracy = 0.0
        self.mark = 0.0
        self.imported = time.time() - float(os.environ["PROCESS_STARTED"])

    def array(self, name: str) -> np.ndarray:
        """Return an array: train_images, train_levels, train_labels, validation_*, or orders."""
        return np.load(self.folder / f"{name}.npy")

    def weights(self) -> dict[str, np.ndarray]:
        """Return the initial weights by PyTorch's names."""
        return dict(np.load(self.folder / "weights.npz"))

    def start(self) -> None:
        """Begin an epoch's training."""
        self.mark = time.perf_counter()

    def loss(self, value: float) -> None:
        """Keep a step's loss, if it is among the first."""
        if len(self.losses) < LOSSES:
            self.losses.append(float(value))

    def trained(self) -> None:
        """End an epoch's training; its validation begins."""
        now = time.perf_counter()
        self.train_seconds.append(now - self.mark)
        self.mark = now

    def validated(self, accuracy: float) -> None:
        """End an epoch's validation."""
        self.validation_seconds.append(time.perf_counter() - self.mark)
        self.accuracy = float(accuracy)

    def report(self) -> None:
        """Print everything as one JSON line."""
        print(
            json.dumps(
                {
                    "import_seconds": self.imported,
                    "losses": self.losses,
                    "train_seconds": self.train_seconds,
                    "validation_seconds": self.validation_seconds,
                    "validation_accuracy": self.accuracy,
                    "peak_megabytes": peak_megabytes(),
                }
            )
        )


def peak_megabytes(process: str = "self") -> float | None:
    """Return a process's largest memory so far if Linux tells it; not its parent's."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found[1]) / 1024 if found else None


def torch_network(weights):
    """Return LeNet-5 in plain PyTorch with the given weights."""
    import torch
    from torch import nn

    network = nn.Sequential()
    network.features = nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
    )
    network.flatten = nn.Flatten()
    network.classifier = nn.Sequential(
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)
    )
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network


def train_torch(job, network, batches_of, validation_batches):
    """Run the job's loop in plain PyTorch: ``batches_of(order)`` gives an epoch's batches."""
    import torch
    from torch.nn.functional import cross_entropy

    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    orders = job.array("orders")
    for epoch in range(job.epochs):
        job.start()
        network.train()
        for images, labels in batches_of(orders[epoch].tolist()):
            loss = cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            job.loss(loss.item())
        job.trained()
        network.eval()
        right = count = 0
        with torch.no_grad():
            for images, labels in validation_batches:
                logits = network(images)
                cross_entropy(logits, labels)
                right += (logits.argmax(1) == labels).sum().item()
                count += len(labels)
        job.validated(right / count)
