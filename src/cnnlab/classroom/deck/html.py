"""The slides as one HTML file: it needs no other file, no server and no network."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache, singledispatch
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

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
from cnnlab.classroom.deck.source import Slide, Span, spans
from cnnlab.playground.bundle import FROM_FILE, policy_hash
from cnnlab.playground.bundle import script as page_script
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.pictures import CROSS, TICK, image_address, map_address
from cnnlab.views.page import environment, style_sheet, without_home

STATIC = Path(__file__).parent / "static"
_KINDS = {"bold": "b", "code": "code"}


def deck_html(
    title: str,
    slides: Sequence[Slide],
    figures: Mapping[str, Item],
    states: Mapping[str, str],
    page: bytes | None,
) -> bytes:
    """Return the slides as HTML: the same bytes for the same content.

    ``states`` are the addresses of the page for each name that a slide calls live; ``page`` is the
    page, or None if the network cannot be shown live.
    """
    scripts = [_text("deck.js"), *([page_script(FROM_FILE)] if page else [])]
    template = environment(jinja2.FileSystemLoader(STATIC)).get_template("deck.html")
    shown = [
        {
            "slide": slide,
            "figures": [_block(figures[name]) for name in slide.figures],
            "paragraphs": [_inline(each) for each in slide.paragraphs],
            "state": states.get(slide.live, "") if page else "",
        }
        for slide in slides
    ]
    html = template.render(
        title=title,
        slides=shown,
        page="" if page is None else _as_script_text(page.decode()),
        hashes=" ".join(map(policy_hash, scripts)),
        styles=Markup("\n").join(Markup(each) for each in _styles()),  # noqa: S704 - our own files
        script=Markup(scripts[0]),  # noqa: S704 - our own file
    )
    return without_home(html).encode()


def _as_script_text(text: str) -> Markup:
    """Return a text as JSON that no text in it can end."""
    return Markup(json.dumps(text, ensure_ascii=True).replace("<", "\\u003c"))  # noqa: S704


def _styles() -> list[str]:
    return [*map(style_sheet, ("tokens", "figures")), _text("deck.css")]


@cache
def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _inline(pieces: Sequence[Span]) -> Markup:
    return join(*(tag(_KINDS[each.kind], each.text) if each.kind else each.text for each in pieces))


def _block(item: Item) -> Markup:
    return tag("div", markup(item), class_="figure")


@singledispatch
def markup(item: Item) -> Markup:
    """Return an item as HTML."""
    raise TypeError(type(item))


@markup.register
def _(item: Numbers) -> Markup:
    cells = []
    for row, texts in enumerate(item.rows):
        for column, text in enumerate(texts):
            place = (row, column)
            kinds = [("on", place in item.on), ("added", place in item.added)]
            classes = " ".join(name for name, holds in kinds if holds)
            cells.append(tag("span", text, class_=classes or None))
    style = f"--across:{len(item.rows[0])};--cell:{item.size:g}rem"
    style += f";--letters:{item.letters or 0.54 * item.size:g}rem"
    grid = tag("div", *cells, class_=f"numbers {item.kind}", style=style)
    return _captioned(grid, item.caption)


@markup.register
def _(item: Words) -> Markup:
    style = f"font-size:{item.size:g}rem"
    if item.width:
        style += f";width:{item.width:g}rem"
    return tag(
        "p", _inline(spans(item.text)), class_=f"words{' quiet' * item.is_quiet}", style=style
    )


@markup.register
def _(item: Picture) -> Markup:
    is_grey = item.pixels.dtype == np.uint8
    address = (
        image_address(np.asarray(item.pixels, np.uint8))
        if is_grey
        else map_address(np.asarray(item.pixels, np.float32), item.limit)
    )
    height, width = item.pixels.shape
    frames = [
        tag(
            "i",
            class_="frame",
            style=f"top:{100 * top / height:.2f}%;left:{100 * left / width:.2f}%;"
            f"height:{100 * high / height:.2f}%;width:{100 * wide / width:.2f}%",
        )
        for top, left, high, wide in item.frames
    ]
    image = tag("img", class_="px" if is_grey else "px map", src=address, alt=item.caption)
    kind = {True: "pic", False: "pic wrong", None: "pic plain"}[item.is_correct]
    mark = {True: [TICK, " "], False: [CROSS, " "], None: []}[item.is_correct]
    caption = [tag("figcaption", *mark, item.caption)] if item.caption else []
    return tag(
        "figure",
        tag("div", image, *frames, class_="under"),
        *caption,
        class_=kind,
        style=f"--side:{item.side:g}rem",
    )


@markup.register
def _(item: Bars) -> Markup:
    rows = []
    for place, (name, share, words) in enumerate(item.rows):
        bold = " this" if place == item.bold else ""
        length = f"width:calc({100 * share:.2f}% - {5 * share:.2f}rem)"
        bar = tag("div", tag("i", style=length), tag("span", words), class_="bar")
        rows += [tag("span", name, class_=f"name{bold}"), bar]
    return tag("div", *rows, class_="bars", style=f"width:{item.width:g}rem")


@markup.register
def _(item: Table) -> Markup:
    body = [
        tag(
            "tr",
            *(tag("td", text) for text in row[:-1]),
            tag("td", tag("b", row[-1], class_="step", data_at=1) if item.is_asked else row[-1]),
        )
        for row in item.rows
    ]
    head = tag("tr", *(tag("th", name, scope="col") for name in item.headings))
    style = f"width:{item.width:g}rem"
    return tag("table", tag("thead", head), tag("tbody", *body), class_="sums", style=style)


@markup.register
def _(item: Clock) -> Markup:
    return tag(
        "button",
        tag("span", f"{item.minutes}:00"),
        tag("small", "press: begin"),
        type="button",
        class_="countdown",
        data_minutes=item.minutes,
    )


@markup.register
def _(item: Sketch) -> Markup:
    svg = tag(
        "svg",
        *map(_shape, item.shapes),
        viewBox=f"0 0 {item.width:g} {item.height:g}",
        class_="sketch",
        role="img",
        aria_label=item.words,
    )
    return tag("div", svg, class_="drawing", style=f"width:{item.width:g}rem")


def _shape(shape: Shape) -> Markup:
    left, top, width, height = shape.left, shape.top, shape.width, shape.height
    looks = {"class_": f"{shape.look} colour-{shape.place}".strip()}
    if shape.kind == "words":
        return tag("text", shape.text, x=left, y=top, **looks)
    if shape.kind == "line":
        return tag("line", x1=left, y1=top, x2=left + width, y2=top + height, **looks)
    if shape.kind == "circle":
        return tag("circle", cx=left + width / 2, cy=top + height / 2, r=width / 2, **looks)
    return tag("rect", x=left, y=top, width=width, height=height, **looks)


@markup.register
def _(item: Drawing) -> Markup:
    return tag("div", item.markup, class_="drawing", style=f"width:{item.width:g}rem")


@markup.register
def _(item: Group) -> Markup:
    columns = item.columns or len(item.items)
    style = f"--columns:{columns};--gap:{item.gap:g}rem"
    kinds = [
        ("group", True),
        ("close", item.is_close),
        ("pictured-group", columns > 4 and all(map(_has_picture, item.items))),
    ]
    class_ = " ".join(name for name, holds in kinds if holds)
    inner = tag("div", *map(markup, item.items), class_=class_, style=style)
    if not item.heading:
        return inner
    return tag("div", tag("p", item.heading, class_="heading"), inner)


def _has_picture(item: Item) -> bool:
    """Return whether an item is a picture, perhaps with words or in a film."""
    return isinstance(item, Picture) or (
        isinstance(item, Group | Film) and any(map(_has_picture, item.items))
    )


@markup.register
def _(item: Step) -> Markup:
    return tag("div", markup(item.item), class_="step", data_at=item.at)


@markup.register
def _(item: Film) -> Markup:
    frames = [
        tag("div", markup(each), class_="scene", data_at=place)
        for place, each in enumerate(item.items)
    ]
    return tag("div", *frames, class_="film", data_last=len(frames) - 1)


def _captioned(inner: Markup, caption: str) -> Markup:
    if not caption:
        return inner
    return tag("figure", inner, tag("figcaption", caption), class_="captioned")


def plain(pieces: Sequence[Span]) -> str:
    """Return a paragraph as plain text."""
    return re.sub(r"\s+", " ", "".join(each.text for each in pieces))
