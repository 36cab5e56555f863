"""Compare two finished runs on the same images."""

import torch

from cnnlab.data.splits import Splits
from cnnlab.errors import RunError
from cnnlab.experiments.results import Split
from cnnlab.experiments.statistics import PairedComparison, mcnemar
from cnnlab.runs.description import describe_data
from cnnlab.runs.evaluation import load_model, open_test_set, predictions_on
from cnnlab.runs.run import Run


def compare_runs(runs: tuple[Run, Run], splits: Splits, on: Split) -> PairedComparison:
    """Return how two finished runs differ on the same images: McNemar's exact test.

    The use of the test set is counted in both folders. Raises `RunError` if a run is not finished
    or was trained on other images.
    """
    for run in runs:
        run.check_data_set(splits)
        if run.status != "finished":
            raise RunError(
                f"{run.folder} is not finished (status: {run.status}). Only finished runs can be "
                "compared."
            )
        there, here = (
            {key: each[key] for key in ("sha256", "train", "validation", "test")}
            for each in (run.description["data_set"], describe_data(splits))
        )
        if there != here:
            raise RunError(
                f"{run.folder} was trained on other files, or on another split, than those loaded "
                "now."
            )
    device = torch.device("cpu")
    for run in runs:
        load_model(run, device)  # if one cannot be loaded, the test set is used for neither
    correct = []
    for run in runs:
        if on == "test":
            _, predictions = open_test_set(run, splits, device)
        else:
            predictions = predictions_on(run, splits.validation, device)
        correct.append(predictions.predicted == predictions.image_set.labels)
    return mcnemar(*correct)
