"""The parts of a page, and how they become one HTML file that needs no other file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from cnnlab.errors import RunError
from cnnlab.files import write_whole
from cnnlab.views.figures.markup import keep_together, tag


@dataclass(frozen=True)
class Drawing:
    """A figure as HTML, with the caption below it."""

    markup: Markup
    caption: str = ""


def side_by_side(*drawings: Drawing) -> Drawing:
    """Return drawings in one row, each above its caption; below each other on a phone."""
    return Drawing(
        tag(
            "div",
            *(tag("div", each.markup, tag("p", each.caption, class_="cap")) for each in drawings),
            class_="side-by-side",
        )
    )


@dataclass(frozen=True)
class Table:
    """A table: its headings and its rows, all of them text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chapter:
    """One idea: a title, short paragraphs, figures, and a table that the page folds.

    A paragraph may have several lines. A line that begins with two spaces is a command. A ``wide``
    chapter takes the whole width, its figures below its text, or with ``beside`` to the right of
    it. ``colour`` is that of its network.
    """

    title: str
    paragraphs: Sequence[str]
    table: Table | None = None
    drawings: Sequence[Drawing] = ()
    wide: bool = False
    beside: bool = False
    colour: str = "var(--network-a)"


@dataclass
class Report:
    """A page: its title, its one large result, its chapters, and what is folded at its end.

    ``top`` is the result: it has the title in it. Without it the page begins with its title and
    the sentences of ``lead``. ``facts`` are pairs of name and value; ``details`` are sentences
    about how the result was found, under the heading ``details_title``, and ``table`` is theirs.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    chapters: list[Chapter] = field(default_factory=list)
    made_with: Sequence[str] = ()
    lead: Sequence[str] = ()
    top: Markup = field(default_factory=Markup)
    details_title: str = "How do we know?"
    details: Sequence[str] = ()
    table: Table | None = None

    @property
    def cards(self) -> list[tuple[Chapter, str]]:
        """The chapters in order, each with how it is laid out.

        "wide" takes the whole width; of two others that follow each other, each is a "half"; one
        that stays "alone" has its text beside its figure; "words" have no figure.
        """
        found: list[tuple[Chapter, str]] = []
        for chapter in self.chapters:
            layout = "wide" if chapter.wide and not chapter.beside else "alone"
            waits = found and found[-1][1] == "alone" and not found[-1][0].wide
            if not chapter.wide and waits:
                found[-1] = (found[-1][0], "half")
                layout = "half"
            found.append((chapter, layout))
        return [
            (chapter, layout if chapter.drawings else f"{layout} words")
            for chapter, layout in found
        ]

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all; raise `RunError` if it cannot be written."""
        template = environment(jinja2.PackageLoader("cnnlab.views")).get_template("report.html")
        date = datetime.now(UTC).date().isoformat()
        write_file(path, without_home(template.render(report=self, date=date)).encode())


def environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Return where a page's templates come from: text is escaped, and no value may be missing."""
    found = jinja2.Environment(
        loader=loader,
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["keep_together"] = keep_together
    return found


@cache
def style_sheet(name: str) -> str:
    """Return a style sheet of the pages: "tokens", "figures" or "report"."""
    path = files("cnnlab.views") / "templates" / f"{name}.css"
    return path.read_text(encoding="utf-8")


def write_file(path: Path, content: bytes) -> None:
    """Write a file for a person, whole or not at all; raise `RunError` if it cannot be written."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise RunError(f"Cannot write {path} ({error.strerror}).") from None


def without_home(html: str) -> str:
    """Return a page that does not name the home folder, and so nobody's user name."""
    try:
        home = str(Path.home())
    except RuntimeError:  # this user has none
        return html
    if home == Path(home).anchor:  # such as "/", which is everywhere on a page
        return html
    return html.replace(home, "~").replace(str(escape(home)), "~")
