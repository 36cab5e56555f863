"""Bars that begin at 0: the accuracy of each class, and a prediction before and after training."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.markup import share as length
from cnnlab.wording import percent


def class_bars(names: Sequence[str], shares: Sequence[float]) -> Markup:
    """Return a bar for each class, the highest first; ``shares`` are in [0, 1]."""
    order = np.argsort(-np.asarray(shares), kind="stable")
    rows = [
        join(
            tag("span", names[each], class_="name"),
            _bar(shares[each], tag("b", percent(shares[each], 1))),
        )
        for each in order
    ]
    return tag("div", *rows, class_="bars")


def before_and_after(
    names: Sequence[str],
    before: NDArray[np.float32] | None,
    after: NDArray[np.float32] | None,
    true: int,
) -> Markup:
    """Return each class's probability: hollow before training, filled after it.

    The class of the image is bold. One of the two may be None: then its bars are left out.
    """
    rows = []
    for number, name in enumerate(names):
        bars = [
            _bar(float(each[number]), percent(float(each[number]), 0), kind)
            for each, kind in ((before, "thin was"), (after, "thin"))
            if each is not None
        ]
        is_true = " this" if number == true else ""
        rows += [tag("span", name, class_=f"name{is_true}"), tag("div", *bars)]
    return tag("div", *rows, class_="bars")


def _bar(share: float, words: Markup | str, kind: str = "") -> Markup:
    width = f"calc({length(100 * share)} - {5 * share:.2f}rem)"  # 5rem are left for the number
    return tag(
        "div", tag("i", style=f"width:{width}"), tag("span", words), class_=f"bar {kind}".strip()
    )
