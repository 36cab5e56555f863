"""What the peers need before they run: an environment each, and the job that all of them do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from cnnlab.custom.find import build
from cnnlab.data.idx import write_idx
from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare

PEER_FOLDER = Path(__file__).parent
TORCH = "torch==2.13.0"
PEERS = {
    "cnnlab": [],
    "workshop": [TORCH, "torchvision==0.28.0", "numpy", "pillow"],
    "plain": [TORCH, "numpy"],
    "dataloader": [TORCH, "numpy"],
    "skorch": [TORCH, "skorch", "numpy"],
    "lightning": [TORCH, "lightning==2.5.5", "numpy"],
    "fastai": [TORCH, "fastai", "numpy"],
    "keras-torch": [TORCH, "keras", "numpy"],
    "keras-jax": ["jax", "keras", "numpy"],
    "flax": ["jax", "flax", "optax", "numpy"],
    "tinygrad": ["tinygrad", "numpy"],
}
"""What each peer's environment holds; cnnlab runs in the harness's own.

Lightning is held at a version before 2.6.2, which was tampered with.
"""


TUNED = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}
"""What cnnlab sets for itself, for the peer tuned by hand; the others run as users start them."""


def environment(peer: str, root: Path) -> Path:
    """Return the Python of a peer's environment; make it if it is missing."""
    if not PEERS[peer]:
        return Path(sys.executable)
    python = root / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (root / peer / "done").exists():
        shutil.rmtree(root / peer, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", root / peer], check=True)
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        own = [each for each in PEERS[peer] if not each.startswith("torchvision")]
        subprocess.run([*install, *own], check=True)
        for each in PEERS[peer]:
            if each.startswith("torchvision"):  # its build may ask for another torch; it runs
                subprocess.run([*install, "--no-deps", each], check=True)
        (root / peer / "done").touch()
    return python


def frozen(python: Path) -> list[str]:
    """Return the exact versions in an environment."""
    command = [python, "-m", "pip", "freeze", "--exclude-editable", "--disable-pip-version-check"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")


def write_job(folder: Path, epochs: int) -> None:
    """Write arrays, weights, orders of batches, and the files in torchvision's layout."""
    splits = load("fashion-mnist")
    order = np.random.RandomState(42).permutation(len(splits.stored))
    np.save(folder / "validation_indices.npy", order[:12_000])
    np.save(folder / "train_indices.npy", order[12_000:])
    for part, image_set in (("train", splits.train), ("validation", splits.validation)):
        tensors = prepare(image_set)
        np.save(folder / f"{part}_levels.npy", tensors.images.numpy())
        np.save(folder / f"{part}_images.npy", as_input(tensors.images).numpy())
        np.save(folder / f"{part}_labels.npy", tensors.labels.numpy())
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randperm(len(splits.train), generator=generator) for _ in range(epochs)]
    np.save(folder / "orders.npy", torch.stack(drawn).numpy())
    state = build("lenet5", 0).state_dict()
    np.savez(folder / "weights.npz", **{name: value.numpy() for name, value in state.items()})
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, image_set in (("train", splits.stored), ("t10k", splits.test)):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(write_idx(image_set.images))
        labels = image_set.labels.astype(np.uint8)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(write_idx(labels))
