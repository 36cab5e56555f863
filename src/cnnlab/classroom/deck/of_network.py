"""Figures of networks: a billion weights, channels in and out, what a pixel sees, LeNet-5."""

from math import prod, sqrt

from markupsafe import Markup

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import Drawing, Group, Item, Step, Words
from cnnlab.classroom.deck.material import Material
from cnnlab.insight.graph import Graph
from cnnlab.views.figures.markup import tag
from cnnlab.views.figures.network import learned, stages

PIXELS, UNITS = 1_000_000, 1_000
"""A photo of one megapixel, and a modest first layer that is joined to all of it."""

_SIDE = 2.4


def billion() -> int:
    """Return how many weights join every pixel of the photo to every unit."""
    return PIXELS * UNITS


def _nothing() -> bytes:
    return b""


def scale(material: Material) -> Item:
    """Return a square for a billion weights, and LeNet-5's first kernels at the same scale."""
    small = first_numbers(material.lenet)
    side = 24.0
    dot = side * sqrt(small / billion())
    drawing = tag(
        "svg",
        tag("rect", x=0, y=0, width=24.0, height=24.0, class_="area"),
        tag("rect", x=26.5, y=22.0, width=round(dot, 4), height=round(dot, 4), class_="area"),
        tag("path", d="M31 16 L26.9 21.6", class_="arrow"),
        tag("text", f"{billion():,}", x=12, y=11.6, class_="huge"),
        tag("text", "weights", x=12, y=14, class_="huge"),
        tag("text", f"{small}", x=31.3, y=15.4, class_="huge start"),
        viewBox="0 0 40 24",
        class_="scale",
        role="img",
        aria_label=f"{billion():,} weights beside {small}",
    )
    words = Group(
        (
            Words(f"{PIXELS:,} pixels \u00d7 {UNITS:,} units = **one billion** weights", 1.6, width=26),
            Words(
                f"First layer of LeNet-5: 6 \u00d7 (5 \u00d7 5 + 1) = **{small}** numbers", 1.6, width=26
            ),
            Words(
                f"Drawn to scale, {small} numbers are smaller than a pixel of this screen.",
                1.4,
                width=26,
                is_quiet=True,
            ),
        ),
        columns=1,
        gap=1.4,
    )
    return Group((Drawing(drawing, _nothing, 40, 24), words), gap=2)


def first_numbers(graph: Graph) -> int:
    """Return how many numbers the first step with weights learns: 156 in LeNet-5."""
    return next(found for step in graph.steps if (found := learned(graph, step)))


def channels(material: Material) -> Item:
    """Return 6 maps in and 16 out, and how many numbers that makes."""
    step = [each for each in material.lenet.steps if each.op == "conv2d"][1]
    outputs, inputs, side, _ = material.lenet.tensor(step, "weight").shape  # type: ignore[union-attr]
    biases = outputs
    chosen = 5
    target = _places(outputs, 33.0, 2)[chosen]
    starts = _places(inputs, 3.0, 1)
    drawing = tag(
        "svg",
        *(_map(*each) for each in starts),
        *(
            _map(*each, is_chosen=place == chosen)
            for place, each in enumerate(_places(outputs, 33.0, 2))
        ),
        *(
            tag("path", d=f"M{x + _SIDE + 0.2:.2f} {y + _SIDE / 2:.2f} L23.2 11.9", class_="wire")
            for x, y in starts
        ),
        tag(
            "path",
            d=f"M24.8 11.9 L{target[0] - 0.2:.2f} {target[1] + _SIDE / 2:.2f}",
            class_="wire",
        ),
        tag("circle", cx=24, cy=11.9, r=0.9, class_="sum"),
        tag("text", "+", x=24, y=12.35),
        tag("text", f"{inputs} maps in", x=4.2, y=25),
        tag("text", f"{outputs} maps out", x=36, y=25),
        tag("text", f"{inputs} kernels of {side} \u00d7 {side}", x=17, y=1.6),
        tag("text", "for each map out", x=17, y=3.2),
        viewBox="0 0 44 26",
        class_="scale",
        role="img",
        aria_label=f"{inputs} maps in, {outputs} maps out",
    )
    count = worked.kernel_numbers(inputs, outputs, side)
    words = Group(
        (
            Words(f"{outputs} \u00d7 {inputs} \u00d7 {side} \u00d7 {side} = **{count:,}**", 1.9),
            Words(f"and one bias a map: + **{biases}**", 1.9),
        ),
        columns=1,
        gap=0.8,
    )
    return Group((Drawing(drawing, _nothing, 44, 26), Step(words)), gap=2)


