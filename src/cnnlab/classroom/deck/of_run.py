"""Figures of the leader's own run: its images, kernels, maps, predictions, mistakes, curves."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import Bars, Drawing, Film, Group, Item, Numbers, Picture, Step, Words
from cnnlab.classroom.deck.material import DISTANCES, Material
from cnnlab.classroom.deck.pictures import curves_picture, matrix_picture
from cnnlab.insight.mistakes import confusion, most_confident_mistakes
from cnnlab.views.curve_drawings import history_values, run_curves
from cnnlab.views.figures import values
from cnnlab.views.figures.axis import axis_of
from cnnlab.views.figures.curves import Line, curves
from cnnlab.views.figures.matrix import matrix
from cnnlab.views.inside_page import kernels_chapter
from cnnlab.wording import percent

THREE_KERNELS = {
    "upright edges": np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    "level edges": np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]]),
    "blur": np.full((3, 3), 1 / 9),
}
GUESSES = 12
"""Images that the class guesses."""
_CROWD = 40
PART = 11
"""So many pixels wide is the part of the image whose numbers are shown."""


def answer(material: Material) -> Item:
    """Return the image that is followed and the probability of each class."""
    predictions, index = material.predictions, material.shown
    shares = predictions.probabilities[index]
    names = predictions.image_set.classes
    order = np.argsort(-shares, kind="stable")[:6]
    image = Picture(predictions.image_set.images[index], "what it sees", 19)
    rows = [(names[each], float(shares[each]), percent(float(shares[each]), 1)) for each in order]
    return Group((image, Words("\u2192", 4), Bars(rows, 34, bold=0)), gap=4)


def numbers(material: Material) -> Item:
    """Return the image, and a part of it with the number of each pixel."""
    levels = material.predictions.image_set.images[material.shown]

    def plain() -> Item:
        top, left = values.most_varied(levels, PART)
        part = levels[top : top + PART, left : left + PART]
        image = Picture(levels, side=24, frames=((top, left, PART, PART),))
        return Group((image, Numbers(worked.as_text(part), size=2.3, letters=0.95)), gap=4)

    return Drawing(values.pixels(levels, PART), plain, 60)


def guess(material: Material) -> Item:
    """Return the first validation images; their classes come with the key."""
    image_set = material.predictions.image_set
    shown = [
        Group(
            (
                Picture(image_set.images[each], f"{each + 1}", 8.2),
                Step(Words(f"**{image_set.classes[image_set.labels[each]]}**", 1.15)),
            ),
            columns=1,
            gap=0.1,
        )
        for each in range(GUESSES)
    ]
    return Group(shown, columns=6, gap=2.6)


def guesses_correct(material: Material) -> int:
    """Return how many of the images of `guess` the network predicts correctly."""
    predictions = material.predictions
    correct = predictions.predicted[:GUESSES] == predictions.image_set.labels[:GUESSES]
    return int(correct.sum())


def shuffled(material: Material) -> Item:
    """Return the image as a list of pixels, and the same pixels in another order."""
    levels = material.predictions.image_set.images[material.shown]
    order = np.random.RandomState(0).permutation(levels.size)
    mixed = levels.reshape(-1)[order].reshape(levels.shape)
    count = worked.linear_parameters(levels.size, len(material.predictions.image_set.classes))
    words = Group(
        (
            Words(f"{levels.size} pixels \u2192 **{len(material.predictions.image_set.classes)}** scores", 1.8, width=24),
            Words(f"{count:,} numbers to learn: one for each pixel and class, and one for each class", 1.4, width=20),
        ),
        columns=1,
        gap=0.6,
    )
    return Group(
        (
            Picture(levels, "for you: an image", 17),
            Picture(mixed, "shuffled: noise", 17),
            Step(words),
        ),
        gap=4,
    )


def crowd(material: Material) -> Item:
    """Return many images of one class with one other among them, framed with the key."""
    image_set = material.predictions.image_set
    one, other = (np.flatnonzero(image_set.labels == label) for label in (0, 1))
    pictures = [image_set.images[each] for each in one[: _CROWD - 1]]
    place = min(27, len(pictures))
    shown: list[Item] = [Picture(each, side=5.6) for each in pictures]
    odd = image_set.images[other[0]]
    whole = (0, 0, *odd.shape)
    shown.insert(place, Film((Picture(odd, side=5.6), Picture(odd, side=5.6, frames=(whole,)))))
    return Group(shown, columns=10, gap=0.7)


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
    high, wide = kernel.shape
    image = Picture(_as_levels(material), "the image, 32 \u00d7 32", 13, frames=((top, left, high, wide),))
    sums = Group(
        (
            Words(f"{patch.size} products, added: **{_signed(total)}**", 1.4),
            Words(f"plus the bias: **{_signed(total + own)}**", 1.4),
            Words(f"after the activation: **{_signed(value)}**", 1.4),
        ),
        columns=1,
        gap=0.6,
    )
    return Group(
        (
            image,
            Numbers(worked.as_text(patch, 1), "the patch", size=2.5, letters=1.05),
            Words("\u2217", 2.4),
            Numbers(worked.as_text(kernel, 1), f"kernel {place.pixel[0] + 1}", "kernel", size=2.5, letters=1.05),
            sums,
        ),
        gap=1.4,
    )


def patch_and_kernel(
    material: Material, pixel: tuple[int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what the first convolution multiplies for a pixel: its patch and its kernel."""
    graph, step = material.inside.after, material.first
    assert graph is not None and step is not None  # noqa: PT018, S101
    kernel = np.asarray(graph.tensors[step.tensors["weight"]][pixel[0], 0], np.float32)
    top, bottom, left, right = step.settings["padding"]
    image = np.pad(material.numbers[0, 0], ((top, bottom), (left, right)))
    row, column = (by * at for by, at in zip(step.settings["stride"], pixel[1:], strict=True))
    return image[row : row + kernel.shape[0], column : column + kernel.shape[1]], kernel


