"""Kill trainings at random, see what is left, and go on: python killing.py COUNT SEED FOLDER.

One process imports everything, and forks a child for each part, so that a try takes a fraction
of a second. Prints JSON: how many were killed, where, and what was wrong.
"""

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import torch
from steps import each_step
from tiny_training import assert_whole, go_on, result_of, start

from cnnlab.experiments import train as train_module
from cnnlab.experiments.run import CHECKPOINT, CHECKPOINT_BEFORE
from cnnlab.training.checkpoint import load_tensors

OVER = "was over before"
MOST_STEPS = 300
"""A little more than a training that saves after each of its 12 batches takes."""


def child(work) -> int:
    """Do work in a child; return its process number."""
    number = os.fork()
    if number == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return number


def report_saves(pipe: int) -> None:
    """Let a training say on a pipe which saves are behind it."""
    write = train_module._write

    def reporting(run, tensors, numbers, history):
        write(run, tensors, numbers, history)
        os.write(pipe, f"{numbers['epoch']} {numbers['batch']}\n".encode())

    train_module._write = reporting


def killed_once(folder: Path, chance: random.Random) -> tuple[str, tuple[int, int] | None]:
    """Train and be killed; return where, and the last save that was reported."""
    reading, writing = os.pipe()
    at_step = chance.randrange(1, MOST_STEPS) if chance.random() < 0.7 else 0
    delay = chance.random() * 0.12
    seen, names = 0, os.pipe()

    def step(name, *_):
        nonlocal seen
        seen += 1
        if seen == at_step:
            os.write(names[1], name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def work():
        report_saves(writing)
        with each_step(step):
            go_on(folder)

    number = child(work)
    os.close(writing)
    os.close(names[1])
    if not at_step:
        time.sleep(delay)
        os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    with os.fdopen(reading) as lines, os.fdopen(names[0]) as name:
        saves = [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]
        place = f"in {name.read()}" if at_step else "at an instant"
    if os.WIFEXITED(status):
        place = OVER if os.WEXITSTATUS(status) == 0 else "FAILED"
    return place, saves[-1] if saves else None


def check(folder: Path, last, whole) -> None:
    """Fail where a file is torn, a save is lost, or the end is not the whole run's."""
    assert_whole(folder)
    if last is not None:
        paths = [p for n in (CHECKPOINT, CHECKPOINT_BEFORE) if (p := folder / n).exists()]
        _, numbers = load_tensors(paths[0])
        assert (numbers["epoch"], numbers["batch"]) >= last, (numbers, last)
    assert result_of(go_on(folder)) == whole
    assert not list(folder.glob(".*.part"))


def main(count: int, seed: int, base: Path) -> None:
    torch.set_num_threads(1)
    train_module.SAVE_SECONDS = 0.0
    chance, where, wrong = random.Random(seed), Counter(), []
    whole = result_of(start(base / "whole"))  # here, so that no child compiles the kernels
    for number in itertools.count():
        if where.total() - where[OVER] >= count:
            break
        folder, last = base / f"run-{number}", None
        for _ in range(1 + (chance.random() < 0.3)):  # some are killed again on going on
            place, saved = killed_once(folder, chance)
            where[place] += 1
            last = saved or last
        if os.waitpid(child(lambda f=folder, s=last: check(f, s, whole)), 0)[1] != 0:
            wrong.append((number, place, last))
        else:
            shutil.rmtree(folder)
    print(json.dumps({"runs": number, "where": where, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
