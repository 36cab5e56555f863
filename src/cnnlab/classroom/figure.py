"""A figure in a notebook's cell: the report's drawing, with its own style around it."""

import re
from dataclasses import dataclass, field
from functools import cache

from markupsafe import Markup

from cnnlab.views.figures.markup import tag
from cnnlab.views.page import style_sheet

_ROOT = re.compile(r"(?m)^(\s*)(?::root|body)\b")
_STYLES = ("tokens", "report", "figures")
_WHOLE_PAGE = re.compile(r"(?m)^\s*html \{[^}]*\}")


@dataclass(frozen=True)
class Figure:
    """A drawing and the words below it, to be the last line of a notebook's cell."""

    markup: Markup = field(repr=False)
    words: str

    def _repr_html_(self) -> str:
        """Return the figure for a notebook: a style sheet that holds only inside it, and itself."""
        caption = tag("p", self.words, class_="cap") if self.words else Markup()
        return str(tag("div", tag("style", _style()), self.markup, caption, class_="cnnlab-figure"))


@cache
def _style() -> Markup:
    """Return the report's style sheet, made to hold inside a figure and nowhere else."""
    text = "\n".join(map(style_sheet, _STYLES))
    text = _ROOT.sub(r"\1:scope", _WHOLE_PAGE.sub("", text))
    own = (
        ":scope { --network: var(--network-a); background: var(--paper); padding: .6rem; "
        "max-width: 66rem; } .pixels { max-width: 30rem; }"
    )
    return Markup(f"@scope (.cnnlab-figure) {{\n{text}\n{own}\n}}")  # noqa: S704 - our own file
