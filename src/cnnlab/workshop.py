"""The whole workshop in one call: its chapters, in its order, told and drawn."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from math import hypot, sqrt
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab import published
from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.images import (
    MEAN,
    STANDARD_DEVIATION,
    Splits,
    TensorSet,
    prepare,
)
from cnnlab.errors import RunError
from cnnlab.experiments.checked import check_settings, check_types
from cnnlab.experiments.description import versions
from cnnlab.experiments.folders import CONFIG, REPORT, WORKSHOP
from cnnlab.experiments.run import Run, TestResult, open_run, softmax
from cnnlab.experiments.store import alone, make_folder, read_json, write_json
from cnnlab.experiments.train import resume_run, tell_differences, train_run
from cnnlab.insight.mistakes import Predictions
from cnnlab.models.build import build, count_parameters, find_network
from cnnlab.models.spec import ModelSpec
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import EpochRecord, History, evaluate, predict
from cnnlab.views import plots
from cnnlab.views.report import (
    Chapter,
    Illustration,
    Report,
    Table,
    curve_illustrations,
    mistakes_chapter,
    run_facts,
)
from cnnlab.words import command_line, counted, percent, times

VARIANTS = ("lenet5", "lenet5-relu-max")
"""The workshop's first network, and its improved one."""

SEED_SPREAD_POINTS = {"fashion-mnist": (0.40, 0.63)}
"""Standard deviation of each variant's test accuracy over 10 seeds, in points, by data set.

Measured by ``python benchmarks/seeds.py workshop:lenet5 workshop:lenet5-relu-max``; see
benchmarks/results/.
"""

_THEIRS = (
    "The notebook is the workshop's own: it published these figures, of one run of each network."
)
_SHOWN_TEST_IMAGES = (0, 1539, 1903, 1000)  # the last one is the workshop's known mistake


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


@dataclass(frozen=True)
class VariantResult:
    """One variant's run, its epochs, its test result and its answers to the test images."""

    name: str
    run: Run
    history: History
    test: TestResult
    predictions: Predictions


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

    tell(_images(splits))
    train, validation = prepare(splits.train, device), prepare(splits.validation, device)
    tell(_batches(splits, train, validation, config))
    first = build(VARIANTS[0], config.seed)
    tell(_network(first))
    tell(_untrained(first, splits, validation))

    results: list[VariantResult] = []
    for model_name in VARIANTS:
        network = find_network(model_name)
        tell(_what_is_trained(model_name, config, _where(output / model_name, device, notify)))
        run = _trained(
            output / model_name, network, config, splits, train, validation, listener, notify
        )
        test, predictions = _tested(run, splits, device)
        result = VariantResult(network.title, run, run.history(), test, predictions)
        results.append(result)
        tell(_training(result))
        tell(_test(result))
        tell(mistakes_chapter(predictions, network.title, "test"))
    tell(_honesty(results, splits))

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


# --- the chapters ---------------------------------------------------------------------------


def _images(splits: Splits) -> Chapter:
    pictures = [
        (splits.stored, 0, "train"),
        (splits.test, 5499 % len(splits.test), "test"),
        (splits.stored, 9999 % len(splits.stored), "train"),
    ]
    images = np.stack([image_set.images[index] for image_set, index, _ in pictures])
    captions = [
        plots.label_captions(image_set, [index], part)[0] for image_set, index, part in pictures
    ]
    count = len(splits.stored) + (len(splits.test) if splits.data_set.test_images else 0)
    paragraphs = [
        f"{splits.data_set.title} is {count:,} grey images of 28 x 28 pixels in "
        f"{len(splits.data_set.classes)} classes: {', '.join(splits.data_set.classes)}. Each "
        "pixel is a number from 0 (black) to 255 (white): that is all the network will see.",
    ]
    if splits.data_set.sample_of:
        paragraphs.append(
            "This is a sample, because the whole set was not to be had. Its figures cannot be "
            "compared with anything published about the whole set."
        )
    return Chapter(
        "The images",
        paragraphs,
        illustrations=[
            Illustration(
                plots.labelled_images(images, captions),
                "Three of the images, with their place in the files and their labels.",
            )
        ],
    )


def _batches(
    splits: Splits, train: TensorSet, validation: TensorSet, config: TrainConfig
) -> Chapter:
    batches = ShuffledBatches(train, config.batch_size, config.seed)
    first_batch = next(iter(batches))
    return Chapter(
        "Training and validation",
        [
            f"{len(splits.train):,} images are for learning, {len(splits.validation):,} for "
            f"validation: to watch how the network does on images it does not learn from. "
            f"{len(splits.test):,} test images stay shut until the end.",
            "Each image is enlarged to 32 x 32 and its levels go from 0..255 to -1..1. The "
            f"network learns from {config.batch_size} images at a time, a mini-batch; "
            f"{len(batches)} of them, in a new random order each time, are an epoch.",
        ],
        illustrations=[
            Illustration(
                plots.image_grid(_as_levels(first_batch.images[:110])),
                "The first 110 images of the first training batch.",
            ),
            Illustration(
                plots.image_grid(validation.images[:110, 0].cpu().numpy()),
                "The first 110 images of the first validation batch.",
            ),
        ],
    )


