"""Curves of loss and accuracy by epoch, from the histories of runs."""

from collections.abc import Mapping, Sequence
from typing import Literal

from cnnlab.models.classes import CLASSES
from cnnlab.training.history import History
from cnnlab.views.figures.axis import Axis, axis_of
from cnnlab.views.figures.colours import colour
from cnnlab.views.figures.curves import Line, Mark, curves, training_line
from cnnlab.views.page import Drawing
from cnnlab.views.run_words import axis_sentence, learned, loss_rose

Quantity = Literal["loss", "accuracy"]
QUANTITIES: tuple[Quantity, ...] = ("accuracy", "loss")


def history_values(history: History, split: str, quantity: Quantity) -> list[float]:
    """Return a split's "loss", or its "accuracy" in percent, of each epoch."""
    factor = 100 if quantity == "accuracy" else 1
    return [factor * getattr(record, f"{split}_{quantity}") for record in history]


def value_text(value: float, quantity: Quantity) -> str:
    """Return a value as it is written at the end of its curve."""
    return f"{value:.1f} %" if quantity == "accuracy" else f"{value:.2f}"


def run_curves(
    history: History,
    quantity: Quantity,
    place: int = 0,
    published: Mapping[int, float] | None = None,
    classes: int = CLASSES,
) -> Drawing:
    """Return one run's curves: training dashed ink, validation in the colour of its network.

    ``published`` are validation values from elsewhere, by epoch, drawn as crosses. ``classes`` is
    the number of classes: it says what guessing reaches.
    """
    train, validation = (
        history_values(history, split, quantity) for split in ("train", "validation")
    )
    factor = 100 if quantity == "accuracy" else 1
    crosses = {epoch: factor * value for epoch, value in (published or {}).items()}
    axis = _axis([*validation, *train[1:], *crosses.values()], quantity, learned(history, classes))
    lines = [
        training_line(train, value_text(train[-1], quantity)),
        Line(
            "validation",
            validation,
            colour(place),
            value_text(validation[-1], quantity),
            crosses=crosses,
        ),
    ]
    mark = None
    if quantity == "loss" and loss_rose(history):
        lowest = min(range(len(history)), key=validation.__getitem__)
        words = f"lowest: {value_text(validation[lowest], quantity)}"
        mark = Mark(lowest + 1, validation[lowest], words)
    words = f"{quantity} by epoch, training and validation"
    outside = _outside(train[0], axis, quantity)
    caption = axis_sentence(axis.low, axis.unit, outside)
    if any(epoch <= len(history) for epoch in crosses):
        caption = f"{caption} Crosses: validation values of the notebook.".strip()
    return Drawing(curves(lines, axis, words, mark), caption)


def validation_curves(
    histories: Mapping[str, History], quantity: Quantity, classes: int = CLASSES
) -> Drawing:
    """Return the validation curves of several runs, each named at its end."""
    lines = [
        Line(name, values, colour(place), value_text(values[-1], quantity))
        for place, (name, history) in enumerate(histories.items())
        if (values := history_values(history, "validation", quantity))
    ]
    everything = [value for line in lines for value in line.values]
    axis = _axis(everything, quantity, all(learned(each, classes) for each in histories.values()))
    caption = axis_sentence(axis.low, axis.unit, "")
    return Drawing(
        curves(lines, axis, f"validation {quantity} by epoch"),
        f"Validation {quantity}. {caption}".strip(),
    )


def _axis(values: Sequence[float], quantity: Quantity, is_learned: bool) -> Axis:
    """Return an axis; if a run learned nothing, all of 0 to 100 % so that this is seen."""
    unit = " %" if quantity == "accuracy" else ""
    if quantity == "accuracy" and not is_learned:
        return Axis(0.0, 100.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0), unit)
    within = (0.0, 100.0 if quantity == "accuracy" else float("inf"))
    return axis_of(values, unit=unit, within=within)


def _outside(first: float, axis: Axis, quantity: Quantity) -> str:
    if axis.low <= first <= axis.high:
        return ""
    where = "below" if first < axis.low else "above"
    return f"The first training value, {value_text(first, quantity)}, lies {where} the drawing."
