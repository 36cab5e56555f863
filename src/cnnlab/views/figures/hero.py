"""The top of a page: one large result, one sentence, and images that nobody picked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from cnnlab.insight.predictions import Predictions
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.markup import share as length
from cnnlab.views.figures.pictures import CROSS, TICK, headed_row, prediction
from cnnlab.wording import percent

_CORRECT, _WRONG = 6, 3


@dataclass(frozen=True)
class Hero:
    """One result: what it is of, the number, a sentence about it, and smaller notes."""

    kicker: str
    accuracy: float
    sentence: str
    notes: Sequence[str]


def hero(result: Hero, predictions: Predictions) -> Markup:
    """Return the result beside the first correct and the first wrong images.

    The striped end of the bar is the share of wrong predictions, at its true length.
    """
    correct = predictions.predicted == predictions.image_set.labels
    rows = []
    for is_correct, mark, word, most, number in (
        (True, TICK, "correct", _CORRECT, "six"),
        (False, CROSS, "wrong", _WRONG, "three"),
    ):
        found = np.flatnonzero(correct == is_correct)
        if len(found):
            first = f": the first {number}" if len(found) > most else ""
            heading = f"{len(found):,} {word}{first}"
            shown = [prediction(predictions, int(index)) for index in found[:most]]
            rows.append(headed_row(mark, heading, shown, _CORRECT))
    return tag(
        "div",
        tag(
            "div",
            tag("h1", result.kicker, class_="kicker"),
            tag("p", percent(result.accuracy), class_="number"),
            tag(
                "div",
                tag("i", style=f"width:{length(100 * result.accuracy)}"),
                tag("i"),
                class_="share",
                aria_hidden="true",
            ),
            tag("p", result.sentence, class_="lead"),
            *(tag("p", note, class_="cap") for note in result.notes),
        ),
        tag("div", *rows),
        class_="hero card",
    )


def alert(title: str, text: str) -> Markup:
    """Return a band that nobody overlooks: something is wrong with the run."""
    return band("\u2717", title, paragraphs(text), "alert")


def band(mark: str, word: str, content: Markup, kind: str = "", colour: str = "") -> Markup:
    """Return a band over the whole width: a mark and a large word, beside its sentences."""
    return tag(
        "div",
        tag("p", tag("span", mark, aria_hidden="true"), " ", word, class_="word"),
        tag("div", content),
        class_=f"band {kind}".strip(),
        style=f"--band:{colour}" if colour else None,
    )


def paragraphs(text: str) -> Markup:
    """Return the lines of a text as paragraphs; one that begins with two spaces is a command."""
    return join(
        *(
            tag("code", join(Markup.escape(line.strip())), class_="command")
            if line.startswith("  ")
            else tag("p", line)
            for line in text.split("\n")
        )
    )
