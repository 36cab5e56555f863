"""Curves by epoch: each line has its name and its last value at its end, so no legend."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from cnnlab.views.figures.axis import Axis, whole_numbers
from cnnlab.views.figures.colours import INK
from cnnlab.views.figures.markup import join, share, tag

_NAME_WIDTH = 15
"""Letters in a line of a name at the end of a curve."""


@dataclass(frozen=True)
class Line:
    """One curve: a value for each epoch, and perhaps a band around it.

    ``crosses`` are values from elsewhere, by epoch.
    """

    name: str
    values: Sequence[float]
    colour: str
    last: str
    dashed: bool = False
    band: tuple[Sequence[float], Sequence[float]] | None = None
    crosses: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """A point of a curve with a few words above it."""

    epoch: int
    value: float
    words: str


def curves(
    lines: Sequence[Line],
    axis: Axis,
    words: str,
    mark: Mark | None = None,
    *,
    across: str = "epoch",
    first: int = 1,
) -> Markup:
    """Return the curves; ``words`` say what is drawn, for people who cannot see it.

    ``across`` is what the values are counted by, and ``first`` the number of the first of them.
    """
    epochs = max(len(line.values) for line in lines)
    shapes = join(*(_shape(line, axis, epochs) for line in lines))
    points = [
        tag(
            "circle",
            cx=share(_x(len(line.values), epochs)),
            cy=share(_y(line.values[-1], axis)),
            r=5,
            fill="var(--paper)" if line.dashed and epochs == 1 else line.colour,
            stroke=line.colour if line.dashed and epochs == 1 else None,
            stroke_width=2 if line.dashed and epochs == 1 else None,
        )
        for line in lines
    ]
    drawing = tag(
        "svg",
        *_grid(axis),
        *_epochs(epochs, first),
        tag(
            "svg",
            shapes,
            viewBox="0 0 100 100",
            preserveAspectRatio="none",
            width="100%",
            height="100%",
        ),
        *(cross for line in lines for cross in _crosses(line, axis, epochs)),
        *points,
        *_names(lines, axis, epochs),
        *(_mark(mark, axis, epochs) if mark else ()),
        tag("text", across, x="50%", y="100%", dy="2.9em", text_anchor="middle"),
        class_="plot",
        role="img",
        aria_label=words,
    )
    widest = max(len(text) for line in lines for text in (*_name_lines(line), line.last))
    left = max((len(axis.label(tick)) for tick in axis.ticks), default=3)
    style = f"--right:{0.62 * widest + 1.1:.1f}rem;--left:{0.52 * left + 0.7:.1f}rem"
    return tag("div", drawing, class_="plot-frame", style=style)


def _x(epoch: int, epochs: int) -> float:
    return 50.0 if epochs == 1 else 100 * (epoch - 1) / (epochs - 1)


def _y(value: float, axis: Axis) -> float:
    return min(100.0, max(0.0, 100 - axis.at(value)))


def _shape(line: Line, axis: Axis, epochs: int) -> Markup:
    parts = []
    if line.band is not None:
        low, high = line.band
        corners = [*_corners(low, axis, epochs), *reversed(_corners(high, axis, epochs))]
        parts.append(tag("polygon", points=" ".join(corners), fill=line.colour, class_="band-area"))
    if len(line.values) > 1:
        points = " ".join(_corners(line.values, axis, epochs))
        class_ = "line dashed" if line.dashed else "line"
        parts.append(tag("polyline", points=points, stroke=line.colour, class_=class_))
    return join(*parts)


def _corners(values: Sequence[float], axis: Axis, epochs: int) -> list[str]:
    return [
        f"{_x(epoch, epochs):.2f},{100 - axis.at(value):.2f}"
        for epoch, value in enumerate(values, start=1)
    ]


def _grid(axis: Axis) -> list[Markup]:
    found = []
    for tick in axis.ticks:
        y = share(_y(tick, axis))
        found.append(tag("line", class_="grid", x1=0, x2="100%", y1=y, y2=y))
        label = axis.label(tick)
        found.append(tag("text", label, x="-.6em", y=y, dy=".35em", text_anchor="end"))
    return found


def _epochs(epochs: int, first: int) -> list[Markup]:
    return [
        tag(
            "text",
            str(n + first - 1),
            x=share(_x(n, epochs)),
            y="100%",
            dy="1.5em",
            text_anchor="middle",
        )
        for n in whole_numbers(epochs)
    ]


def _crosses(line: Line, axis: Axis, epochs: int) -> list[Markup]:
    return [
        tag(
            "text",
            "\u00d7",
            class_="end point",
            x=share(_x(epoch, epochs)),
            y=share(_y(value, axis)),
            dy=".35em",
            text_anchor="middle",
            style=f"fill:{line.colour}",
        )
        for epoch, value in line.crosses.items()
        if epoch <= epochs and axis.low <= value <= axis.high
    ]


def _name_lines(line: Line) -> list[str]:
    return textwrap.wrap(line.name, _NAME_WIDTH) or [""]


def _names(lines: Sequence[Line], axis: Axis, epochs: int) -> list[Markup]:
    """Return the name and last value at the end of each line, moved apart where they meet."""
    texts = [[*_name_lines(line), line.last] for line in lines]
    heights = [8.0 * len(text) for text in texts]  # in percent of the drawing
    ends = [_y(line.values[-1], axis) for line in lines]
    places = _apart(ends, heights)
    found = []
    for line, text, height, place in zip(lines, texts, heights, places, strict=True):
        x = share(_x(len(line.values), epochs))
        for number, words in enumerate(text):
            y = share(place - height / 2 + 8.0 * (number + 0.5))
            style = f"fill:{line.colour}"
            found.append(
                tag("text", words, class_="end", x=x, y=y, dx=".8em", dy=".35em", style=style)
            )
    return found


def _apart(places: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return the centres of labels of these heights near these places, in order, not touching."""
    order = sorted(range(len(places)), key=lambda each: places[each])
    found = list(places)
    for _ in range(50):
        for each, height in enumerate(heights):  # words are above, the epochs' numbers below
            found[each] = min(max(found[each], height / 2 - 7), 101 - height / 2)
        for above, below in pairwise(order):
            gap = (heights[above] + heights[below]) / 2 + 1 - (found[below] - found[above])
            if gap > 0:
                found[above] -= gap / 2
                found[below] += gap / 2
    return found


def _mark(mark: Mark, axis: Axis, epochs: int) -> list[Markup]:
    x, y = share(_x(mark.epoch, epochs)), share(_y(mark.value, axis))
    place = _x(mark.epoch, epochs)
    anchor = "start" if place < 30 else "end" if place > 60 else "middle"
    return [
        tag("circle", cx=x, cy=y, r=4, class_="ring"),
        tag("text", mark.words, class_="note", x=x, y=y, dy="-.9em", text_anchor=anchor),
    ]


def training_line(values: Sequence[float], last: str) -> Line:
    """Return the curve of the training images: dashed ink, whatever the network's colour."""
    return Line("training", values, INK, last, dashed=True)
