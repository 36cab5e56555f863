"""The slides as a PowerPoint file to edit: real text boxes, notes in the notes field, pictures."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from math import ceil
from typing import Any

import numpy as np
from PIL import Image

from cnnlab.classroom.deck.html import plain
from cnnlab.classroom.deck.items import (
    Bars,
    Clock,
    Drawing,
    Film,
    Group,
    Item,
    Numbers,
    Picture,
    Shape,
    Sketch,
    Step,
    Table,
    Words,
)
from cnnlab.classroom.deck.pictures import REM
from cnnlab.classroom.deck.source import Slide, Span, spans
from cnnlab.errors import ConfigError
from cnnlab.views.figures.pictures import map_image

_SIZE = (80.0, 45.0)
_BODY = (5.0, 7.6, 70.0, 29.0)
"""Left, top, width and height of the figures of a slide, in rem."""
_LETTER = 0.56
"""How wide a letter is, in heights of the text."""
_LINE = 1.4
_PIXELS = 12
"""So many pixels on paper for each pixel of an image: sharp on a screen of twice 1,920 pixels."""
_INK, _MUTED, _EDGE = "1A1F26", "5B6570", "C9CFD6"
_COLOURS = ("1A1F26", "4B3FA7", "0E7C7B", "8A5A00", "7A1F5C")
_CELLS = {"picture": "FFFFFF", "kernel": "D9EFEE", "map": "FFFFFF"}


def require_extra() -> None:
    """Raise `ConfigError` if the extra that writes PowerPoint files is not installed."""
    try:
        import pptx  # noqa: F401
    except ImportError:
        raise ConfigError(
            "To write PowerPoint files, cnnlab needs python-pptx, which is not installed. Install "
            'it:\n  pip install "cnnlab[slides]"'
        ) from None


def deck_pptx(title: str, slides: Sequence[Slide], figures: Mapping[str, Item]) -> bytes:
    """Return the slides as a PowerPoint file; see `require_extra`."""
    require_extra()
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = (Inches(each * REM) for each in _SIZE)
    deck.core_properties.title = title
    deck.core_properties.author = deck.core_properties.last_modified_by = "cnnlab"
    for slide in slides:
        page = deck.slides.add_slide(deck.slide_layouts[5])  # a title and nothing else
        _Page(page).fill(slide, [figures[name] for name in slide.figures])
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


@dataclass
class _Page:
    """A slide of PowerPoint that is filled; all lengths are in rem."""

    page: Any
    scale: float = 1.0

    def fill(self, slide: Slide, figures: Sequence[Item]) -> None:
        """Put the title, the figures, the paragraphs and the notes on the slide."""
        self._title(slide.title)
        left, top, width, height = _BODY
        whole = (
            Group(tuple(figures), gap=3) if len(figures) > 1 else figures[0] if figures else None
        )
        if whole is not None:
            wide, high = size_of(whole)
            self.scale = min(1.0, width / wide, height / high)
            self.draw(whole, left, top + max(0.0, (height - high * self.scale) / 2))
        self.scale = 1.0
        for number, paragraph in enumerate(reversed(slide.paragraphs)):
            lines = _lines(plain(paragraph), 1.6, 68)
            self.text(paragraph, 5, 43 - 2.2 * lines - 2.4 * number, 70, 2.2 * lines, 1.6)
        notes = "\n\n".join(f"{name}: {words}" for name, words in slide.notes.items())
        self.page.notes_slide.notes_text_frame.text = notes

    def _title(self, text: str) -> None:
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Inches, Pt

        box = self.page.shapes.title
        box.left, box.top, box.width, box.height = (Inches(each * REM) for each in (5, 2, 70, 5))
        frame = box.text_frame
        frame.text, frame.word_wrap, frame.vertical_anchor = text, True, MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = 0
        paragraph = frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.font.size, paragraph.font.bold = Pt(38), True
        paragraph.font.color.rgb = _rgb(_INK)

    @singledispatchmethod
    def draw(self, item: Item, left: float, top: float) -> None:
        """Draw an item with its corner at a place on the slide."""
        raise TypeError(type(item))

    @draw.register
    def _(self, item: Numbers, left: float, top: float) -> None:
        width, letters = _cell(item), item.letters or 0.54 * item.size
        for row, texts in enumerate(item.rows):
            for column, text in enumerate(texts):
                place = (row, column)
                self.box(
                    left + self.scale * column * (width + 0.16),
                    top + self.scale * row * (item.size + 0.16),
                    width,
                    item.size,
                    text=text,
                    letters=letters,
                    fill="E3E0F5" if place in item.on else _CELLS[item.kind],
                    edge=_COLOURS[1] if place in item.on else _EDGE,
                    is_bold=place in item.on,
                )
        if item.caption:
            wide = len(item.rows[0]) * (width + 0.16)
            high = len(item.rows) * (item.size + 0.16)
            self._caption(item.caption, left, top + self.scale * high, wide)

    @draw.register
    def _(self, item: Words, left: float, top: float) -> None:
        width, height = size_of(item)
        self.text(spans(item.text), left, top, width + 1, height, item.size)

    @draw.register
    def _(self, item: Picture, left: float, top: float) -> None:
        height = item.side * item.pixels.shape[0] / item.pixels.shape[1]
        self.picture(_png(item), left, top, item.side, height)
        for frame in item.frames:
            y, x, high, wide = (each * item.side / item.pixels.shape[1] for each in frame)
            self.box(
                left + self.scale * x, top + self.scale * y, wide, high, edge="B0224F", fill=""
            )
        if item.caption:
            mark = {True: "\u2713 ", False: "\u2717 ", None: ""}[item.is_correct]
            self._caption(mark + item.caption, left, top + self.scale * height, item.side)

    @draw.register
    def _(self, item: Bars, left: float, top: float) -> None:
        room = item.width - 16
        for place, (name, share, words) in enumerate(item.rows):
            y = top + self.scale * 2.4 * place
            kind = "bold" if place == item.bold else ""
            self.text((Span(name, kind),), left, y, 10, 2, 1.25)
            self.box(left + self.scale * 10, y, max(0.1, room * share), 1.6, fill=_COLOURS[1])
            self.text((Span(words),), left + self.scale * (10.5 + room * share), y, 6, 2, 1.25)

    @draw.register
    def _(self, item: Table, left: float, top: float) -> None:
        from pptx.util import Inches, Pt

        rows = [item.headings, *item.rows]
        place = [Inches(each * REM) for each in (left, top, self.scale * item.width)]
        height = Inches(self.scale * 2.6 * len(rows) * REM)
        table = self.page.shapes.add_table(len(rows), len(item.headings), *place, height).table
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                cell = table.cell(row, column)
                cell.text = text
                cell.text_frame.paragraphs[0].font.size = Pt(16 * self.scale)

    @draw.register
    def _(self, item: Clock, left: float, top: float) -> None:
        self.text((Span(f"{item.minutes}:00", "bold"),), left, top, 22, 10, 7)

    @draw.register
    def _(self, item: Sketch, left: float, top: float) -> None:
        for shape in item.shapes:
            self._shape(shape, left, top)

    def _shape(self, shape: Shape, left: float, top: float) -> None:
        x, y = left + self.scale * shape.left, top + self.scale * shape.top
        colour = _COLOURS[shape.place % len(_COLOURS)]
        if shape.kind == "words":
            letters = {"huge": 2.0, "start": 1.5}.get(shape.look, 1.25)
            width = _LETTER * letters * len(shape.text) + 1
            x -= 0 if shape.look == "start" else self.scale * width / 2
            y -= self.scale * 0.7 * letters
            kind = "bold" if shape.look else ""
            self.text((Span(shape.text, kind),), x, y, width, 1.4 * letters, letters, colour)
        elif shape.kind == "line":
            from pptx.enum.shapes import MSO_CONNECTOR
            from pptx.util import Inches

            ends = (x, y, x + self.scale * shape.width, y + self.scale * shape.height)
            line = self.page.shapes.add_connector(
                MSO_CONNECTOR.STRAIGHT, *(Inches(each * REM) for each in ends)
            )
            line.line.color.rgb = _rgb(colour if shape.place else _MUTED)
        else:
            fill = {"area": "D9D6EF", "field": ""}.get(shape.look, "FFFFFF")
            edge = colour if shape.place else _MUTED
            self.box(x, y, shape.width, shape.height, fill=fill, edge=edge)

    @draw.register
    def _(self, item: Drawing, left: float, top: float) -> None:
        found = item.plain()
        if isinstance(found, bytes):
            self.picture(found, left, top, item.width, item.height)
        else:
            self.draw(found, left, top)

    @draw.register
    def _(self, item: Group, left: float, top: float) -> None:
        widths, heights = _tracks(item)
        if item.heading:
            self.text((Span(item.heading, "bold"),), left, top, sum(widths), 2, 1.25)
            top += self.scale * 2.2
        columns = len(widths)
        for place, each in enumerate(item.items):
            row, column = divmod(place, columns)
            x = left + self.scale * (sum(widths[:column]) + item.gap * column)
            y = top + self.scale * (sum(heights[:row]) + min(item.gap, 2) * row)
            self.draw(each, x, y + self.scale * (heights[row] - size_of(each)[1]) / 2)

    @draw.register
    def _(self, item: Step, left: float, top: float) -> None:
        self.draw(item.item, left, top)

    @draw.register
    def _(self, item: Film, left: float, top: float) -> None:
        self.draw(item.items[-1], left, top)

    def _caption(self, text: str, left: float, top: float, width: float) -> None:
        lines = _lines(text, 1.1, width)
        self.text((Span(text),), left, top, width, 1.6 * lines, 1.1, _MUTED)

    def picture(self, png: bytes, left: float, top: float, width: float, height: float) -> None:
        """Put a picture on the slide."""
        from pptx.util import Inches

        place = (left, top, self.scale * width, self.scale * height)
        self.page.shapes.add_picture(io.BytesIO(png), *(Inches(each * REM) for each in place))

    def box(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        *,
        text: str = "",
        letters: float = 1.0,
        fill: str = "FFFFFF",
        edge: str = "",
        is_bold: bool = False,
    ) -> None:
        """Put a rectangle on the slide, with a text in its middle."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Inches, Pt

        place = (left, top, self.scale * width, self.scale * height)
        shape = self.page.shapes.add_shape(
            MSO_SHAPE.RECTANGLE, *(Inches(each * REM) for each in place)
        )
        shape.shadow.inherit = False
        shape.fill.solid() if fill else shape.fill.background()
        if fill:
            shape.fill.fore_color.rgb = _rgb(fill)
        if edge:
            shape.line.color.rgb = _rgb(edge)
        else:
            shape.line.fill.background()
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.vertical_anchor, frame.word_wrap = MSO_ANCHOR.MIDDLE, False
        if text:
            paragraph = frame.paragraphs[0]
            paragraph.alignment = PP_ALIGN.CENTER
            run = paragraph.add_run()
            run.text, run.font.size, run.font.bold = text, Pt(12 * letters * self.scale), is_bold
            run.font.color.rgb = _rgb(_INK)

    def text(
        self,
        pieces: Sequence[Span],
        left: float,
        top: float,
        width: float,
        height: float,
        letters: float,
        colour: str = _INK,
    ) -> None:
        """Put a text box on the slide."""
        from pptx.util import Inches, Pt

        place = (left, top, self.scale * width, self.scale * height)
        frame = self.page.shapes.add_textbox(*(Inches(each * REM) for each in place)).text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        for piece in pieces:
            run = frame.paragraphs[0].add_run()
            run.text, run.font.size = piece.text, Pt(12 * letters * self.scale)
            run.font.bold = piece.kind == "bold"
            run.font.color.rgb = _rgb(colour)
            if piece.kind == "code":
                run.font.name = "Courier New"


