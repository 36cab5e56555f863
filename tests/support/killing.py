"""Strike trainings at random, look at what is left, and resume.

    python -m tests.support.killing COUNT SEED FOLDER SIGNAL...

One process imports everything, and forks a child for each part, so that a try takes a fraction
of a second. This prints JSON: how many were struck, where, and what was wrong.
"""

import itertools
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import torch

from cnnlab.cli import main as command_line
from cnnlab.data.library import Library
from cnnlab.runs import train as train_module
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE
from cnnlab.runs.run import open_run
from cnnlab.runs.tensors import load_tensors
from tests.support.striking import FAILED, OVER, Report, child, seconds_of, strike
from tests.support.tiny_training import ARGUMENTS, SPLITS, assert_whole, finish, result_of, start

MOST_STEPS = 300
"""A little more than a training that saves after each of its 12 batches takes."""


def report_saves(report: Report) -> None:
    """Let a training report each save that is done."""
    write = train_module.write_state

    def reporting(run, tensors, numbers, history):
        write(run, tensors, numbers, history)
        report(f"{numbers['epoch']} {numbers['batch']}")

    train_module.write_state = reporting


def train(folder: Path, report: Report) -> None:
    """Train or resume, ready to be killed from the first moment."""
    report("ready")
    finish(folder)


def train_by_command(folder: Path, report: Report) -> None:
    """Train or resume as a user does: the command line handles signals."""

    def load(*_, **__):
        report("ready")
        return SPLITS

    begun = (folder / "config.json").exists()
    if begun and open_run(folder).status == "finished":
        return
    Library.load = Library.load_default = load
    # In a process in the background the system has Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["cnnlab", "train"]
    sys.argv += ["--resume", str(folder)] if begun else [*ARGUMENTS, "--output", str(folder)]
    try:
        with redirect_stdout(sys.stderr):
            command_line.main()
    finally:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)


def check(folder: Path, last: tuple[int, ...], whole) -> None:
    """Fail if a file is torn, a save is lost, or the end differs from the uninterrupted run's."""
    assert_whole(folder)
    if last:
        paths = [p for n in (CHECKPOINT, CHECKPOINT_BEFORE) if (p := folder / n).exists()]
        _, numbers = load_tensors(paths[0])
        assert (numbers["epoch"], numbers["batch"]) >= last, (numbers, last)
    assert result_of(finish(folder)) == whole
    assert not list(folder.glob(".*.part"))


def main(count: int, seed: int, base: Path, signals: list[signal.Signals]) -> None:
    torch.set_num_threads(1)
    train_module.SAVE_SECONDS = 0.0
    chance, where, statuses, wrong = random.Random(seed), Counter(), Counter(), []
    whole = result_of(start(base / "whole"))  # here, so that no child compiles the kernels
    training = train if signals == [signal.SIGKILL] else train_by_command
    seconds = seconds_of(lambda: training(base / "timed", lambda _: None))
    for number in itertools.count():
        if where.total() - where[OVER] >= count:
            break
        folder, last = base / f"run-{number}", ()
        for _ in range(1 + (chance.random() < 0.3)):  # some are struck again while they resume
            sent = chance.choice(signals)

            def work(report, folder=folder):
                report_saves(report)
                training(folder, report)

            struck = strike(work, sent, chance, most_steps=MOST_STEPS, most_seconds=seconds)
            where[struck.place] += 1
            if struck.reported:
                last = tuple(map(int, struck.reported[-1].split()))
            if struck.place not in {OVER, FAILED} and (folder / "config.json").exists():
                statuses[open_run(folder).status] += 1
        if os.waitpid(child(lambda f=folder, s=last: check(f, s, whole)), 0)[1] != 0:
            wrong.append((number, sent.name, struck))
        else:
            shutil.rmtree(folder)
    print(json.dumps({"runs": number, "where": where, "statuses": statuses, "wrong": wrong}))


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        int(sys.argv[2]),
        Path(sys.argv[3]),
        [signal.Signals[name] for name in sys.argv[4:]],
    )
