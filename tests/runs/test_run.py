import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare
from cnnlab.errors import DivergedError, RunError
from cnnlab.runs import evaluation as evaluation_module
from cnnlab.runs.evaluation import (
    is_current,
    keep_test_result,
    load_model,
    open_test_set,
    read_test_result,
)
from cnnlab.runs.job import Job
from cnnlab.runs.run import open_run
from cnnlab.runs.store import free_folder
from cnnlab.runs.train import resume_run, train_run
from cnnlab.runs.weights import read_checkpoints, read_weights
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.training.loop import score


@pytest.fixture
def splits(tiny_folder):
    return load("tiny", offline=True, notify=lambda _: None)


@pytest.fixture
def train(splits, tmp_path):
    def call(folder="run", **changes):
        settings = {"epochs": 3, "batch_size": 60, "learning_rate": 0.05} | changes
        listener = Listener(epoch=settings.pop("epoch", lambda _: None))
        network = find_network(settings.pop("model", "lenet5"))
        job = Job(network, "workshop", recipe("workshop", **settings), splits.data_set)
        return train_run(tmp_path / folder, job, splits.on("cpu"), listener)

    return call


def test_run_folder_says_everything(train, splits):
    run = train()
    config = json.loads((run.folder / "config.json").read_text())
    assert config["status"] == "finished"
    assert config["model"] == "lenet5"
    assert config["parameters"] == 61_706
    assert config["seed"] == 0
    assert config["config"]["learning_rate"] == 0.05
    assert config["data_set"]["sha256"] == {f.name: f.sha256 for f in splits.data_set.files}
    assert config["versions"]["torch"] == torch.__version__
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    assert sorted(json.loads(lines[0])) == sorted(
        [
            "epoch",
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "learning_rate",
            "seconds",
        ]
    )
    assert sorted(p.name for p in run.folder.iterdir()) == [
        ".lock",
        "checkpoint.before.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
    ]


def test_a_reopened_run_predicts_the_same(train, splits):
    run = train()
    opened = open_run(run.folder)
    images = as_input(prepare(splits.validation).images)
    assert opened.history() == run.history()
    assert opened.config == run.config
    cpu = torch.device("cpu")
    assert torch.equal(load_model(opened, cpu)(images), load_model(run, cpu)(images))


def test_test_openings_are_counted_and_kept(train, splits):
    run = train()
    assert read_test_result(run) is None
    first, predictions = open_test_set(run, splits, torch.device("cpu"))
    second, _ = open_test_set(open_run(run.folder), splits, torch.device("cpu"))
    assert (first.test_openings, second.test_openings) == (1, 2)
    assert first.test_accuracy == second.test_accuracy
    correct = (predictions.predicted == splits.test.labels).mean()
    assert first.test_accuracy == pytest.approx(correct)
    kept = json.loads((run.folder / "evaluation.json").read_text())
    assert kept["test_openings"] == 2


def test_a_test_result_belongs_to_its_weights(train, splits, tmp_path):
    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(epoch=stop)
    run = open_run(tmp_path / "run")
    cpu = torch.device("cpu")
    early, _ = open_test_set(run, splits, cpu)
    assert (early.epochs, is_current(run, early), run.how_far(2)) == (
        2,
        True,
        "unfinished, 2 of 3 epochs",
    )
    resume_run(run, splits.on("cpu"), Listener())
    run = open_run(run.folder)
    kept = read_test_result(run)
    assert kept == early
    assert not is_current(run, kept)
    late, _ = open_test_set(run, splits, cpu)
    assert (late.epochs, late.test_openings, is_current(run, late)) == (3, 2, True)
    assert run.how_far(3) == ""


def test_a_test_result_of_an_earlier_cnnlab_still_opens():
    run = open_run(Path(__file__).parents[1] / "fixtures" / "run-0.1.0")
    result = read_test_result(run)
    assert (result.test_openings, result.epochs, result.weights_sha256) == (1, 0, "")
    assert not is_current(run, result)


def test_training_never_touches_the_test_images(train, splits):
    class Shut:
        def __len__(self):
            return 100

        def __getattr__(self, name):
            raise AssertionError(f"the test set's {name} was read")

    object.__setattr__(splits, "test", Shut())
    assert train().status == "finished"


