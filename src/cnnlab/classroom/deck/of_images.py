"""Figures of the run's images: as numbers, as a list, to guess, through three kernels."""

import numpy as np
import segno
from numpy.typing import NDArray

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import (
    Bars,
    Drawing,
    Film,
    Group,
    Item,
    Numbers,
    Picture,
    Step,
    Words,
)
from cnnlab.classroom.deck.material import Material
from cnnlab.views.figures import values
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
        for each in range(min(GUESSES, len(image_set.labels)))
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
    classes = len(material.predictions.image_set.classes)
    count = worked.linear_parameters(levels.size, classes)
    words = Group(
        (
            Words(
                f"{levels.size} pixels \u2192 **{classes}** scores",
                1.8,
                width=24,
            ),
            Words(
                f"{count:,} numbers to learn: one for each pixel and class, and one for each class",
                1.4,
                width=20,
            ),
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
    first = image_set.labels[0]
    one = np.flatnonzero(image_set.labels == first)
    other = np.flatnonzero(image_set.labels != first)
    pictures = [image_set.images[each] for each in one[: _CROWD - 1]]
    place = min(27, len(pictures))
    shown: list[Item] = [Picture(each, side=5.6) for each in pictures]
    odd = image_set.images[other[0]]
    whole = (0, 0, *odd.shape)
    shown.insert(place, Film((Picture(odd, side=5.6), Picture(odd, side=5.6, frames=(whole,)))))
    return Group(shown, columns=10, gap=0.7)


def three_kernels(material: Material) -> Item:
    """Return three kernels that people made, and what each shows of the image."""
    levels = as_levels(material)
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
        shown.append(Group((Numbers(texts, name, "kernel", size=2.5), picture), columns=1, gap=1))
    return Group((Picture(levels, "the image", 14), *shown), gap=4)


def turn(link: str) -> Item:
    """Return the commands of what comes next, beside a QR code of the link if there is one."""
    commands = (
        ("your own network, live", "cnnlab play"),
        ("an exercise", "cnnlab exercise 3"),
        ("a file to change", "cnnlab new mine.py"),
        ("what is wrong with it?", "cnnlab check mine.py:Net"),
        ("train it", "cnnlab train --model mine.py:Net --recipe sprint"),
        ("did it help?", "cnnlab compare lenet5-relu-max mine.py:Net --recipe sprint"),
    )
    rows = [
        Group((Words(words, 1.4), Words(f"`{command}`", 1.4)), columns=1, gap=0.1)
        for words, command in commands
    ]
    listed = Group(rows, columns=1, gap=0.9)
    return Group((listed, qr_code(link)), gap=3) if link else listed


def qr_code(link: str) -> Picture:
    """Return a link as a QR code, with the quiet margin that cameras need."""
    modules = np.array(segno.make(link, error="m").matrix, dtype=np.uint8)
    return Picture(np.pad(255 * (1 - modules), 4, constant_values=255), link, 20)


def as_levels(material: Material) -> NDArray[np.uint8]:
    """Return the image that is followed as the network sees it: grey levels (32, 32)."""
    levels: NDArray[np.uint8] = np.round((material.numbers[0, 0] + 1) * 127.5).astype(np.uint8)
    return levels
