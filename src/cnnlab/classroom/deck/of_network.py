"""Figures of networks: a billion weights, channels in and out, what a pixel sees, LeNet-5."""

from math import prod, sqrt

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import Drawing, Film, Group, Item, Shape, Sketch, Step, Words
from cnnlab.classroom.deck.material import Material
from cnnlab.insight.graph import Graph, Stage
from cnnlab.views.figures.network import learned, stages, sums

PIXELS, UNITS = 1_000_000, 1_000
"""A photo of one megapixel, and a modest first layer that is joined to all of it."""
_SIDE = 2.4
"""The side of a map in the sketch of channels."""


def billion() -> int:
    """Return how many weights join every pixel of the photo to every unit."""
    return PIXELS * UNITS


def scale(material: Material) -> Item:
    """Return a square for a billion weights, and LeNet-5's first kernels at the same scale."""
    small = first_numbers(material.lenet)
    side = 24.0
    dot = side * sqrt(small / billion())
    sketch = Sketch(
        (
            Shape("rectangle", 0.1, 0.1, side - 0.2, side - 0.2, look="area"),
            Shape("words", 12, 11, text=f"{billion():,}", look="huge"),
            Shape("words", 12, 13.6, text="weights", look="huge"),
            Shape("rectangle", 26.5, 22, dot, dot, look="area"),
            Shape("line", 31, 16, -4.1, 5.6, look="wire"),
            Shape("words", 33, 14.6, text=str(small), look="huge"),
        ),
        40,
        24,
        f"{billion():,} weights beside {small}",
    )
    words = Group(
        (
            Words(f"{PIXELS:,} pixels \u00d7 {UNITS:,} units = **one billion** weights", 1.6, 26),
            Words(
                f"First layer of LeNet-5: 6 \u00d7 (5 \u00d7 5 + 1) = **{small}** numbers", 1.6, 26
            ),
            Words(
                f"Drawn to scale, {small} numbers are smaller than a pixel of this screen.",
                1.4,
                26,
                is_quiet=True,
            ),
        ),
        columns=1,
        gap=1.4,
    )
    return Group((sketch, words), gap=2)


def first_numbers(graph: Graph) -> int:
    """Return how many numbers the first step with weights learns: 156 in LeNet-5."""
    return next(found for step in graph.steps if (found := learned(graph, step)))


def second_convolution(graph: Graph) -> tuple[int, int, int]:
    """Return the maps in, the maps out and the side of the kernels: 6, 16 and 5 in LeNet-5."""
    step = [each for each in graph.steps if each.op == "conv2d"][1]
    outputs, inputs, side, _ = graph.tensors[step.tensors["weight"]].shape
    return inputs, outputs, side


def channels(material: Material) -> Item:
    """Return 6 maps in and 16 out, and how many numbers that makes."""
    inputs, outputs, side = second_convolution(material.lenet)
    starts, ends, chosen = _places(inputs, 3.0, 1), _places(outputs, 33.0, 2), 4
    x, y = ends[chosen]
    wires = [(left + _SIDE + 0.2, top + _SIDE / 2) for left, top in starts]
    sketch = Sketch(
        (
            *(Shape("rectangle", *each, _SIDE, _SIDE, look="map") for each in starts),
            *(
                Shape("rectangle", *each, _SIDE, _SIDE, look="area" if n == chosen else "map")
                for n, each in enumerate(ends)
            ),
            *(
                Shape("line", left, top, 23.2 - left, 11.9 - top, look="wire")
                for left, top in wires
            ),
            Shape("line", 24.8, 11.9, x - 25, y + _SIDE / 2 - 11.9, look="wire"),
            Shape("circle", 23.1, 11, 1.8, 1.8),
            Shape("words", 24, 11.9, text="+"),
            Shape("words", 4.2, 24.8, text=f"{inputs} maps in"),
            Shape("words", 36, 24.8, text=f"{outputs} maps out"),
            Shape("words", 18, 1, text=f"{inputs} kernels of {side} \u00d7 {side}"),
            Shape("words", 18, 2.9, text="for each map out"),
        ),
        44,
        26,
        f"{inputs} maps in, {outputs} maps out",
    )
    count = worked.kernel_numbers(inputs, outputs, side)
    words = Group(
        (
            Words(f"{outputs} \u00d7 {inputs} \u00d7 {side} \u00d7 {side} = **{count:,}**", 1.9),
            Words(f"and one bias a map: + **{outputs}**", 1.9),
        ),
        columns=1,
        gap=0.8,
    )
    return Group((sketch, Step(words)), gap=2)


def _places(count: int, left: float, columns: int) -> list[tuple[float, float]]:
    """Return the left and top of each map, in columns over the height of the sketch."""
    gap = 23.0 / -(-count // columns)
    return [(left + 3.4 * (n % columns), 0.3 + gap * (n // columns)) for n in range(count)]


def seen(material: Material) -> Item:
    """Return how wide a part of the image a pixel of each stage of LeNet-5 sees."""
    widths = worked.seen_widths(material.lenet)
    total, middle, whole = material.lenet.input.shape[-1], 12.5, 24.0
    shapes = [Shape("rectangle", 0.5, 0.5, whole, whole, look="map")]
    for place, (name, width) in enumerate(widths.items(), start=1):
        size, y = width * whole / total, 5.0 * place - 0.5
        corner = middle + size / 2
        shapes += [
            Shape(
                "rectangle", middle - size / 2, middle - size / 2, size, size, "", "field", place
            ),
            Shape(
                "line",
                corner,
                middle - size / 2,
                27 - corner,
                y - middle + size / 2,
                "",
                "wire",
                place,
            ),
            Shape(
                "words", 27.6, y, text=f"{name}: {width} \u00d7 {width}", look="start", place=place
            ),
        ]
    scenes = [
        Sketch(
            [each for each in shapes if each.place <= place],
            46,
            25,
            ", ".join(f"{name} sees {width}" for name, width in [*widths.items()][:place]),
        )
        for place in range(1, len(widths) + 1)
    ]
    last = max(widths.values())
    words = Words(
        f"of {total} \u00d7 {total} pixels. A pixel of the last maps sees {last} \u00d7 {last}.",
        1.5,
        18,
    )
    return Group((Film(scenes), Step(words, len(scenes) - 1)), gap=2)


def lenet(material: Material) -> Item:
    """Return LeNet-5 as cnnlab runs it, each stage with what it learns."""
    graph = material.lenet
    return Drawing(
        stages(graph, with_sums=True),
        lambda: Group([_stage(graph, each) for each in graph.stages.values()], gap=1),
        70,
    )


def _stage(graph: Graph, stage: Stage) -> Item:
    """Return a stage as PowerPoint shows it: a square as wide as its maps, and its numbers."""
    shape = stage.last.shape
    is_map = len(shape) == 3
    width = 7 * shape[-1] / graph.input.shape[-1] if is_map else 0.8
    height = width if is_map else 7 * prod(shape) / 120
    box = Shape("rectangle", (7 - width) / 2, 7 - height, width, height, look="area")
    size = " \u00d7 ".join(map(str, shape))
    lines = [f"**{stage.name}**", size, *sums(graph, stage)]
    return Group(
        (Sketch((box,), 7, 7, stage.name), *(Words(line, 1, 8) for line in lines)),
        columns=1,
        gap=0.3,
    )


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