def test_ctrl_c_keeps_every_full_epoch(train, tmp_path):
    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(epochs=10, epoch=stop)
    run = open_run(tmp_path / "run")
    assert run.status == "interrupted"
    assert [record.epoch for record in run.history()] == [1, 2]
    assert load_model(run, torch.device("cpu")) is not None


def test_divergence_keeps_a_finite_model_and_names_the_folder(train, tmp_path):
    with pytest.raises(DivergedError, match=r"try --learning-rate .* The run is in .*run"):
        train(model="lenet5-relu-max", learning_rate=1e30)
    run = open_run(tmp_path / "run")
    assert run.status == "diverged"
    weights = load_model(run, torch.device("cpu")).state_dict().values()
    assert all(math.isfinite(weight.abs().max()) for weight in weights)


def test_existing_folder_is_never_overwritten(train):
    first = train()
    before = (first.folder / "model.safetensors").read_bytes()
    with pytest.raises(RunError, match=r"already exists\. Nothing was changed\. Name another"):
        train(seed=5)
    assert (first.folder / "model.safetensors").read_bytes() == before


def test_free_folder_counts_up(tmp_path):
    assert free_folder(tmp_path / "run") == tmp_path / "run"
    assert (tmp_path / "run").is_dir()
    assert free_folder(tmp_path / "run") == tmp_path / "run-2"


def test_disk_full_names_the_file_and_leaves_the_last_whole(train, monkeypatch, tmp_path):
    import errno

    from cnnlab import files

    real = files.write_whole
    written = []

    def full_after_eight(path, content):
        written.append(path)
        if len(written) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    for module in ("cnnlab.runs.store", "cnnlab.runs.tensors"):
        monkeypatch.setattr(f"{module}.write_whole", full_after_eight)
    with pytest.raises(RunError, match=r"Cannot write .*\(No space left on device\)"):
        train(epochs=20)
    run = open_run(tmp_path / "run")
    assert len(run.history()) >= 3
    assert load_model(run, torch.device("cpu")) is not None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", "cannot be read as JSON"),
        ("config.json", b"[]", "lacks cnnlab, status"),
        ("metrics.jsonl", b'{"epoch": 1}\n', "metrics.jsonl is damaged"),
        ("model.safetensors", b"\xff" * 50, "is not a valid safetensors file"),
        ("evaluation.json", b"{}", "lacks test_loss"),
    ],
)
def test_damaged_files_are_named(train, name, content, message):
    run = train()
    (run.folder / name).write_bytes(content)
    with pytest.raises(RunError, match=message):
        opened = open_run(run.folder)
        opened.history()
        read_test_result(opened)
        load_model(opened, torch.device("cpu"))


@pytest.mark.parametrize("fault", ["missing", "cut"])
def test_a_finished_runs_lost_weights_are_those_of_its_checkpoint(train, splits, fault):
    run = train()
    cpu = torch.device("cpu")
    images = as_input(prepare(splits.validation).images)
    whole, path = load_model(run, cpu)(images), run.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    if fault == "missing":
        path.unlink()
    told = []
    opened = open_run(run.folder, told.append)
    assert torch.equal(load_model(opened, cpu)(images), whole)
    load_model(opened, cpu)
    assert len(told) == 1
    said = r"model.safetensors is (missing|not a valid safetensors file).* Using the weights in "
    assert re.search(said + ".*checkpoint.safetensors instead, .* after epoch 3", told[0])
    with pytest.raises(RunError, match=r"is missing|is not a valid"):
        load_model(open_run(run.folder), cpu)  # no listener: no silent replacement
    for name in ("checkpoint.safetensors", "checkpoint.before.safetensors"):
        (run.folder / name).unlink()
    with pytest.raises(RunError, match="No checkpoint has these weights") as refused:
        load_model(open_run(run.folder, told.append), cpu)
    assert "before its first epoch" not in str(refused.value)
    assert "cnnlab train --model lenet5 --dataset tiny --recipe workshop --epochs 3 " in str(
        refused.value
    )


