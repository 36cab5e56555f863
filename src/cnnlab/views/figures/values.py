"""Numbers as colours: kernels, maps, and the grey levels of an image with its numbers."""

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cnnlab.views.figures.colours import css, of_value
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.markup import share as length
from cnnlab.views.figures.pictures import picture, values_picture

Maps = NDArray[np.float32]


def scale_limit(values: NDArray[np.float32], covered: float = 0.98) -> float:
    """Return the value of the full colour: 1, 2 or 5 times a power of ten.

    So large a share of the values does not go beyond it.
    """
    finite = np.abs(values[np.isfinite(values)])
    wanted = float(np.quantile(finite, covered)) if finite.size else 0.0
    if wanted <= 0:
        return 1.0
    power = 10.0 ** floor(log10(wanted))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= wanted * (1 - 1e-6))


def key(limit: float) -> Markup:
    """Return the scale of the colours: orange below 0, white, blue above."""
    number = f"{limit:g}"
    return tag(
        "p",
        tag("span", f"\u2212{number} or below"),
        tag("i"),
        tag("span", f"+{number} or above"),
        class_="key",
    )


def kernels(before: Maps | None, after: Maps, finds: Maps | None, limit: float) -> Markup:
    """Return kernels (N, height, width) before and after training, all on one scale.

    ``finds`` are the kernels' maps of one image, the row below.
    """
    rows = []
    if before is not None:
        rows += [tag("span", "Before"), *_row(before, limit, "kernel {} before training")]
    rows += [tag("b", "After"), *_row(after, limit, "kernel {} after training")]
    if finds is not None:
        own = float(np.abs(finds).max())
        rows += [tag("span", "What it finds"), *_row(finds, own, "what kernel {} finds")]
    return join(
        tag("div", *rows, class_="kernels", style=f"--most:{len(after)}"),
        key(limit),
    )


def _row(maps: Maps, limit: float, words: str) -> list[Markup]:
    return [
        values_picture(each, limit, words.format(number))
        for number, each in enumerate(maps, start=1)
    ]


def maps(name: str, values: Maps, limit: float, most: int) -> Markup:
    """Return maps (N, height, width) below their name, ``most`` in a row."""
    shown = [
        values_picture(each, limit, f"{name}, map {number}")
        for number, each in enumerate(values, start=1)
    ]
    return join(
        tag("p", name, class_="maps-name"),
        tag("div", *shown, class_="maps", style=f"--most:{most}"),
    )


def rows_of_maps(count: int) -> int:
    """Return how many of so many maps to draw in a row: the rows are about equally long."""
    return ceil(count / ceil(count / 8))


def pixels(levels: NDArray[np.uint8], side: int = 9) -> Markup:
    """Return an image beside its most varied square, of which each pixel shows its number."""
    top, left = most_varied(levels, side)
    part = levels[top : top + side, left : left + side]
    height, width = levels.shape
    frame = tag(
        "span",
        class_="frame",
        style=(
            f"top:{length(100 * top / height)};left:{length(100 * left / width)};"
            f"width:{length(100 * side / width)};height:{length(100 * side / height)}"
        ),
    )
    cells = [_pixel(int(level)) for level in part.flat]
    return tag(
        "div",
        tag("span", picture(levels, "an image"), frame, class_="under"),
        tag("div", *cells, class_="pixels", style=f"--most:{side}"),
        class_="beside",
    )


def _pixel(level: int) -> Markup:
    ink = "#000" if level > 127 else "#fff"
    return tag("i", str(level), style=f"background:{css((level,) * 3)};color:{ink}")


def numbered(values: Maps, limit: float) -> Markup:
    """Return a few values (height, width) as numbers on their colours."""
    cells = [
        tag("i", f"{value:g}", style=f"background:{css(of_value(float(value), 1.6 * limit))}")
        for value in values.flat
    ]  # 1.6: the deepest colour is light enough for black digits
    return tag("div", *cells, class_="pixels", style=f"--most:{values.shape[1]}")


def most_varied(levels: NDArray[np.uint8], side: int) -> tuple[int, int]:
    """Return the top and left of the square whose levels vary most, the first of equals."""
    windows = np.lib.stride_tricks.sliding_window_view(levels.astype(np.float64), (side, side))
    variation = windows.std(axis=(2, 3))
    top, left = np.unravel_index(int(variation.argmax()), variation.shape)
    return int(top), int(left)


def varied_maps(values: Maps, most: int) -> list[int]:
    """Return which maps (N, height, width) vary most, at most ``most`` of them, in their order."""
    if len(values) <= most:
        return list(range(len(values)))
    variation = values.reshape(len(values), -1).std(axis=1)
    return sorted(np.argsort(-variation, kind="stable")[:most].tolist())


def largest(values: Sequence[Maps]) -> float:
    """Return the largest absolute value of some maps."""
    return max(float(np.abs(each).max()) for each in values)
