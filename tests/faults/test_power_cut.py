"""After a power cut at any step a run opens, and goes on to the same bits."""

import json
from contextlib import suppress

from power import Disk
from steps import each_step
from tiny_training import assert_whole, go_on, result_of, start

from cnnlab import files
from cnnlab.experiments import store
from cnnlab.experiments import train as train_module


def states(folder, monkeypatch):
    """Return each state of the disk that a power cut may leave of a training, once."""
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0.0)
    disk = Disk(folder)
    with each_step(disk):
        start(folder)
    found = [*disk.states, *disk.after_a_cut()]
    return disk, list({tuple(sorted(state.items())): state for state in found}.values())


def wrong(found, whole, base):
    """Return what is wrong with each state that does not open and go on to the same bits."""
    faults = []
    for number, state in enumerate(found):
        folder = base / f"state-{number}"
        folder.mkdir()
        for name, content in state.items():
            (folder / name).write_bytes(content)
        try:
            assert_whole(folder)
            assert result_of(go_on(folder)) == whole
        except Exception as error:
            faults.append(f"{sorted(state)}: {type(error).__name__}: {error}")
    return faults


def test_a_power_cut_at_any_step(whole, memory, monkeypatch):
    disk, found = states(memory / "run", monkeypatch)
    print(f"\npower cut: {len(disk.states)} instants, {len(found)} states of the disk")
    assert len(found) > 30
    assert disk.most_pending == 1
    monkeypatch.undo()
    assert wrong(found, whole, memory) == []


def test_without_flushing_the_folder_a_power_cut_loses_the_run(whole, memory, monkeypatch):
    """The proof is able to find what it is for: figures lost, a checkpoint that needs them kept."""
    monkeypatch.setattr(files, "sync_folder", lambda _: None)
    disk = Disk(memory / "run")

    class EnoughError(Exception):
        pass

    def step(name, *arguments):
        disk(name, *arguments)
        if len(disk.pending) == 5:  # status, figures, weights, checkpoint, and figures again
            raise EnoughError

    with each_step(step), suppress(EnoughError):
        start(memory / "run")
    found = {tuple(sorted(state.items())): state for state in disk.states}
    assert any("it is damaged" in fault for fault in wrong(found.values(), whole, memory))


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
