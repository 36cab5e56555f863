"""One training as a folder: what was run, and the metrics of each epoch."""

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cnnlab.custom.find import find_network
from cnnlab.custom.network import is_custom, read_custom, split_name
from cnnlab.data.splits import Splits
from cnnlab.errors import RunError
from cnnlab.models.catalog import ModelSpec, layers_of
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

    ``notify`` hears when a checkpoint replaces something damaged; without it, what is damaged is
    refused. With ``trust``, code that the folder carries may run.
    """

    folder: Path
    description: dict[str, Any]
    notify: Notify | None = field(default=None, compare=False)
    trust: bool = field(default=False, compare=False)

    @property
    def model_name(self) -> str:
        """The name that the network was built by."""
        return str(self.description["model"])

    @property
    def data_set_name(self) -> str:
        """The data set that was trained on: the sample where it was a sample."""
        return str(self.description["data_set"]["name"])

    @property
    def recipe_name(self) -> str:
        """The recipe that the settings began from."""
        return str(self.description["recipe"])

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

    @property
    def parameters(self) -> int:
        """The number of weights and biases that training changes."""
        return int(self.description["parameters"])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The network's layers, as its training found them.

        An earlier cnnlab did not keep them: then those of cnnlab's own network, or none of a
        user's, whose code is not run for that.
        """
        if "layers" in self.description:
            return tuple(
                Layer(**each | {"output_shape": tuple(each["output_shape"])})
                for each in self.description["layers"]
            )
        return layers_of(self.network) if self.network.source is None else ()

    def history(self) -> History:
        """Return every full epoch's figures; empty where no epoch was finished.

        Raises `RunError` where they are damaged, or too few for a run that is finished.
        """
        history, path = self.read_history(), self.folder / METRICS
        if self.status == "finished" and len(history) != self.config.epochs:
            found = f"is damaged: found {counted(len(history), 'epoch')}"
            raise RunError(
                f"{path} {found if path.exists() else 'is missing'}; expected "
                f"{self.config.epochs}, as the run is finished. The network still answers "
                "(cnnlab predict, cnnlab evaluate). For its figures put the file back from a copy, "
                f"or train again:\n  {self.train_command()}"
            )
        return history

    def read_history(self) -> History:
        """Return the metrics that are in the folder, however many; see `history`."""
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
        """Return a command of cnnlab about this run, to be pasted."""
        needs_trust = is_custom(self.model_name) and not self.is_of_own_file
        return command_line(*words, str(self.folder), *["--trust"] * needs_trust)

    def train_command(self, **changes: object) -> str:
        """Return the command that trains the same in a new run, with some settings changed."""
        model = self.model_name
        if is_custom(model):
            model = f"{self.folder / SOURCE}:{split_name(model)[1]}"
        recipe_name = self.recipe_name
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

    @cached_property
    def network(self) -> ModelSpec:
        """The kind of network that was trained.

        A user's own is code, kept in the folder: it runs only if the user trusts it, or has the
        same code in the file that was trained. Raises `RunError` where it is not trusted, or is
        not the code that was trained.
        """
        if not is_custom(self.model_name):
            return find_network(self.model_name)
        path = self.folder / SOURCE
        class_name = split_name(self.model_name)[1]
        if not path.exists():
            raise RunError(
                f"{path} is missing: expected the code of the network {self.model_name}. Put it "
                "back from a copy: without it nobody can use what was trained."
            )
        if not self.trust and not self.is_of_own_file:
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

    @property
    def is_of_own_file(self) -> bool:
        """Whether the user's file that was trained is still there, and is what the folder carries.

        A file inside the folder came with it, and proves nothing.
        """
        file = Path(split_name(self.model_name)[0])
        try:
            texts = {each.read_text(encoding="utf-8-sig") for each in (file, self.folder / SOURCE)}
            return len(texts) == 1 and not file.resolve().is_relative_to(self.folder.resolve())
        except (OSError, ValueError):
            return False

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


def new_run(folder: Path, description: dict[str, Any], network: ModelSpec) -> Run:
    """Return a run of a network that is at hand, to be written into a folder."""
    run = Run(folder, description)
    run.network = network
    return run


def open_run(folder: Path, notify: Notify | None = None, *, trust: bool = False) -> Run:
    """Return the run in a folder; raise `RunError` where there is none, or it is damaged.

    ``notify`` hears, once each, what is damaged and replaced: see `Run`. With ``trust``, code that
    the folder carries may run: read it first.
    """
    path = folder / CONFIG
    if not path.exists():
        raise RunError(not_a_run(folder))
    description = read_json(path, ["cnnlab", "status", "model", "config", "data_set", "device"])
    check_description(path, description)
    return Run(folder, description, cache(notify) if notify else None, trust)