def _places(count: int, left: float, columns: int) -> list[tuple[float, float]]:
    """Return the left and top of each map, in columns over the height of the drawing."""
    rows = -(-count // columns)
    gap = 23.0 / rows
    return [(left + 3.4 * (n % columns), 0.3 + gap * (n // columns)) for n in range(count)]


def _map(x: float, y: float, *, is_chosen: bool = False) -> Markup:
    class_ = "area" if is_chosen else "sheet-map"
    return tag("rect", x=round(x, 2), y=round(y, 2), width=_SIDE, height=_SIDE, class_=class_)


def seen(material: Material) -> Item:
    """Return how wide a part of the image a pixel of each stage of LeNet-5 sees."""
    widths = worked.seen_widths(material.lenet)
    last = max(widths.values())
    total = material.lenet.input.shape[-1]
    colours = ("var(--network-a)", "var(--network-b)", "var(--network-c)", "var(--network-d)")
    middle = 12.5
    unit = 24.0 / total
    squares = []
    for place, (name, width) in enumerate(widths.items()):
        size = width * unit
        squares.append(
            tag("rect", x=round(middle - size / 2, 3), y=round(middle - size / 2, 3), width=round(size, 3), height=round(size, 3), style=f"stroke:{colours[place % 4]}", class_="field")
        )
        y = 4.5 + 5.0 * place
        squares.append(tag("path", d=f"M{middle + size / 2:.2f} {middle - size / 2 + 0.4:.2f} L27 {y - 0.5:.2f}", style=f"stroke:{colours[place % 4]}", class_="wire"))
        squares.append(tag("text", f"{name}: {width} \u00d7 {width}", x=27.6, y=y, class_="start", style=f"fill:{colours[place % 4]}"))
    drawing = tag(
        "svg",
        tag("rect", x=0.5, y=0.5, width=24, height=24, class_="sheet-map"),
        *squares,
        viewBox="0 0 46 25",
        class_="scale",
        role="img",
        aria_label=", ".join(f"{name} sees {width}" for name, width in widths.items()),
    )
    words = Words(f"of {total} \u00d7 {total} pixels. A pixel of the last maps sees {last} \u00d7 {last}.", 1.5, width=18)
    return Group((Drawing(drawing, _nothing, 46, 25), words), gap=2)


def lenet(material: Material) -> Item:
    """Return LeNet-5 as cnnlab runs it, each stage with what it learns."""
    return Drawing(stages(material.lenet, with_sums=True), _nothing, 70, 22)


def lenet_numbers(graph: Graph) -> int:
    """Return how many numbers a network learns: 61,706 in LeNet-5."""
    return sum(learned(graph, step) for step in graph.steps)


def largest_stage(graph: Graph) -> tuple[str, int]:
    """Return the stage that learns most, and how many numbers: 48,120 of LeNet-5's."""
    sizes = {
        name: sum(learned(graph, step) for step in stage.steps)
        for name, stage in graph.stages.items()
    }
    name = max(sizes, key=sizes.__getitem__)
    return name, sizes[name]


def maps_as_vector(graph: Graph) -> int:
    """Return how many numbers the last maps have together: 400 in LeNet-5."""
    return max(prod(stage.last.shape) for stage in list(graph.stages.values())[-4:-3])
