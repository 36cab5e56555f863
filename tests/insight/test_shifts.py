"""Shifted images: what moves where, and how many directions stay correct."""

import numpy as np
import pytest

from cnnlab.insight.shifts import correct_when_shifted, shift

IMAGES = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)


@pytest.mark.parametrize(
    ("down", "right", "expected"),
    [
        (0, 0, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]),
        (1, 0, [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]]),
        (-1, 0, [[5, 6, 7, 8], [9, 10, 11, 12], [0, 0, 0, 0]]),
        (0, 2, [[0, 0, 1, 2], [0, 0, 5, 6], [0, 0, 9, 10]]),
        (0, -3, [[4, 0, 0, 0], [8, 0, 0, 0], [12, 0, 0, 0]]),
        (5, 0, [[0] * 4] * 3),
    ],
)
def test_black_fills_the_edge_and_nothing_comes_back_on_the_other_side(down, right, expected):
    assert shift(IMAGES, down, right)[0].tolist() == expected


def test_each_image_is_moved_in_four_directions():
    images = np.zeros((2, 5, 5), np.uint8)
    images[:, 2, 2] = 1

    def bright_row(moved):  # correct only while the pixel is in row 2
        return moved.max(axis=2).argmax(axis=1)

    found = correct_when_shifted(bright_row, images, np.array([2, 1]), (0, 1))
    assert found.tolist() == [[1.0, 0.0], [0.5, 0.25]]
