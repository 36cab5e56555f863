"""The smallest training that has everything: start it, resume it, check it bit by bit."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.catalog import DATA_SETS
from cnnlab.data.images import ImageSet
from cnnlab.data.splits import Splits
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.job import Job
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE, METRICS, MODEL
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.tensors import load_tensors
from cnnlab.runs.train import resume_run, train_run
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from tests.support.tiny import tiny_arrays

CONFIG = recipe("best", epochs=3, batch_size=60, learning_rate=0.01)
ARGUMENTS = ("--model", "lenet5-relu-max", "--recipe", "best", "--epochs", "3")
ARGUMENTS += ("--batch-size", "60", "--learning-rate", "0.01")
"""The same settings for the command line."""
CPU = torch.device("cpu")
LONG = os.environ.get("CNNLAB_FAULTS") == "long"


def how_many(short: int, long: int) -> int:
    """Return how often to try a fault: the short form is for every day, the long one by hand."""
    return long if LONG else short


def tiny_splits() -> Splits:
    data_set = replace(DATA_SETS["fashion-mnist"], name="tiny", title="Tiny")

    def image_set(count, seed):
        images, labels = tiny_arrays(count, seed)
        return ImageSet(images, labels.astype(np.int64), data_set.classes)

    train, validation, test = image_set(240, 1), image_set(60, 3), image_set(100, 2)
    return Splits(data_set, train, train, validation, test, "made here")


SPLITS = tiny_splits()
PREPARED = SPLITS.on("cpu")
TRAIN, VALIDATION = PREPARED.train, PREPARED.validation


def start(folder: Path, config=CONFIG, **listeners) -> Run:
    job = Job(find_network("lenet5-relu-max"), "best", config, SPLITS.data_set)
    return train_run(folder, job, PREPARED, Listener(**listeners))


def finish(folder: Path, told=None, **listeners) -> Run:
    """Train a run to its end, however it was stopped; start it if there is nothing yet."""
    if not (folder / "config.json").exists():
        return start(folder, **listeners)
    run = open_run(folder)
    if run.status == "finished":
        return run
    say = ([] if told is None else told).append
    return resume_run(run, PREPARED, Listener(say=say, **listeners))


def assert_whole(folder: Path) -> None:
    """Assert that every file of a run loads, or is not there."""
    if not (folder / "config.json").exists():
        return
    run = open_run(folder)
    run.history()
    if (folder / MODEL).exists():
        load_model(run, CPU)
    for name in (CHECKPOINT, CHECKPOINT_BEFORE):
        if (folder / name).exists():
            load_tensors(folder / name)


def result_of(run: Run) -> tuple[list[dict], dict[str, bytes]]:
    """Return what must be equal in two runs: all metrics but seconds, and the weights' bits."""
    assert run.status == "finished"
    assert (run.folder / METRICS).exists()
    metrics = [{k: v for k, v in vars(each).items() if k != "seconds"} for each in run.history()]
    weights = load_model(run, CPU).state_dict()
    return metrics, {name: tensor.numpy().tobytes() for name, tensor in weights.items()}
