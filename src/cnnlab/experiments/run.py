"""One training as a folder: what was run, each epoch's figures, the weights, the test result."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.images import ImageSet, Splits, prepare, prepare_images
from cnnlab.errors import RunError
from cnnlab.experiments.checked import check_description, fill
from cnnlab.experiments.store import read_json, write_json
from cnnlab.insight.mistakes import Predictions
from cnnlab.models.build import Network, find_network
from cnnlab.models.own import is_own, read_own
from cnnlab.training.checkpoint import load_tensors
from cnnlab.training.config import TrainConfig
from cnnlab.training.loop import EpochRecord, History, predict, score
from cnnlab.training.steps import quick

CONFIG, METRICS, MODEL, EVALUATION = (
    "config.json",
    "metrics.jsonl",
    "model.safetensors",
    "evaluation.json",
)
SOURCE = "source.py"
"""The code of a network of the user's own, as it was trained."""
CHECKPOINT, CHECKPOINT_BEFORE = "checkpoint.safetensors", "checkpoint.before.safetensors"


@dataclass(frozen=True)
class TestResult:
    """Loss and accuracy on the test set, and how often this run has opened it."""

    __test__ = False  # pytest: this is no test

    test_loss: float
    test_accuracy: float
    test_openings: int


@dataclass
class Run:
    """A run folder and the JSON of its ``config.json``."""

    folder: Path
    description: dict[str, Any]

    @property
    def model_name(self) -> str:
        """The name that the network was built by."""
        return str(self.description["model"])

    @property
    def data_set_name(self) -> str:
        """The data set that was trained on: the sample where it was a sample."""
        return str(self.description["data_set"]["name"])

    @property
    def status(self) -> str:
        """One of "running", "finished", "interrupted", "diverged" and "failed"."""
        return str(self.description["status"])

    @property
    def config(self) -> TrainConfig:
        """The settings of the training."""
        return TrainConfig(**self.description["config"])

    def history(self) -> History:
        """Return every full epoch's figures; empty where no epoch was finished.

        Raises `RunError` where they are damaged, or too few for a run that is finished.
        """
        history = self._read_history()
        if self.status == "finished" and len(history) != self.config.epochs:
            raise RunError(
                f"{self.folder / METRICS} is damaged: expected {self.config.epochs} epochs, found "
                f"{len(history)}."
            )
        return history

    def _read_history(self) -> History:
        path = self.folder / METRICS
        if not path.exists():
            return []
        try:
            contents = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path} is damaged ({error}).") from None
        history = [fill(EpochRecord, content, path) for content in contents]
        if [record.epoch for record in history] != list(range(1, len(history) + 1)):
            raise RunError(f"{path} is damaged: its epochs are not 1, 2, 3 ... in this order.")
        return history

    def test_result(self) -> TestResult | None:
        """Return the latest test result, or None while the test set was never opened."""
        path = self.folder / EVALUATION
        if not path.exists():
            return None
        keys = list(TestResult.__dataclass_fields__)
        return fill(TestResult, read_json(path, keys), path)

    def network(self, *, trust: bool = False) -> Network:
        """Return the kind of network that was trained.

        One of a user's own is code, kept in the folder: it is run only where the user trusts
        it. Raises `RunError` where it is not trusted, or not the code that was trained.
        """
        if not is_own(self.model_name):
            return find_network(self.model_name)
        path = self.folder / SOURCE
        if not trust:
            raise RunError(
                f"{self.folder} carries code, {path}, for its network {self.model_name}. Read "
                "it; if you trust it, say so with --trust."
            )
        own = read_own(f"{path}:{self.model_name.rpartition(':')[2]}")
        if own.sha256 != self.description.get("source_sha256"):
            raise RunError(f"{path} has been changed since the training: it is another network.")
        return Network(self.model_name, own.class_name, own)

    def model(self, device: torch.device, network: Network | None = None) -> nn.Module:
        """Return the network with its trained weights, on a device; see `network`."""
        path = self.folder / MODEL
        if not path.exists():
            raise RunError(
                f"{self.folder} has no trained network yet: it was stopped before its first "
                "epoch ended. Train again."
            )
        tensors, _ = load_tensors(path)
        model = (network or self.network()).build(seed=0)
        for name, own in model.state_dict().items():
            if name in tensors and tensors[name].dtype != own.dtype:
                raise RunError(
                    f"{path} does not fit its network: {name} should be {own.dtype}, and is "
                    f"{tensors[name].dtype}. Train again."
                )
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise RunError(f"{path} does not fit its network: {error}") from None
        return model.to(device)

    def classify(
        self,
        images: list[NDArray[np.uint8]],
        device: torch.device,
        network: Network | None = None,
    ) -> NDArray[np.float32]:
        """Return the class probabilities (N, classes) of grey images of 28 x 28 pixels."""
        return softmax(self.logits(prepare_images(np.stack(images), device), device, network))

    def answers(
        self, image_set: ImageSet, device: torch.device, network: Network | None = None
    ) -> Predictions:
        """Return the network's answers to a set of images."""
        logits = self.logits(prepare(image_set, device).images, device, network)
        return Predictions(image_set, softmax(logits))

    def logits(
        self, images: torch.Tensor, device: torch.device, network: Network | None = None
    ) -> torch.Tensor:
        """Return the network's logits (N, 10) of prepared images on the device."""
        with quick(self.model(device, network), device) as model:
            return predict(model, images, self.config.evaluation_batch_size)

    def open_test_set(
        self, splits: Splits, device: torch.device, network: Network | None = None
    ) -> tuple[TestResult, Predictions]:
        """Evaluate on the test set, count the opening, and keep the result in the folder.

        Raises `RunError` where the splits are of another data set than the run's.
        """
        self.check_data_set(splits)
        tensors = prepare(splits.test, device)
        logits = self.logits(tensors.images, device, network)
        counted = self.keep_test_result(logits, tensors.labels)
        return counted, Predictions(splits.test, softmax(logits))

    def keep_test_result(self, logits: torch.Tensor, labels: torch.Tensor) -> TestResult:
        """Write the result on the test set into the folder, and count the opening."""
        before = self.test_result()
        result = score(logits, labels)
        counted = TestResult(
            test_loss=result.loss,
            test_accuracy=result.accuracy,
            test_openings=(before.test_openings if before else 0) + 1,
        )
        write_json(self.folder / EVALUATION, asdict(counted))
        return counted

    def check_data_set(self, splits: Splits) -> None:
        """Raise `RunError` where the splits are of another data set than the run's."""
        if splits.data_set.name != self.data_set_name:
            raise RunError(
                f"{self.folder} was trained on {self.data_set_name}; what was loaded is "
                f"{splits.data_set.name}. Figures of one say nothing about the other."
            )

    def set_status(self, status: str) -> None:
        """Write how the training stands into ``config.json``."""
        self.description["status"] = status
        write_json(self.folder / CONFIG, self.description)


def softmax(logits: torch.Tensor) -> NDArray[np.float32]:
    """Return the probabilities (N, classes) of logits."""
    probabilities: NDArray[np.float32] = logits.softmax(dim=1).cpu().numpy()
    return probabilities


def open_run(folder: Path) -> Run:
    """Return the run in a folder; raise `RunError` where it is none or is damaged."""
    path = folder / CONFIG
    if not path.exists():
        raise RunError(f"{folder} is not a run folder: it has no {CONFIG}.")
    description = read_json(path, ["cnnlab", "status", "model", "config", "data_set", "device"])
    check_description(path, description)
    return Run(folder, description)
