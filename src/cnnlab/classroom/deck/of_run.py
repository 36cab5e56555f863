"""Figures of the leader's own run: its images, kernels, maps, predictions, mistakes, curves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import (
    Drawing,
    Film,
    Group,
    Item,
    Numbers,
    Picture,
    Step,
    Words,
)
from cnnlab.classroom.deck.material import DISTANCES, Material
from cnnlab.classroom.deck.of_images import as_levels
from cnnlab.classroom.deck.pictures import curves_picture, matrix_picture
from cnnlab.insight.graph import Graph
from cnnlab.insight.graph import Step as StepOfGraph
from cnnlab.insight.mistakes import confusion, most_confident_mistakes
from cnnlab.views.curve_drawings import history_values, run_curves
from cnnlab.views.figures import values
from cnnlab.views.figures.axis import axis_of
from cnnlab.views.figures.curves import Line, curves
from cnnlab.views.figures.matrix import matrix
from cnnlab.views.inside_page import kernels_chapter


def pixel(material: Material) -> Item:
    """Return one number of the first maps: the patch, the kernel, the sum, the bias."""
    graph, step = material.inside.after, material.first
    if graph is None or step is None:
        return missing(material)
    place = material.pin(step)
    patch, kernel = patch_and_kernel(material, place.pixel)
    total = float((patch * kernel).sum())
    bias = graph.tensor(step, "bias")
    own = 0.0 if bias is None else float(bias[place.pixel[0]])
    value = float(material.values[graph.stages[step.stage].last.name][0][place.pixel])
    top, left = _corner(step.settings, place.pixel)
    down, across = step.settings["dilation"]
    high, wide = (down * (len(kernel) - 1) + 1, across * (kernel.shape[1] - 1) + 1)
    after = followed_by([each.op for each in graph.stages[step.stage].steps[1:]])
    image = Picture(
        as_levels(material), "the image, 32 \u00d7 32", 13, frames=((top, left, high, wide),)
    )
    sums = Group(
        (
            Words(f"{patch.size} products, added: **{_signed(total)}**", 1.4),
            Words(f"plus the bias: **{_signed(total + own)}**", 1.4),
            *([Words(f"after {after}: **{_signed(value)}**", 1.4)] if after else []),
        ),
        columns=1,
        gap=0.6,
    )
    return Group(
        (
            image,
            Numbers(worked.as_text(patch, 1), "the patch", size=2.5, letters=1.05),
            Words("\u2217", 2.4),
            Numbers(
                worked.as_text(kernel, 1),
                f"kernel {place.pixel[0] + 1}",
                "kernel",
                size=2.5,
                letters=1.05,
            ),
            sums,
        ),
        gap=1.4,
    )


def patch_and_kernel(
    material: Material, pixel: tuple[int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what the first convolution multiplies for a pixel: its patch and its kernel."""
    graph, step = material.inside.after, material.first
    assert graph is not None and step is not None  # noqa: S101
    kernel = np.asarray(graph.tensors[step.tensors["weight"]][pixel[0], 0], np.float32)
    top, bottom, left, right = step.settings["padding"]
    image = np.pad(material.numbers[0, 0], ((top, bottom), (left, right)))
    row, column = (by * at for by, at in zip(step.settings["stride"], pixel[1:], strict=True))
    down, across = step.settings["dilation"]
    rows = row + down * np.arange(kernel.shape[0])
    columns = column + across * np.arange(kernel.shape[1])
    return image[np.ix_(rows, columns)], kernel


def followed_by(operations: Sequence[str]) -> str:
    """Return in words what follows a convolution inside its stage; empty if nothing does."""
    names = {"batch_norm": "batch norm", "activation": "the activation"}
    return " and ".join(names.get(each, "another step") for each in operations)


def _corner(settings: object, pixel: tuple[int, int, int]) -> tuple[int, int]:
    top, _, left, _ = settings["padding"]  # type: ignore[index]
    down, across = settings["stride"]  # type: ignore[index]
    return down * pixel[1] - top, across * pixel[2] - left


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")


def kernels(material: Material) -> Item:
    """Return the first kernels before and after training, and what each finds."""
    image_set = material.predictions.image_set
    name = image_set.classes[image_set.labels[material.shown]]
    found = kernels_chapter(material.inside, material.values, name)
    if found is None:
        return missing(material)
    return Drawing(found.drawings[0].markup, lambda: _plain_kernels(material), 68)