def size_of(item: Item) -> tuple[float, float]:
    """Return about how wide and high an item is, in rem."""
    match item:
        case Numbers():
            caption = 2.0 if item.caption else 0.0
            height = len(item.rows) * (item.size + 0.16) + caption
            found = len(item.rows[0]) * (_cell(item) + 0.16), height
        case Words():
            text = plain(spans(item.text))
            width = item.width or _LETTER * item.size * len(text) + 1
            found = width, _LINE * item.size * _lines(text, item.size, width)
        case Picture():
            height = item.side * item.pixels.shape[0] / item.pixels.shape[1]
            lines = _lines(item.caption, 1.1, item.side) if item.caption else 0
            found = item.side, height + 1.6 * lines
        case Bars():
            found = item.width, 2.4 * len(item.rows)
        case Table():
            found = item.width, 2.6 * (len(item.rows) + 1)
        case Clock():
            found = 22.0, 10.0
        case Sketch():
            found = item.width, item.height
        case Drawing():
            inner = None if item.height else item.plain()
            is_item = inner is not None and not isinstance(inner, bytes)
            found = size_of(inner) if is_item else (item.width, item.height)  # type: ignore[arg-type]
        case Step():
            found = size_of(item.item)
        case Film():
            found = size_of(item.items[-1])
        case Group():
            widths, heights = _tracks(item)
            gaps = item.gap * (len(widths) - 1), min(item.gap, 2) * (len(heights) - 1)
            found = sum(widths) + gaps[0], sum(heights) + gaps[1] + (2.2 if item.heading else 0)
    return found


