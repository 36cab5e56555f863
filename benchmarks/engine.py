"""A step of each network with fused kernels, over the same step by PyTorch's channels-last layers.

    python benchmarks/engine.py --rounds 10
    python benchmarks/engine.py --busy          # with another process busy on one core

A step is forward, loss and backward of 512 random images. Both ways take turns in one process.
Writes benchmarks/results/engine.json: wall and processor seconds of each step, and the load.
"""

import multiprocessing
import os
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.models.catalog import MODELS
from cnnlab.training.engines.choose import engine_for, fastest_layout
from cnnlab.training.engines.memory import keep_freed_memory
from harness import about, command_line, fresh, in_turn, write_results

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from support.students import STUDENTS

CPU = torch.device("cpu")


def main(
    *,
    rounds: int = 10,
    images: int = 512,
    threads: int = 2,
    busy: bool = False,
    only: tuple[str, ...] = (),
) -> None:
    """Measure every network, write, print."""
    other = multiprocessing.get_context("spawn").Process(target=be_busy, daemon=True)
    if busy:
        other.start()
    names = only or tuple(MODELS) + tuple(STUDENTS)
    results = {}
    for name in names:
        results[name] = fresh(measured, name, rounds, images, threads)
        tell(name, results[name])
    if busy:
        other.kill()
    made = about() | {"threads": threads, "images": images, "busy": busy}
    write_results("engine-busy" if busy else "engine", made | {"networks": results})


def be_busy() -> None:
    """Use one core until the process is ended."""
    while True:
        pass


def measured(name: str, rounds: int, images: int, threads: int) -> dict:
    """Return the seconds of each step of a network, both ways in turn."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    given, labels = torch.randn(images, 1, 32, 32), torch.arange(images) % 10
    make = STUDENTS[name] if name in STUDENTS else MODELS[name].make
    torch.manual_seed(0)
    fast, plain = make().train(), make().train()
    layout = fastest_layout(plain)
    plain = plain.to(memory_format=layout.memory_format)

    def step(model: nn.Module) -> list[float]:
        wall, used = time.perf_counter(), time.process_time()
        cross_entropy(model(given), labels).backward()
        return [time.perf_counter() - wall, time.process_time() - used]

    def by_kernels(_: int) -> list[float]:
        with engine.applied(fast, CPU):
            step(fast)
            return step(fast)

    def plainly(_: int) -> list[float]:
        with layout.views():
            step(plain)
            return step(plain)

    engine = engine_for(fast, CPU)
    first = time.perf_counter()
    by_kernels(0)
    plainly(0)
    first = time.perf_counter() - first
    found = in_turn({"fused": by_kernels, "plain": plainly}, rounds)
    return found | {"engine": str(engine), "first_seconds": first, "load": os.getloadavg()}


def tell(name: str, found: dict) -> None:
    """Print how many times longer PyTorch's step takes, in wall and in processor time."""
    for place, kind in enumerate(("wall", "processor")):
        pairs = zip(found["fused"], found["plain"], strict=True)
        ratios = sorted(plain[place] / fused[place] for fused, plain in pairs)
        print(
            f"{name:18} {kind:9} plain over fused: median {statistics.median(ratios):.2f}, "
            f"from {ratios[0]:.2f} to {ratios[-1]:.2f}, n {len(ratios)}, "
            f"load {found['load'][0]:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    command_line(main)()
