"""What an image set may hold."""

import re

import numpy as np
import pytest

from cnnlab.errors import DataError
from tests.support.tiny import blank, image_set


def test_a_label_above_the_classes_is_named():
    said = "Label 2 at index 1 is out of range: expected 0 to 1. Labels out of range: 2 of 4."
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        image_set(blank(4), [0, 2, 1, 7])


def test_a_negative_label_is_named():
    with pytest.raises(
        DataError, match=r"Label -1 at index 0 is out of range: expected 0 to 1\. .*: 1 of 1\.$"
    ):
        image_set(blank(1), [-1])


def test_unequal_counts_are_named():
    with pytest.raises(DataError, match="one label for each image; found 3 images and 2 labels"):
        image_set(blank(3), [0, 1])


def test_labels_that_are_not_a_list_are_refused():
    with pytest.raises(DataError, match="one label for each image; found 2 images and 4 labels"):
        image_set(blank(2), [[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 28, 28), np.float32), "float32 of (2, 28, 28)"),
        (np.zeros((2, 784), np.uint8), "uint8 of (2, 784)"),
        (np.zeros((2, 1, 28, 28), np.uint8), "uint8 of (2, 1, 28, 28)"),
    ],
)
def test_images_of_another_type_or_shape_are_refused(images, found):
    said = re.escape(f"Images must be (N, height, width) of uint8; found {found}.")
    with pytest.raises(DataError, match=said):
        image_set(images)


def test_taken_images_come_in_the_order_of_their_indices_with_their_labels():
    images = np.arange(4, dtype=np.uint8).reshape(4, 1, 1)
    taken = image_set(images, [0, 1, 0, 1]).take(np.array([3, 0]))
    assert taken.images.flatten().tolist() == [3, 0]
    assert taken.labels.tolist() == [1, 0]
    assert taken.classes == ("a", "b")