def _network(model: nn.Module) -> Chapter:
    rows = [
        [name, type(layer).__name__, f"{count_parameters(layer):,}"]
        for name, layer in model.named_modules()
        if not list(layer.children()) and count_parameters(layer)
    ]
    rows.append(["all", "", f"{count_parameters(model):,}"])
    return Chapter(
        "The network: LeNet-5",
        [
            "Two convolutions look for small patterns and for patterns of patterns; pooling "
            "halves the picture after each; three linear layers turn what was found into a "
            f"score for each class. {count_parameters(model):,} numbers are to be learnt.",
        ],
        table=Table(["Layer", "Kind", "Parameters"], rows),
        listing=str(model),
    )


def _untrained(model: nn.Module, splits: Splits, validation: TensorSet) -> Chapter:
    model = model.to(validation.images.device)
    before = evaluate(model, validation)
    image_set = splits.stored.take(np.array([0]))
    probabilities = softmax(predict(model, prepare(image_set, validation.images.device).images))[0]
    return Chapter(
        "Before training",
        [
            f"Asked about the first image ({image_set.classes[image_set.labels[0]]}), the "
            "untrained network gives every class about one chance in ten. It does not know yet. "
            f"On the validation images its loss is {before.loss:.4f} (guessing gives ln 10 = "
            f"2.3026) and its accuracy {percent(before.accuracy)}.",
        ],
        illustrations=[
            Illustration(
                plots.class_probabilities(
                    image_set.images[0], probabilities, splits.data_set.classes
                ),
                "What the untrained network answers; the dotted line is pure guessing.",
            )
        ],
    )


def _where(folder: Path, device: torch.device, notify: Callable[[str], None] | None) -> str:
    """Return the device that a network is trained on: where it is trained already, that one."""
    if notify is not None and (folder / CONFIG).exists():
        run = open_run(folder, notify)
        if run.status == "finished":
            return str(run.trained_on[-1]["device"])
    return describe_device(device)


def _what_is_trained(model_name: str, config: TrainConfig, device: str) -> Chapter:
    if model_name == VARIANTS[0]:
        title = "Learning"
        first = (
            "For each mini-batch: look at the images, measure how wrong the answers are "
            "(cross-entropy), work out which way each number should move (backpropagation), "
            "and move all of them a little (stochastic gradient descent)."
        )
    else:
        title = "The improved network"
        first = (
            "The workshop's own idea to do better: ReLU in place of tanh, and max pooling in "
            "place of average pooling. Everything else stays as it was, so that a difference "
            "can only come from these, or from chance."
        )
    return Chapter(
        f"{title}: {find_network(model_name).title}",
        [
            first,
            f"{counted(config.epochs, 'epoch')}, batches of {config.batch_size}, SGD with learning "
            f"rate {config.learning_rate:g} and momentum {config.momentum:g}, seed {config.seed}, "
            f"on {device}.",
        ],
    )


def _training(result: VariantResult) -> Chapter:
    history, model_name = result.history, result.run.model_name
    theirs = published.RUNS[model_name] if _is_comparable(result.run) else None
    headings = [
        "Epoch",
        "Training loss",
        "Validation loss",
        "Training accuracy",
        "Validation accuracy",
    ]
    if theirs:
        headings += ["Notebook's validation loss", "Notebook's validation accuracy"]
    rows = []
    for record in history:
        if record.epoch not in (*published.EPOCHS, len(history)):
            continue
        row = [
            str(record.epoch),
            f"{record.train_loss:.4f}",
            f"{record.validation_loss:.4f}",
            percent(record.train_accuracy),
            percent(record.validation_accuracy),
        ]
        if theirs and record.epoch in published.EPOCHS:
            at = published.EPOCHS.index(record.epoch)
            row += [f"{theirs.validation_loss[at]:.4f}", percent(theirs.validation_accuracy[at])]
        rows.append(row + [""] * (len(headings) - len(row)))
    seconds = [record.seconds for record in history]
    lowest = min(history, key=lambda record: record.validation_loss)
    paragraphs = [
        f"{counted(len(history), 'epoch')} took {sum(seconds):.1f} s, {np.mean(seconds):.2f} s "
        "each on average. Every figure is the mean over all images of its part.",
    ]
    if theirs:
        paragraphs.append(_THEIRS)
    if len(history) > lowest.epoch:
        last = history[-1]
        paragraphs.append(
            f"Validation loss was lowest after epoch {lowest.epoch} ({lowest.validation_loss:.4f}) "
            f"and stands at {last.validation_loss:.4f} after the last, while training loss went "
            f"from {lowest.train_loss:.4f} to {last.train_loss:.4f}: the gap between the two is "
            "where overfitting shows."
        )
    return Chapter(
        f"How {result.name} learnt",
        paragraphs,
        table=Table(headings, rows),
        illustrations=curve_illustrations(
            {result.name: history},
            _published_curves([result]),
            [plots.VARIANT_COLOURS[VARIANTS.index(model_name)]],
        ),
    )