def _plain_kernels(material: Material) -> Item:
    """Return the kernels as PowerPoint shows them."""
    graph, step = material.inside.after, material.first
    assert graph is not None and step is not None  # noqa: S101
    after = _first_kernels(graph, step)
    limit = values.scale_limit(after)
    maps = material.values[graph.stages[step.stage].last.name][0][: len(after)]
    shown = [("After", after, limit), ("What it finds", maps, float(np.abs(maps).max()))]
    if material.inside.before is not None:
        shown.insert(0, ("Before", _first_kernels(material.inside.before, step), limit))
    rows = [
        Group(
            (Words(words, 1.25, 8), *(Picture(each, side=8, limit=most) for each in pictures)),
            gap=1.5,
            is_close=True,
        )
        for words, pictures, most in shown
    ]
    return Group(rows, columns=1, gap=0.8)


def _first_kernels(graph: Graph, step: StepOfGraph) -> NDArray[np.float32]:
    return np.asarray(graph.tensors[step.tensors["weight"]][:6, 0], np.float32)


def batches(material: Material) -> Item:
    """Return the numbers of one kernel after each of the first batches."""
    steps = material.batches
    if not steps:
        return missing(material)
    start = steps[0].kernel
    scenes = []
    for each in steps:
        loss = "loss not known yet" if each.loss is None else f"loss **{each.loss:.2f}**"
        moved = float(np.abs(each.kernel - start).max())
        scenes.append(
            Group(
                (
                    Numbers(
                        worked.as_text(each.kernel, 3), "kernel 1", "kernel", size=2.9, letters=1.25
                    ),
                    Numbers(
                        _changes(each.kernel - start),
                        "moved since the start",
                        "map",
                        size=2.9,
                        letters=1.25,
                    ),
                    Group(
                        (
                            Words(f"batch **{each.batches}**", 1.8),
                            Words(loss, 1.8),
                            Words(f"largest move {moved:.3f}", 1.4),
                        ),
                        columns=1,
                        gap=0.8,
                    ),
                ),
                gap=3,
            )
        )
    return Film(scenes)


def _changes(change: NDArray[np.float32]) -> list[list[str]]:
    return [[f"{each:+.3f}".replace("-", "\u2212") for each in row] for row in change.tolist()]


def shifts(material: Material) -> Item:
    """Return the accuracy against the shift, with its 95 % interval."""
    found = material.shifted
    axis = axis_of(
        [each.low for each in found] + [each.high for each in found], unit=" %", within=(0, 100)
    )
    line = Line(
        "accuracy",
        [each.estimate for each in found],
        "var(--network-a)",
        f"{found[-1].estimate:.1f} %",
        band=([each.low for each in found], [each.high for each in found]),
    )
    drawn = Drawing(
        curves([line], axis, "accuracy by shift", across="pixels", first=0),
        lambda: curves_picture({"accuracy": line.values}, 38, 24, "pixels", 0),
        38,
        24,
    )
    table = Group(
        [
            Words(
                f"{distance} px: **{each.estimate:.1f} %**  ({each.low:.1f} to {each.high:.1f})",
                1.4,
            )
            for distance, each in zip(DISTANCES, found, strict=True)
        ]
        + [Words(shift_words(material), 1.4, 26)],
        columns=1,
        gap=0.7,
    )
    return Step(Group((drawn, table), gap=3))  # the class guesses first


def learning(material: Material) -> Item:
    """Return the curves of accuracy of the run."""
    lines = {
        name: history_values(material.history, split, "accuracy")
        for name, split in (("training", "train"), ("validation", "validation"))
    }
    return Drawing(
        run_curves(material.history, "accuracy", classes=material.run.class_count).markup,
        lambda: curves_picture(lines, 34, 24, "epoch", 1),
        34,
        24,
    )


def mistakes(material: Material) -> Item:
    """Return the confusion matrix, beside the two mistakes of which the network is surest."""
    predictions = material.predictions
    worst = most_confident_mistakes(predictions, 2)
    classes = predictions.image_set.classes
    shown = [
        Picture(
            predictions.image_set.images[each],
            f"label: {classes[predictions.image_set.labels[each]]}; the network: "
            f"{classes[predictions.predicted[each]]}",
            9,
            is_correct=False,
        )
        for each in worst
    ]
    table = Drawing(
        matrix(predictions, with_images=False),
        lambda: matrix_picture(confusion(predictions), classes, 57, 29),
        57,
        29,
    )
    return Group((table, Group(shown, columns=1, gap=1.2)), gap=3)


def missing(material: Material) -> Item:
    """Return in words why a figure is not there."""
    why = (
        material.inside.why_not
        or "The network of this run has no convolution that reads the image."
    )
    return Words(why, 1.6, width=60)


def shift_words(material: Material) -> str:
    """Return in a sentence what a shift by one and by two pixels costs."""
    start, one, two = (each.estimate for each in material.shifted[:3])
    return f"One pixel costs {start - one:.1f} points, two cost {start - two:.1f}."
