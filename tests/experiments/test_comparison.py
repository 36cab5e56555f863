import json
import shutil

import numpy as np
import pytest
import torch
from filelock import FileLock

from cnnlab.data.own.load import load
from cnnlab.data.tensors import prepare
from cnnlab.errors import RunError
from cnnlab.experiments import comparison as compare_module
from cnnlab.experiments.comparison import open_comparison
from cnnlab.experiments.paired import compare_runs
from cnnlab.experiments.results import as_json
from cnnlab.experiments.variants import read_variants
from cnnlab.runs import store as store_module
from cnnlab.runs.evaluation import predictions_on, read_test_result
from cnnlab.runs.run import open_run
from cnnlab.training.loop import fit

SETTINGS = {"epochs": 3, "batch_size": 20, "learning_rate": 0.05}


@pytest.fixture
def splits(tiny_folder):
    return load("tiny", offline=True, notify=lambda _: None)


@pytest.fixture
def variants():
    return read_variants(["lenet5", "lenet5-relu-max"], "workshop", SETTINGS)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "comparison"


def trained(folder, variants, splits, seeds, processes=1, on_run=lambda _: None):
    with open_comparison(folder, variants, splits, seeds) as comparison:
        comparison.train(seeds, splits.on("cpu"), processes=processes, on_run=on_run)
    return comparison


def test_every_run_is_saved_and_equals_the_run_alone(folder, variants, splits):
    seen = []
    comparison = trained(
        folder, variants, splits, 2, processes=2, on_run=lambda each: seen.append(each.seed)
    )
    assert sorted(seen) == [0, 0, 1, 1]
    for variant in variants:
        for seed in range(2):
            run = open_run(folder / variant.slug / f"seed-{seed}")
            assert run.status == "finished"
            assert run.config == variant.settings(seed)
            alone = fit(
                variant.network.build(seed),
                prepare(splits.train),
                prepare(splits.validation),
                variant.settings(seed),
            )
            kept = [record.train_loss for record in run.history()]
            assert kept == pytest.approx([record.train_loss for record in alone], abs=1e-4)
    assert comparison.missing(2) == []


def test_values_are_the_runs_own_accuracies(folder, variants, splits):
    comparison = trained(folder, variants, splits, 3)
    results = comparison.look(3, splits.on("cpu"), "validation", 0.1)
    for each in results.variants:
        expected = [
            100
            * open_run(folder / each.variant.slug / f"seed-{seed}")
            .history()[-1]
            .validation_accuracy
            for seed in range(3)
        ]
        assert each.values == pytest.approx(expected)
        assert each.correct.shape == (3, len(splits.validation))
        assert 100 * each.correct.mean(axis=1) == pytest.approx(expected)
    numbers = as_json(results)
    json.dumps(numbers, allow_nan=False)
    difference = np.mean(results.variants[1].values) - np.mean(results.variants[0].values)
    found = numbers["verdicts"][0]["verdict"]["difference"]
    assert found["estimate"] == pytest.approx(difference)
    assert found["kind"] == "fixed"


def test_more_seeds_use_the_old_runs_and_a_wider_interval(folder, variants, splits):
    trained(folder, variants, splits, 3).look(3, splits.on("cpu"), "validation", 0.1)
    before = (folder / "lenet5" / "seed-0" / "config.json").stat().st_mtime_ns
    seen = []
    comparison = trained(folder, variants, splits, 5, on_run=lambda each: seen.append(each.seed))
    assert sorted(seen) == [3, 3, 4, 4]
    assert (folder / "lenet5" / "seed-0" / "config.json").stat().st_mtime_ns == before
    results = comparison.look(5, splits.on("cpu"), "validation", 0.1)
    assert results.peeked
    assert results.verdicts[0].verdict.difference.kind == "always-valid"
    # the first verdict, at the number that was planned, stays what it was
    assert not comparison.look(3, splits.on("cpu"), "validation", 0.1).peeked
    assert comparison.look(5, splits.on("cpu"), "validation", 0.1).peeked


def test_a_look_with_fewer_seeds_than_planned_is_peeking(folder, variants, splits):
    with open_comparison(folder, variants, splits, 4) as comparison:
        comparison.train(3, splits.on("cpu"), processes=1)
        assert comparison.look(3, splits.on("cpu"), "validation", 0.1).peeked


def test_the_number_of_seeds_may_change_before_the_first_run(folder, variants, splits):
    with open_comparison(folder, variants, splits, 3):
        pass
    results = trained(folder, variants, splits, 4).look(4, splits.on("cpu"), "validation", 0.1)
    assert not results.peeked


