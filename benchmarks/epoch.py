"""An epoch of the workshop's job by cnnlab and by its peers, side by side.

    python benchmarks/epoch.py                       # all of them, 3 processes each, 5 warm epochs
    python benchmarks/epoch.py --peers skorch --processes 1

Makes an environment for each peer, writes the job (same weights, same order of batches), runs
the peers in turn, process by process, and counts a time only if the first 20 losses agree with
cnnlab's within 1e-3 and the last accuracy within 0.3 points. Writes
benchmarks/results/epoch.json and prints a table.
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import torch
from matplotlib.figure import Figure

from cnnlab.views.plots import BLUE, INK, MUTED, STYLE, to_png
from harness import IMAGES, OPENMP, about, ask, command_line, summary, write_results
from peers.prepare import PEER_FOLDER, PEERS, TUNED, environment, frozen, write_job

Peer = Literal[tuple(PEERS)]


def main(
    *,
    peers: tuple[Peer, ...] = tuple(PEERS),
    processes: int = 3,
    epochs: int = 6,
    environments: Path = Path("build/peers"),
) -> None:
    """Run, check, write, print."""
    peers = ("cnnlab", *(peer for peer in peers if peer != "cnnlab"))
    pythons = {peer: environment(peer, environments.absolute()) for peer in peers}
    runs: dict[str, list[dict]] = {peer: [] for peer in peers}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as job:
        write_job(Path(job), epochs)
        for turn in range(processes):
            for peer in peers:
                try:
                    runs[peer].append(run(pythons[peer], peer, job, epochs))
                except subprocess.CalledProcessError as error:
                    failed[peer] = error.stderr.strip().split("\n")[-1]
                    print(peer, turn, f"failed: {failed[peer]}", flush=True)
                else:
                    seconds = runs[peer][-1]["train_seconds"]
                    print(peer, turn, [round(each, 2) for each in seconds], flush=True)
    for peer in peers:
        if peer not in failed and (told := disagreement(runs[peer], runs["cnnlab"][0])):
            failed[peer] = told
            print(peer, told)
    results = {
        "product_gflops": product_rate(),
        "runs": {peer: own for peer, own in runs.items() if peer not in failed},
        "failed": failed,
        "versions": {peer: frozen(pythons[peer]) for peer in peers},
    }
    write_results("epoch", about() | results)
    table(results)
    draw(results)


def run(python: Path, peer: str, job: str, epochs: int) -> dict:
    """Return what a peer's process tells of its epochs."""
    script, _, backend = peer.partition("-")
    told = {"KERAS_BACKEND": backend, "DEV": "CPU"}
    told |= {"cnnlab": OPENMP, "plain": OPENMP | TUNED}.get(peer, {})
    start = time.perf_counter()
    result = ask([python, PEER_FOLDER / f"{script}_peer.py", job, str(epochs)], told)
    return result | {"process_seconds": time.perf_counter() - start}


def product_rate() -> float:
    """Return this machine's float32 matrix-product rate in GFLOP/s, the best of 20."""
    a = torch.randn(2048, 2048)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * 2.048**3 / min(seconds)


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
        (IMAGES / "peers.png").write_bytes(to_png(figure, 130))


def table(results: dict) -> None:
    """Print a line a peer: medians, range, and its ratio to cnnlab."""
    runs = results["runs"]
    ours = statistics.median(warm(runs["cnnlab"]))
    for peer, own in runs.items():
        seconds = warm(own)
        print(
            f"{peer:11} epoch: {summary(seconds)}  "
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
    command_line(main)()
