"""After a power cut at any step a run opens and resumes, bit-identical."""

import json
from contextlib import suppress

import pytest

from cnnlab import files
from cnnlab.runs import store
from cnnlab.runs import train as train_module
from tests.support.power import Disk, wrong
from tests.support.steps import each_step
from tests.support.tiny_training import assert_whole, finish, result_of, start


def to_the_same_bits(whole):
    def check(folder):
        assert_whole(folder / "run")
        assert result_of(finish(folder / "run")) == whole

    return check


@pytest.fixture
def disk(memory):
    (memory / "disk").mkdir()
    return Disk(memory / "disk")


def test_a_power_cut_at_any_step(whole, memory, disk, monkeypatch):
    with monkeypatch.context() as patch, each_step(disk):
        patch.setattr(train_module, "SAVE_SECONDS", 0.0)
        start(memory / "disk" / "run")
    found = disk.distinct()
    print(f"\npower cut: {len(disk.states)} instants, {len(found)} states of the disk")
    assert len(found) > 30
    assert disk.most_pending == 1
    assert wrong(found, to_the_same_bits(whole), memory) == []


def test_without_flushing_the_folder_a_power_cut_loses_the_run(whole, memory, disk, monkeypatch):
    """The test finds what it is for: metrics are lost, but a checkpoint that needs them is not."""

    class EnoughError(Exception):
        pass

    def step(name, *arguments):
        disk(name, *arguments)
        if len(disk.pending) == 5:  # status, metrics, weights, checkpoint, and metrics again
            raise EnoughError

    monkeypatch.setattr(files, "sync_folder", lambda _: None)
    with each_step(step), suppress(EnoughError):
        start(memory / "disk" / "run")
    monkeypatch.undo()
    faults = wrong(disk.distinct(), to_the_same_bits(whole), memory)
    assert any("because it is damaged" in fault for fault in faults)


def test_a_new_folder_is_flushed_into_those_above_it(tmp_path):
    flushed = []

    def step(name, *arguments):
        if name == "open":
            flushed.append(arguments[0])

    with each_step(step):
        store.make_folder(tmp_path / "a" / "b" / "c")
        store.free_folder(tmp_path / "d" / "e")
    above = [tmp_path / "a" / "b", tmp_path / "a", tmp_path, tmp_path / "d", tmp_path]
    assert flushed == above


def test_a_system_that_cannot_flush_folders_writes_all_the_same(tmp_path):
    def step(name, *arguments):
        if name == "open":
            raise OSError(22, "Invalid argument")

    with each_step(step):
        store.write_json(tmp_path / "file.json", {"written": True})
    assert json.loads((tmp_path / "file.json").read_text()) == {"written": True}
