"""What is drawn in a picture: its ground, the ink on it, and the marks that count."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

FAINTEST = 0.05
"""Share of the ground's level; also Fashion-MNIST's "close to the background"."""

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]


def frame_surface(levels: Array) -> Array:
    """Return the level of the ground at each pixel, going by the picture's frame.

    A surface of second degree through the outermost pixels, by least absolute deviations
    (reweighted least squares): light may fall off, and what is drawn may cross the frame.
    """
    small = _shrink(levels)
    row, column = np.meshgrid(
        *(np.linspace(-1, 1, extent) for extent in small.shape), indexing="ij"
    )
    terms = np.stack([row**0, row, column, row * row, row * column, column * column], axis=-1)
    frame = np.ones(small.shape, bool)
    frame[1:-1, 1:-1] = False
    weights = np.ones((frame.sum(), 1))
    for _ in range(20):
        coefficients = np.linalg.lstsq(
            terms[frame] * weights, small[frame] * weights[:, 0], rcond=None
        )[0]
        weights = np.maximum(np.abs(terms[frame] @ coefficients - small[frame]), 1)[:, None] ** -0.5
    surface = np.clip(terms @ coefficients, small[frame].min(), small[frame].max())
    return _enlarge(surface, levels.shape)


def is_dark_on_light(levels: Array) -> bool:
    """Return whether strokes are darker than what is around them, even in a shadow.

    The cube lets strokes decide: they differ more from the local median than noise does.
    """
    small = _shrink(levels)
    return bool(((small - np.median(_discs(small, 0.25), axis=-1)) ** 3).sum() < 0)


def closing(levels: Array) -> Array:
    """Return the level of the paper at each pixel, also under the strokes.

    The largest level within a disc wider than any stroke, then the smallest of those (a
    morphological closing): lines vanish, while shadows, even with edges, stay.
    """
    lightest = _discs(_shrink(levels), 0.14).max(axis=-1)
    return _enlarge(_discs(lightest, 0.14).min(axis=-1), levels.shape)


def ink_on(levels: Array, ground: Array) -> Array:
    """Return how much of the ground's light is missing at each pixel, 0 to 1, without noise.

    Levels are dark on light. A ratio, because a shadow dims ink and paper alike. A noisy
    picture is averaged down, by 2 each time, while it is larger than needed.
    """
    ink = np.asarray(1 - levels / np.maximum(ground, 1), np.float32)
    while (noise := _noise(ink)) > FAINTEST / 5 and max(ink.shape) > 400:
        ink = np.asarray(Image.fromarray(ink).reduce(2))
    return np.asarray(np.where(ink > max(FAINTEST, 5 * noise), np.minimum(ink, 1), 0), np.float32)


def strokes(ink: Array) -> Array:
    """Return ink as NIST's scans had it, all or nothing, but with soft edges.

    The level of a stroke comes from two-means clustering (Ridler and Calvard 1978): faint
    remains of shadows are below it.
    """
    found = ink[ink > 0]
    if not found.size:
        return ink
    threshold = float(found.mean())
    for _ in range(20):
        lower, upper = found[found <= threshold], found[found > threshold]
        if not lower.size or not upper.size:
            break
        threshold = float(lower.mean() + upper.mean()) / 2
    upper = found[found > threshold]
    level = float(upper.mean() if upper.size else found.mean())
    return np.asarray(np.clip(2 * ink / level - 0.5, 0, 1), np.float32)


def marks(ink: Array, notes: list[str], *, edges_count: bool) -> Mask | None:
    """Return where the marks are that count: no specks, no desk beyond the paper's edge.

    None if no mark is as long as a fiftieth of the picture, or if all of it is one mark: a blank
    picture.
    """
    factor = math.ceil(max(ink.shape) / 100)
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % factor), (0, -width % factor)))
    cells = padded.reshape(padded.shape[0] // factor, factor, -1, factor)
    labels = _label(cells.max(axis=(1, 3)) > 0)
    if labels.min() > 0:
        return None
    amounts = np.bincount(labels.ravel(), cells.sum(axis=(1, 3)).ravel())
    amounts[0] = 0
    sides = [np.unique(side) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])]
    touched = np.bincount(np.concatenate(sides), minlength=len(amounts))
    inside = np.where(touched == 0, amounts, 0)
    if not edges_count and inside.max() > 0.01 * amounts.sum() and inside.max() < amounts.max():
        notes.append("ignored what touches the edge of the picture")
        amounts = inside
    keep = amounts >= 0.05 * amounts.max()
    keep[0] = False
    mask = keep[labels].repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]
    mask &= ink > 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size or max(np.ptp(rows), np.ptp(columns)) + 1 < max(ink.shape) / 50:
        return None
    return np.asarray(mask)


def _label(mask: Mask) -> NDArray[np.int64]:
    """Return for each pixel the number of its mark, 0 if it belongs to none.

    Pixels that touch, corners included, are one mark.
    """
    return np.asarray(ndimage.label(mask, np.ones((3, 3)))[0], np.int64)


def _noise(ink: Array) -> float:
    """Return the standard deviation of the noise near the frame, where little is drawn.

    From differences that no smooth image has (Immerkaer 1996, Computer Vision and Image
    Understanding 64(2)), with a median in place of the mean, so that edges do not count.
    """
    across = ink[:, :-2] - 2 * ink[:, 1:-1] + ink[:, 2:]
    both = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    edge = max(1, min(ink.shape) // 10)
    sides = (both[:edge], both[-edge:], both[:, :edge], both[:, -edge:])
    return float(np.median(np.concatenate([side.ravel() for side in sides])) / 0.6745 / 6)


def _discs(levels: Array, reach: float) -> Array:
    """Return the levels in a disc around each pixel, (height, width, count).

    Its radius is ``reach`` of the longer side; beyond the edge is the mirror image.
    """
    radius = max(1, round(reach * max(levels.shape)))
    line = np.arange(-radius, radius + 1)
    disc = line[:, None] ** 2 + line[None, :] ** 2 <= (radius + 0.5) ** 2
    padded = np.pad(levels, radius, mode="symmetric")
    return np.asarray(sliding_window_view(padded, disc.shape)[..., disc])


def _shrink(levels: Array) -> Array:
    """Return the levels averaged down to at most 64 pixels a side."""
    return np.asarray(Image.fromarray(levels).reduce(math.ceil(max(levels.shape) / 64)))


def _enlarge(small: NDArray[np.floating], shape: tuple[int, ...]) -> Array:
    """Return a smooth array enlarged to the size of its picture."""
    picture = Image.fromarray(small.astype(np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