def _tracks(group: Group) -> tuple[list[float], list[float]]:
    """Return the widths of a group's columns and the heights of its rows."""
    columns = min(group.columns or len(group.items), len(group.items))
    sizes = [size_of(each) for each in group.items]
    widths = [max(size[0] for size in sizes[at::columns]) for at in range(columns)]
    rows = [sizes[at : at + columns] for at in range(0, len(sizes), columns)]
    return widths, [max(size[1] for size in row) for row in rows]


def _cell(item: Numbers) -> float:
    longest = max(len(text) for row in item.rows for text in row)
    return max(item.size, 0.62 * (item.letters or 0.54 * item.size) * longest + 0.3)


def _lines(text: str, letters: float, width: float) -> int:
    return max(1, ceil(_LETTER * letters * len(text) / max(width, 1.0)))


def _png(item: Picture) -> bytes:
    """Return a picture's pixels as a PNG, each of them enlarged, so that no program blurs them."""
    if item.pixels.dtype == np.uint8:
        image = Image.fromarray(np.asarray(item.pixels, np.uint8))
    else:
        image = map_image(np.asarray(item.pixels, np.float32), item.limit).convert("RGB")
    height, width = item.pixels.shape
    large = image.resize((width * _PIXELS, height * _PIXELS), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    large.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _rgb(text: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor(*bytes.fromhex(text))
