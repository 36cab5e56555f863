"""A person's own picture, like those of the data set: 28 x 28, light on dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cnnlab.data.catalog import DataSet, Preparation
from cnnlab.data.pictures.decode import decode
from cnnlab.data.pictures.ink import (
    FAINTEST,
    Array,
    Mask,
    closing,
    frame_surface,
    ink_on,
    is_dark_on_light,
    marks,
    strokes,
)
from cnnlab.data.pictures.square import SIDE, to_square
from cnnlab.errors import PictureError

DIGIT_SIDE = 20
"""MNIST's digits fill a box of this side, in pixels."""
DIGIT_CENTRE = 14
"""Row and column of the centre of mass: those of all 70,000 MNIST digits are 13.5 to 14.5."""


@dataclass(frozen=True)
class Picture:
    """A picture that is ready for a network, and what was done to it.

    ``image`` is (28, 28) uint8, light on dark; ``notes`` tell the user what was done.
    """

    path: Path
    image: NDArray[np.uint8]
    notes: tuple[str, ...]


def read_pictures(
    paths: Sequence[Path], data_set: DataSet
) -> tuple[list[Picture], list[PictureError]]:
    """Return the pictures that can be read, and what is wrong with the others; see `read_picture`.

    Raises `PictureError` if none can be read.
    """
    pictures, faults = [], []
    for path in paths:
        try:
            pictures.append(read_picture(path, data_set))
        except PictureError as error:
            faults.append(error)
    if not pictures:
        raise PictureError("\n".join(map(str, faults)))
    return pictures, faults


def read_picture(path: Path, data_set: DataSet) -> Picture:
    """Return a picture prepared like the images of a data set; see `prepare_picture`."""
    return prepare_picture(path, data_set.preparation)


def prepare_picture(path: Path, preparation: Preparation) -> Picture:
    """Return a picture prepared as the authors of MNIST or Fashion-MNIST prepared theirs.

    A digit fills a 20 x 20 box and has its centre of mass in the middle (LeCun et al. 1998,
    Proc. IEEE 86(11), and the MNIST page); anything else is trimmed and its longest side
    made 28 (Xiao et al. 2017, arXiv:1708.07747). Aspect ratios stay. A grey picture that is
    28 x 28 already is used unchanged. With "as-they-are", a picture is only made grey and 28 x 28.
    Raises `PictureError` if the file cannot be read or
    shows nothing.
    """
    levels, coloured, notes = decode(path)
    if preparation == "as-they-are":
        return Picture(path, to_square(levels), tuple(notes))
    if levels.shape == (SIDE, SIDE) and not coloured:
        notes.append(f"already {SIDE} x {SIDE}: used unchanged")
        # The corners of all 140,000 images of MNIST and Fashion-MNIST are dark.
        dark_on_light = bool(np.median(levels[[0, 0, -1, -1], [0, -1, 0, -1]]) > 127)
        image = np.rint(255 - levels if dark_on_light else levels).astype(np.uint8)
        if np.ptp(image) < 255 * FAINTEST:
            raise _blank_error(path)
    else:
        if preparation == "digit":
            dark_on_light = is_dark_on_light(levels)
            draw = _digit
        else:
            dark_on_light = bool(((levels - frame_surface(levels)) ** 3).sum() < 0)
            draw = _article
        drawn = draw(levels if dark_on_light else 255 - levels, notes)
        if drawn is None:
            raise _blank_error(path)
        image = drawn
    if dark_on_light:
        notes.append("dark on light: inverted to light on dark, like the training images")
    return Picture(path, image, tuple(notes))


def _blank_error(path: Path) -> PictureError:
    return PictureError(
        f"{path} is blank: expected something drawn or photographed that stands out from its "
        "background, found nothing. Use a darker pen or more light, or crop the picture closer."
    )


def _digit(levels: Array, notes: list[str]) -> NDArray[np.uint8] | None:
    """Return dark-on-light strokes as an MNIST digit; None if there are none."""
    ink = strokes(ink_on(levels, closing(levels)))
    kept = marks(ink, notes, edges_count=False)
    if kept is None:
        return None
    small = _into_square(ink, kept, DIGIT_SIDE)
    peak = np.percentile(small[small > 0], 90)
    small = np.rint(255 * np.minimum(small / peak, 1)).astype(np.uint8)
    image = np.zeros((SIDE, SIDE), np.uint8)
    row, column = (_place(small.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    image[row : row + DIGIT_SIDE, column : column + DIGIT_SIDE] = small
    return image


def _place(weights: NDArray[np.float64]) -> int:
    """Return where a line of weights must start to have its centre of mass in the middle."""
    centre = float((weights * np.arange(len(weights))).sum() / weights.sum())
    return min(max(math.ceil(DIGIT_CENTRE - 0.5 - centre), 0), SIDE - len(weights))


def _article(levels: Array, notes: list[str]) -> NDArray[np.uint8] | None:
    """Return a dark-on-light article as a Fashion-MNIST image; None if there is none."""
    ink = ink_on(levels, frame_surface(levels))
    kept = marks(ink, notes, edges_count=True)
    if kept is None:
        return None
    picture = Image.fromarray(np.rint(255 * _into_square(ink, kept, SIDE)).astype(np.uint8))
    # Their fourth step: a Gaussian operator of radius and standard deviation 1 sharpens.
    near, far = -math.exp(-0.5), -math.exp(-1)
    middle = 2 * (1 - 4 * near - 4 * far)
    kernel = (far, near, far, near, middle, near, far, near, far)
    sharpened = np.asarray(picture.filter(ImageFilter.Kernel((3, 3), kernel)))
    return np.where(np.asarray(picture) > 0, sharpened, 0).astype(np.uint8)


def _into_square(ink: Array, mask: Mask, side: int) -> Array:
    """Return the masked ink, cut to its box, in a square that its longer side fills."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = (ink * mask)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    lacking = [max(cut.shape) - extent for extent in cut.shape]
    square = np.pad(cut, [((extent + 1) // 2, extent // 2) for extent in lacking])
    resized = Image.fromarray(square).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
