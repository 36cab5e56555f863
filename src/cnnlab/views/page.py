"""Chapters of text, figures and tables to one self-contained HTML file."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from cnnlab.errors import RunError
from cnnlab.files import write_whole
from cnnlab.views import plots


@dataclass(frozen=True)
class Illustration:
    """A figure with what it shows, for those who see it and for those who cannot."""

    figure: Figure
    caption: str

    @property
    def width(self) -> int:
        """The width in pixels beyond which the figure's text would look too large."""
        return round(float(self.figure.get_figwidth()) * 115)

    @property
    def source(self) -> str:
        """The figure as a data address, so that the page needs no other file."""
        return "data:image/svg+xml;base64," + base64.b64encode(plots.to_svg(self.figure)).decode()


@dataclass(frozen=True)
class Table:
    """A table: its headings, and its rows as text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chapter:
    """One step: a title, short paragraphs, then a table, figures and preformatted text."""

    title: str
    paragraphs: Sequence[str]
    table: Table | None = None
    illustrations: Sequence[Illustration] = ()
    listing: str = ""


@dataclass
class Report:
    """A page: its title, its answer, the few facts on top, its chapters, and how it was made."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    chapters: list[Chapter] = field(default_factory=list)
    made_with: Sequence[str] = ()
    lead: Sequence[str] = ()

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all; raise `RunError` where that cannot be done."""
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("cnnlab.views"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        date = datetime.now(UTC).date().isoformat()
        html = environment.get_template("report.html").render(report=self, date=date)
        try:
            write_whole(path, html.encode())
        except OSError as error:
            raise RunError(f"Cannot write {path} ({error.strerror}).") from None
