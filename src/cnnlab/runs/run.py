"""One training as a folder: what was run, each epoch's figures, the weights, the test result."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.custom.find import find_network
from cnnlab.custom.network import is_custom, read_custom
from cnnlab.data.images import ImageSet
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import prepare, prepare_images
from cnnlab.errors import RunError
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.models.catalog import ModelSpec
from cnnlab.runs.evaluation import TestResult
from cnnlab.runs.layout import (
    CHECKPOINT,
    CHECKPOINT_BEFORE,
    CONFIG,
    EVALUATION,
    METRICS,
    MODEL,
    SOURCE,
    not_a_run,
)
from cnnlab.runs.schema import check_description, fill
from cnnlab.runs.store import alone, read_json, write_json
from cnnlab.runs.tensors import load_tensors
from cnnlab.runs.weights import Checkpoint, Weights
from cnnlab.training.config import RECIPES, TrainConfig, changes_to
from cnnlab.training.engines.choose import quick
from cnnlab.training.loop import EpochRecord, History, predict, score
from cnnlab.wording import command_line, counted

_PATIENCE = 10.0
"""Seconds that an evaluation waits for another to write its result."""


@dataclass
class Run:
    """A run folder and the JSON of its ``config.json``.

    ``notify`` is told where something damaged has a stand-in; with nobody to tell, what is damaged
    is refused.
    """

    folder: Path
    description: dict[str, Any]
    notify: Callable[[str], None] | None = field(default=None, compare=False)

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
    def trained_on(self) -> list[dict[str, Any]]:
        """The device and versions that the training began with, and each it was resumed with."""
        first = {"device": self.description["device"], **self.description["versions"]}
        return [first, *self.description.get("resumed", [])]

    @property
    def config(self) -> TrainConfig:
        """The settings of the training."""
        return TrainConfig(**self.description["config"])

    def history(self) -> History:
        """Return every full epoch's figures; empty where no epoch was finished.

        Raises `RunError` where they are damaged, or too few for a run that is finished.
        """
        history, path = self._read_history(), self.folder / METRICS
        if self.status == "finished" and len(history) != self.config.epochs:
            found = f"is damaged: found {counted(len(history), 'epoch')}"
            raise RunError(
                f"{path} {found if path.exists() else 'is missing'}; expected "
                f"{self.config.epochs}, as the run is finished. The network still answers "
                "(cnnlab predict, cnnlab evaluate). For its figures put the file back from a copy, "
                f"or train again:\n  {self.train_command()}"
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
        """Return the latest test result, or None while the test set was never opened.

        It may be of weights that are no longer the run's: see `is_of_now`.
        """
        path = self.folder / EVALUATION
        if not path.exists():
            return None
        return fill(TestResult, read_json(path, ["test_loss", "test_accuracy"]), path)

    def is_of_now(self, result: TestResult) -> bool:
        """Return whether a test result is of the weights that the run has now."""
        return result.weights_sha256 == self.weights().sha256

    def command(self, *words: str) -> str:
        """Return a command of cnnlab about this run, to be pasted."""
        trust = ["--trust"] if is_custom(self.model_name) else []
        return command_line(*words, str(self.folder), *trust)

    def train_command(self, **changes: object) -> str:
        """Return the command that trains the same in a new run, with some settings changed."""
        model = self.model_name
        if is_custom(model):
            model = f"{self.folder / SOURCE}:{model.rpartition(':')[2]}"
        recipe_name = str(self.description["recipe"])
        words = ["train", "--model", model, "--dataset", self.data_set_name]
        if recipe_name in RECIPES:
            words += ["--recipe", recipe_name]
        for name, value in (changes_to(recipe_name, self.config) | changes).items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        return command_line(*words)

    def how_far(self, epochs: int) -> str:
        """Return that the training is not over, and after which epoch; empty where it is."""
        if self.status == "finished":
            return ""
        word = "diverged" if self.status == "diverged" else "unfinished"
        return f"{word}, {epochs} of {counted(self.config.epochs, 'epoch')}"

    def network(self, *, trust: bool = False) -> ModelSpec:
        """Return the kind of network that was trained.

        One of a user's own is code, kept in the folder: it is run only where the user trusts
        it. Raises `RunError` where it is not trusted, or not the code that was trained.
        """
        if not is_custom(self.model_name):
            return find_network(self.model_name)
        path = self.folder / SOURCE
        class_name = self.model_name.rpartition(":")[2]
        if not path.exists():
            raise RunError(
                f"{path} is missing: expected the code of the network {self.model_name}. Put it "
                "back from a copy: without it nobody can use what was trained."
            )
        if not trust:
            raise RunError(
                f"{self.folder} carries code, {path}, for its network {self.model_name}. Read "
                "it; if you trust it, say so with --trust."
            )
        own = read_custom(f"{path}:{class_name}")
        expected = self.description.get("source_sha256")
        if own.sha256 != expected:
            raise RunError(
                f"{path} has been changed since the training: it is another network (expected the "
                f"SHA-256 {str(expected)[:12]}..., found {own.sha256[:12]}...). Put the code back "
                f"that was trained, perhaps that of {self.model_name.rpartition(':')[0]}, or train "
                f"what is there now in a new run:\n  {self.train_command()}"
            )
        return ModelSpec(self.model_name, self.model_name, own, own)

    def model(
        self,
        device: torch.device,
        network: ModelSpec | None = None,
        weights: Weights | None = None,
    ) -> nn.Module:
        """Return the network with its trained weights, on a device; see `network`, `weights`."""
        path, tensors = self.folder / MODEL, (weights or self.weights()).tensors
        model = (network or self.network()).build(seed=0)
        for name, own in model.state_dict().items():
            if name in tensors and tensors[name].dtype != own.dtype:
                raise RunError(
                    f"{path} does not fit its network: {name} should be {own.dtype}, and is "
                    f"{tensors[name].dtype}. Train again:\n  {self.train_command()}"
                )
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise RunError(f"{path} does not fit its network: {error}") from None
        return model.to(device)

    def weights(self) -> Weights:
        """Return the weights after the last epoch.

        Where their file is missing or damaged a checkpoint's stand in, and ``notify`` is told.
        Raises `RunError` where none do, and where the weights are of another network.
        """
        path = self.folder / MODEL
        try:
            tensors, about = load_tensors(path)
        except RunError as error:
            return self._stand_in(str(error) if path.exists() else f"{path} is missing.")
        if about.get("model") != self.model_name:
            raise RunError(
                f"{path} holds the weights of {str(about.get('model'))[:80]!r}; expected "
                f"{self.model_name!r}, which {self.folder / CONFIG} names. One of the two was "
                f"changed: put it back, or train again:\n  {self.train_command()}"
            )
        epochs = about.get("epochs")  # the first files of 0.1.0 do not say it
        return Weights(tensors, epochs if type(epochs) is int else len(self._read_history()))

    def _stand_in(self, fault: str) -> Weights:
        """Return a checkpoint's weights in place of those that have a fault."""
        is_over, has_diverged = self.status == "finished", self.status == "diverged"
        # What diverged ended inside an epoch: no checkpoint has those weights.
        notify = None if has_diverged else self.notify
        stand_ins = [
            each
            for each in (self.checkpoints(notify) if notify else ())
            if each.numbers.get("batch") == 0
            and (not is_over or each.epochs == self.config.epochs)
            and each.epochs > 0
        ]
        if notify and stand_ins:
            chosen = stand_ins[0]
            notify(
                f"{fault} The weights in {chosen.path} are used, which are those after epoch "
                f"{chosen.epochs}."
            )
            return chosen.weights
        if is_over or has_diverged:
            advice = (
                f"No checkpoint beside it has the weights. Train again:\n  {self.train_command()}"
            )
        elif self._read_history() or (self.folder / MODEL).exists():
            advice = f"After its next epoch it is there:\n  {self.command('train', '--resume')}"
        else:
            fault = f"{self.folder} has no trained network yet: its first epoch has not ended."
            advice = f"Go on with it:\n  {self.command('train', '--resume')}"
        raise RunError(f"{fault} {advice}")

    def checkpoints(self, notify: Callable[[str], None]) -> Iterator[Checkpoint]:
        """Yield the checkpoints that can be read, the newest first; tell of those that cannot."""
        for path in (self.folder / CHECKPOINT, self.folder / CHECKPOINT_BEFORE):
            if not path.exists():
                continue
            try:
                tensors, numbers = load_tensors(path)
                if type(numbers.get("epoch")) is not int or numbers["epoch"] < 1:
                    raise RunError(f"{path} is damaged: it does not say its epoch.")
                if numbers.get("model", self.model_name) != self.model_name:
                    raise RunError(
                        f"{path} is of the network {str(numbers['model'])[:80]!r}, and "
                        f"{self.folder / CONFIG} names {self.model_name!r}."
                    )
            except RunError as error:
                notify(f"{error} It is left out.")
                continue
            yield Checkpoint(path, tensors, numbers)

    def classify(
        self,
        images: list[NDArray[np.uint8]],
        device: torch.device,
        network: ModelSpec | None = None,
    ) -> NDArray[np.float32]:
        """Return the class probabilities (N, classes) of grey images of 28 x 28 pixels."""
        return softmax(self.logits(prepare_images(np.stack(images), device), device, network))

    def answers(
        self, image_set: ImageSet, device: torch.device, network: ModelSpec | None = None
    ) -> Predictions:
        """Return the network's answers to a set of images."""
        logits = self.logits(prepare(image_set, device).images, device, network)
        return Predictions(image_set, softmax(logits))

    def logits(
        self,
        images: torch.Tensor,
        device: torch.device,
        network: ModelSpec | None = None,
        weights: Weights | None = None,
    ) -> torch.Tensor:
        """Return the network's logits (N, 10) of prepared images on the device."""
        with quick(self.model(device, network, weights), device) as model:
            return predict(model, images, self.config.evaluation_batch_size)

    def open_test_set(
        self, splits: Splits, device: torch.device, network: ModelSpec | None = None
    ) -> tuple[TestResult, Predictions]:
        """Evaluate on the test set, count the opening, and keep the result in the folder.

        Raises `RunError` where the splits are of another data set than the run's.
        """
        self.check_data_set(splits)
        tensors, weights = prepare(splits.test, device), self.weights()
        logits = self.logits(tensors.images, device, network, weights)
        result = self.keep_test_result(logits, tensors.labels, weights)
        return result, Predictions(splits.test, softmax(logits))

    def keep_test_result(
        self, logits: torch.Tensor, labels: torch.Tensor, weights: Weights
    ) -> TestResult:
        """Write what weights gave on the test set into the folder, and count the opening."""
        result = score(logits, labels)
        busy = f"Another program is evaluating {self.folder}: try again."
        with alone(self.folder, busy, name=".evaluation.lock", seconds=_PATIENCE):
            before = self.test_result()
            kept = TestResult(
                test_loss=result.loss,
                test_accuracy=result.accuracy,
                test_openings=(before.test_openings if before else 0) + 1,
                epochs=weights.epochs,
                weights_sha256=weights.sha256,
            )
            write_json(self.folder / EVALUATION, asdict(kept))
        return kept

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


def open_run(folder: Path, notify: Callable[[str], None] | None = None) -> Run:
    """Return the run in a folder; raise `RunError` where it is none or is damaged.

    ``notify`` is told, once each, of what is damaged and has a stand-in: see `Run`.
    """
    path = folder / CONFIG
    if not path.exists():
        raise RunError(not_a_run(folder))
    description = read_json(path, ["cnnlab", "status", "model", "config", "data_set", "device"])
    check_description(path, description)
    return Run(folder, description, cache(notify) if notify else None)
