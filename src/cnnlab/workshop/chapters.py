"""The chapters of the workshop: what each one says and shows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, log, sqrt
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.own.data_set import dataset_words
from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.data.tensors import MEAN, STANDARD_DEVIATION, prepare
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.models.catalog import count_parameters, layers_of, model_for
from cnnlab.runs.evaluation import TestResult
from cnnlab.runs.explain import network_graph
from cnnlab.runs.job import Job
from cnnlab.runs.run import Run
from cnnlab.training.config import TrainConfig
from cnnlab.training.history import History
from cnnlab.training.loop import evaluate, predict
from cnnlab.views.curve_drawings import QUANTITIES, run_curves, validation_curves
from cnnlab.views.figures.bars import before_and_after
from cnnlab.views.figures.markup import tag
from cnnlab.views.figures.pictures import image_words, labelled, picture, prediction, row_of
from cnnlab.views.inside_page import network_drawing
from cnnlab.views.page import Chapter, Drawing, Table, side_by_side
from cnnlab.views.run_facts import OPTIMIZERS, device_text, layers_table, settings_text
from cnnlab.views.run_words import WHY_VALIDATION_LOOKS_BETTER
from cnnlab.wording import command_line, counted, percent, times
from cnnlab.workshop import published

VARIANTS = ("lenet5", "lenet5-relu-max")
"""The workshop's two networks: LeNet-5, and an idea to improve it."""

SEED_DEVIATIONS = Path(__file__).with_name("seed_deviations.json")
"""How far a new seed alone moves each variant's test accuracy, by data set.

``python benchmarks/question.py`` writes it, without the runs that learned nothing.
"""

_NOTEBOOK = (
    "The notebook: this workshop grew from a notebook of a computer-science club. The club trained "
    "each network once and published the numbers. Compare yours with them."
)
_FIRST_IMAGES = 24
_SHOWN_TEST_IMAGES = (0, 1539, 1903, 1000)  # the notebook shows them; its network misreads the last


@dataclass(frozen=True)
class VariantResult:
    """One variant's run, its epochs, its test result and its predictions on the test images."""

    name: str
    run: Run
    history: History
    test: TestResult
    predictions: Predictions


def images_chapter(splits: Splits) -> Chapter:
    """Return the chapter on the images: three of them, and what an image is made of."""
    pictures = [
        (splits.stored, 0, "training"),
        (splits.test, 5499 % len(splits.test), "test"),
        (splits.stored, 9999 % len(splits.stored), "training"),
    ]
    shown = [
        labelled(picture(image_set.images[index], words), words)
        for image_set, index, split in pictures
        if (words := image_words(image_set, index, split))
    ]
    count = len(splits.train) + len(splits.validation) + len(splits.test)
    paragraphs = [
        f"{splits.data_set.title} has {count:,} grey images of 28 x 28 pixels in "
        f"{len(splits.data_set.classes)} classes: {', '.join(splits.data_set.classes)}. Each "
        "pixel is a number from 0 (black) to 255 (white). The network sees only these numbers.",
    ]
    if splits.data_set.sample_of:
        paragraphs.append(
            "This is a sample of a larger data set. Do not compare its results with results that "
            "were published about the whole set."
        )
    return Chapter(
        "The images",
        paragraphs,
        drawings=[
            Drawing(
                row_of(shown, 3),
                "Three of the images. The label is the correct class, as a number.",
            )
        ],
    )


