"""From an unpacked kit to the first own trained network: without a network, with only Python.

    python benchmarks/kit.py --runs 3

Makes a kit for this system, or takes one that is there (--kit). Copies it into a folder with spaces
and umlauts. In each run, an empty home folder and a network namespace without a network, it does
what the README tells a student: starts start.sh, then trains. Needs Linux. Writes
benchmarks/results/kit.json.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import about, command_line, summary, write_results

ALONE = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
"""Runs a command where only 127.0.0.1 can be reached."""
DOCTOR = (".venv/bin/python", "-m", "cnnlab", "doctor")
TRAIN = (".venv/bin/cnnlab", "workshop", "--quick", "--offline")


def main(
    *, kit: Path | None = None, runs: int = 3, doctors: int = 5, data_dir: Path | None = None
) -> None:
    """Make, install, train, write, print."""
    with tempfile.TemporaryDirectory(prefix="cnnlab-kit-") as name:
        root = Path(name)
        made = kit or root / "kit"
        making = _seconds(_make(made, data_dir), root) if kit is None else None
        stick = root / "Stick für die Größe 1"
        shutil.copytree(made, stick)
        homes = [root / f"home {number}" for number in range(runs)]
        installs, trains, printed = [], [], []
        for home in homes:
            home.mkdir()
            start = (*ALONE, "sh", str(stick / "start.sh"))
            installs.append(_seconds(start, home, home, printed))
            trains.append(_seconds((*ALONE, *TRAIN), home / "cnnlab-workshop", home))
        last = homes[-1]
        checks = [
            _seconds((*ALONE, *DOCTOR), last / "cnnlab-workshop", last) for _ in range(doctors)
        ]
        installed = _bytes(last / "cnnlab-workshop" / ".venv")
        results = {
            "kit_bytes": _bytes(stick),
            "kit_files": sum(1 for path in stick.rglob("*") if path.is_file()),
            "installed_bytes": installed,
            "making_seconds": making,
            "start_seconds": installs,
            "without_doctor_seconds": [
                int(seconds) for seconds in re.findall(r"Installed in (\d+) s", "".join(printed))
            ],
            "train_seconds": trains,
            "doctor_seconds": checks,
            "commands": ["sh start.sh", "cnnlab workshop --quick"],
        }
    write_results("kit", about() | {"cores": os.cpu_count()} | results)
    print(f"kit {results['kit_bytes'] / 1e6:.0f} MB, installed {installed / 1e6:.0f} MB")
    for what, values in (("start.sh", installs), ("train", trains), ("doctor", checks)):
        print(f"{what:10} {summary(values, digits=1)}")


def _make(folder: Path, data_dir: Path | None) -> tuple[str, ...]:
    own = ("--data-dir", str(data_dir)) if data_dir else ()
    return (sys.executable, "-m", "cnnlab", "kit", "--output", str(folder), *own)


def _seconds(
    command: tuple[str, ...], folder: Path, home: Path | None = None, kept: list[str] | None = None
) -> float:
    """Return how long a command takes in a folder; with ``home``, as a student who has only that.

    ``kept`` gets what the command prints.
    """
    environment = dict(os.environ)
    if home is not None:
        programs = f"{Path(sys.base_exec_prefix) / 'bin'}:{os.defpath}"
        environment = {"HOME": str(home), "PATH": programs, "PYTHONUTF8": "1"}
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, input=""
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    if kept is not None:
        kept.append(done.stdout)
    return seconds


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    command_line(main)()
