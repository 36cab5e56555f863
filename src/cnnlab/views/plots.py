"""The style of the figures in the docs, which matplotlib makes. Pages draw their own figures."""

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's colours: they differ for any colour vision.
BLUE, INK, MUTED = "#0072B2", "#1b1f24", "#6b7280"
_COLOURS = (BLUE, "#D55E00", "#009E73", "#CC79A7", "#B79F00", "#56B4E9")

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
}


def colour(place: int) -> str:
    """Return the colour of the variant at that place; the seventh has the first colour again."""
    return _COLOURS[place % len(_COLOURS)]


def to_png(figure: Figure, dots_per_inch: int = 150) -> bytes:
    """Return a figure as a PNG file; the same figure gives the same bytes."""
    file = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="png", dpi=dots_per_inch)
    return file.getvalue()


def plot_seeds(axis: Axes, place: int, values: NDArray[np.float64], colour: str) -> None:
    """Draw each value as a dot in a row, moved up or down by its rank: equal values stay apart."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    offsets = (order * 0.618034 % 1 - 0.5) * 0.34  # the golden ratio keeps neighbours far apart
    axis.plot(values, place + offsets - 0.12, "o", color=colour, alpha=0.55, markersize=4.5)