def _corner(settings: object, pixel: tuple[int, int, int]) -> tuple[int, int]:
    top, _, left, _ = settings["padding"]  # type: ignore[index]
    down, across = settings["stride"]  # type: ignore[index]
    return down * pixel[1] - top, across * pixel[2] - left


def _as_levels(material: Material) -> NDArray[np.uint8]:
    return np.round((material.numbers[0, 0] + 1) * 127.5).astype(np.uint8)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")


def three_kernels(material: Material) -> Item:
    """Return three kernels that people made, and what each shows of the image."""
    levels = _as_levels(material)
    image = levels.astype(np.float64)
    shown: list[Item] = []
    for name, kernel in THREE_KERNELS.items():
        found = worked.convolve(image, kernel)
        texts = worked.as_text(kernel) if name != "blur" else [["1/9"] * 3] * 3
        picture = (
            Picture(np.round(found).astype(np.uint8), side=14)
            if name == "blur"
            else Picture(found.astype(np.float32), side=14, limit=float(np.abs(found).max()))
        )
        shown.append(
            Group((Numbers(texts, name, "kernel", size=2.5), picture), columns=1, gap=1)
        )
    return Group((Picture(levels, "the image", 14), *shown), gap=4)


def kernels(material: Material) -> Item:
    """Return the first kernels before and after training, and what each finds."""
    found = kernels_chapter(material.inside, material.predictions.image_set, material.shown)
    if found is None:
        return missing(material)
    return Drawing(found.drawings[0].markup, lambda: _plain_kernels(material), 68)


def _plain_kernels(material: Material) -> Item:
    """Return the kernels as PowerPoint shows them."""
    graph, step = material.inside.after, material.first
    assert graph is not None and step is not None  # noqa: PT018, S101
    after = graph.tensors[step.tensors["weight"]][:6, 0]
    maps = material.values[graph.stages[step.stage].last.name][0][: len(after)]
    rows: list[Item] = []
    for words, shown, limit in (
        ("Before", None if material.inside.before is None else
         material.inside.before.tensors[step.tensors["weight"]][:6, 0], values.scale_limit(after)),
        ("After", after, values.scale_limit(after)),
        ("What it finds", maps, float(np.abs(maps).max())),
    ):
        if shown is not None:
            pictures = [Picture(np.asarray(each), side=8, limit=limit) for each in shown]
            rows.append(Group((Words(words, 1.25, 8), *pictures), gap=1.5, is_close=True))
    return Group(rows, columns=1, gap=0.8)


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
                    Numbers(worked.as_text(each.kernel, 3), "kernel 1", "kernel", size=2.9, letters=1.25),
                    Numbers(_changes(each.kernel - start), "moved since the start", "map", size=2.9, letters=1.25),
                    Group((Words(f"batch **{each.batches}**", 1.8), Words(loss, 1.8), Words(f"largest move {moved:.3f}", 1.4)), columns=1, gap=0.8),
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
    axis = axis_of([each.low for each in found] + [each.high for each in found], unit=" %", within=(0, 100))
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
            Words(f"{distance} px: **{each.estimate:.1f} %**  ({each.low:.1f} to {each.high:.1f})", 1.4)
            for distance, each in zip(DISTANCES, found, strict=True)
        ],
        columns=1,
        gap=0.7,
    )
    return Group((drawn, table), gap=3)


def learning(material: Material) -> Item:
    """Return the curves of accuracy of the run."""
    lines = {
        name: history_values(material.history, split, "accuracy")
        for name, split in (("training", "train"), ("validation", "validation"))
    }
    return Drawing(
        run_curves(material.history, "accuracy").markup,
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
    why = material.inside.why_not or "The network of this run has no convolution that reads the image."
    return Words(why, 1.6, width=60)


def turn(material: Material) -> Item:
    """Return the commands of what comes next."""
    folder = material.run.folder.name
    commands = (
        ("your own network, live", f"cnnlab play runs/{folder}"),
        ("a file to change", "cnnlab new mine.py"),
        ("what is wrong with it?", "cnnlab check mine.py:Net"),
        ("train it", "cnnlab train --model mine.py:Net --recipe sprint"),
        ("did it help?", "cnnlab compare lenet5-relu-max mine.py:Net --recipe sprint"),
    )
    rows = [
        Group((Words(words, 1.6, width=20), Words(f"`{command}`", 1.6)), columns=1, gap=0.2)
        for words, command in commands
    ]
    return Group(rows, columns=1, gap=1.4)


def shift_words(material: Material) -> str:
    """Return in a sentence what a shift by one and by two pixels costs."""
    start, one, two = (each.estimate for each in material.shifted[:3])
    return f"One pixel costs {start - one:.1f} points, two cost {start - two:.1f}."
