"""One run as a folder: what was trained, and the metrics of each epoch."""

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cnnlab.custom.beside import KEPT
from cnnlab.custom.find import find_network
from cnnlab.custom.finding import FaultError
from cnnlab.custom.network import is_custom, read_custom, split_name
from cnnlab.data.catalog import DataSet, find_data_set
from cnnlab.data.own.data_set import OwnDataSet, dataset_words, is_own
from cnnlab.data.splits import Splits
from cnnlab.errors import RunError
from cnnlab.models.catalog import ModelSpec, layers_of
from cnnlab.models.classes import CLASSES
from cnnlab.models.layers import Layer
from cnnlab.notices import Notify
from cnnlab.runs.layout import CONFIG, METRICS, SOURCE, not_a_run
from cnnlab.runs.schema import check_description, fill
from cnnlab.runs.store import read_json, write_json
from cnnlab.training.config import RECIPES, TrainConfig, changes_to
from cnnlab.training.history import EpochRecord, History
from cnnlab.wording import command_line, counted


@dataclass
class Run:
    """A run folder and the JSON of its ``config.json``; see `open_run`.

    ``notify`` hears when a checkpoint replaces damaged weights; without ``notify``, damaged
    weights are an error. With ``trust``, Python code in the folder may run.
    """

    folder: Path
    description: dict[str, Any]
    notify: Notify | None = field(default=None, compare=False)
    trust: bool = field(default=False, compare=False)

    @property
    def model_name(self) -> str:
        """The model's name, as given to ``--model``."""
        return str(self.description["model"])

    @property
    def data_set_name(self) -> str:
        """The data set of the run; if it was only a sample, the sample's name."""
        return str(self.description["data_set"]["name"])

    @property
    def data_set(self) -> DataSet:
        """What the run knows of its data set; its images may no longer be on this machine."""
        name, about = self.data_set_name, self.description["data_set"]
        if not is_own(name):
            return find_data_set(name)
        return OwnDataSet(
            name=name,
            title=str(about["title"]),
            classes=tuple(about["classes"]),
            preparation=about["preparation"],
            content_sha256=about["sha256"]["content"],
        )

    @property
    def class_count(self) -> int:
        """The number of classes of the data set. cnnlab 0.1.0 knew only data sets of 10."""
        return len(self.description["data_set"].get("classes", range(CLASSES)))

    @property
    def recipe_name(self) -> str:
        """The recipe of the run; single settings may differ from it."""
        return str(self.description["recipe"])

    @property
    def status(self) -> str:
        """One of "running", "finished", "interrupted", "diverged" and "failed"."""
        return str(self.description["status"])

    @property
    def trained_on(self) -> list[dict[str, Any]]:
        """The device and versions of the start, then of each resume that changed them."""
        first = {"device": self.description["device"], **self.description["versions"]}
        return [first, *self.description.get("resumed", [])]

    @property
    def config(self) -> TrainConfig:
        """The settings of the run."""
        return TrainConfig(**self.description["config"])

    @property
    def parameters(self) -> int:
        """The number of weights and biases that training changes."""
        return int(self.description["parameters"])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The network's layers, as recorded when it was trained.

        An earlier cnnlab did not record them. Then they are computed for cnnlab's own networks,
        and empty for a user's own, because its code must not run only for this.
        """
        if "layers" in self.description:
            return tuple(
                Layer(**each | {"output_shape": tuple(each["output_shape"])})
                for each in self.description["layers"]
            )
        return layers_of(self.network) if self.network.source is None else ()

    def history(self) -> History:
        """Return the metrics of every complete epoch; empty if there is none.

        Raises `RunError` if they are damaged, or too few for a finished run.
        """
        history, path = self.read_history(), self.folder / METRICS
        if self.status == "finished" and len(history) != self.config.epochs:
            found = f"is damaged: found {counted(len(history), 'epoch')}"
            raise RunError(
                f"{path} {found if path.exists() else 'is missing'}; expected "
                f"{self.config.epochs}, because the run is finished. The network itself still "
                "works (cnnlab predict, cnnlab evaluate). To see its metrics again, restore the "
                f"file from a copy, or train again:\n  {self.train_command()}"
            )
        return history

    def trained_history(self, purpose: str) -> History:
        """Return the metrics of every complete epoch; raise `RunError` if there is none.

        ``purpose`` is what the epochs are for, as in "draw".
        """
        history = self.history()
        if not history:
            raise RunError(
                f"{self.folder} has no finished epoch yet, so there is nothing to {purpose}. "
                f"Resume it first:\n  {self.command('train', '--resume')}"
            )
        return history

    def read_history(self) -> History:
        """Return the metrics in the folder, however many there are; see `history`."""
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

    def command(self, *words: str) -> str:
        """Return a cnnlab command about this run, to paste."""
        needs_trust = is_custom(self.model_name) and not self.is_of_own_file
        return command_line(*words, str(self.folder), *["--trust"] * needs_trust)

    def train_command(self, **changes: object) -> str:
        """Return the command that trains the same network in a new run, with changed settings."""
        model = self.model_name
        if is_custom(model) and not self.is_of_own_file:
            model = f"{self.folder / SOURCE}:{split_name(model)[1]}"
        recipe_name = self.recipe_name
        words = ["train", "--model", model, *dataset_words(self.data_set_name)]
        if recipe_name in RECIPES:
            words += ["--recipe", recipe_name]
        for name, value in (changes_to(recipe_name, self.config) | changes).items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        return command_line(*words)

    def how_far(self, epochs: int) -> str:
        """Return that the run is not finished, and after how many epochs; empty if it is."""
        if self.status == "finished":
            return ""
        word = "diverged" if self.status == "diverged" else "unfinished"
        return f"{word}, {epochs} of {counted(self.config.epochs, 'epoch')}"

    @cached_property
    def network(self) -> ModelSpec:
        """The model that was trained.

        A user's own network is Python code in the folder. It runs only if the user trusts it, or
        still has the same code in the file that was trained. Raises `RunError` if neither holds,
        or if the code is not the code that was trained.
        """
        if not is_custom(self.model_name):
            return find_network(self.model_name, classes=self.class_count)
        path = self.folder / SOURCE
        class_name = split_name(self.model_name)[1]
        if not path.exists():
            raise RunError(
                f"{path} is missing: expected the code of the network {self.model_name}. Restore "
                "it from a copy. Without it the trained network cannot be used."
            )
        if not self.trust and not self.is_of_own_file:
            raise RunError(
                f"{self.folder} contains Python code for its network {self.model_name}: {path}. "
                "Read it first. If you trust it, repeat the command with --trust."
            )
        own = read_custom(f"{path}:{class_name}", self.class_count)
        expected = self.description.get("source_sha256")
        if own.sha256 != expected:
            kept = self.folder / KEPT
            files = f", or a file in {kept}," if kept.exists() else ""
            raise RunError(
                f"{path}{files} was changed after the training, so it is another network (expected "
                f"SHA-256 {str(expected)[:12]}..., found {own.sha256[:12]}...). Restore the code "
                f"that was trained, perhaps from {self.model_name.rpartition(':')[0]}. Or train "
                f"the changed network in a new run:\n  {self.train_command()}"
            )
        return ModelSpec(self.model_name, self.model_name, own, own)

    @property
    def is_of_own_file(self) -> bool:
        """Whether the user's trained file still exists, with the same code as in the folder.

        The files that it needs are the same too. A file inside the folder came together with it,
        so it proves nothing.
        """
        file, class_name = split_name(self.model_name)
        try:
            one, other = (
                read_custom(f"{each}:{class_name}") for each in (file, self.folder / SOURCE)
            )
            own, folder = Path(file).resolve(), self.folder.resolve()
            return one.sha256 == other.sha256 and not own.is_relative_to(folder)
        except (FaultError, OSError, ValueError):
            return False

    def check_data_set(self, splits: Splits) -> None:
        """Raise `RunError` if the splits are of other images than the run's."""
        there, here = self.description["data_set"].get("sha256"), splits.data_set.sha256
        if is_own(self.data_set_name) and is_own(splits.data_set.name):
            if there != here:
                raise RunError(self._changed_data(splits))
            return
        if splits.data_set.name != self.data_set_name:
            raise RunError(
                f"{self.folder} was trained on {self.data_set_name}, but "
                f"{splits.data_set.name} was loaded. An accuracy on one says nothing about the "
                "other."
            )

    def _changed_data(self, splits: Splits) -> str:
        """Return that the images of a user's own data set are not those of the run."""
        before, own = self.description["data_set"], splits.data_set
        counts = [
            sum(each)
            for each in (
                (before["train"], before["validation"], before["test"]),
                (len(splits.train), len(splits.validation), len(splits.test)),
            )
        ]
        was = str(before.get("sha256", {}).get("content"))[:12]
        return (
            f"The images of {own.name} are not those that {self.folder} was trained on: there were "
            f"{counts[0]:,} (SHA-256 {was}...), now there are {counts[1]:,} "
            f"({own.sha256['content'][:12]}...). Restore them, or train again:\n"
            f"  {self.train_command()}"
        )

    def set_status(self, status: str) -> None:
        """Write the status of the run into ``config.json``."""
        self.description["status"] = status
        write_json(self.folder / CONFIG, self.description)


def new_run(folder: Path, description: dict[str, Any], network: ModelSpec) -> Run:
    """Return a run of a known network, for a folder that is written next."""
    run = Run(folder, description)
    run.network = network
    return run


def open_run(folder: str | Path, notify: Notify | None = None, *, trust: bool = False) -> Run:
    """Return the run in a folder; raise `RunError` if there is none, or if it is damaged.

    ``notify`` hears once about each damaged file that is replaced: see `Run`. With ``trust``,
    Python code in the folder may run: read it first.
    """
    folder = Path(folder)
    path = folder / CONFIG
    if not path.exists():
        raise RunError(not_a_run(folder))
    description = read_json(path, ["cnnlab", "status", "model", "config", "data_set", "device"])
    check_description(path, description)
    return Run(folder, description, cache(notify) if notify else None, trust)
