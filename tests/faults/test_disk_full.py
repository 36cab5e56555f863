"""The disk is full at each step of each write in turn: reported, nothing torn, resumable."""

import errno
import os

import pytest

from cnnlab import files
from cnnlab.errors import RunError
from cnnlab.runs import train as train_module
from tests.support.full import full_at, steps_in_turn
from tests.support.steps import each_step
from tests.support.tiny_training import LONG, assert_whole, finish, result_of, start


@pytest.mark.parametrize("once", [True, False])
def test_full_at_every_step_in_turn(whole, memory, monkeypatch, once):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0.0 if LONG else 30.0)
    for at in steps_in_turn(once):
        folder = memory / f"run-{at}"
        with full_at(at, once, folder) as full:
            start(folder)
        if full.count < at:
            break
        assert_whole(folder)
        assert not list(folder.glob(".*.part"))
        assert result_of(finish(folder)) == whole, f"step {at}"
    print(f"\ndisk full: {full.count} steps, {'once' if once else 'for good'}")
    assert at > 60


def test_a_folder_that_cannot_be_written(whole, tmp_path):
    def unwritable(name, *_):
        if name in {"create", "mkdir"}:
            raise PermissionError(errno.EACCES, "Permission denied")

    with each_step(unwritable), pytest.raises(RunError, match=r"Cannot create .* \(Permission den"):
        start(tmp_path / "one")
    (tmp_path / "two").mkdir()
    with each_step(unwritable), pytest.raises(RunError, match=r"Cannot write .* \(Permission den"):
        start(tmp_path / "two")
    assert result_of(finish(tmp_path / "two")) == whole


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
