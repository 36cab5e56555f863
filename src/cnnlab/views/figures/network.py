"""A network as a row of its stages, drawn to scale, each with what it learns."""

from collections.abc import Sequence
from math import prod

from markupsafe import Markup

from cnnlab.insight.graph import Graph, Stage, Step
from cnnlab.views.figures.markup import join, tag

_MOST_SQUARES = 6
_MANY = 10
"""So many stages need more than one row, so each is drawn lower."""
_WIDEST, _LONGEST = 67.0, 90.0
_VIEW_WIDTH, _VIEW_HEIGHT = 112.0, 100.0


def stages(graph: Graph, *, with_sums: bool) -> Markup:
    """Return the stages of a network: squares as wide as their maps, bars as long as vectors.

    ``with_sums`` writes what each stage learns.
    """
    shown = list(graph.stages.values())
    widest = max((step.last.shape[-1] for step in shown if len(step.last.shape) == 3), default=1)
    longest = max((prod(step.last.shape) for step in shown if _is_vector(step.last)), default=1)
    drawn = [_stage(graph, each, widest, longest, with_sums) for each in shown]
    return tag("div", *drawn, class_="stages" if len(drawn) < _MANY else "stages many")


def _is_vector(step: Step) -> bool:
    return len(step.shape) == 1 or prod(step.shape[1:]) == 1


def _stage(graph: Graph, stage: Stage, widest: int, longest: int, with_sums: bool) -> Markup:
    last = stage.last
    drawing = _bar(last, longest) if _is_vector(last) else _squares(last, widest)
    title, size = _words(graph, stage)
    is_image = stage.steps[0].op == "input"
    notes = [stage.name]
    if is_image:
        notes = ["what it sees"]
    elif with_sums:
        notes = sums(graph, stage) or ["nothing to learn"]
    return tag(
        "div",
        drawing,
        tag("div", tag("b", title), size),
        tag("span", *_lines(notes), class_="sum"),
        class_="stage",
    )


def _lines(texts: Sequence[str]) -> list[Markup]:
    return [join(*([tag("br")] if number else []), text) for number, text in enumerate(texts)]


def _words(graph: Graph, stage: Stage) -> tuple[str, str]:
    """Return a stage's title and the size of what it makes."""
    last, op = stage.last, stage.steps[0].op
    if _is_vector(last):
        count = prod(last.shape)
        is_answer = any(step.name == graph.answer for step in stage.steps)
        if is_answer:
            return f"{count:,} scores", "highest wins"
        joined = any(step.op == "linear" for step in stage.steps)
        return f"{count:,} numbers", "all joined to all" if joined else stage.name
    if len(last.shape) != 3:
        return stage.name, " \u00d7 ".join(map(str, last.shape))
    channels, height, width = last.shape
    size = f"{height} \u00d7 {width}"
    if op == "input":
        return "1 image", size
    if op == "pool":
        before = graph.by_name[stage.steps[0].inputs[0]].shape
        halved = len(before) == 3 and before[1:] == (2 * height, 2 * width)
        return "halved" if halved else "pooled", f"{channels} \u00d7 {size}"
    return f"{channels} maps", size


def sums(graph: Graph, stage: Stage) -> list[str]:
    """Return how the numbers that a stage learns add up: 6 x (5x5 + 1) = 156, one line each."""
    found = []
    for step in stage.steps:
        weight = graph.tensor(step, "weight")
        if weight is None:
            continue
        total = learned(graph, step)
        if step.op in ("conv2d", "linear"):
            outputs, *inputs = weight.shape
            if len(inputs) == 3 and inputs[0] == 1:
                inputs = inputs[1:]
            each = "\u00d7".join(map(str, inputs))
            bias = " + 1" if graph.tensor(step, "bias") is not None else ""
            inside = f"({each}{bias})" if bias or len(inputs) > 1 else each
            found += [f"{outputs} \u00d7 {inside}", f"= {total:,}"]
        else:
            found.append(f"+ {total:,}" if found else f"{total:,}")
    return found


def learned(graph: Graph, step: Step) -> int:
    """Return how many numbers a step learns: its weights and its biases."""
    tensors = (graph.tensor(step, name) for name in ("weight", "bias"))
    return sum(each.size for each in tensors if each is not None)


def _svg(*shapes: Markup) -> Markup:
    view = f"0 0 {_VIEW_WIDTH:g} {_VIEW_HEIGHT:g}"
    return tag(
        "svg", *shapes, viewBox=view, preserveAspectRatio="xMidYMax meet", aria_hidden="true"
    )


def _squares(step: Step, widest: int) -> Markup:
    count = min(_MOST_SQUARES, step.shape[0])
    width = max(4.0, _WIDEST * step.shape[-1] / widest)
    height = max(4.0, width * step.shape[-2] / step.shape[-1])
    right, down = 7.0, 3.2
    left = (_VIEW_WIDTH - width - right * (count - 1)) / 2
    top = _VIEW_HEIGHT - 4 - height - down * (count - 1)
    return _svg(
        *(
            tag("rect", x=left + right * n, y=max(1.0, top) + down * n, width=width, height=height)
            for n in range(count)
        )
    )


def _bar(step: Step, longest: int) -> Markup:
    height = max(3.0, _LONGEST * prod(step.shape) / longest)
    return _svg(
        tag("rect", x=51, y=_VIEW_HEIGHT - 3 - height, width=10, height=height, class_="solid")
    )
