"""One training as a folder: what was run, each epoch's figures, the weights, the test result."""

import json
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.images import ImageSet, Splits, TensorSet, prepare, prepare_images
from cnnlab.errors import CnnlabError, DivergedError, RunError
from cnnlab.files import write_whole
from cnnlab.insight.mistakes import Predictions
from cnnlab.models.build import Network, count_parameters, find_network
from cnnlab.models.own import is_own
from cnnlab.training.checkpoint import load_model, save_model
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import EpochRecord, History, fit, predict, score
from cnnlab.training.many import Trained
from cnnlab.training.steps import describe_steps, quick

CONFIG, METRICS, MODEL, EVALUATION = (
    "config.json",
    "metrics.jsonl",
    "model.safetensors",
    "evaluation.json",
)


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
        """Return every full epoch's figures; empty where no epoch was finished."""
        path = self.folder / METRICS
        if not path.exists():
            return []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return [EpochRecord(**json.loads(line)) for line in lines]
        except (OSError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged ({error}).") from None

    def test_result(self) -> TestResult | None:
        """Return the latest test result, or None while the test set was never opened."""
        path = self.folder / EVALUATION
        if not path.exists():
            return None
        return TestResult(**read_json(path, list(TestResult.__dataclass_fields__)))

    def network(self, given: Network | None = None) -> Network:
        """Return the kind of network that was trained.

        One of the user's own is code: it must be ``given``, and be the code that was trained.
        """
        source = self.description.get("source_sha256")
        if given is None and not is_own(self.model_name):
            return find_network(self.model_name)
        if given is None:
            raise RunError(
                f"{self.folder} was trained with {self.model_name}. A run folder never runs code "
                f"by itself: name the file, with --model {self.model_name}."
            )
        if given.name.rpartition(":")[2] != self.model_name.rpartition(":")[2] or source != (
            given.source and given.source.sha256
        ):
            raise RunError(
                f"{self.folder} was trained with {self.model_name}; {given.name} is another "
                "network, or has been changed since."
            )
        return given

    def model(self, device: torch.device, given: Network | None = None) -> nn.Module:
        """Return the network with its trained weights, on a device; see `network`."""
        path = self.folder / MODEL
        if not path.exists():
            raise RunError(
                f"{self.folder} has no trained network yet: it was stopped before its first "
                "epoch ended. Train again."
            )
        tensors, _ = load_model(path)
        model = self.network(given).build(seed=0)
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise RunError(f"{path} does not fit its network: {error}") from None
        return model.to(device)

    def classify(
        self,
        images: list[NDArray[np.uint8]],
        device: torch.device,
        given: Network | None = None,
    ) -> NDArray[np.float32]:
        """Return the class probabilities (N, classes) of grey images of 28 x 28 pixels."""
        return softmax(self.logits(prepare_images(np.stack(images), device), device, given))

    def answers(
        self, image_set: ImageSet, device: torch.device, given: Network | None = None
    ) -> Predictions:
        """Return the network's answers to a set of images."""
        logits = self.logits(prepare(image_set, device).images, device, given)
        return Predictions(image_set, softmax(logits))

    def logits(
        self, images: torch.Tensor, device: torch.device, given: Network | None = None
    ) -> torch.Tensor:
        """Return the network's logits (N, 10) of prepared images on the device."""
        with quick(self.model(device, given), device) as model:
            return predict(model, images, self.config.evaluation_batch_size)

    def open_test_set(
        self, splits: Splits, device: torch.device, given: Network | None = None
    ) -> tuple[TestResult, Predictions]:
        """Evaluate on the test set, count the opening, and keep the result in the folder.

        Raises `RunError` where the splits are of another data set than the run's.
        """
        self.check_data_set(splits)
        before = self.test_result()
        tensors = prepare(splits.test, device)
        logits = self.logits(tensors.images, device, given)
        result = score(logits, tensors.labels)
        counted = TestResult(
            test_loss=result.loss,
            test_accuracy=result.accuracy,
            test_openings=(before.test_openings if before else 0) + 1,
        )
        write_json(self.folder / EVALUATION, asdict(counted))
        return counted, Predictions(splits.test, softmax(logits))

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


def train_run(
    folder: Path,
    *,
    network: Network,
    recipe_name: str,
    config: TrainConfig,
    splits: Splits,
    train: TensorSet,
    validation: TensorSet,
    on_batch: Callable[[int, int, int], None] | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> Run:
    """Train one network and keep everything in a new folder; return the finished run.

    ``train`` and ``validation`` are the prepared splits, on the device to train on. After
    each epoch its figures and weights are on the disk; Ctrl-C (`KeyboardInterrupt`) and
    `DivergedError` pass through with the run's status written. Raises `RunError` where the
    folder is already there or cannot be written.
    """
    model = network.build(config.seed)
    description = describe(network, recipe_name, config, splits, train.images.device)
    _make_folder(folder)
    run = Run(folder, description)
    run.set_status("running")
    history: History = []

    def keep_epoch(record: EpochRecord) -> None:
        history.append(record)
        _write(folder / METRICS, _lines(history))
        _save(run, model.state_dict())
        if on_epoch is not None:
            on_epoch(record)

    try:
        fit(model, train, validation, config, on_batch=on_batch, on_epoch=keep_epoch)
    except KeyboardInterrupt:
        run.set_status("interrupted")
        raise
    except DivergedError as error:
        _save(run, model.state_dict())
        run.set_status("diverged")
        raise DivergedError(f"{error} The run is in {folder}.") from None
    except CnnlabError:
        run.set_status("failed")
        raise
    run.set_status("finished")
    return run


def keep_run(folder: Path, description: dict[str, Any], trained: Trained) -> Run:
    """Write a training that is over as a run folder, seen under its name only when whole.

    What stood there before, of an earlier try, is replaced. Raises `RunError`.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _make_folder(partial)
    run = Run(partial, description)
    _write(partial / METRICS, _lines(trained.history))
    if trained.weights:
        _save(run, {name: torch.from_numpy(each) for name, each in trained.weights.items()})
    description["device"], description["fault"] = trained.device, trained.fault
    run.set_status(trained.status)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return Run(folder, description)


def describe(
    network: Network, recipe_name: str, config: TrainConfig, splits: Splits, device: torch.device
) -> dict[str, Any]:
    """Return what a training is made of and with, as a run's ``config.json`` keeps it."""
    model = network.build(config.seed)
    return {
        "cnnlab": version("cnnlab"),
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": network.name,
        "source_sha256": network.source and network.source.sha256,
        "parameters": count_parameters(model),
        "recipe": recipe_name,
        "seed": config.seed,
        "config": asdict(config),
        "data_set": describe_data(splits),
        "device": describe_device(device),
        "steps": describe_steps(model, device),
        "versions": versions(),
    }


def describe_data(splits: Splits) -> dict[str, Any]:
    """Return which images a training sees: two runs on the same have the same of these."""
    return {
        "name": splits.data_set.name,
        "title": splits.data_set.title,
        "classes": list(splits.data_set.classes),
        "source": splits.source,
        "sha256": {file.name: file.sha256 for file in splits.data_set.files},
        "train": len(splits.train),
        "validation": len(splits.validation),
        "test": len(splits.test),
    }


def versions() -> dict[str, str]:
    """Return what a result depends on beside the code and the data."""
    return {
        "cnnlab": version("cnnlab"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(),
    }


def open_run(folder: Path) -> Run:
    """Return the run in a folder; raise `RunError` where it is none or is damaged."""
    path = folder / CONFIG
    if not path.exists():
        raise RunError(f"{folder} is not a run folder: it has no {CONFIG}.")
    keys = ["cnnlab", "status", "model", "config", "data_set", "device", "versions"]
    return Run(folder, read_json(path, keys))


def free_folder(wanted: Path) -> Path:
    """Return the path itself, or with -2, -3 ... behind it where something is there already."""
    free, number = wanted, 1
    while free.exists():
        number += 1
        free = wanted.with_name(f"{wanted.name}-{number}")
    return free


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise RunError(
            f"{folder} is already there. Name another folder with --output; nothing was changed."
        ) from None
    except OSError as error:
        raise RunError(
            f"Cannot make the folder {folder} ({error.strerror}). Name another with --output."
        ) from None


def _save(run: Run, weights: Mapping[str, torch.Tensor]) -> None:
    try:
        save_model(
            run.folder / MODEL,
            weights,
            {key: run.description[key] for key in ("cnnlab", "model", "data_set")},
        )
    except OSError as error:
        raise _cannot_write(run.folder / MODEL, error) from None


def _lines(history: History) -> bytes:
    return "".join(json.dumps(asdict(record)) + "\n" for record in history).encode()


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(
        f"Cannot write {path} ({error.strerror}). What was written before is whole; free some "
        "space or choose another folder with --output."
    )


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all; raise `RunError` where that cannot be done."""
    _write(path, (json.dumps(content, indent=2) + "\n").encode())


def read_json(path: Path, keys: list[str]) -> dict[str, Any]:
    """Return the object in a JSON file; raise `RunError` where it is none or lacks keys."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read as JSON ({error}).") from None
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise RunError(f"{path} lacks {', '.join(missing)}: it is damaged or of another version.")
    return {key: content[key] for key in content}
