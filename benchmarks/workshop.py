"""What the whole workshop costs: seconds, seconds an epoch, memory; and how quick the help is.

    python benchmarks/workshop.py --runs 3

Each run is a process of its own, as a user starts it. Writes benchmarks/results/workshop.json.
"""

import json
import os
import platform
import resource
import tempfile
from pathlib import Path

from harness import about, command_line, summary, timed, write_results


def main(*, runs: int = 3) -> None:
    """Run, write, print."""
    epochs: dict[str, list[float]] = {"lenet5": [], "lenet5-relu-max": []}
    whole = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        help_seconds = [timed("--help", folder=folder) for _ in range(9)]
        for run in range(runs):
            output = f"run-{run}"
            whole.append(timed("workshop", "--output", output, folder=folder))
            for variant, seconds in epochs.items():
                lines = (folder / output / variant / "metrics.jsonl").read_text().splitlines()
                seconds.extend(json.loads(line)["seconds"] for line in lines)
        config = json.loads((folder / "run-0" / "lenet5" / "config.json").read_text())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    results = {
        "versions": config["versions"],
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "help_seconds": help_seconds,
        "workshop_seconds": whole,
        "epoch_seconds": epochs,
        "peak_megabytes": peak,
    }
    write_results("workshop", about() | results)
    series = {"cnnlab --help": help_seconds, "cnnlab workshop": whole}
    series |= {f"an epoch of {name}": seconds for name, seconds in epochs.items()}
    for name, seconds in series.items():
        print(f"{name:30} {summary(seconds)}")
    print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    command_line(main)()
