"""The watch finds the faults that it is for."""

import time

import pytest

from cnnlab.errors import RunError
from cnnlab.training.engines.memory import keep_freed_memory
from tests.support import watched


def refuse(message):
    raise RunError(message)


def test_good_files_and_clear_messages_pass():
    assert watched.try_once(lambda: "sound", 10) == ("sound", None)
    told = "config.json is damaged: expected a number."
    assert watched.try_once(lambda: refuse(told), 10) == ("refused", None)


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (lambda: refuse("bad"), "says too little"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: time.sleep(5), "took more than"),
        (lambda: str(len(b"x" * (200 << 20))), "bytes of memory"),
    ],
)
def test_what_must_not_happen_is_found(read, fault, monkeypatch):
    monkeypatch.setattr(watched, "SECONDS", 0.5)
    assert fault in watched.try_once(read, 10)[1]


def test_memory_is_seen_even_if_freed_memory_is_kept():
    keep_freed_memory()
    assert len(b"x" * (300 << 20))
    assert "bytes of memory" in watched.try_once(lambda: str(len(b"x" * (200 << 20))), 10)[1]
