"""How much a shift of the image costs: the same images, moved by some pixels, predicted again."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""Down, up, right and left."""


def shift(images: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Return images (N, height, width) moved by whole pixels.

    Black fills the edge, and what leaves the image is lost. A negative number moves up or left.
    """
    moved = np.zeros_like(images)
    to_rows, from_rows = _places(down, images.shape[1])
    to_columns, from_columns = _places(right, images.shape[2])
    moved[:, to_rows, to_columns] = images[:, from_rows, from_columns]
    return moved


def _places(by: int, size: int) -> tuple[slice, slice]:
    """Return the rows that are filled, and those that they come from."""
    there, here = max(0, by), max(0, -by)
    kept = max(0, size - abs(by))
    return slice(there, there + kept), slice(here, here + kept)


def correct_when_shifted(
    predict: Callable[[NDArray[np.uint8]], NDArray[np.int64]],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    distances: Sequence[int],
) -> NDArray[np.float64]:
    """Return for each distance and image (distances, N) the share of directions that are correct.

    ``predict`` returns the classes (N,) of grey images (N, height, width). Each image is moved in
    the four `DIRECTIONS`, so a share is 0, 0.25 and so on; at distance 0 it is 0 or 1.
    """
    found = np.empty((len(distances), len(images)))
    for place, distance in enumerate(distances):
        directions = DIRECTIONS if distance else DIRECTIONS[:1]
        correct = [
            predict(shift(images, down * distance, right * distance)) == labels
            for down, right in directions
        ]
        found[place] = np.mean(correct, axis=0)
    return found
