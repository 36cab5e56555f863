"""A run's predictions, and its test result. Every use of the test set is counted."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.custom.network import explained
from cnnlab.data.images import ImageSet
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import prepare, prepare_images
from cnnlab.errors import ModelError, RunError
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.runs.layout import EVALUATION, MODEL
from cnnlab.runs.run import Run
from cnnlab.runs.schema import fill
from cnnlab.runs.store import alone, read_json, write_json
from cnnlab.runs.weights import Weights, read_weights
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.loop import predict, score

_PATIENCE = 10.0
"""Seconds that an evaluation waits while another one writes its result."""


@dataclass(frozen=True)
class TestResult:
    """Loss and accuracy on the test set, and how often it was used for this run.

    They belong to the weights after ``epochs``, with the digest ``weights_sha256``. An earlier
    cnnlab recorded neither: then these are 0 and "".
    """

    __test__ = False  # for pytest, which would take this class for a test

    test_loss: float
    test_accuracy: float
    test_openings: int
    epochs: int = 0
    weights_sha256: str = ""


def load_model(run: Run, device: torch.device, weights: Weights | None = None) -> nn.Module:
    """Return a run's network on a device, with its trained weights or the given ones."""
    path, tensors = run.folder / MODEL, (weights or read_weights(run)).tensors
    model = run.network.build(seed=0)
    for name, own in model.state_dict().items():
        if name in tensors and tensors[name].dtype != own.dtype:
            raise RunError(
                f"{path} does not fit its network: {name} is {tensors[name].dtype}; expected "
                f"{own.dtype}. Train again:\n  {run.train_command()}"
            )
    try:
        with explained(run.network.source, "Loading the weights"):
            model.load_state_dict(tensors)
    except (RuntimeError, ModelError) as error:
        raise RunError(f"{path} does not fit its network: {error}") from None
    return model.to(device)


def compute_logits(run: Run, images: torch.Tensor, weights: Weights | None = None) -> torch.Tensor:
    """Return the logits (N, 10) of prepared images (N, 1, 32, 32), on the images' device."""
    model = load_model(run, images.device, weights)
    engine = engine_for(model, images.device)
    with explained(run.network.source, "The evaluation"), engine.applied(model, images.device):
        return predict(model, images, run.config.evaluation_batch_size)


def classify(
    run: Run, images: list[NDArray[np.uint8]], device: torch.device
) -> NDArray[np.float32]:
    """Return the class probabilities (N, classes) of grey images of 28 x 28 pixels."""
    return softmax(compute_logits(run, prepare_images(np.stack(images), device)))


def predictions_on(run: Run, image_set: ImageSet, device: torch.device) -> Predictions:
    """Return the network's predictions on a set of images."""
    logits = compute_logits(run, prepare(image_set, device).images)
    return Predictions(image_set, softmax(logits))


def open_test_set(run: Run, splits: Splits, device: torch.device) -> tuple[TestResult, Predictions]:
    """Evaluate on the test set, count this use, and save the result in the folder.

    Raises `RunError` if the splits are of another data set than the run's.
    """
    run.check_data_set(splits)
    tensors, weights = prepare(splits.test, device), read_weights(run)
    logits = compute_logits(run, tensors.images, weights)
    result = keep_test_result(run, logits, tensors.labels, weights)
    return result, Predictions(splits.test, softmax(logits))


def keep_test_result(
    run: Run, logits: torch.Tensor, labels: torch.Tensor, weights: Weights
) -> TestResult:
    """Write the loss and accuracy on the test set into the folder, and count this use."""
    result = score(logits, labels)
    busy = f"Another program is evaluating {run.folder} now. Try again in a moment."
    with alone(run.folder, busy, name=".evaluation.lock", seconds=_PATIENCE):
        before = read_test_result(run)
        kept = TestResult(
            test_loss=result.loss,
            test_accuracy=result.accuracy,
            test_openings=(before.test_openings if before else 0) + 1,
            epochs=weights.epochs,
            weights_sha256=weights.sha256,
        )
        write_json(run.folder / EVALUATION, asdict(kept))
    return kept


def read_test_result(run: Run) -> TestResult | None:
    """Return the latest test result, or None if the test set was never used.

    The result may belong to older weights of the run: see `is_current`.
    """
    path = run.folder / EVALUATION
    if not path.exists():
        return None
    return fill(TestResult, read_json(path, ["test_loss", "test_accuracy"]), path)


def is_current(run: Run, result: TestResult) -> bool:
    """Return whether a test result belongs to the weights that the run has now."""
    return result.weights_sha256 == read_weights(run).sha256
