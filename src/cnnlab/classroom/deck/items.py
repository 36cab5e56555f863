"""What a figure is made of: plain values, which HTML and PowerPoint each draw in their own way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

Cell = tuple[int, int]


@dataclass(frozen=True)
class Numbers:
    """Numbers in a grid; those of ``on`` are framed, those of ``added`` are padding.

    ``kind`` is what they are. ``size`` is the side of a cell and ``letters`` the height of its
    text, both in rem.
    """

    rows: Sequence[Sequence[str]]
    caption: str = ""
    kind: Literal["picture", "kernel", "map"] = "picture"
    on: frozenset[Cell] = frozenset()
    added: frozenset[Cell] = frozenset()
    size: float = 3.7
    letters: float = 0.0


@dataclass(frozen=True)
class Words:
    """Text in a figure; ``size`` in rem. A **bold** part is the result.

    Without a ``width`` in rem it is one line.
    """

    text: str
    size: float = 1.55
    width: float = 0.0
    is_quiet: bool = False


@dataclass(frozen=True)
class Picture:
    """Grey levels (uint8), or values in colours up to ``limit``; ``side`` in rem.

    ``is_correct`` adds a tick or a cross. ``frames`` are (top, left, height, width) in pixels.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    caption: str = ""
    side: float = 8.0
    limit: float = 0.0
    is_correct: bool | None = None
    frames: Sequence[tuple[float, float, float, float]] = ()


@dataclass(frozen=True)
class Bars:
    """A bar for each name, its length a share of 1, its words at its end; ``width`` in rem."""

    rows: Sequence[tuple[str, float, str]]
    width: float = 34.0
    bold: int = -1


@dataclass(frozen=True)
class Table:
    """Rows of text below their headings; the last column is hidden until a key, if ``is_asked``."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    width: float = 38.0
    is_asked: bool = False


@dataclass(frozen=True)
class Clock:
    """Minutes that are counted down when they are pressed."""

    minutes: int


@dataclass(frozen=True)
class Shape:
    """A part of a sketch: a rectangle or circle (left, top, width, height), a line, or words.

    A line ends at (left + width, top + height). ``look`` is its style; words are centred on
    (left, top), or begin there if ``look`` is "start". ``place`` is the number of a colour.
    """

    kind: Literal["rectangle", "circle", "line", "words"]
    left: float
    top: float
    width: float = 0.0
    height: float = 0.0
    text: str = ""
    look: Literal["", "area", "map", "wire", "field", "huge", "start"] = ""
    place: int = 0


@dataclass(frozen=True)
class Sketch:
    """Shapes on a sheet of ``width`` x ``height`` rem; ``words`` say what they show."""

    shapes: Sequence[Shape]
    width: float
    height: float
    words: str


@dataclass(frozen=True)
class Drawing:
    """A figure that the pages of cnnlab have too, as HTML; ``width`` in rem.

    ``plain`` returns what PowerPoint shows: an item, or a PNG of ``width`` x ``height`` rem.
    """

    markup: Markup
    plain: "Callable[[], Item | bytes]"
    width: float
    height: float = 0.0


@dataclass(frozen=True)
class Group:
    """Items beside each other in ``columns``, or below each other if it is 1; ``gap`` in rem.

    They are spread over the slide, or follow each other from the left if ``is_close``.
    """

    items: Sequence["Item"]
    columns: int = 0
    gap: float = 2.0
    heading: str = ""
    is_close: bool = False


@dataclass(frozen=True)
class Step:
    """An item that is hidden until the key has been pressed ``at`` times."""

    item: "Item"
    at: int = 1


@dataclass(frozen=True)
class Film:
    """Items of which one is seen: each press of the key shows the next. Paper shows the last."""

    items: Sequence["Item"] = field(default_factory=tuple)


Item = Numbers | Words | Picture | Bars | Table | Clock | Sketch | Drawing | Group | Step | Film
