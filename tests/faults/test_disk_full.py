"""The disk is full at each step of each write in turn: told, nothing torn, and it goes on."""

import errno
import os

import pytest
from steps import each_step
from tiny_training import LONG, assert_whole, go_on, how_many, result_of, start

from cnnlab import files
from cnnlab.errors import RunError
from cnnlab.experiments import train as train_module


class Full:
    """Lets steps pass up to a number, then fails: once, or from there on."""

    def __init__(self, at, error, once):
        self.at, self.error, self.once, self.count = at, error, once, 0

    def __call__(self, name, *_):
        if name in {"unlink", "rmdir"}:  # these take no room
            return
        self.count += 1
        if self.count == self.at or (self.count > self.at and not self.once):
            raise OSError(self.error, os.strerror(self.error), name)


def steps_in_turn(once):
    """Every step; in the short form one half of them once, the other half for good."""
    return range(1 + once, 10_000, how_many(2, 1))


@pytest.mark.parametrize("once", [True, False])
def test_full_at_every_step_in_turn(whole, memory, monkeypatch, once):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0.0 if LONG else 30.0)
    for at in steps_in_turn(once):
        full = Full(at, errno.ENOSPC, once)
        folder = memory / f"run-{at}"
        with each_step(full):
            try:
                start(folder)
            except RunError as error:
                assert "No space left on device" in str(error)
                assert str(folder) in str(error)
        if full.count < at:
            break
        assert_whole(folder)
        assert not list(folder.glob(".*.part"))
        assert result_of(go_on(folder)) == whole, f"step {at}"
    print(f"\ndisk full: {full.count} steps, {'once' if once else 'for good'}")
    assert at > 60


def test_a_folder_that_cannot_be_written(whole, tmp_path):
    def unwritable(name, *_):
        if name in {"create", "mkdir"}:
            raise PermissionError(errno.EACCES, "Permission denied")

    with each_step(unwritable), pytest.raises(RunError, match=r"Cannot make .* \(Permission den"):
        start(tmp_path / "one")
    (tmp_path / "two").mkdir()
    with each_step(unwritable), pytest.raises(RunError, match=r"Cannot write .* \(Permission den"):
        start(tmp_path / "two")
    assert result_of(go_on(tmp_path / "two")) == whole


def test_a_file_that_is_held_for_a_moment_is_replaced_at_the_fifth_try(tmp_path, monkeypatch):
    waits, replace = [], os.replace

    def held(old, new):
        if len(waits) < 4:
            raise PermissionError(errno.EACCES, "held by a virus scanner")
        replace(old, new)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(files.time, "sleep", waits.append)
    files.write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert waits == sorted(waits)
    assert sum(waits) < 1


def test_a_file_that_is_held_for_good_stays_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")

    def held(old, new):
        raise PermissionError(errno.EACCES, "held")

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(files.time, "sleep", lambda _: None)
    with pytest.raises(PermissionError):
        files.write_whole(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_what_a_killed_program_left_half_written_is_swept(whole, memory):
    (memory / "run").mkdir()
    (memory / "run" / ".config.json.x.part").write_bytes(b"{")
    assert result_of(start(memory / "run")) == whole
    assert not list((memory / "run").glob(".*.part"))
