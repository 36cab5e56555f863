"""Pictures: pixels as PNG inside the page, with their class and a mark for correct or wrong."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from cnnlab.data.images import ImageSet
from cnnlab.insight.predictions import Predictions
from cnnlab.views.figures.colours import of_value
from cnnlab.views.figures.markup import Child, join, tag
from cnnlab.wording import percent

TICK = tag("b", "\u2713", class_="tick", aria_label="correct:")
CROSS = tag("b", "\u2717", class_="cross", aria_label="wrong:")
_STEPS = 31
"""Colours on each side of 0 in the picture of a map."""


def image_address(levels: NDArray[np.uint8]) -> str:
    """Return a grey image (height, width) as a data address: the page needs no other file."""
    return _address(Image.fromarray(levels))


def map_address(values: NDArray[np.float32], limit: float) -> str:
    """Return values (height, width) as a data address: orange below 0, white, blue above."""
    return _address(map_image(values, limit))


def map_image(values: NDArray[np.float32], limit: float) -> Image.Image:
    """Return values (height, width) as an image: orange below 0, white, blue above."""
    scaled = np.clip(np.nan_to_num(values) / (limit or 1.0), -1, 1)
    image = Image.fromarray((np.round(scaled * _STEPS) + _STEPS).astype(np.uint8))
    colours = [of_value(step, _STEPS) for step in range(-_STEPS, _STEPS + 1)]
    image.putpalette([part for each in colours for part in each])
    return image


def _address(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def picture(levels: NDArray[np.uint8], words: str) -> Markup:
    """Return a grey image; ``words`` are read aloud in its place."""
    return tag("img", class_="px", src=image_address(levels), alt=words)


def values_picture(values: NDArray[np.float32], limit: float, words: str) -> Markup:
    """Return a map of values in colours; ``words`` are read aloud in its place."""
    return tag("img", class_="px map", src=map_address(values, limit), alt=words)


def labelled(image: Markup, *caption: Child, wrong: bool = False) -> Markup:
    """Return an image above its caption; a wrong one has a dashed frame."""
    return tag(
        "figure",
        image,
        tag("figcaption", *caption),
        class_="pic wrong" if wrong else "pic",
    )


def prediction(
    predictions: Predictions,
    index: int,
    *,
    with_share: bool = False,
    beside: Markup | None = None,
) -> Markup:
    """Return an image with its class, and if it is wrong with what the network says.

    ``with_share`` adds the probability of the prediction; ``beside`` is to the right of the image.
    """
    classes = predictions.image_set.classes
    true = int(predictions.image_set.labels[index])
    predicted = int(predictions.predicted[index])
    is_wrong = true != predicted
    words = classes[true] if not is_wrong else f"is {classes[true]}, says {classes[predicted]}"
    if with_share:
        words += f" ({percent(float(predictions.confidence[index]), 0)})"
    image = picture(predictions.image_set.images[index], words)
    if beside is not None:
        image = tag("div", image, beside, class_="pair")
    return labelled(image, CROSS if is_wrong else TICK, " ", words, wrong=is_wrong)


def image_words(image_set: ImageSet, index: int, split: str) -> str:
    """Return what an image is: its split, its number there, and its label."""
    label = int(image_set.labels[index])
    name = image_set.classes[label]
    shown = f"label {label}" if name == str(label) else f"label {label}: {name}"
    return f"{split} image no. {index}, {shown}"


def row_of(pictures: Sequence[Markup], most: int, phone: int = 3) -> Markup:
    """Return pictures in rows of at most ``most``, and of at most ``phone`` on a phone."""
    return tag("div", *pictures, class_="pictures", style=f"--most:{most};--phone:{phone}")


def headed_row(mark: Markup, heading: str, pictures: Sequence[Markup], most: int) -> Markup:
    """Return a heading with its mark, and below it a row of pictures."""
    return join(tag("h2", mark, " ", heading), row_of(pictures, most))
