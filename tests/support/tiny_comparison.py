"""The smallest comparison that has everything: start it, resume it, check it bit by bit."""

import json
from pathlib import Path

from cnnlab.experiments.comparison import open_comparison
from cnnlab.experiments.results import as_json
from cnnlab.experiments.variants import read_variants
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.run import open_run
from tests.support.tiny_training import CPU, PREPARED, SPLITS, how_many, result_of

SETTINGS = {"epochs": how_many(1, 3), "batch_size": 60, "learning_rate": 0.02}
VARIANTS = read_variants(["lenet5", "lenet5-relu-max"], "best", SETTINGS)


def train(folder: Path, seeds: int, on_run=lambda _: None) -> None:
    """Start or resume a comparison, until all its runs have ended."""
    with open_comparison(folder, VARIANTS, SPLITS, seeds) as comparison:
        comparison.train(seeds, PREPARED, processes=1, on_run=on_run)


def with_a_failed_run(folder: Path, seeds: int) -> None:
    """Leave a comparison with one failed run, which must be trained again and replaced."""
    train(folder, seeds)
    open_run(folder / VARIANTS[0].slug / "seed-0").set_status("failed")


def outcome(folder: Path, seeds: int) -> tuple[dict, dict]:
    """Return what must be equal in two comparisons: all numbers but seconds, each run's bits."""
    train(folder, seeds)
    with open_comparison(folder, VARIANTS, SPLITS, seeds) as comparison:
        assert not comparison.missing(seeds)
        numbers = as_json(comparison.look(seeds, PREPARED, "validation", 0.1))
    for each in numbers["variants"]:
        del each["median_seconds"]
    runs = {str(each.relative_to(folder)): result_of(open_run(each)) for each in counting(folder)}
    assert not list(folder.glob("*/.seed-*"))
    return json.loads(json.dumps(numbers)), runs


def counting(folder: Path) -> list[Path]:
    """Return the folders of the runs that count."""
    return sorted(folder.glob("*/seed-*"))


def assert_all_count(folder: Path) -> None:
    """Assert that each run that counts has ended, with all its metrics and weights."""
    for each in counting(folder):
        run = open_run(each)
        assert run.status in {"finished", "failed"}
        assert len(run.history()) == SETTINGS["epochs"]
        load_model(run, CPU)
