"""The captions of images: what an image is, what a network says, and whether that is correct."""

import numpy as np
import pytest

from cnnlab.data.images import ImageSet
from cnnlab.insight.predictions import Predictions
from cnnlab.views import plots

DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", *"abcdefg", "Ankle boot")


def images(classes, labels):
    return ImageSet(np.zeros((len(labels), 28, 28), np.uint8), np.array(labels), classes)


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


@pytest.mark.parametrize(
    ("classes", "caption"),
    [
        (DIGITS, "training image\nno. 1\nlabel 9"),
        (CLOTHES, "training image\nno. 1\n9: Ankle boot"),
    ],
)
def test_an_image_is_named_by_its_split_number_and_label(classes, caption):
    assert plots.image_caption(images(classes, [0, 9]), 1, "training") == caption


def test_a_mark_says_whether_a_prediction_is_correct():
    probabilities = np.full((2, 10), 0.02, np.float32)
    probabilities[:, 3] = 0.82
    digits = plots.predictions_figure(Predictions(images(DIGITS, [3, 8]), probabilities), [0, 1])
    assert titles(digits) == ["\u2713 is 3, says 3\n(82 %)", "\u2717 is 8, says 3\n(82 %)"]
    clothes = plots.predictions_figure(Predictions(images(CLOTHES, [3, 0]), probabilities), [0, 1])
    assert titles(clothes)[1] == "\u2717 is T-shirt/top,\nsays b\n(82 %)"


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_no_caption_is_cut_off_or_covers_an_image(rows):
    captions = ["training image\nno. 9999\n0: T-shirt/top"] * (3 * rows)
    figure = plots.images_figure(np.zeros((3 * rows, 28, 28), np.uint8), captions, columns=3)
    figure.canvas.draw()
    boxes = [axis.title.get_window_extent() for axis in figure.axes]
    pictures = [axis.get_window_extent() for axis in figure.axes]
    assert max(box.y1 for box in boxes) <= figure.bbox.y1
    assert min(box.x0 for box in boxes) >= figure.bbox.x0
    assert not any(box.overlaps(picture) for box in boxes for picture in pictures)
    assert not any(a.overlaps(b) for a in boxes for b in boxes if a is not b)
