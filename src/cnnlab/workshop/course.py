"""The whole workshop in one call: its chapters, in its order, told and drawn."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import torch

from cnnlab.custom.find import build, find_network
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.errors import RunError
from cnnlab.insight.predictions import Predictions
from cnnlab.models.catalog import ModelSpec
from cnnlab.runs.description import versions
from cnnlab.runs.evaluation import TestResult
from cnnlab.runs.layout import CONFIG, REPORT, WORKSHOP
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.schema import check_settings, check_types
from cnnlab.runs.store import alone, make_folder, read_json, write_json
from cnnlab.runs.train import resume_run, tell_differences, train_run
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import EpochRecord
from cnnlab.views.page import Chapter, Report
from cnnlab.views.run_page import mistakes_chapter, run_facts
from cnnlab.wording import command_line
from cnnlab.workshop.chapters import (
    VARIANTS,
    VariantResult,
    batches_chapter,
    honesty_chapter,
    images_chapter,
    learning_chapter,
    network_chapter,
    test_chapter,
    training_chapter,
    untrained_chapter,
)


class Listener(Protocol):
    """Told what the workshop does while it goes on."""

    def chapter(self, number: int, chapter: Chapter) -> None:
        """Hear that a chapter is ready."""

    def training(self, name: str, config: TrainConfig) -> None:
        """Hear that a training starts."""

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        """Hear that a mini-batch is done."""

    def epoch(self, record: EpochRecord) -> None:
        """Hear that an epoch is done."""


def workshop(
    splits: Splits, config: TrainConfig, device: torch.device, output: Path, listener: Listener
) -> Path:
    """Go through the whole workshop; return the path of its report.

    Trains both variants on the device, opens the test set once for each, and writes into the
    folder ``output``: ``report.html``, ``results.json``, a run folder for each variant, and
    ``workshop.json``, by which `resume_workshop` goes on. Raises `RunError` where the folder holds
    something or cannot be written.
    """
    make_folder(output)
    with _alone(output):
        make_folder(output)  # again: until now another program may have begun in it
        plan = {
            "cnnlab": version("cnnlab"),
            "data_set": splits.data_set.name,
            "config": asdict(config),
            "versions": versions(),
        }
        write_json(output / WORKSHOP, plan)
        return _go_through(splits, config, device, output, listener, None)


@dataclass(frozen=True)
class Plan:
    """What a workshop was begun with, as its folder keeps it."""

    folder: Path
    data_set_name: str
    config: TrainConfig
    versions: dict[str, Any]


def open_workshop(folder: Path) -> Plan:
    """Return what the workshop in a folder was begun with; raise `RunError` where there is none."""
    path = folder / WORKSHOP
    if not path.exists():
        lacks = f"it has no {WORKSHOP}" if folder.is_dir() else "there is no such folder"
        raise RunError(
            f"{folder} is not the folder of a workshop: {lacks}. Expected one that cnnlab workshop "
            "made. To begin one:\n  cnnlab workshop"
        )
    keys = {"data_set": str, "config": dict, "versions": dict}
    content = read_json(path, list(keys))
    check_types(path, content, keys, content)
    check_settings(path, content["config"], content)
    config = TrainConfig(**content["config"])
    return Plan(folder, content["data_set"], config, content["versions"])


def resume_workshop(
    plan: Plan,
    splits: Splits,
    device: torch.device,
    listener: Listener,
    notify: Callable[[str], None],
) -> Path:
    """Go on with a workshop that was stopped, to the same bits; return the path of its report.

    A network that is trained is left alone, one that was stopped goes on, and what is missing is
    trained. ``notify`` is told where the bits may differ (`resume_run`). Raises `RunError`.
    """
    if splits.data_set.name != plan.data_set_name:
        raise RunError(
            f"{plan.folder} is a workshop on {plan.data_set_name}; what was loaded is "
            f"{splits.data_set.name}. Figures of one say nothing about the other."
        )
    told = cache(notify)
    tell_differences(plan.versions, versions(), told)
    with _alone(plan.folder):
        return _go_through(splits, plan.config, device, plan.folder, listener, told)


def _alone(folder: Path) -> AbstractContextManager[None]:
    return alone(folder, f"Another program is going through the workshop in {folder}.")


def what_is_kept(folder: Path) -> str:
    """Return what there is of a workshop that was stopped, and the command to go on."""
    if not (folder / WORKSHOP).exists():
        return "Stopped before anything was kept."
    go_on = command_line("workshop", "--resume", str(folder))
    return f"Stopped. All that was trained is kept in {folder}. Go on with:\n  {go_on}"


def _go_through(
    splits: Splits,
    config: TrainConfig,
    device: torch.device,
    output: Path,
    listener: Listener,
    notify: Callable[[str], None] | None,
) -> Path:
    """Tell and train all chapters; with somebody to notify, go on with what is there."""
    report = Report(
        title="LeNet-5 from the first pixel to an honest result",
        subtitle=f"The workshop on {splits.data_set.title}",
        facts=[],
    )

    def tell(chapter: Chapter) -> None:
        report.chapters.append(chapter)
        listener.chapter(len(report.chapters), chapter)

    tell(images_chapter(splits))
    train, validation = prepare(splits.train, device), prepare(splits.validation, device)
    tell(batches_chapter(splits, train, validation, config))
    first = build(VARIANTS[0], config.seed)
    tell(network_chapter(first))
    tell(untrained_chapter(first, splits, validation))

    results: list[VariantResult] = []
    for model_name in VARIANTS:
        network = find_network(model_name)
        tell(learning_chapter(model_name, config, _where(output / model_name, device, notify)))
        run = _trained(
            output / model_name, network, config, splits, train, validation, listener, notify
        )
        test, predictions = _tested(run, splits, device)
        result = VariantResult(network.title, run, run.history(), test, predictions)
        results.append(result)
        tell(training_chapter(result))
        tell(test_chapter(result))
        tell(mistakes_chapter(predictions, network.title, "test"))
    tell(honesty_chapter(results, splits))

    report.facts = run_facts(results[0].run)
    report.made_with = [
        f"cnnlab workshop --dataset {splits.data_set.name} --epochs {config.epochs} "
        f"--seed {config.seed}"
    ]
    path = output / REPORT
    write_json(output / "results.json", _numbers(results))
    report.write(path)
    return path


def _trained(
    folder: Path,
    network: ModelSpec,
    config: TrainConfig,
    splits: Splits,
    train: TensorSet,
    validation: TensorSet,
    listener: Listener,
    notify: Callable[[str], None] | None,
) -> Run:
    """Return the finished run in a folder: as it is there, gone on with, or trained."""
    common: Any = {
        "network": network,
        "splits": splits,
        "train": train,
        "validation": validation,
        "on_batch": listener.batch,
        "on_epoch": listener.epoch,
    }
    if notify is None or not (folder / CONFIG).exists():
        listener.training(network.title, config)
        return train_run(folder, recipe_name="workshop", config=config, **common)
    run = open_run(folder, notify)
    if (run.model_name, run.config) != (network.name, config):
        raise RunError(
            f"{folder} is not the run of this workshop: expected {network.name} with the settings "
            f"in {folder.parent / WORKSHOP}, found others. Take it away, and it is trained anew."
        )
    if run.status == "finished":
        run.check_data_set(splits)
        return run
    listener.training(network.title, config)
    return resume_run(run, notify=notify, **common)


def _tested(run: Run, splits: Splits, device: torch.device) -> tuple[TestResult, Predictions]:
    """Open the test set for a run; what was opened for the same weights is not counted again."""
    kept = run.test_result()
    if kept is None or not run.is_of_now(kept):
        return run.open_test_set(splits, device)
    return kept, run.answers(splits.test, device)


def _where(folder: Path, device: torch.device, notify: Callable[[str], None] | None) -> str:
    """Return the device that a network is trained on: where it is trained already, that one."""
    if notify is not None and (folder / CONFIG).exists():
        run = open_run(folder, notify)
        if run.status == "finished":
            return str(run.trained_on[-1]["device"])
    return describe_device(device)


def _numbers(results: Sequence[VariantResult]) -> dict[str, Any]:
    """Return every figure of the workshop, for machines."""
    return {
        result.run.model_name: {
            "run": str(result.run.folder),
            **asdict(result.test),
            "history": [asdict(record) for record in result.history],
        }
        for result in results
    }
