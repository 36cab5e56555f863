"""Two finished runs on the same images."""

import torch

from cnnlab.data.splits import Splits
from cnnlab.errors import RunError
from cnnlab.experiments.results import Part
from cnnlab.experiments.statistics import (
    Paired,
    mcnemar,
)
from cnnlab.runs.description import describe_data
from cnnlab.runs.run import Run


def compare_runs(runs: tuple[Run, Run], splits: Splits, on: Part, *, trust: bool = False) -> Paired:
    """Return how two finished runs differ on the same images: McNemar's exact test.

    ``trust`` lets code run that a folder carries. On the test set the opening is counted in
    both folders. Raises `RunError` where a run has
    not finished or is of other images.
    """
    for run in runs:
        run.check_data_set(splits)
        if run.status != "finished":
            raise RunError(f"{run.folder} is {run.status}, not finished: train it to its end.")
        there, here = (
            {key: each[key] for key in ("sha256", "train", "validation", "test")}
            for each in (run.description["data_set"], describe_data(splits))
        )
        if there != here:
            raise RunError(f"{run.folder} was trained on another split or other files than these.")
    device = torch.device("cpu")
    networks = [run.network(trust=trust) for run in runs]
    for run in runs:
        run.weights()  # where one's are lost, the test set is opened for neither
    right = []
    for run, network in zip(runs, networks, strict=True):
        if on == "test":
            _, predictions = run.open_test_set(splits, device, network)
        else:
            predictions = run.answers(splits.validation, device, network)
        right.append(predictions.predicted == predictions.image_set.labels)
    return mcnemar(*right)
