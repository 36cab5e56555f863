"""HTML and SVG elements from values: text is escaped, and a number stays beside its unit."""

import re

from markupsafe import Markup, escape

_VOID = {"img", "br", "wbr"}
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h|points?)(?!\w))")
_BETWEEN_SIZES = re.compile(r"(?<=\d) ([x\u00d7]) (?=\d)")

Value = str | int | float | None
Child = str | Markup


def keep_together(text: str) -> str:
    """Return a text whose lines break neither between a number and its unit nor in 28 x 28."""
    return _BETWEEN_SIZES.sub("\u00a0\\1\u00a0", _BEFORE_UNIT.sub("\u00a0", text))


def tag(_name: str, *children: Child, **attributes: Value) -> Markup:
    """Return an element with its children and attributes.

    In a name, _ is read as -, and a _ at the end is left out: ``class_``, ``text_anchor``. An
    attribute that is None is left out; numbers have at most two decimals.
    """
    written = [
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _text(value))
        for name, value in attributes.items()
        if value is not None
    ]
    opening = Markup("<{}{}>").format(Markup(_name), join(*written))  # noqa: S704 - our own name
    if _name in _VOID:
        return opening
    return Markup("{}{}</{}>").format(opening, join(*children), Markup(_name))  # noqa: S704


def join(*children: Child) -> Markup:
    """Return elements and texts, one after the other."""
    return Markup("").join(
        child if isinstance(child, Markup) else escape(keep_together(child)) for child in children
    )


def share(value: float) -> str:
    """Return a number from 0 to 100 as a length in percent: "12.5%"."""
    return f"{_text(value)}%"


def _text(value: Value) -> str:
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