def _test(result: VariantResult) -> Chapter:
    count = len(result.predictions.image_set)
    wrong = round((1 - result.test.test_accuracy) * count)
    shown = [index for index in _SHOWN_TEST_IMAGES if index < count]
    return Chapter(
        f"The test set, opened for {result.name}",
        [
            f"On {count:,} images that played no part so far: loss {result.test.test_loss:.4f}, "
            f"accuracy {percent(result.test.test_accuracy)}; {wrong:,} mistakes. The test set was "
            f"opened {times(result.test.test_openings)} for this run, and that is kept with it.",
        ],
        illustrations=[
            Illustration(
                plots.answered_images(result.predictions, shown),
                "The images that the workshop shows "
                f"({', '.join(f'test {index}' for index in shown)}): the true class, the "
                "network's answer, and how sure it is.",
            )
        ],
    )


def _honesty(results: Sequence[VariantResult], splits: Splits) -> Chapter:
    first, second = results
    count = len(splits.test)
    points = 100 * (second.test.test_accuracy - first.test.test_accuracy)
    images = round(abs(points) / 100 * count)
    comparable = _is_comparable(first.run) and first.run.config.epochs == published.EPOCHS[-1]
    headings = ["Network", "Test loss", "Test accuracy"]
    if comparable:
        headings += ["Notebook's test loss", "Notebook's test accuracy"]
    rows = []
    for result in results:
        row = [result.name, f"{result.test.test_loss:.4f}", percent(result.test.test_accuracy)]
        if comparable:
            theirs = published.RUNS[result.run.model_name]
            row += [f"{theirs.test_loss:.4f}", percent(theirs.test_accuracy)]
        rows.append(row)
    more = "more" if points > 0 else "fewer"
    says = (
        f"Of {count:,} test images {second.name} got {images:,} {more} right than {first.name}: "
        f"a difference of {points:+.2f} points."
        if images
        else f"Both got the same number of the {count:,} test images right."
    )
    return Chapter(
        "What one run each can say, and what it cannot",
        [says, *([_THEIRS] if comparable else []), *_limits(points, first, splits)],
        table=Table(headings, rows),
        illustrations=curve_illustrations(
            {result.name: result.history for result in results}, _published_curves(results)
        ),
    )


def _limits(points: float, first: VariantResult, splits: Splits) -> list[str]:
    """Say how far chance alone moves such a difference, and so what it is worth."""
    share = first.test.test_accuracy
    images_points = 100 * sqrt(share * (1 - share) / len(splits.test))
    spread = SEED_SPREAD_POINTS.get(splits.data_set.name)
    other_images = (
        f"Another {len(splits.test):,} test images would move each accuracy by about "
        f"{images_points:.2f} points either way."
    )
    if spread is None or first.run.config.epochs < published.EPOCHS[-1]:
        return [
            "It says what these two networks do on these images. It cannot say which kind of "
            "network is better: another seed gives other weights and another order of batches, "
            "and only several seeds of each show how much that alone moves the result. "
            + other_images
        ]
    chance = 2 * hypot(*spread)
    within = "within" if abs(points) < chance else "beyond"
    paragraphs = [
        f"A new seed alone moves the first network's test accuracy by about {spread[0]:.1f} "
        f"points and the second's by {spread[1]:.1f} (standard deviations over 10 seeds each), so "
        f"one run each can differ by up to {chance:.1f} points by chance alone. The difference "
        f"here is {within} that, and either way one run each cannot tell how much the change "
        f"helps. Only many seeds can. {other_images}"
    ]
    if splits.data_set.name == published.DATA_SET:
        paragraphs.append(
            "The 89.33 % against 89.36 % that the workshop's notebook published is three images in "
            "ten thousand, from one run each: it says nothing about which network is better."
        )
    return paragraphs


def _is_comparable(run: Run) -> bool:
    """Whether the published figures speak of the same job: data set, recipe and epochs."""
    workshop_settings = replace(TrainConfig(), epochs=run.config.epochs, seed=run.config.seed)
    return run.data_set_name == published.DATA_SET and run.config == workshop_settings


def _published_curves(
    results: Sequence[VariantResult],
) -> dict[str, dict[str, dict[int, float]]] | None:
    if not _is_comparable(results[0].run):
        return None
    return {
        quantity: {
            result.name: dict(
                zip(
                    published.EPOCHS,
                    getattr(published.RUNS[result.run.model_name], f"validation_{quantity}"),
                    strict=True,
                )
            )
            for result in results
        }
        for quantity in ("loss", "accuracy")
    }


def _as_levels(images: torch.Tensor) -> NDArray[np.uint8]:
    """Return prepared images (N, 1, height, width) as grey levels (N, height, width)."""
    levels = (images[:, 0] * STANDARD_DEVIATION + MEAN) * 255
    array: NDArray[np.uint8] = levels.round().to(torch.uint8).cpu().numpy()
    return array


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