def test_an_older_checkpoint_does_not_replace_the_end_of_a_finished_run(train):
    run = train()
    for name in ("checkpoint.safetensors", "model.safetensors"):
        (run.folder / name).unlink()
    with pytest.raises(RunError, match="No checkpoint has these weights"):
        load_model(open_run(run.folder, print), torch.device("cpu"))


@pytest.mark.parametrize(
    ("status", "advice"),
    [("interrupted", "its next epoch writes the file again"), ("diverged", "Train again")],
)
def test_lost_weights_of_a_run_that_is_not_finished(train, tmp_path, status, advice):
    """A diverged run ended inside an epoch: no checkpoint has its weights."""

    def stop(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(epoch=stop)
    run = open_run(tmp_path / "run")
    run.set_status(status)
    path = run.folder / "model.safetensors"
    path.write_bytes(b"")
    told = []
    if status == "interrupted":
        assert read_weights(open_run(run.folder, told.append)).epochs == 1
        assert "which are from after epoch 1" in told[0]
    else:
        with pytest.raises(RunError, match=advice):
            read_weights(open_run(run.folder, told.append))
    with pytest.raises(RunError, match=advice):
        read_weights(run)
    (run.folder / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=advice):
        read_weights(run)


def test_a_result_belongs_to_its_weights_even_if_newer_ones_come_meanwhile(
    train, splits, monkeypatch
):
    run, other = train(), train("other", seed=1)
    digest = read_weights(run).sha256

    def replaced_meanwhile(logits, labels):
        (other.folder / "model.safetensors").replace(run.folder / "model.safetensors")
        return score(logits, labels)

    monkeypatch.setattr(evaluation_module, "score", replaced_meanwhile)
    result, _ = open_test_set(run, splits, torch.device("cpu"))
    assert result.weights_sha256 == digest
    assert not is_current(run, result)


def test_simultaneous_test_openings_are_all_counted(train, splits):
    run = train()
    weights = read_weights(run)
    logits, labels = torch.zeros(4, 10), torch.zeros(4, dtype=torch.long)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(24):
            pool.submit(keep_test_result, open_run(run.folder), logits, labels, weights)
    assert read_test_result(run).test_openings == 24


def test_lost_metrics_are_missing_and_not_damaged(train):
    run = train()
    (run.folder / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=r"metrics.jsonl is missing; expected 3, because the run"):
        run.history()
    load_model(run, torch.device("cpu"))


def test_a_config_that_names_another_network_of_the_same_shapes_is_refused(train):
    run = train()
    path = run.folder / "config.json"
    path.write_text(path.read_text().replace('"lenet5"', '"lenet5-relu-max"'))
    with pytest.raises(RunError, match="holds the weights of 'lenet5'; expected 'lenet5-relu-max'"):
        load_model(open_run(run.folder), torch.device("cpu"))
    told = []
    assert list(read_checkpoints(open_run(run.folder), told.append)) == []
    assert "is of the network 'lenet5'" in told[0]


def test_the_message_about_a_damaged_config_says_what_to_do(train):
    run = train()
    (run.folder / "config.json").write_text("{")
    with pytest.raises(
        RunError, match=r"Restore it from a copy\. If you have no copy, delete the folder and train"
    ):
        open_run(run.folder)


def test_weights_of_another_network_are_refused(train):
    import safetensors.torch

    run = train()
    header = {"cnnlab": json.dumps({"model": "lenet5"})}
    path = run.folder / "model.safetensors"
    path.write_bytes(safetensors.torch.save({"other": torch.zeros(3)}, header))
    with pytest.raises(RunError, match="does not fit its network"):
        load_model(run, torch.device("cpu"))
    path.write_bytes(safetensors.torch.save({"other": torch.zeros(3)}))
    with pytest.raises(RunError, match="was not written by cnnlab"):
        load_model(run, torch.device("cpu"))


def test_a_folder_without_a_config_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"is not a run folder: it has no config\.json"):
        open_run(tmp_path)


def test_another_data_set_is_refused(train, splits):
    run = train()
    run.description["data_set"]["name"] = "mnist"
    with pytest.raises(RunError, match="was trained on mnist, but tiny was loaded"):
        open_test_set(run, splits, torch.device("cpu"))
