"""Whether this checkout of cnnlab is faster than another: an epoch, and `cnnlab --help`.

    python benchmarks/against.py --other ../cnnlab-before
    python benchmarks/against.py --other ../cnnlab-before --busy    # one busy process beside

Both checkouts are measured in one run, in turn, by the same Python with the same packages. A round
is, for each, one process that trains LeNet-5 (its warm epochs count) and one `cnnlab --help`.
Writes benchmarks/results/against.json.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path

from harness import HERE, about, command_line, commit, fresh, in_turn, summary, timed, write_results


def main(*, other: Path, rounds: int = 7, epochs: int = 6, busy: bool = False) -> None:
    """Measure both in turn, write, print."""
    checkouts = {"this": HERE.parent, "other": other.absolute()}
    for folder in checkouts.values():
        check(folder)
    ways = {name: partial(one_round, folder, epochs) for name, folder in checkouts.items()}
    with busy_process() if busy else nullcontext():
        measured = in_turn(ways, rounds)
    epoch_seconds, help_seconds = (
        {name: [each[kind] for each in found] for name, found in measured.items()}
        for kind in ("epochs", "help")
    )
    medians = {
        name: [statistics.median(each) for each in own] for name, own in epoch_seconds.items()
    }
    ratios = [b / a for a, b in zip(medians["other"], medians["this"], strict=True)]
    more = [b - a for a, b in zip(help_seconds["other"], help_seconds["this"], strict=True)]
    results = {
        "other": {"commit": commit(other)},
        "busy": busy,
        "rounds": rounds,
        "epoch_seconds": epoch_seconds,
        "epoch_ratios": ratios,
        "help_seconds": help_seconds,
        "help_differences": more,
    }
    write_results("against", about() | results)
    for name in checkouts:
        print(f"{name:5}  an epoch: {summary([*chain(*epoch_seconds[name])])}")
        print(f"{name:5}  cnnlab --help: {summary(help_seconds[name], digits=3)}")
    print(f"this over other, an epoch: {summary(ratios, 'times', 3)}")
    print(f"this minus other, cnnlab --help: {summary(more, digits=3)}")


def check(folder: Path) -> None:
    """End the benchmark if a folder is not a checkout of cnnlab."""
    if not (folder / "src" / "cnnlab" / "__init__.py").exists():
        raise SystemExit(
            f"{folder} is not a checkout of cnnlab: it has no src/cnnlab. Name its folder: "
            "--other FOLDER. To make one: git worktree add FOLDER COMMIT"
        )


def one_round(folder: Path, epochs: int, _: int) -> dict:
    """Return the seconds of a checkout's warm epochs, and of its help."""
    environment = {"PYTHONPATH": str(folder / "src")}
    epoch_seconds = fresh(warm_epochs, str(folder), epochs, environment=environment)
    with tempfile.TemporaryDirectory() as empty:
        help_seconds = timed("--help", folder=empty, environment=environment)
    return {"epochs": epoch_seconds, "help": help_seconds}


def warm_epochs(folder: str, epochs: int) -> list[float]:
    """Return the seconds of all epochs but the first, by public names that both checkouts have."""
    import cnnlab  # late: PYTHONPATH says whose

    if not Path(cnnlab.__file__).is_relative_to(folder):
        raise SystemExit(f"Python found {cnnlab.__file__} in place of the cnnlab in {folder}.")
    splits = cnnlab.load("fashion-mnist")
    sets = cnnlab.prepare(splits.train), cnnlab.prepare(splits.validation)
    config = cnnlab.recipe("workshop", epochs=epochs)
    return [record.seconds for record in cnnlab.fit(cnnlab.build("lenet5", 0), *sets, config)[1:]]


@contextmanager
def busy_process() -> Iterator[None]:
    """Keep one process busy meanwhile, as a browser on a student's laptop does."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    command_line(main)()
