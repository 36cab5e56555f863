"""Kill comparisons at random, look at what is left, and resume.

    python -m tests.support.comparing COUNT SEED FOLDER

Prints JSON, as killing.py does.
"""

import itertools
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import torch

from tests.support.striking import OVER, child, seconds_of, strike
from tests.support.tiny_comparison import (
    assert_all_count,
    counting,
    outcome,
    train,
    with_a_failed_run,
)
from tests.support.tiny_training import how_many

SEEDS = how_many(2, 3)
MOST_STEPS = 16 + 50 * SEEDS
"""A little more than a comparison of two variants takes."""


def check(folder: Path, kept: list[str], whole) -> None:
    """Fail if a half-written run counts, a saved run is lost, or the verdict is another one."""
    assert_all_count(folder)
    assert set(kept) <= {str(each) for each in counting(folder)}
    assert outcome(folder, SEEDS) == whole


def main(count: int, seed: int, base: Path) -> None:
    torch.set_num_threads(1)
    chance, where, wrong = random.Random(seed), Counter(), []
    whole = outcome(base / "whole", SEEDS)  # here, so that no child compiles the kernels
    with_a_failed_run(base / "failed", SEEDS)
    seconds = seconds_of(lambda: train(base / "timed", SEEDS))
    for number in itertools.count():
        if where.total() - where[OVER] >= count:
            break
        folder = base / f"comparison-{number}"
        has_failed = chance.random() < 0.3
        if has_failed:
            shutil.copytree(base / "failed", folder)

        def work(report, folder=folder):
            report("ready")
            train(folder, SEEDS, on_run=lambda each: report(str(each.run.folder)))

        struck = strike(
            work,
            signal.SIGKILL,
            chance,
            most_steps=33 if has_failed else MOST_STEPS,
            most_seconds=seconds / (2 * SEEDS if has_failed else 1),
        )
        where[struck.place] += 1
        if os.waitpid(child(lambda f=folder, s=struck: check(f, s.reported, whole)), 0)[1] != 0:
            wrong.append((number, has_failed, struck))
        else:
            shutil.rmtree(folder)
    print(json.dumps({"comparisons": number, "where": where, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
