"""A training that is stopped, in any way, goes on to the same bits; nothing kept is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.library import load
from cnnlab.errors import RunError
from cnnlab.runs import store as store_module
from cnnlab.runs import train as train_module
from cnnlab.runs import writer as writer_module
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.job import Job
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.store import write_tensors
from cnnlab.runs.train import resume_run, train_run
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.views.run_page import run_facts

CONFIG = recipe("best", epochs=3, batch_size=60, learning_rate=0.01)


@pytest.fixture
def splits(tiny_folder):
    return load("tiny", offline=True, notify=lambda _: None)


@pytest.fixture
def start(splits, tmp_path):
    def call(folder, **listeners):
        job = Job(find_network("lenet5-relu-max"), "best", CONFIG, splits.data_set)
        return train_run(tmp_path / folder, job, splits.on("cpu"), Listener(**listeners))

    return call


@pytest.fixture
def go_on(splits):
    def call(folder, told=None, run=None, **listeners):
        say = ([] if told is None else told).append
        return resume_run(run or open_run(folder), splits.on("cpu"), Listener(say=say, **listeners))

    return call


def stop_at(epoch, batch):
    def on_batch(now, number, batches):
        if (now, number) == (epoch, batch):
            raise KeyboardInterrupt

    return on_batch


def assert_same(run, whole):
    assert run.status == whole.status == "finished"
    for ours, theirs in zip(run.history(), whole.history(), strict=True):
        for name, value in vars(theirs).items():
            assert name == "seconds" or getattr(ours, name) == value
    cpu = torch.device("cpu")
    for a, b in zip(
        load_model(run, cpu).parameters(), load_model(whole, cpu).parameters(), strict=True
    ):
        assert torch.equal(a, b)


@pytest.mark.parametrize("save_seconds", [0.0, 30.0])
@pytest.mark.parametrize("at", [(1, 1), (1, 4), (2, 2), (3, 4)])
def test_stopped_anywhere_it_goes_on_to_the_same_bits(
    start, go_on, tmp_path, monkeypatch, at, save_seconds
):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", save_seconds)
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(*at))
    assert open_run(tmp_path / "stopped").status == "interrupted"
    assert_same(go_on(tmp_path / "stopped"), whole)


def test_stopped_again_and_again_it_still_arrives(start, go_on, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0.0)
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(1, 2))
    for at in ((1, 4), (2, 1), (2, 4), (3, 2)):
        with pytest.raises(KeyboardInterrupt):
            go_on(tmp_path / "stopped", batch=stop_at(*at))
    assert_same(go_on(tmp_path / "stopped"), whole)


def test_stopped_before_anything_was_kept_it_begins_anew_and_says_so(start, go_on, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(1, 1))
    told = []
    assert_same(go_on(tmp_path / "stopped", told), whole)
    assert "was stopped before its first epoch ended: it begins anew" in told[0]


def test_stopped_in_the_last_write_of_all_it_is_interrupted_and_goes_on(
    start, go_on, tmp_path, monkeypatch
):
    whole = start("whole")
    write = Run.set_status

    def stop(run, status):
        if status == "finished":
            raise KeyboardInterrupt
        write(run, status)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Run, "set_status", stop)
        start("stopped")
    assert open_run(tmp_path / "stopped").status == "interrupted"
    assert_same(go_on(tmp_path / "stopped"), whole)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(start, go_on, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    told = []
    assert_same(go_on(tmp_path / "stopped", told), whole)
    assert "checkpoint.safetensors is not a sound safetensors file" in told[0]
    assert told[0].endswith("It is left out.")


def test_a_checkpoint_with_other_numbers_gives_way_to_the_one_before(start, go_on, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    told = []
    assert_same(go_on(tmp_path / "stopped", told), whole)
    assert "checkpoint.safetensors is damaged: its checksum is not that of what was" in told[0]
    assert told[0].endswith("It is left out.")


def test_the_only_sound_checkpoint_is_not_overwritten_by_a_damaged_one(
    start, go_on, tmp_path, monkeypatch
):
    whole, folder = start("whole"), tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    (folder / "checkpoint.safetensors").write_bytes(b"damaged")
    with monkeypatch.context() as patch, pytest.raises(RunError, match="the disk is full"):
        patch.setattr(writer_module, "write_tensors", fails_for(folder / "checkpoint.safetensors"))
        go_on(folder)
    assert_same(go_on(folder), whole)


def fails_for(path):
    def write(to, tensors, header):
        if to == path:
            raise RunError("the disk is full")
        write_tensors(to, tensors, header)

    return write


def test_what_it_was_resumed_with_is_kept(start, go_on, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder, told = tmp_path / "stopped", []
    monkeypatch.setattr(train_module, "describe_device", lambda _: "another CPU")
    with pytest.raises(KeyboardInterrupt):
        go_on(folder, told, batch=stop_at(3, 2))
    assert "and is another CPU: the results may differ" in told[0]
    run = go_on(folder, told)  # as before: it is told and kept once
    assert len(told) == 1
    (resumed,) = open_run(folder).description["resumed"]
    assert (resumed["epoch"], resumed["device"]) == (3, "another CPU")
    assert ("Resumed", "in epoch 3: another CPU; ") in [
        (name, value[: len("in epoch 3: another CPU; ")]) for name, value in run_facts(run)
    ]


def test_of_two_that_go_on_at_once_the_later_finds_it_finished(start, go_on, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    late = open_run(tmp_path / "stopped")
    go_on(tmp_path / "stopped")
    with pytest.raises(RunError, match="is finished: there is nothing to go on with"):
        go_on(late.folder, run=late)
    assert open_run(tmp_path / "stopped").status == "finished"


def test_without_a_sound_checkpoint_it_is_refused_and_left_as_it_is(start, go_on, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder = tmp_path / "stopped"
    for path in folder.glob("checkpoint*"):
        path.write_bytes(b"damaged")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RunError, match="has no checkpoint that can be read: train anew"):
        go_on(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_without_any_checkpoint_kept_epochs_are_not_trained_over(start, go_on, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder = tmp_path / "stopped"
    for path in folder.glob("checkpoint*"):
        path.unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    message = r"holds 2 epochs and a network, but checkpoint.safetensors, to go on from, is missing"
    with pytest.raises(RunError, match=message):
        go_on(folder)
    (folder / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=r"holds 0 epochs and a network, but"):
        go_on(folder)
    assert (folder / "model.safetensors").read_bytes() == before["model.safetensors"]


def test_killed_as_the_first_epoch_was_kept_it_begins_anew(start, go_on, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(2, 1))
    for path in (tmp_path / "stopped").glob("checkpoint*"):
        path.unlink()
    assert_same(go_on(tmp_path / "stopped"), whole)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("finished", "begin a new run with more:\n  cnnlab train .* --epochs 6 "),
        ("diverged", "has diverged: there is nothing"),
    ],
)
def test_what_has_ended_does_not_go_on(start, go_on, tmp_path, status, message):
    run = start("run")
    run.set_status(status)
    with pytest.raises(RunError, match=message):
        go_on(tmp_path / "run")


def test_other_versions_go_on_and_say_that_bits_may_differ(start, go_on, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(2, 1))
    run = open_run(tmp_path / "stopped")
    run.description["versions"]["torch"] = "1.0"
    run.set_status("interrupted")
    told = []
    assert go_on(tmp_path / "stopped", told).status == "finished"
    assert told == [
        f"torch was 1.0, and is {torch.__version__}: the results may differ from those of a run "
        "never stopped."
    ]


def test_a_run_that_another_program_trains_is_left_to_it(start, go_on, tmp_path):
    def meanwhile(epoch, batch, batches):
        if (epoch, batch) == (2, 1):
            with pytest.raises(RunError, match="is being trained by another program"):
                go_on(tmp_path / "run")

    assert start("run", batch=meanwhile).status == "finished"


def test_a_checkpoint_without_the_epochs_before_it_is_refused(start, go_on, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "metrics.jsonl"
    for fault in ("has the figures of 0 epochs", "is missing"):
        if fault == "is missing":
            path.unlink()
        else:
            path.write_text("")
        with pytest.raises(
            RunError, match=rf"metrics.jsonl {fault}; expected those of 2, as many as"
        ):
            go_on(tmp_path / "stopped")


@pytest.mark.parametrize("file", ["metrics.jsonl", "model.safetensors", "checkpoint.safetensors"])
def test_a_full_disk_stops_the_run_and_what_was_kept_goes_on(
    start, go_on, tmp_path, monkeypatch, file
):
    whole = start("whole")
    writes = []

    def full(path, content):
        if path.name == file:
            writes.append(path)
            if len(writes) == 2:
                raise OSError(28, "No space left on device")
        write(path, content)

    write = store_module.write_whole
    monkeypatch.setattr(store_module, "write_whole", full)
    monkeypatch.setattr("cnnlab.runs.tensors.write_whole", full)
    with pytest.raises(RunError, match=rf"Cannot write .*{file} \(No space left on device\)"):
        start("stopped")
    monkeypatch.undo()
    assert open_run(tmp_path / "stopped").status == "failed"
    assert_same(go_on(tmp_path / "stopped"), whole)


def test_kept_weights_are_those_of_the_last_epoch_that_ended(start, tmp_path):
    seen = []
    start("whole", epoch=seen.append)
    assert [record.epoch for record in seen] == [1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 2))
    run = open_run(tmp_path / "stopped")
    assert [record.epoch for record in run.history()] == [1, 2]
    load_model(run, torch.device("cpu"))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"])
def test_a_killed_program_goes_on_to_the_same_bits(start, go_on, tmp_path, tiny_folder, name):
    whole = start("whole")
    script = (
        "import sys, time\n"
        "from dataclasses import replace\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from cnnlab.cli.main import main\n"
        "from cnnlab.data import catalog\n"
        "from cnnlab.cli.progress import TrainingProgress\n"
        "import pickle\n"
        "catalog.DATA_SETS['tiny'] = pickle.load(open(sys.argv[2], 'rb'))\n"
        "TrainingProgress.batch = lambda *_: time.sleep(0.1)\n"
        "sys.argv = ['cnnlab', *sys.argv[3:]]\n"
        "main()\n"
    )
    import pickle

    from cnnlab.data import catalog

    kept = tmp_path / "tiny.pickle"
    kept.write_bytes(pickle.dumps(catalog.DATA_SETS["tiny"]))
    folder = tmp_path / "stopped"
    command = [sys.executable, "-c", script, str(tmp_path), str(kept)]
    command += ["train", "--dataset", "tiny", "--model", "lenet5-relu-max", "--recipe", "best"]
    command += ["--epochs", "3", "--batch-size", "60", "--learning-rate", "0.01"]
    command += ["--output", str(folder)]
    # Dask's test cluster leaves such variables behind; another number of threads, other bits.
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment["CNNLAB_DATA"] = str(tiny_folder)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        for _ in range(600):
            if (folder / "checkpoint.safetensors").exists():
                break
            time.sleep(0.05)
        program.send_signal(getattr(signal, name))
        said, _ = program.communicate(timeout=60)
    assert program.returncode == (-9 if name == "SIGKILL" else 130), said
    status = json.loads((folder / "config.json").read_text())["status"]
    assert status == ("running" if name == "SIGKILL" else "interrupted")
    if name != "SIGKILL":
        assert f"cnnlab train --resume {folder}" in " ".join(said.split())
    assert_same(go_on(folder), whole)
