"""What a student reads: the text of an exercise, and the result of a check."""

import html
from dataclasses import dataclass
from typing import Literal

Status = Literal["not tried", "not yet", "right"]

_LOOK: dict[Status, tuple[str, str, str]] = {
    "not tried": ("\u2026", "Not tried", "#5b6570"),
    "not yet": ("\u2717", "Not yet", "#b0224f"),
    "right": ("\u2713", "Right", "#1a1f26"),
}
"""The mark, the word and the colour of each result. They are those of the pages."""
_BOX = (
    "border-left:4px {line} {colour};padding:.5em 1em;margin:.5em 0;max-width:44em;line-height:1.5;"
    "background:#fff;color:#1a1f26"  # its own paper: a notebook may be dark
)


@dataclass(frozen=True)
class Note:
    """A text with a title: a task, a hint, a solution. Lines that begin with 4 spaces are code."""

    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the note for a notebook."""
        style = _BOX.format(line="solid", colour="#0b57d0")
        return f'<div style="{style}"><b>{html.escape(self.title)}</b>{as_html(self.text)}</div>'


@dataclass(frozen=True)
class Outcome:
    """The result of a check: its status, what was found, and what the answer printed.

    ``question`` is the next one, if all is right. With the same ``seed``, the check draws the
    same random cases again.
    """

    exercise: str
    title: str
    status: Status
    message: str
    question: str = ""
    seed: int | None = None
    printed: str = ""

    def __str__(self) -> str:
        mark, word, _ = _LOOK[self.status]
        return f"{mark} {word}: {self.name}\n\n{self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the result for a notebook."""
        mark, word, colour = _LOOK[self.status]
        style = _BOX.format(line="dashed" if self.status == "not yet" else "solid", colour=colour)
        head = f'<b style="color:{colour}">{mark} {word}: {html.escape(self.name)}</b>'
        return f'<div style="{style}">{head}{as_html(self.text)}</div>'

    @property
    def name(self) -> str:
        """The exercise: its number and its title."""
        return f"{named(self.exercise)}, {self.title}"

    @property
    def text(self) -> str:
        """The paragraphs below the first line."""
        paragraphs = [self.message]
        if self.question:
            paragraphs.append(f"Next question: {self.question}")
        if self.printed:
            lines = "\n".join(f"    {line}" for line in self.printed.splitlines())
            paragraphs.append(f"Your code printed:\n\n{lines}")
        if self.seed is not None and self.status != "not tried":
            paragraphs.append(f"(Random cases: seed {self.seed}.)")
        return "\n\n".join(paragraphs)


def named(number: str) -> str:
    """Return an exercise's name: Exercise 3, or Bonus."""
    return f"Exercise {number}" if number.isdigit() else number.capitalize()


def as_html(text: str) -> str:
    """Return paragraphs as HTML; a block of lines that begin with 4 spaces becomes code."""
    made = []
    for is_code, lines in _blocks(text):
        inside = html.escape("\n".join(line[4:] if is_code else line for line in lines))
        made.append(f"<pre>{inside}</pre>" if is_code else f"<p>{inside}</p>")
    return "".join(made)


def _blocks(text: str) -> list[tuple[bool, list[str]]]:
    """Return the blocks of a text in order, each with whether it is code."""
    blocks: list[tuple[bool, list[str]]] = []
    is_open = False
    for line in text.split("\n"):
        is_code = line.startswith("    ")
        if not line.strip():
            if blocks and blocks[-1][0]:
                blocks[-1][1].append("")  # an empty line inside code stays
            is_open = bool(blocks) and blocks[-1][0]
        elif is_open and blocks[-1][0] == is_code:
            blocks[-1][1].append(line)
        else:
            blocks.append((is_code, [line]))
            is_open = True
    for _, lines in blocks:
        while lines and not lines[-1]:
            lines.pop()
    return blocks