def batches_chapter(prepared: PreparedSplits, config: TrainConfig) -> Chapter:
    """Return the chapter on the split and the mini-batches: the first images of each split."""
    splits = prepared.splits
    batches = ShuffledBatches(prepared.train, config.batch_size, config.seed)
    first = _grey_levels(next(iter(batches)).images[:_FIRST_IMAGES])
    return Chapter(
        "Training and validation",
        [
            f"The network learns from {len(splits.train):,} images. On {len(splits.validation):,} "
            "others, the validation images, we watch after each epoch how it does on images that "
            f"it has never learned from. {len(splits.test):,} test images stay closed until the "
            "end.",
            "Each image is enlarged to 32 x 32 pixels, the size that LeNet-5 was made for. Each "
            "grey level from 0 to 255 becomes a number from -1 to 1. The network learns from "
            f"{config.batch_size} images at a time: a mini-batch. One pass over all its images, "
            f"{len(batches)} mini-batches, is an epoch. Each epoch has a new random order.",
        ],
        drawings=[
            Drawing(
                row_of([picture(each, "a training image") for each in first], _FIRST_IMAGES // 2),
                f"The first {len(first)} images of the first mini-batch.",
            )
        ],
    )


def network_chapter(model: nn.Module, classes: int) -> Chapter:
    """Return the chapter on LeNet-5, layer by layer."""
    network, parameters = model_for(VARIANTS[0], classes), count_parameters(model)
    return Chapter(
        "The network: LeNet-5",
        [
            "Two convolutions look for small patterns, and then for patterns of patterns. Pooling "
            "after each one halves the width and the height. Three linear layers turn the patterns "
            f"into a score for each class. The network learns {parameters:,} numbers, its "
            "parameters.",
            f"You can count them by hand:\n{_parameter_sums(model)}",
        ],
        table=layers_table(layers_of(network), parameters),
        drawings=[network_drawing(network_graph(model), parameters)],
        wide=True,
    )


def _parameter_sums(model: nn.Module) -> str:
    """Return how the parameters of each convolution and linear layer add up, one in a line."""
    sums = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            outputs, *inputs = layer.weight.shape
            what = "filters" if isinstance(layer, nn.Conv2d) else "outputs"
            weights, total = " x ".join(map(str, inputs)), layer.weight.numel() + outputs
            sums.append(f"{name}: {outputs} {what} x ({weights} weights + 1 bias) = {total:,}")
    return "\n".join(sums)


def untrained_chapter(model: nn.Module, prepared: PreparedSplits) -> Chapter:
    """Return the chapter on what the network predicts before it has learned."""
    before = evaluate(model.to(prepared.device), prepared.validation)
    image_set = prepared.splits.stored.take(np.array([0]))
    probabilities = softmax(predict(model, prepare(image_set, prepared.device).images))[0]
    count, true = len(image_set.classes), int(image_set.labels[0])
    return Chapter(
        "Before training",
        [
            f"The first image shows: {image_set.classes[true]}. The untrained "
            f"network gives every class a probability of about 1 in {count}. It does not know "
            "anything yet.",
            f"On the validation images its loss is {before.loss:.4f}; guessing has the loss ln "
            f"{count} = {log(count):.4f}. Its accuracy is {percent(before.accuracy)}. That is not "
            f"exactly {percent(1 / count, 0)}, because random weights happen to prefer some "
            "classes.",
        ],
        drawings=[
            Drawing(
                tag(
                    "div",
                    picture(image_set.images[0], image_set.classes[true]),
                    before_and_after(image_set.classes, probabilities, None, true),
                    class_="beside",
                ),
                "What the untrained network predicts for the first image.",
            )
        ],
    )


def learning_chapter(job: Job, device: str) -> Chapter:
    """Return the chapter on which network learns next, and how."""
    config = job.config
    if job.network.name == VARIANTS[0]:
        title = "Learning"
        first = (
            "For each mini-batch, four steps. The network predicts a class for each image. The "
            "loss (cross-entropy) measures how wrong the predictions are. Backpropagation finds "
            "out in which direction each parameter must change. "
            f"{OPTIMIZERS[config.optimizer]} changes all of them a little."
        )
    else:
        title = "An idea to improve it"
        first = (
            "ReLU instead of tanh, and max pooling instead of average pooling. Everything else "
            "stays the same. So a difference can only come from this change, or from chance."
        )
    return Chapter(
        f"{title}: {job.network.title}",
        [
            first,
            f"Recipe {job.recipe_name}: {counted(config.epochs, 'epoch')}, batches of "
            f"{config.batch_size}, {settings_text(config)}, seed {config.seed}, on "
            f"{device_text(device)}.",
        ],
    )


def training_chapter(result: VariantResult) -> Chapter:
    """Return the chapter on how a network learned, epoch by epoch."""
    history, model_name = result.history, result.run.model_name
    notebook = published.RUNS[model_name] if published.is_comparable(result.run) else None
    headings = [
        "Epoch",
        "Training loss",
        "Validation loss",
        "Training accuracy",
        "Validation accuracy",
    ]
    if notebook:
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
        if notebook and record.epoch in published.EPOCHS:
            at = published.EPOCHS.index(record.epoch)
            loss, accuracy = notebook.validation_loss[at], notebook.validation_accuracy[at]
            row += [f"{loss:.4f}", percent(accuracy)]
        rows.append(row + [""] * (len(headings) - len(row)))
    seconds = [record.seconds for record in history]
    lowest = min(history, key=lambda record: record.validation_loss)
    paragraphs = [
        f"{counted(len(history), 'epoch')} took {sum(seconds):.1f} s, {np.mean(seconds):.2f} s "
        f"each on average. {WHY_VALIDATION_LOOKS_BETTER}",
    ]
    if len(rows) < len(history):
        paragraphs.append("The table shows only some of the epochs. The curves show all of them.")
    if notebook:
        paragraphs.append(_NOTEBOOK)
    if len(history) > lowest.epoch:
        last = history[-1]
        paragraphs.append(
            f"Validation loss was lowest after epoch {lowest.epoch}: {lowest.validation_loss:.4f}. "
            f"After the last epoch it is {last.validation_loss:.4f}, while training loss changed "
            f"from {lowest.train_loss:.4f} to {last.train_loss:.4f}. A growing gap between the two "
            "is a sign of overfitting: the network learns its training images by heart."
        )
    return Chapter(
        f"How {result.name} learned",
        paragraphs,
        table=Table(headings, rows),
        drawings=[
            side_by_side(
                *(
                    run_curves(
                        history,
                        quantity,
                        VARIANTS.index(model_name),
                        published.validation_points(result.run, quantity),
                        result.run.class_count,
                    )
                    for quantity in QUANTITIES
                )
            )
        ],
        wide=True,
    )


def test_chapter(result: VariantResult) -> Chapter:
    """Return the chapter on the test set, opened for a network."""
    count = len(result.predictions.image_set)
    wrong = round((1 - result.test.test_accuracy) * count)
    shown = [index for index in _SHOWN_TEST_IMAGES if index < count]
    return Chapter(
        f"The test set, opened for {result.name}",
        [
            f"Now the {count:,} test images, which the network has never seen: loss "
            f"{result.test.test_loss:.4f}, accuracy {percent(result.test.test_accuracy)}, "
            f"{counted(wrong, 'mistake')}. The test set was opened "
            f"{times(result.test.test_openings)} for this run. The run remembers how often.",
        ],
        drawings=[
            Drawing(
                row_of(
                    [prediction(result.predictions, each, with_share=True) for each in shown], 4
                ),
                f"Test images no. {', '.join(map(str, shown))}. In brackets: the probability that "
                "the network gives to its prediction.",
            )
        ],
    )


def honesty_chapter(results: Sequence[VariantResult], splits: Splits) -> Chapter:
    """Return the chapter on what one run of each network can say, and what it cannot."""
    first, second = results
    count = len(splits.test)
    points = 100 * (second.test.test_accuracy - first.test.test_accuracy)
    images = round(abs(points) / 100 * count)
    comparable = (
        published.is_comparable(first.run) and first.run.config.epochs == published.EPOCHS[-1]
    )
    headings = ["Network", "Test loss", "Test accuracy"]
    if comparable:
        headings += ["Notebook's test loss", "Notebook's test accuracy"]
    rows = []
    for result in results:
        row = [result.name, f"{result.test.test_loss:.4f}", percent(result.test.test_accuracy)]
        if comparable:
            notebook = published.RUNS[result.run.model_name]
            row += [f"{notebook.test_loss:.4f}", percent(notebook.test_accuracy)]
        rows.append(row)
    more = "more" if points > 0 else "fewer"
    outcome = (
        f"Of {count:,} test images, {second.name} got {images:,} {more} correct than {first.name}: "
        f"{abs(points):.2f} points {more}."
        if images
        else f"Both networks got the same number of the {count:,} test images correct."
    )
    words = ("compare", *VARIANTS, "--recipe", "sprint", *dataset_words(splits.data_set.name))
    find_out = f"Find out, with 10 seeds of each network:\n  {command_line(*words)}"
    histories = {result.name: result.history for result in results}
    return Chapter(
        "Is the second network really better?",
        [
            outcome,
            *([_NOTEBOOK] if comparable else []),
            *_limits(points, first, splits),
            find_out,
        ],
        table=Table(headings, rows),
        drawings=[
            side_by_side(
                *(validation_curves(histories, each, first.run.class_count) for each in QUANTITIES)
            )
        ],
        wide=True,
    )


def _limits(points: float, first: VariantResult, splits: Splits) -> list[str]:
    """Return how far chance alone moves such a difference, and so what it is worth."""
    share = first.test.test_accuracy
    images_points = 100 * sqrt(share * (1 - share) / len(splits.test))
    measured = json.loads(SEED_DEVIATIONS.read_text(encoding="utf-8")).get(splits.data_set.name)
    other_images = (
        f"With {len(splits.test):,} other test images each accuracy would differ by about "
        f"{images_points:.2f} points."
    )
    is_measured = published.has_its_settings(first.run)
    if measured is None or not is_measured or first.run.config.epochs < published.EPOCHS[-1]:
        return [
            "One run of each tells what these two networks do on these images. It cannot tell "
            "which kind of network is better. Another seed means other first weights and another "
            "order of the images. Only several seeds of each show how much that alone moves the "
            "result. " + other_images
        ]
    seeds = [measured["test_accuracy_points"][name] for name in VARIANTS]
    deviations = [each["standard_deviation"] for each in seeds]
    chance = 2 * hypot(*deviations)
    within = "within" if abs(points) < chance else "beyond"
    paragraphs = [
        f"A new seed alone moves the first network's test accuracy by about {deviations[0]:.2f} "
        f"points and the second's by {deviations[1]:.2f} (standard deviations over "
        f"{seeds[0]['seeds']} and {seeds[1]['seeds']} runs that learned). So chance alone "
        f"moves the difference between one run of each by up to {chance:.2f} points, 95 times in "
        f"100. The difference here is {within} that. Either way, one run of each cannot tell how "
        f"much the change helps. Only many seeds can. {other_images}"
    ]
    if splits.data_set.name == published.DATA_SET:
        paragraphs.append(
            "The club's notebook published 89.33 % against 89.36 %. That is a difference of three "
            "images in ten thousand, from one run of each network. It tells nothing about which "
            "network is better."
        )
    return paragraphs


def _grey_levels(images: torch.Tensor) -> NDArray[np.uint8]:
    """Return the grey levels (N, height, width) of prepared images (N, 1, height, width)."""
    levels = (images[:, 0] * STANDARD_DEVIATION + MEAN) * 255
    array: NDArray[np.uint8] = levels.round().to(torch.uint8).cpu().numpy()
    return array
