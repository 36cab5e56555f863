"""Any picture as 28 x 28 grey levels, the whole of it; and what kind of images some are."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnlab.data.catalog import Preparation

SIDE = 28
"""Height and width, in pixels, of the images of all data sets."""
_FRAME = 3
"""Pixels around MNIST's digits, almost all black."""
_BLACK, _DARK = 4, 64


def to_square(levels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return grey levels (height, width) in [0, 255] as (28, 28), the whole picture in them.

    The longer side becomes 28, averaged if it was longer. Beside the shorter side is the level
    that most of the picture's edge has.
    """
    image = np.asarray(levels, np.float32)
    if image.shape != (SIDE, SIDE):
        longer = max(image.shape)
        edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        square = np.full((longer, longer), np.median(edge), np.float32)
        top, left = ((longer - extent) // 2 for extent in image.shape)
        square[top : top + image.shape[0], left : left + image.shape[1]] = image
        small = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        image = np.asarray(small)
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)


def preparation_like(images: NDArray[np.uint8]) -> Preparation:
    """Return how a photo must be prepared to look like these images (N, 28, 28).

    "digit": bright on black within a black frame, as MNIST's; "article": bright on black up to the
    edge, as Fashion-MNIST's; else "as-they-are".
    """
    few = images[:: max(1, len(images) // 500)]
    frame = np.ones((SIDE, SIDE), bool)
    frame[_FRAME:-_FRAME, _FRAME:-_FRAME] = False
    if float(few[:, frame].mean()) < _BLACK:
        return "digit"
    corners = few[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    return "article" if float((np.median(corners, axis=1) < _DARK).mean()) > 0.9 else "as-they-are"
