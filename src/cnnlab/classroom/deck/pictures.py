"""Curves, dots and the matrix as PNG files, for PowerPoint, which cannot show the pages' SVG."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cnnlab.experiments.statistics import Interval
from cnnlab.views.plots import STYLE, colour, plot_seeds, to_png

REM = 1 / 6
"""Inches: a slide is 80 rem, or 13.33 inches, wide."""
_DOTS_PER_INCH = 288
"""On a screen of 1,920 pixels a slide has 144: a picture has twice as many."""
_TEXT: dict[Any, Any] = {
    "font.size": 15,
    "xtick.labelsize": 14,
    "ytick.labelsize": 14,
    "lines.linewidth": 3,
}


def _drawn(width: float, height: float, draw: Callable[[Axes], None]) -> bytes:
    """Return what is drawn on axes of so many rem as a PNG."""
    with mpl.rc_context({**STYLE, **_TEXT}):
        figure = Figure(figsize=(width * REM, height * REM), layout="constrained")
        draw(figure.add_subplot())
        return to_png(figure, _DOTS_PER_INCH)


def curves_picture(
    lines: Mapping[str, Sequence[float]], width: float, height: float, across: str, first: int
) -> bytes:
    """Return curves, each with its name at its end; the first is dashed if there are two."""

    def draw(axes: Axes) -> None:
        for place, (name, values) in enumerate(lines.items()):
            numbers = range(first, first + len(values))
            style = "--" if place < len(lines) - 1 else "-"
            axes.plot(numbers, values, style, color=colour(place), linewidth=3)
            axes.annotate(f" {name}\n {values[-1]:.1f} %", (numbers[-1], values[-1]), va="center")
        axes.margins(x=0.02)
        axes.set_xlabel(across)
        axes.set_ylabel("%")

    return _drawn(width, height, draw)


def dots_picture(
    rows: Sequence[tuple[str, Sequence[float], Interval]], width: float, height: float
) -> bytes:
    """Return a dot for each run and a bar for the interval of the mean, a row for each network."""

    def draw(axes: Axes) -> None:
        for place, (name, values, mean) in enumerate(rows):
            plot_seeds(axes, place, np.array(values), colour(place))
            if len(values) > 1:
                axes.plot([mean.low, mean.high], [place + 0.2] * 2, color=colour(place), lw=6)
            words = f"{name}: mean {mean.estimate:.2f} %" if len(values) > 1 else name
            axes.text(
                0.01,
                place - 0.42,
                words,
                transform=axes.get_yaxis_transform(),
                color=colour(place),
                weight="bold",
            )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks([])
        axes.set_xlabel("%")

    return _drawn(width, height, draw)


def matrix_picture(
    counts: NDArray[np.int64], classes: Sequence[str], width: float, height: float
) -> bytes:
    """Return the confusion matrix; a mistake is darker the more images it has."""

    def draw(axes: Axes) -> None:
        mistakes = counts - np.diag(np.diag(counts))
        axes.imshow(mistakes, cmap="Greys", vmax=1.6 * mistakes.max() or 1, aspect="auto")
        for (row, column), count in np.ndenumerate(counts):
            weight = "bold" if row == column else "normal"
            axes.text(column, row, str(count), ha="center", va="center", weight=weight)
        axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
        axes.set_yticks(range(len(classes)), classes)
        axes.grid(visible=False)

    return _drawn(width, height, draw)
