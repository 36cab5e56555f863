"""The confusion matrix: a table whose cells open the images that they count, without a script."""

import numpy as np
from markupsafe import Markup

from cnnlab.insight.mistakes import confusion
from cnnlab.insight.predictions import Predictions
from cnnlab.views.figures.colours import WRONG, css, mixed
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.pictures import CROSS, TICK, labelled, picture, row_of
from cnnlab.wording import counted, percent

_SHOWN = 6
"""Images in a cell that is open."""
_WHITE_DIGITS = 0.75
"""Above this shade the number is white."""


def matrix(predictions: Predictions, *, with_images: bool = True) -> Markup:
    """Return the confusion matrix: a row for each class, a column for each prediction.

    A mistake is redder the more images it has, (count / largest) ** 0.7; correct ones have a frame
    and no colour, so that they do not hide the mistakes. Without images, the cells do not open.
    """
    counts = confusion(predictions)
    classes = predictions.image_set.classes
    largest = int((counts - np.diag(np.diag(counts))).max())
    columns = [tag("th", *_name(predictions, each), scope="col") for each in range(len(classes))]
    corner = tag("td", tag("span", "is / prediction", class_="aloud"))
    rows = [
        tag(
            "tr",
            tag("th", *reversed(_name(predictions, true)), scope="row"),
            *(
                _cell(predictions, int(n), true, at, largest, with_images)
                for at, n in enumerate(row)
            ),
        )
        for true, row in enumerate(counts)
    ]
    is_pictured = " pictured" if _has_long_names(classes) else ""
    return tag(
        "table",
        tag("thead", tag("tr", corner, *columns)),
        tag("tbody", *rows),
        class_=f"matrix{is_pictured}",
    )


def _has_long_names(classes: tuple[str, ...]) -> bool:
    return max(map(len, classes)) > 2


def _name(predictions: Predictions, number: int) -> list[Markup]:
    """Return a class as its first image and its name; a digit needs no image."""
    image_set = predictions.image_set
    name = image_set.classes[number]
    word = tag("span", join(*_breakable(name)), class_="class-name")
    found = np.flatnonzero(image_set.labels == number)
    if not _has_long_names(image_set.classes) or not len(found):
        return [word]
    return [picture(image_set.images[found[0]], ""), word]


def _breakable(name: str) -> list[Markup | str]:
    """Return a name that may break after a slash: T-shirt/top."""
    first, *others = name.split("/")
    return [first, *(part for other in others for part in ("/", tag("wbr"), other))]


def _cell(
    predictions: Predictions, count: int, true: int, predicted: int, largest: int, opens: bool
) -> Markup:
    if not count:
        return tag("td", "0", class_="none")
    content = _opening(predictions, count, true, predicted) if opens else str(count)
    if true == predicted:
        return tag("td", content, class_="is-correct")
    shade = (count / largest) ** 0.7
    ink = "#fff" if shade > _WHITE_DIGITS else None
    style = f"background:{css(mixed(WRONG, shade))}" + (f";color:{ink}" if ink else "")
    return tag("td", content, style=style)


def _opening(predictions: Predictions, count: int, true: int, predicted: int) -> Markup:
    """Return the number of a cell, which opens the images that it counts."""
    found = np.flatnonzero(
        (predictions.image_set.labels == true) & (predictions.predicted == predicted)
    )
    by_confidence = found[np.argsort(-predictions.confidence[found], kind="stable")]
    pictures = [
        labelled(
            picture(predictions.image_set.images[each], predictions.image_set.classes[true]),
            TICK if true == predicted else CROSS,
            f" {percent(float(predictions.confidence[each]), 0)}",
            wrong=true != predicted,
        )
        for each in by_confidence[:_SHOWN]
    ]
    classes = predictions.image_set.classes
    total = int((predictions.image_set.labels == true).sum())
    words = (
        f"Is {classes[true]}, prediction {classes[predicted]}: {counted(count, 'image')}, "
        f"{percent(count / total, 1)} of its class."
    )
    if count > len(pictures):
        words += f" These are the {len(pictures)} of which the network was most certain."
    words += " Below each: the probability that it gives to its prediction."
    return tag(
        "details",
        tag("summary", str(count), title=f"is {classes[true]}, says {classes[predicted]}"),
        tag("div", tag("p", words), row_of(pictures, _SHOWN), class_="cell"),
        name="cell",
    )
