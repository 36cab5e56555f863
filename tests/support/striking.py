"""Strike a child process with a signal at a random instant, and record where."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from tests.support.steps import each_step

OVER, FAILED = "was over before", "FAILED"
Report = Callable[[str], None]


class Strike(NamedTuple):
    """Where a signal struck, what the child had reported before, and its exit status."""

    place: str
    reported: list[str]
    status: int


def child(work: Callable[[], None]) -> int:
    """Do work in a child; return its process number."""
    number = os.fork()
    if number == 0:
        try:
            work()
            os._exit(0)
        except SystemExit as stop:
            os._exit(stop.code)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return number


def strike(
    work: Callable[[Report], None],
    sent: signal.Signals,
    chance: random.Random,
    *,
    most_steps: int,
    most_seconds: float,
) -> Strike:
    """Run work in a child; strike it before a random step of a write, or at a random instant.

    The first line that work reports says that it is ready. The place is `OVER` if it ended before
    the signal, and `FAILED` if it ended in another way, or continued.
    """
    reading, writing = os.pipe()
    places = os.pipe()
    at_step = chance.randrange(1, most_steps) if chance.random() < 0.7 else 0
    delay = chance.random() * most_seconds
    seen = 0

    def step(name, *_):
        nonlocal seen
        seen += 1
        if seen == at_step:
            os.write(places[1], name.encode())
            os.kill(os.getpid(), sent)

    def struck():
        with each_step(step):
            work(lambda line: os.write(writing, f"{line}\n".encode()))

    number = child(struck)
    os.close(writing)
    os.close(places[1])
    with os.fdopen(reading) as lines, os.fdopen(places[0]) as place:
        lines.readline()
        if not at_step:
            time.sleep(delay)
            os.kill(number, sent)
        _, status = os.waitpid(number, 0)
        reported, name = lines.read().splitlines(), place.read()
    status = os.waitstatus_to_exitcode(status)
    where = f"in {name}" if name else "at an instant"
    if status == 0 and not name:
        where = OVER
    elif status != expected_status(sent):
        where = FAILED
    return Strike(where, reported, status)


def seconds_of(work: Callable[[], None]) -> float:
    """Return how long work takes in a child."""
    begun = time.perf_counter()
    _, status = os.waitpid(child(work), 0)
    assert status == 0
    return time.perf_counter() - begun


def expected_status(sent: signal.Signals) -> int:
    """Return the exit status of a command line that a signal ended."""
    return -signal.SIGKILL if sent == signal.SIGKILL else 130
