"""A disk that is full at one step of a write after another."""

import errno
import os
from contextlib import contextmanager

from cnnlab.errors import RunError
from tests.support.steps import each_step
from tests.support.tiny_training import how_many


class Full:
    """Lets a number of steps pass, then has no space: once, or from then on."""

    def __init__(self, at, once):
        self.at, self.once, self.count = at, once, 0

    def __call__(self, name, *_):
        if name in {"unlink", "rmdir"}:  # these need no space
            return
        self.count += 1
        if self.count == self.at or (self.count > self.at and not self.once):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def steps_in_turn(once):
    """Return every step; in the short form one half of them once, the other half for good."""
    return range(1 + once, 10_000, how_many(2, 1))


@contextmanager
def full_at(at, once, folder):
    """Let the disk be full inside the block; an error must say so, and name the folder."""
    full = Full(at, once)
    with each_step(full):
        try:
            yield full
        except RunError as error:
            assert "No space left on device" in str(error)
            assert str(folder) in str(error)
