"""An epoch of the workshop's job by cnnlab and by its peers, side by side.

    python benchmarks/epoch.py                       # all of them, 3 processes each, 5 warm epochs
    python benchmarks/epoch.py --peers skorch --processes 1

Makes an environment for each peer, writes the job (same weights, same order of batches), runs
the peers in turn, process by process, and counts a time only where the first 20 losses agree with
cnnlab's within 1e-3 and the last accuracy within 0.3 points. Writes
benchmarks/results/epoch.json and prints a table.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

from about import about
from cnnlab.custom.find import build
from cnnlab.data.idx import write_idx
from cnnlab.data.library import load
from cnnlab.data.tensors import as_input, prepare
from cnnlab.views.plots import BLUE, INK, MUTED, STYLE, to_png

HERE = Path(__file__).parent
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
    "GOMP_SPINCOUNT": "10000",
}
"""What cnnlab sets for itself, for the peer tuned by hand; the others run as users start them."""


def environment(peer: str, root: Path) -> Path:
    """Return the Python of a peer's environment, made where it is not there yet."""
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


def product_rate() -> float:
    """Return this machine's float32 matrix-product rate in GFLOP/s, the best of 20."""
    a = torch.randn(2048, 2048)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * 2.048**3 / min(seconds)


def main() -> None:
    """Run, check, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6, help="one cold, the others warm")
    parser.add_argument("--environments", type=Path, default=Path("build/peers"))
    arguments = parser.parse_args()
    peers = ["cnnlab", *(peer for peer in arguments.peers if peer != "cnnlab")]
    pythons = {peer: environment(peer, arguments.environments.absolute()) for peer in peers}
    runs: dict[str, list[dict]] = {peer: [] for peer in peers}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        write_job(Path(name), arguments.epochs)
        for turn in range(arguments.processes):
            for peer in peers:
                script, _, backend = peer.partition("-")
                script = HERE / "peers" / f"{script}_peer.py"
                command = [pythons[peer], script, name, str(arguments.epochs)]
                start = time.perf_counter()
                told = {"PROCESS_STARTED": str(time.time()), "KERAS_BACKEND": backend, "DEV": "CPU"}
                told |= TUNED if peer == "plain" else {}
                done = subprocess.run(
                    command, env=os.environ | told, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    failed[peer] = done.stderr.strip().split("\n")[-1]
                    print(peer, turn, f"failed: {failed[peer]}", flush=True)
                    continue
                result = json.loads(done.stdout.splitlines()[-1])
                result["process_seconds"] = time.perf_counter() - start
                runs[peer].append(result)
                print(peer, turn, [round(s, 2) for s in result["train_seconds"]], flush=True)
    for peer in peers:
        if peer not in failed and (told := disagreement(runs[peer], runs["cnnlab"][0])):
            failed[peer] = told
            print(peer, told)
    results = {
        **about(),
        "product_gflops": product_rate(),
        "runs": {peer: own for peer, own in runs.items() if peer not in failed},
        "failed": failed,
        "versions": {peer: frozen(pythons[peer]) for peer in peers},
    }
    (HERE / "results" / "epoch.json").write_text(json.dumps(results, indent=1) + "\n")
    table(results)
    draw(results)


def disagreement(own: list[dict], reference: dict) -> str:
    """Return why a peer did another job, or nothing: by its first losses and its last accuracy."""
    losses, accuracy = apart(own, reference)
    if losses < 1e-3 and accuracy < 3e-3:
        return ""
    return f"did another job: losses apart by {losses:.0e}, last accuracy by {accuracy:.4f}"


def apart(own: list[dict], reference: dict) -> tuple[float, float]:
    """Return the largest difference of the first losses, and of the last validation accuracy."""
    losses = [
        abs(a - b) for run in own for a, b in zip(run["losses"], reference["losses"], strict=True)
    ]
    key = "validation_accuracy"
    return max(losses), max(abs(run[key] - reference[key]) for run in own)


NAMES = {
    "cnnlab": "cnnlab",
    "plain": "PyTorch, tuned by hand",
    "dataloader": "PyTorch, tensors through DataLoader",
    "skorch": "skorch",
    "lightning": "PyTorch Lightning",
    "fastai": "fastai",
    "keras-torch": "Keras on PyTorch",
    "keras-jax": "Keras on JAX",
    "flax": "JAX + Flax",
    "tinygrad": "tinygrad",
    "workshop": "the workshop's own pipeline",
}


def draw(results: dict) -> None:
    """Draw the README's figure: a bar a peer, a dot each warm epoch."""
    seconds = {peer: warm(own) for peer, own in results["runs"].items()}
    order = sorted(seconds, key=lambda peer: statistics.median(seconds[peer]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 0.5 + 0.45 * len(order)), layout="constrained")
        axis = figure.subplots()
        for place, peer in enumerate(order):
            middle = statistics.median(seconds[peer])
            colour = BLUE if peer == "cnnlab" else MUTED
            axis.barh(place, middle, color=colour, height=0.6)
            axis.plot(seconds[peer], [place] * len(seconds[peer]), ".", color=INK, markersize=3)
            axis.text(max(seconds[peer]) + 0.1, place, f"{middle:.2f} s", va="center")
        axis.set_yticks(range(len(order)), [NAMES[peer] for peer in order])
        axis.invert_yaxis()
        axis.set_xlim(0, 1.15 * max(map(max, seconds.values())))
        axis.grid(visible=False, axis="y")
        axis.set_xlabel("seconds an epoch: 48,000 images trained, 12,000 validated")
        (HERE.parent / "docs" / "images" / "peers.png").write_bytes(to_png(figure, 130))


def table(results: dict) -> None:
    """Print a line a peer: medians, spread, and its ratio to cnnlab."""
    runs = results["runs"]
    ours = statistics.median(warm(runs["cnnlab"]))
    for peer, own in runs.items():
        seconds = warm(own)
        print(
            f"{peer:11} epoch {statistics.median(seconds):6.2f} s "
            f"({min(seconds):.2f} to {max(seconds):.2f}, n {len(seconds)})  "
            f"{statistics.median(seconds) / ours:5.1f} x  "
            f"training {median_of(own, 'train_seconds'):6.2f}  "
            f"validation {median_of(own, 'validation_seconds'):5.2f}  "
            f"first {statistics.median(r['train_seconds'][0] for r in own):6.2f}  "
            f"import {statistics.median(r['import_seconds'] for r in own):5.2f}  "
            f"peak {max(r['peak_megabytes'] or 0 for r in own):5.0f} MB  "
            f"losses {apart(own, runs['cnnlab'][0])[0]:.0e} apart"
        )
    floor = 109 / results["product_gflops"]
    print(
        f"floor: 109 GFLOP at {results['product_gflops']:.0f} GFLOP/s = {floor:.2f} s of training; "
        f"cnnlab takes {median_of(runs['cnnlab'], 'train_seconds') / floor:.2f} times that"
    )


def warm(runs: list[dict]) -> list[float]:
    """Return the seconds of all warm epochs: training and validation."""
    return [
        train + validation
        for run in runs
        for train, validation in list(
            zip(run["train_seconds"], run["validation_seconds"], strict=True)
        )[1:]
    ]


def median_of(runs: list[dict], kind: str) -> float:
    """Return the median of the warm epochs' seconds of one kind."""
    return statistics.median(seconds for run in runs for seconds in run[kind][1:])


if __name__ == "__main__":
    main()
