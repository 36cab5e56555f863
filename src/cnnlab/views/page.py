"""The parts of a page, and how they become one HTML file that needs no other file."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from cnnlab.errors import RunError
from cnnlab.files import write_whole
from cnnlab.views import plots

_REM_PER_INCH = 8
"""At this size, 10-point text in a figure is as large as the text of the page."""

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h|points?)(?!\w))")
_BETWEEN_SIZES = re.compile(r"(?<=\d) x (?=\d)")


def keep_together(text: str) -> str:
    """Return a text whose lines break neither between a number and its unit nor in 28 x 28."""
    return _BETWEEN_SIZES.sub("\u00a0x\u00a0", _BEFORE_UNIT.sub("\u00a0", text))


@dataclass(frozen=True)
class Illustration:
    """A figure with its caption, which is also read aloud to people who cannot see the figure."""

    figure: Figure
    caption: str

    @property
    def width(self) -> float:
        """The largest width on the page, in rem: the figure's text is then as large as others."""
        return round(float(self.figure.get_figwidth()) * _REM_PER_INCH, 2)

    @property
    def source(self) -> str:
        """The figure as a data address, so that the page needs no other file."""
        return "data:image/svg+xml;base64," + base64.b64encode(plots.to_svg(self.figure)).decode()


@dataclass(frozen=True)
class Table:
    """A table: its headings and its rows, all of them text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chapter:
    """One step: a title, short paragraphs, then preformatted text, a table and figures.

    A paragraph may have several lines. A line that begins with two spaces is a command.
    """

    title: str
    paragraphs: Sequence[str]
    table: Table | None = None
    illustrations: Sequence[Illustration] = ()
    listing: str = ""


@dataclass
class Report:
    """A page: its title, its answer, the few facts at the top, its chapters, its commands."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    chapters: list[Chapter] = field(default_factory=list)
    made_with: Sequence[str] = ()
    lead: Sequence[str] = ()

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all; raise `RunError` if it cannot be written."""
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("cnnlab.views"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["keep_together"] = keep_together
        date = datetime.now(UTC).date().isoformat()
        html = environment.get_template("report.html").render(report=self, date=date)
        try:
            write_whole(path, html.encode())
        except OSError as error:
            raise RunError(f"Cannot write {path} ({error.strerror}).") from None
