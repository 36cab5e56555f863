"""What each chapter of the workshop says and shows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.data.tensors import MEAN, STANDARD_DEVIATION, prepare
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.models.catalog import MODELS, count_parameters, layers_of
from cnnlab.runs.evaluation import TestResult
from cnnlab.runs.job import Job
from cnnlab.runs.run import Run
from cnnlab.training.config import TrainConfig
from cnnlab.training.history import History
from cnnlab.training.loop import evaluate, predict
from cnnlab.views import plots
from cnnlab.views.page import Chapter, Illustration, Table
from cnnlab.views.run_page import curve_illustrations, layers_table
from cnnlab.wording import counted, percent, times
from cnnlab.workshop import published

VARIANTS = ("lenet5", "lenet5-relu-max")
"""The workshop's first network, and its improved one."""

SEED_DEVIATIONS = Path(__file__).with_name("seed_deviations.json")
"""How far a new seed alone moves each variant's test accuracy, by data set.

``python benchmarks/question.py`` writes it from its results; runs that learnt nothing are left out.
"""

_THEIRS = (
    "The notebook is the workshop's own: it published these figures, of one run of each network."
)
_SHOWN_TEST_IMAGES = (0, 1539, 1903, 1000)  # the last one is the workshop's known mistake


@dataclass(frozen=True)
class VariantResult:
    """One variant's run, its epochs, its test result and its answers to the test images."""

    name: str
    run: Run
    history: History
    test: TestResult
    predictions: Predictions


def images_chapter(splits: Splits) -> Chapter:
    """Return the chapter: three images, and what they are made of."""
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
            "This is a sample: only a part of the data set. Its figures cannot be compared with "
            "anything published about the whole set."
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


def batches_chapter(prepared: PreparedSplits, config: TrainConfig) -> Chapter:
    """Return the chapter: the split, and the first batches."""
    splits = prepared.splits
    batches = ShuffledBatches(prepared.train, config.batch_size, config.seed)
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
                plots.image_grid(prepared.validation.images[:110, 0].cpu().numpy()),
                "The first 110 images of the first validation batch.",
            ),
        ],
    )


def network_chapter(model: nn.Module) -> Chapter:
    """Return the chapter: LeNet-5, layer by layer."""
    network, parameters = MODELS[VARIANTS[0]], count_parameters(model)
    return Chapter(
        "The network: LeNet-5",
        [
            "Two convolutions look for small patterns and for patterns of patterns; pooling "
            "halves the picture after each; three linear layers turn what was found into a "
            f"score for each class. {parameters:,} numbers are to be learnt.",
        ],
        table=layers_table(layers_of(network), parameters),
        listing=str(model),
    )


def untrained_chapter(model: nn.Module, prepared: PreparedSplits) -> Chapter:
    """Return the chapter: what the network answers before it has learnt."""
    before = evaluate(model.to(prepared.device), prepared.validation)
    image_set = prepared.splits.stored.take(np.array([0]))
    probabilities = softmax(predict(model, prepare(image_set, prepared.device).images))[0]
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
                plots.class_probabilities(image_set.images[0], probabilities, image_set.classes),
                "What the untrained network answers; the dotted line is pure guessing.",
            )
        ],
    )


def learning_chapter(job: Job, device: str) -> Chapter:
    """Return the chapter: which network learns now, and how."""
    config = job.config
    if job.network.name == VARIANTS[0]:
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
        f"{title}: {job.network.title}",
        [
            first,
            f"{counted(config.epochs, 'epoch')}, batches of {config.batch_size}, SGD with learning "
            f"rate {config.learning_rate:g} and momentum {config.momentum:g}, seed {config.seed}, "
            f"on {device}.",
        ],
    )


def training_chapter(result: VariantResult) -> Chapter:
    """Return the chapter: how a network learnt, epoch by epoch."""
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


def test_chapter(result: VariantResult) -> Chapter:
    """Return the chapter: the test set, opened for a network."""
    count = len(result.predictions.image_set)
    wrong = round((1 - result.test.test_accuracy) * count)
    shown = [index for index in _SHOWN_TEST_IMAGES if index < count]
    is_workshops = result.run.data_set_name == published.DATA_SET
    what = "The images that the workshop shows" if is_workshops else "Some of the test images"
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
                f"{what} ({', '.join(f'test {index}' for index in shown)}): the true class, the "
                "network's answer, and how sure it is.",
            )
        ],
    )


def honesty_chapter(results: Sequence[VariantResult], splits: Splits) -> Chapter:
    """Return the chapter: what one run each can say, and what it cannot."""
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
    measured = json.loads(SEED_DEVIATIONS.read_text(encoding="utf-8")).get(splits.data_set.name)
    other_images = (
        f"Another {len(splits.test):,} test images would move each accuracy by about "
        f"{images_points:.2f} points either way."
    )
    if measured is None or first.run.config.epochs < published.EPOCHS[-1]:
        return [
            "It says what these two networks do on these images. It cannot say which kind of "
            "network is better: another seed gives other weights and another order of batches, "
            "and only several seeds of each show how much that alone moves the result. "
            + other_images
        ]
    seeds = [measured["test_accuracy_points"][name] for name in VARIANTS]
    deviations = [each["standard_deviation"] for each in seeds]
    chance = 2 * hypot(*deviations)
    within = "within" if abs(points) < chance else "beyond"
    paragraphs = [
        f"A new seed alone moves the first network's test accuracy by about {deviations[0]:.2f} "
        f"points and the second's by {deviations[1]:.2f} (standard deviations over "
        f"{seeds[0]['seeds']} and {seeds[1]['seeds']} runs that learnt), so chance alone moves "
        f"the difference between one run of each by up to {chance:.2f} points, 95 times in 100. "
        f"The difference here is {within} that, and either way one run each cannot tell how much "
        f"the change helps. Only many seeds can. {other_images}"
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