def test_a_look_that_fails_does_not_count(folder, variants, splits):
    comparison = trained(folder, variants, splits, 1)
    model = folder / "lenet5" / "seed-0" / "model.safetensors"
    whole = model.read_bytes()
    model.write_bytes(b"damaged")
    with pytest.raises(RunError, match="not a valid safetensors file"):
        comparison.look(1, splits.on("cpu"), "test", 0.1)
    model.write_bytes(whole)
    assert comparison.look(1, splits.on("cpu"), "test", 0.1).test_openings == 1
    run = open_run(folder / "lenet5" / "seed-0")
    assert read_test_result(run).test_openings == 1  # the run's own folder counts it too


def test_a_run_copied_to_another_seed_is_refused(folder, variants, splits):
    comparison = trained(folder, variants, splits, 1)
    shutil.copytree(folder / "lenet5" / "seed-0", folder / "lenet5" / "seed-1")
    with pytest.raises(RunError, match="seed-1 is not the run of lenet5 on seed 1: it was copied"):
        comparison.missing(2)


def test_the_same_look_twice_is_one(folder, variants, splits):
    comparison = trained(folder, variants, splits, 3)
    one, two = (comparison.look(3, splits.on("cpu"), "validation", 0.1) for _ in range(2))
    assert not two.peeked
    assert one.verdicts == two.verdicts


def test_test_openings_are_counted_and_kept(folder, variants, splits):
    comparison = trained(folder, variants, splits, 1)
    assert comparison.look(1, splits.on("cpu"), "validation", 0.1).test_openings == 0
    assert comparison.look(1, splits.on("cpu"), "test", 0.1).test_openings == 1
    with open_comparison(folder, variants, splits, 1) as again:
        results = again.look(1, splits.on("cpu"), "test", 0.1)
    assert results.test_openings == 2
    assert len(results.images) == 100


def test_two_seeds_give_no_verdict(folder, variants, splits):
    results = trained(folder, variants, splits, 2).look(2, splits.on("cpu"), "validation", 0.1)
    assert results.verdicts[0].verdict.decision == "no verdict"
    assert results.verdicts[0].new_images is None


def test_diverged_runs_are_excluded_from_the_mean(folder, tmp_path, monkeypatch, splits):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wild.toml").write_text('model = "lenet5-relu-max"\nlearning_rate = 1e30')
    variants = read_variants(["lenet5", "wild.toml"], "workshop", SETTINGS)
    comparison = trained(folder, variants, splits, 3)
    assert comparison.missing(3) == []  # it would diverge again
    results = comparison.look(3, splits.on("cpu"), "validation", 0.1)
    assert sorted(results.variants[1].failures) == [0, 1, 2]
    assert results.variants[1].failures[0].startswith("diverged: The loss became")
    assert len(results.variants[1].values) == 0
    assert [each.verdict for each in results.verdicts] == [None]
    json.dumps(as_json(results), allow_nan=False)


def test_a_run_that_learned_nothing_is_excluded_from_the_mean(folder, variants, splits):
    comparison = trained(folder, variants, splits, 1)
    metrics = folder / "lenet5" / "seed-0" / "metrics.jsonl"
    lines = [
        json.loads(line) | {"train_accuracy": 0.1} for line in metrics.read_text().splitlines()
    ]
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    results = comparison.look(1, splits.on("cpu"), "validation", 0.1)
    assert results.variants[0].failures == {0: "10 % of its training images correct"}
    assert len(results.variants[0].values) == 0


def test_a_failed_run_is_reported_and_trained_again(folder, tmp_path, monkeypatch, splits):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from pathlib import Path\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.last = nn.Linear(1024, 10)\n"
        "    def forward(self, x):\n"
        "        if len(x) > 2 and Path('broken').exists():\n"
        "            raise ValueError('too bad')\n"
        "        return self.last(x.flatten(1))\n"
    )
    variants = read_variants(["lenet5", "mine.py:Net"], "workshop", SETTINGS)
    (tmp_path / "broken").touch()
    comparison = trained(folder, variants, splits, 1)
    assert open_run(folder / "mine-Net" / "seed-0").status == "failed"
    results = comparison.look(1, splits.on("cpu"), "validation", 0.1)
    assert results.variants[1].failures == {
        0: "failed: mine.py: Training failed in line 9 with ValueError: too bad."
    }
    (tmp_path / "broken").unlink()
    trained(folder, variants, splits, 1)
    assert open_run(folder / "mine-Net" / "seed-0").status == "finished"


