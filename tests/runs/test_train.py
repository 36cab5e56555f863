"""A run that is stopped in any way resumes, bit-identical; nothing that was saved is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.own.load import load
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
from cnnlab.views.run_facts import run_facts

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
def resume(splits):
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
def test_a_run_stopped_anywhere_resumes_bit_identical(
    start, resume, tmp_path, monkeypatch, at, save_seconds
):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", save_seconds)
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(*at))
    assert open_run(tmp_path / "stopped").status == "interrupted"
    assert_same(resume(tmp_path / "stopped"), whole)


def test_a_run_stopped_many_times_still_ends_bit_identical(start, resume, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0.0)
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(1, 2))
    for at in ((1, 4), (2, 1), (2, 4), (3, 2)):
        with pytest.raises(KeyboardInterrupt):
            resume(tmp_path / "stopped", batch=stop_at(*at))
    assert_same(resume(tmp_path / "stopped"), whole)


def test_a_run_stopped_before_any_checkpoint_starts_again_and_says_so(start, resume, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(1, 1))
    told = []
    assert_same(resume(tmp_path / "stopped", told), whole)
    assert "before its first epoch ended: it starts again from the beginning." in told[0]


def test_a_run_stopped_in_its_last_write_resumes(start, resume, tmp_path, monkeypatch):
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
    assert_same(resume(tmp_path / "stopped"), whole)


def test_the_older_checkpoint_replaces_a_damaged_one(start, resume, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    told = []
    assert_same(resume(tmp_path / "stopped", told), whole)
    assert "checkpoint.safetensors is not a valid safetensors file" in told[0]
    assert told[0].endswith("Skipping this file.")


def test_the_older_checkpoint_replaces_one_with_changed_numbers(start, resume, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    told = []
    assert_same(resume(tmp_path / "stopped", told), whole)
    assert "checkpoint.safetensors is damaged: its contents do not match its checksum" in told[0]
    assert told[0].endswith("Skipping this file.")


def test_the_only_good_checkpoint_is_not_overwritten_by_a_damaged_one(
    start, resume, tmp_path, monkeypatch
):
    whole, folder = start("whole"), tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    (folder / "checkpoint.safetensors").write_bytes(b"damaged")
    with monkeypatch.context() as patch, pytest.raises(RunError, match="the disk is full"):
        patch.setattr(writer_module, "write_tensors", fails_for(folder / "checkpoint.safetensors"))
        resume(folder)
    assert_same(resume(folder), whole)


def fails_for(path):
    def write(to, tensors, header):
        if to == path:
            raise RunError("the disk is full")
        write_tensors(to, tensors, header)

    return write


def test_the_device_of_a_resume_is_recorded(start, resume, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder, told = tmp_path / "stopped", []
    monkeypatch.setattr(train_module, "describe_device", lambda _: "another CPU")
    with pytest.raises(KeyboardInterrupt):
        resume(folder, told, batch=stop_at(3, 2))
    assert "and is now another CPU: the result may differ" in told[0]
    run = resume(folder, told)  # on the same device: reported and recorded only once
    assert len(told) == 1
    (resumed,) = open_run(folder).description["resumed"]
    assert (resumed["epoch"], resumed["device"]) == (3, "another CPU")
    assert ("Resumed", "in epoch 3: another CPU; ") in [
        (name, value[: len("in epoch 3: another CPU; ")]) for name, value in run_facts(run)
    ]


def test_the_second_of_two_programs_that_resume_finds_the_run_finished(start, resume, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    late = open_run(tmp_path / "stopped")
    resume(tmp_path / "stopped")
    with pytest.raises(RunError, match=r"is finished \(3 epochs\): there is nothing to resume"):
        resume(late.folder, run=late)
    assert open_run(tmp_path / "stopped").status == "finished"


def test_a_run_without_a_good_checkpoint_is_refused_and_not_changed(start, resume, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder = tmp_path / "stopped"
    for path in folder.glob("checkpoint*"):
        path.write_bytes(b"damaged")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RunError, match="has no checkpoint that can be read, so it cannot be res"):
        resume(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_complete_epochs_without_a_checkpoint_are_not_overwritten(start, resume, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    folder = tmp_path / "stopped"
    for path in folder.glob("checkpoint*"):
        path.unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    message = r"has 2 epochs and a network, but checkpoint.safetensors is missing"
    with pytest.raises(RunError, match=message):
        resume(folder)
    (folder / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=r"has 0 epochs and a network, but"):
        resume(folder)
    assert (folder / "model.safetensors").read_bytes() == before["model.safetensors"]


def test_a_run_killed_while_it_saved_its_first_epoch_starts_again(start, resume, tmp_path):
    whole = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(2, 1))
    for path in (tmp_path / "stopped").glob("checkpoint*"):
        path.unlink()
    assert_same(resume(tmp_path / "stopped"), whole)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("finished", "start a new run with more epochs:\n  cnnlab train .* --epochs 6 "),
        ("diverged", "it cannot be resumed. Start a new run with a lower learning rate:\n"),
    ],
)
def test_an_ended_run_cannot_be_resumed(start, resume, tmp_path, status, message):
    run = start("run")
    run.set_status(status)
    with pytest.raises(RunError, match=message):
        resume(tmp_path / "run")


def test_another_version_resumes_and_says_that_the_result_may_differ(start, resume, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(2, 1))
    run = open_run(tmp_path / "stopped")
    run.description["versions"]["torch"] = "1.0"
    run.set_status("interrupted")
    told = []
    assert resume(tmp_path / "stopped", told).status == "finished"
    assert told == [
        f"torch was 1.0 and is now {torch.__version__}: the result may differ from that of an "
        "uninterrupted run."
    ]


def test_a_run_that_another_program_trains_is_refused(start, resume, tmp_path):
    def meanwhile(epoch, batch, batches):
        if (epoch, batch) == (2, 1):
            with pytest.raises(RunError, match=r"Another program is training .*run\. Wait until"):
                resume(tmp_path / "run")

    assert start("run", batch=meanwhile).status == "finished"


def test_a_checkpoint_without_the_epochs_before_it_is_refused(start, resume, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start("stopped", batch=stop_at(3, 1))
    path = tmp_path / "stopped" / "metrics.jsonl"
    for fault in ("has the metrics of 0 epochs", "is missing"):
        if fault == "is missing":
            path.unlink()
        else:
            path.write_text("")
        with pytest.raises(
            RunError, match=rf"metrics.jsonl {fault}; expected 2 epochs, as in checkpoint"
        ):
            resume(tmp_path / "stopped")


@pytest.mark.parametrize("file", ["metrics.jsonl", "model.safetensors", "checkpoint.safetensors"])
def test_a_full_disk_stops_the_run_and_it_can_be_resumed(
    start, resume, tmp_path, monkeypatch, file
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
    assert_same(resume(tmp_path / "stopped"), whole)


def test_saved_weights_are_those_of_the_last_complete_epoch(start, tmp_path):
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
def test_a_killed_program_resumes_bit_identical(start, resume, tmp_path, tiny_folder, name):
    whole = start("whole")
    script = (
        "import signal, sys, time\n"
        # A shell may start the tests with SIGINT ignored, and this program would inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from cnnlab.cli.main import main\n"
        "from cnnlab.data import catalog\n"
        "from cnnlab.cli.progress import TrainingProgress\n"
        "import pickle\n"
        "catalog.DATA_SETS['tiny'] = pickle.load(open(sys.argv[2], 'rb'))\n"
        # However slow this machine is, the signal finds it in the last epoch or before.
        "TrainingProgress.batch = lambda _, epoch, *__: time.sleep(0.1 if epoch < 3 else 600)\n"
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
    environment["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    environment["CNNLAB_DATA"] = str(tiny_folder)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        while not (folder / "checkpoint.safetensors").exists():
            assert program.poll() is None
            time.sleep(0.05)
        program.send_signal(getattr(signal, name))
        try:
            said, _ = program.communicate(timeout=60)
        finally:
            program.kill()
    assert program.returncode == (-9 if name == "SIGKILL" else 130), said
    status = json.loads((folder / "config.json").read_text())["status"]
    assert status == ("running" if name == "SIGKILL" else "interrupted")
    if name != "SIGKILL":
        assert f"cnnlab train --resume {folder}" in " ".join(said.split())
    assert_same(resume(folder), whole)
