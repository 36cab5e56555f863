"""The source of the slides: a title, paragraphs and figures, then the notes for the leader.

It is a small part of Markdown, so that the same text becomes HTML and the text boxes of PowerPoint.
Slides are separated by a line ``---``. A slide begins with ``# title``. A line of its own
``{{ figure NAME }}`` is a figure, ``{{ live STATE }}`` the page of the run in that state. All other
lines are paragraphs, with ``**bold**``, ```code``` and values such as ``{{ run.accuracy }}``. Lines
that begin with ``>`` are notes: Say, Ask, Usual (the usual answer, and why) and Cut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

NOTES = ("Say", "Ask", "Usual", "Cut")
"""The notes of every slide, in their order."""
_LINE = re.compile(r"\{\{ (figure|live) ([\w.=&-]+) \}\}")
_VALUE = re.compile(r"\{\{ ([\w.]+) \}\}")
_SPAN = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph: plain, "bold" or "code"."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Slide:
    """One slide: ``figures`` are names, ``live`` is a name of a state or empty."""

    number: int
    title: str
    figures: tuple[str, ...]
    live: str
    paragraphs: tuple[tuple[Span, ...], ...]
    notes: Mapping[str, str]


def read_slides(text: str, values: Mapping[str, str]) -> list[Slide]:
    """Return the slides of a source; raise `ValueError` if one is not as described above."""
    parts = re.split(r"^---$", text, flags=re.M)
    return [_slide(number, part, values) for number, part in enumerate(parts, start=1)]


def spans(text: str) -> tuple[Span, ...]:
    """Return a text as pieces that are plain, bold or code."""
    found, end = [], 0
    for match in _SPAN.finditer(text):
        found += [Span(text[end : match.start()])] if match.start() > end else []
        found.append(Span(match[1], "bold") if match[1] else Span(match[2], "code"))
        end = match.end()
    return (*found, *([Span(text[end:])] if end < len(text) else []))


def _slide(number: int, text: str, values: Mapping[str, str]) -> Slide:
    title, figures, live, paragraphs = "", [], "", []
    said: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("# "):
            title = _filled(block[2:], values, number)
        elif block.startswith(">"):
            said.append(re.sub(r"^> ?", "", block, flags=re.M))
        elif found := _LINE.fullmatch(block):
            if found[1] == "figure":
                figures.append(found[2])
            else:
                live = found[2]
        else:
            paragraphs.append(spans(_filled(" ".join(block.split("\n")), values, number)))
    notes = _notes(_filled("\n".join(said), values, number), number)
    if not title:
        raise ValueError(f"Slide {number} has no title. Its first line must be: # title.")
    return Slide(number, title, tuple(figures), live, tuple(paragraphs), notes)


def _filled(text: str, values: Mapping[str, str], number: int) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise ValueError(
                f"Slide {number} asks for {{{{ {match[1]} }}}}. There is no such value. The values "
                f"are: {', '.join(sorted(values))}."
            )
        return values[match[1]]

    return _VALUE.sub(value, text)


def _notes(text: str, number: int) -> dict[str, str]:
    pieces = re.split(rf"^({'|'.join(NOTES)}): ", text, flags=re.M)
    found = {
        name: " ".join(words.split())
        for name, words in zip(pieces[1::2], pieces[2::2], strict=True)
    }
    missing = [name for name in NOTES if not found.get(name)]
    if missing:
        raise ValueError(f"Slide {number} lacks the notes {', '.join(missing)}.")
    return found