def test_an_interrupted_comparison_resumes(folder, variants, splits):
    def stop(finished):
        if finished.seed == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(folder, variants, splits, 3, on_run=stop)
    seen = []
    trained(folder, variants, splits, 3, on_run=lambda each: seen.append(each.seed))
    assert sorted(seen) == [1, 2, 2]


def test_a_half_written_run_does_not_count(folder, variants, splits, monkeypatch):
    def full(path, content):
        if path.name == "config.json" and "partial" in str(path):
            raise OSError(28, "No space left on device")
        return write(path, content)

    write = store_module.write_whole
    monkeypatch.setattr(store_module, "write_whole", full)
    with pytest.raises(RunError, match=r"Cannot write .*config.json \(No space left on device\)"):
        trained(folder, variants, splits, 1)
    monkeypatch.undo()
    assert not (folder / "lenet5" / "seed-0").exists()
    comparison = trained(folder, variants, splits, 1)
    assert comparison.missing(1) == []
    assert not list(folder.glob("*/.*partial"))


def test_another_comparison_in_the_folder_is_refused(folder, variants, splits):
    trained(folder, variants, splits, 1)
    others = read_variants(["lenet5-relu-max", "lenet5"], "workshop", SETTINGS)
    changed = read_variants(["lenet5", "lenet5-relu-max"], "workshop", SETTINGS | {"momentum": 0.5})
    for wrong, message in (
        (others, "compares lenet5, lenet5-relu-max, not lenet5-relu-max, lenet5"),
        (changed, "lenet5 has changed since the first run in .*: momentum was 0.9 and is now 0.5"),
    ):
        with (
            pytest.raises(RunError, match=message),
            open_comparison(folder, wrong, splits, 1),
        ):
            pass


def test_other_versions_and_other_images_are_refused(folder, variants, splits, monkeypatch):
    trained(folder, variants, splits, 1)
    own = compare_module.versions()
    monkeypatch.setattr(compare_module, "versions", lambda: own | {"torch": "1.0"})
    with (
        pytest.raises(RunError, match=r"with other versions: there torch 2.*; here torch 1\.0"),
        open_comparison(folder, variants, splits, 1),
    ):
        pass
    monkeypatch.undo()
    data = compare_module.describe_data(splits)
    monkeypatch.setattr(compare_module, "describe_data", lambda _: data | {"validation": 7})
    with (
        pytest.raises(RunError, match="on other images: there validation 60; here validation 7"),
        open_comparison(folder, variants, splits, 1),
    ):
        pass


def test_a_folder_of_something_else_is_left_alone(folder, variants, splits):
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with (
        pytest.raises(RunError, match="holds something other than a comparison"),
        open_comparison(folder, variants, splits, 1),
    ):
        pass
    assert (folder / "thesis.txt").read_text() == "mine"


def test_two_at_once_in_one_folder_are_refused(folder, variants, splits):
    folder.mkdir()
    with (
        FileLock(folder / ".lock"),
        pytest.raises(RunError, match="Another comparison is running"),
        open_comparison(folder, variants, splits, 1),
    ):
        pass


def test_two_finished_runs_are_compared_image_by_image(folder, variants, splits):
    trained(folder, variants, splits, 1)
    runs = tuple(open_run(folder / variant.slug / "seed-0") for variant in variants)
    paired = compare_runs(runs, splits, "validation")
    correct = [
        predictions_on(run, splits.validation, torch.device("cpu")).predicted
        == splits.validation.labels
        for run in runs
    ]
    assert paired.only_a == int((correct[0] & ~correct[1]).sum())
    assert paired.only_b == int((correct[1] & ~correct[0]).sum())
    compare_runs(runs, splits, "test")
    assert [read_test_result(run).test_openings for run in runs] == [1, 1]


def test_runs_that_cannot_be_compared_are_named(folder, variants, splits):
    trained(folder, variants, splits, 1)
    first, second = (open_run(folder / variant.slug / "seed-0") for variant in variants)
    second.set_status("interrupted")
    with pytest.raises(RunError, match=r"is not finished \(status: interrupted\)\. Only finished"):
        compare_runs((first, second), splits, "validation")
    second.set_status("finished")
    second.description["data_set"]["validation"] = 12
    with pytest.raises(RunError, match="was trained on other files, or on another split"):
        compare_runs((first, second), splits, "validation")
    shutil.rmtree(folder)
