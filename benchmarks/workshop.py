"""What the whole workshop costs: seconds, seconds an epoch, memory; and how quick the help is.

    python benchmarks/workshop.py --runs 3

Each run is a process of its own, as a user starts it. Writes benchmarks/results/workshop.json.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from about import about

RESULTS = Path(__file__).parent / "results"


def timed(*arguments: str, folder: str | Path) -> float:
    """Return the seconds that a cnnlab command takes in a folder."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cnnlab", *arguments], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - start


def main() -> None:
    """Run, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    epochs: dict[str, list[float]] = {}
    whole: list[float] = []
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        help_seconds = [timed("--help", folder=folder) for _ in range(9)]
        for run in range(runs):
            output = f"run-{run}"
            whole.append(timed("workshop", "--output", output, folder=folder))
            for variant in ("lenet5", "lenet5-relu-max"):
                lines = Path(folder, output, variant, "metrics.jsonl").read_text().splitlines()
                epochs.setdefault(variant, []).extend(json.loads(line)["seconds"] for line in lines)
            config = json.loads(Path(folder, output, "lenet5", "config.json").read_text())
            versions = config["versions"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    results = {
        **about(),
        "versions": versions,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "help_seconds": help_seconds,
        "workshop_seconds": whole,
        "epoch_seconds": epochs,
        "peak_megabytes": peak / 1024,
    }
    (RESULTS / "workshop.json").write_text(json.dumps(results, indent=1) + "\n")
    series = {"cnnlab --help": help_seconds, "cnnlab workshop": whole}
    series |= {f"an epoch of {name}": seconds for name, seconds in epochs.items()}
    for name, seconds in series.items():
        low, *_, high = statistics.quantiles(seconds, n=10) if len(seconds) > 3 else sorted(seconds)
        print(
            f"{name:30} median {statistics.median(seconds):7.2f} s, from {low:.2f} to {high:.2f}, "
            f"n {len(seconds)}"
        )
    print(f"peak memory {results['peak_megabytes']:.0f} MB")


if __name__ == "__main__":
    main()
