"""Every run as a dot with its mean, and differences beside the band of what does not matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from cnnlab.views.figures.axis import Axis
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.markup import share as length

_DOT = 4.5
"""Dots whose places are closer than this, in percent of the drawing, are piled."""
_DOT_HEIGHT = 1.05
"""In rem: how much higher a dot lies than the one below it."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; an end may be infinite or not a number, and is not drawn then."""

    value: float
    low: float
    high: float

    @property
    def has_limits(self) -> bool:
        """Whether the interval has two ends."""
        return isfinite(self.low) and isfinite(self.high)


@dataclass(frozen=True)
class Row:
    """A network's runs: a dot for each value, and their mean."""

    name: str
    values: Sequence[float]
    mean: Estimate
    colour: str


def every_run(rows: Sequence[Row], axis: Axis) -> Markup:
    """Return a row for each network, with the values in percent on one axis."""
    return tag("div", *(_row(each, axis) for each in rows), _ticks(axis), class_="dots")


def _row(row: Row, axis: Axis) -> Markup:
    levels = pile([axis.at(value) for value in row.values])
    top = _DOT_HEIGHT * (max(levels, default=0) + 1)
    dots = [
        tag(
            "circle",
            class_="dot",
            cx=length(axis.at(value)),
            cy=f"{top - _DOT_HEIGHT * (level + 0.5) + 0.1:.2f}rem",
            r=7,
            fill=row.colour,
        )
        for value, level in zip(row.values, levels, strict=True)
    ]
    shapes = [*_grid(axis), *dots, *_bar(row.mean, axis, top + 0.4, row.colour)]
    x, y = length(axis.at(row.mean.value)), f"{top + 1.6:.2f}rem"
    shapes.append(_text(f"{row.mean.value:.2f} %", "big", x, y, row.colour, dy="1em"))
    words = f"{row.name}: {len(row.values)} runs, mean {row.mean.value:.2f} %"
    style = f"--row:{top + 3.2:.2f}rem;--row-large:{top + 3.8:.2f}rem"
    return tag(
        "div",
        tag("p", row.name, class_="row-name", style=f"color:{row.colour}"),
        tag("svg", *shapes, class_="plot", role="img", aria_label=words),
        class_="dot-row",
        style=style,
    )


def pile(places: Sequence[float]) -> list[int]:
    """Return how high each dot lies, counted from 0, so that no two cover each other."""
    found = [0] * len(places)
    right: list[float] = []  # the last place on each level
    for index in sorted(range(len(places)), key=places.__getitem__):
        free = (level for level, last in enumerate(right) if places[index] - last >= _DOT)
        level = next(free, len(right))
        right[level : level + 1] = [places[index]]
        found[index] = level
    return found


def differences(rows: Sequence[tuple[str, Estimate, str]], matters: float, axis: Axis) -> Markup:
    """Return each difference in points: its name, value and colour; grey is what does not matter.

    The axis holds 0 and the grey band.
    """
    height = 11.0 if len(rows) == 1 else 6.5
    left, right = axis.at(-matters), axis.at(matters)
    shapes = [
        tag("rect", x=length(left), width=length(right - left), height="100%", class_="no-matter"),
        *_grid(axis),
        tag("line", x1=length(axis.at(0)), x2=length(axis.at(0)), y1=0, y2="100%", class_="zero"),
    ]
    for number, (name, found, colour) in enumerate(rows):
        middle = height * (number + 0.5)
        x = length(axis.at(found.value))
        shapes += _bar(found, axis, middle - 0.4, colour)
        title = f"{found.value:+.2f} points".replace("-", "\u2212")
        at = f"{middle - 1.1:.2f}rem"
        shapes.append(_text(title, "big", x, at, colour))
        if len(rows) > 1:
            shapes.append(_text(name, "end", x, at, colour, dy="-1.6em"))
        words = f"{found.low:+.2f} to {found.high:+.2f}".replace("-", "\u2212")
        if not found.has_limits:
            words = "still without limits"
        shapes.append(_text(words, "note", x, f"{middle + 0.9:.2f}rem", dy="1em"))
    plain = "; ".join(f"{name}: {found.value:+.2f} points" for name, found, _ in rows)
    return tag(
        "div",
        tag(
            "p",
            tag("span", "\u2190 worse"),
            tag("span", "better \u2192"),
            class_="sides",
        ),
        tag(
            "svg",
            *shapes,
            class_="plot",
            role="img",
            aria_label=plain,
            style=f"height:{height * len(rows):.1f}rem",
        ),
        _ticks(axis),
        class_="dots",
    )


def _text(words: str, kind: str, x: str, y: str, colour: str = "", dy: str = "0") -> Markup:
    style = f"fill:{colour}" if colour else None
    return tag("text", words, class_=kind, x=x, y=y, dy=dy, text_anchor="middle", style=style)


def _bar(found: Estimate, axis: Axis, y: float, colour: str) -> list[Markup]:
    """Return the interval as a bar of 0.8 rem, and the value as a stroke through it."""
    x = length(axis.at(found.value))
    stroke = tag(
        "line",
        x1=x,
        x2=x,
        y1=f"{y - 0.25:.2f}rem",
        y2=f"{y + 1.05:.2f}rem",
        stroke=colour,
        stroke_width=4,
    )
    if not found.has_limits:
        return [stroke]
    left, right = axis.at(found.low), axis.at(found.high)
    bar = tag(
        "rect",
        x=length(left),
        width=length(right - left),
        y=f"{y:.2f}rem",
        height="0.8rem",
        fill=colour,
        opacity=".3",
    )
    return [bar, stroke]


def _grid(axis: Axis) -> list[Markup]:
    return [
        tag("line", class_="grid", x1=x, x2=x, y1=0, y2="100%")
        for x in (length(axis.at(tick)) for tick in axis.ticks)
    ]


def _ticks(axis: Axis) -> Markup:
    labels = [
        tag("text", axis.label(tick), x=length(axis.at(tick)), y="1.1em", text_anchor="middle")
        for tick in axis.ticks
    ]
    return tag("svg", join(*labels), class_="plot ticks", aria_hidden="true")
