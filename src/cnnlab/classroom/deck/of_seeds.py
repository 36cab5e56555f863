"""Figures of luck: many seeds, and what can be told apart."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnlab.classroom.deck import measured
from cnnlab.classroom.deck.items import Drawing, Group, Item, Step, Table, Words
from cnnlab.classroom.deck.material import Material
from cnnlab.classroom.deck.pictures import dots_picture
from cnnlab.experiments.statistics import Difference, holm, mean_interval, welch
from cnnlab.models.catalog import MODELS
from cnnlab.views.figures.axis import axis_of
from cnnlab.views.figures.colours import colour
from cnnlab.views.figures.dots import Estimate, Row, every_run
from cnnlab.views.figures.markup import tag

LEVEL = 0.05


def _row(name: str, values: Sequence[float], place: int) -> Row:
    mean = mean_interval(values)
    return Row(name, values, Estimate(mean.estimate, mean.low, mean.high), colour(place))


def difference(values: Mapping[str, Sequence[float]]) -> Difference:
    """Return how much ReLU and max pooling changed the mean, in points."""
    return welch(values["lenet5"], values["lenet5-relu-max"])


def luck(material: Material) -> Item:
    """Return the accuracy of many seeds, and where the run is among them if it is comparable."""
    name = material.run.model_name if material.is_measured else "lenet5"
    found = measured.VALIDATION[name]
    rows = [_row(f"{MODELS[name].title}: {len(found)} seeds", found, 0)]
    if material.is_measured:
        own = 100 * material.history[-1].validation_accuracy
        rows.append(
            Row(
                f"our run, seed {material.run.config.seed}",
                (own,),
                Estimate(own, float("nan"), float("nan")),
                colour(1),
            )
        )
    return _dots(rows, 34, 20)


def _dots(rows: Sequence[Row], width: float, height: float) -> Drawing:
    values = [value for row in rows for value in row.values]
    axis = axis_of(values, unit=" %", within=(0, 100), most=4)
    plain = [(row.name, row.values, mean_interval(row.values)) for row in rows]
    return Drawing(every_run(rows, axis), lambda: dots_picture(plain, width, height), width, height)


def helped(material: Material) -> Item:
    """Return 30 seeds of each network of the workshop, and the verdict of both recipes."""
    first, second = (measured.TEST[name] for name in ("lenet5", "lenet5-relu-max"))
    rows = [
        _row(f"tanh, average pooling: {len(first)} seeds", first, 0),
        _row(f"ReLU, max pooling: {len(second)} seeds", second, 1),
    ]
    verdicts = (
        _verdict(measured.TEST, "workshop"),
        _verdict(measured.SPRINT, "sprint"),
    )
    found = Group((Group(verdicts, columns=1, gap=1.2), _dots(rows, 46, 26)), gap=3)
    return Step(found)  # the class says first whether it helped


def _verdict(values: Mapping[str, Sequence[float]], recipe: str) -> Drawing:
    found = difference(values)
    first, second = (len(values[name]) for name in ("lenet5", "lenet5-relu-max"))
    helped = found.low > 0
    title = "\u25b2 It helped" if helped else "\u25bc It hurt"
    lines = [
        f"{found.estimate:+.2f} points",
        f"95 %: {found.low:+.2f} to {found.high:+.2f}",
        f"{recipe}: {first} and {second} seeds",
    ]
    lines = [line.replace("-", "\u2212") for line in lines]
    box = tag(
        "div",
        tag("b", title),
        *(tag("p", line) for line in lines),
        class_="verdict",
        style=f"background:var(--network-{'b' if helped else 'd'})",
    )
    plain = Group((Words(f"**{title}**", 2), *(Words(line, 1.3) for line in lines)), 1, 0.3)
    return Drawing(box, lambda: plain, 20)


def groups(values: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Return the names in groups that cannot be told apart, the best group first.

    Start at the best. It and all that cannot be told from it (Welch's test, Holm over all that
    are compared with it) are a group, up to the first that differs. Then begin again.
    """
    waiting = sorted(values, key=lambda name: (-float(np.mean(values[name])), name))
    found = []
    while waiting:
        best, *others = waiting
        p_values = holm([welch(values[best], values[each]).p_value for each in others])
        alike = [best]
        for name, p_value in zip(others, p_values, strict=True):
            if p_value < LEVEL:
                break
            alike.append(name)
        found.append(sorted(alike))
        waiting = waiting[len(alike) :]
    return found


def board(_: Material) -> Item:
    """Return a leaderboard of cnnlab's own networks: a rank is a group that is not told apart."""
    values = measured.BOARD
    rows = [
        (str(rank), ", ".join(names), ", ".join(f"{np.mean(values[each]):.2f} %" for each in names))
        for rank, names in enumerate(groups(values), start=1)
    ]
    return Table(("rank", "networks", "mean of 5 seeds"), rows, 70)


def luck_words(material: Material) -> str:
    """Return in a sentence how far many seeds are apart, and whether the run may be compared."""
    name = material.run.model_name if material.is_measured else "lenet5"
    found = measured.VALIDATION[name]
    words = (
        f"Nothing but the seed differs, and {len(found)} runs lie between {min(found):.1f} and "
        f"{max(found):.1f} %."
    )
    if material.is_measured:
        return words
    return (
        f"{words} (The runs of the workshop: our run has other settings, so it is not one of them.)"
    )
