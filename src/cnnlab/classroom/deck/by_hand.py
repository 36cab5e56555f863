"""Figures of what can be worked out by hand: convolution, padding, stride, channels, pooling."""

from itertools import chain

import numpy as np

from cnnlab.classroom.deck import worked
from cnnlab.classroom.deck.items import Clock, Film, Group, Item, Numbers, Step, Table, Words

ACTIVATION_ROW = np.array([[1.0, 0, 2, 1, 3, 0, 1]])
ACTIVATION_KERNELS = (np.array([[1.0, -1]]), np.array([[2.0, 1]]))
POOLED = np.array([[1.0, 3, 2, 0], [5, 6, 1, 2], [0, 2, 4, 8], [1, 1, 7, 5]])
COLOURS = (
    ("red", np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)),
    ("green", np.arange(1.0, 10).reshape(3, 3), np.arange(1.0, 5).reshape(2, 2)),
    ("blue", np.ones((3, 3)), np.array([[1.0, 0], [0, 1]])),
)
STRIDED = np.arange(25.0).reshape(5, 5) % 7
STRIDED_KERNEL = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
PAPER = ((32, 5, 0, 1), (28, 5, 2, 1), (28, 2, 0, 2), (10, 5, 0, 1), (7, 3, 0, 2))
"""Sizes to work out on paper: width, kernel, padding, stride."""


def _window(row: int, column: int, side: int = 2) -> frozenset[tuple[int, int]]:
    return frozenset((row + i, column + j) for i in range(side) for j in range(side))


def _texts(grid: worked.Grid) -> list[list[str]]:
    return worked.as_text(grid)


def convolution() -> Item:
    """Return the workshop's convolution, one place after the other, and each sum."""
    found = worked.convolve(worked.PICTURE, worked.KERNEL)
    places = [(row, column) for row in range(2) for column in range(2)]
    scenes = [
        Group(
            (
                Numbers(_texts(worked.PICTURE), "the picture", on=_window(*place)),
                Words("\u2217", 3),
                Numbers(_texts(worked.KERNEL), "the kernel", "kernel"),
                Words("=", 3),
                Numbers(_so_far(found, number), "the map", "map", on=frozenset({place})),
            ),
            gap=6,
        )
        for number, place in enumerate(places)
    ]
    sums = [
        Group(
            (
                Numbers(_texts(worked.PICTURE), on=_window(row, column), size=1.75),
                Words(
                    f"{worked.products(worked.PICTURE, worked.KERNEL, row, column)} = "
                    f"**{found[row, column]:g}**"
                ),
            ),
            gap=1.2,
        )
        for row, column in places
    ]
    steps: list[Item] = [each if not n else Step(each, n) for n, each in enumerate(sums)]
    return Group((Film(scenes), Group(steps, columns=2)), columns=1, gap=2)


def _so_far(found: worked.Grid, last: int) -> list[list[str]]:
    """Return the map up to one of its numbers; the others are not known yet."""
    texts = [text if n <= last else "?" for n, text in enumerate(chain(*_texts(found)))]
    width = found.shape[1]
    return [texts[at : at + width] for at in range(0, len(texts), width)]


def padding() -> Item:
    """Return the same convolution with one ring of zeros around the picture."""
    padded = np.pad(worked.PICTURE, 1)
    inner = {(row, column) for row in range(1, 4) for column in range(1, 4)}
    ring = frozenset({(row, column) for row in range(5) for column in range(5)} - inner)
    found = worked.convolve(worked.PICTURE, worked.KERNEL, padding=1)
    return Group(
        (
            Numbers(_texts(padded), "the picture, zeros around it", added=ring),
            Words("\u2217", 3),
            Numbers(_texts(worked.KERNEL), "the kernel", "kernel"),
            Words("=", 3),
            Step(Numbers(_texts(found), f"the map: {_size(found)}", "map")),
        ),
        gap=3.5,
    )


def _size(grid: worked.Grid) -> str:
    return f"{grid.shape[0]} \u00d7 {grid.shape[1]}"


def stride() -> Item:
    """Return one picture and kernel with stride 1 and with stride 2, and the formula."""
    items: list[Item] = []
    for step in (1, 2):
        found = worked.convolve(STRIDED, STRIDED_KERNEL, stride=step)
        starts = frozenset(
            (step * row, step * column)
            for row in range(found.shape[0])
            for column in range(found.shape[1])
        )
        picture = Numbers(_texts(STRIDED), "where each window begins", on=starts, size=2.9)
        made = Numbers(_texts(found), f"the map: {_size(found)}", "map", size=2.9)
        items.append(
            Group((picture, Words("\u2192", 2.4), made), gap=1.5, heading=f"Stride {step}")
        )
    one, two = (worked.output_size(5, 3, 0, step) for step in (1, 2))
    formula = Group(
        (
            Words(
                "size = (width + 2 \u00d7 padding \u2212 kernel) \u00f7 stride + 1, rounded down"
            ),
            Words(
                f"stride 1: (5 + 0 \u2212 3) \u00f7 1 + 1 = **{one}**; "
                f"stride 2: (5 + 0 \u2212 3) \u00f7 2 + 1 = **{two}**"
            ),
        ),
        columns=1,
        gap=0.4,
    )
    return Group((Group(items, gap=5), Step(formula)), columns=1, gap=1.6)


def paper() -> Item:
    """Return the sizes to work out on paper; the answers come with the key."""
    rows = [[*map(str, each), str(worked.output_size(*each))] for each in PAPER]
    headings = ("width", "kernel", "padding", "stride", "map")
    return Group((Clock(3), Table(headings, rows, is_asked=True)), gap=6)


def colour() -> Item:
    """Return a convolution of a colour picture: three pictures, three kernels, one sum."""
    rows: list[Item] = []
    total = 0.0
    for name, picture, kernel in COLOURS:
        found = worked.convolve(picture, kernel)[0, 0]
        total += found
        rows.append(
            Group(
                (
                    Words(f"**{name}**", 1.4, width=5.5),
                    Numbers(_texts(picture), on=_window(0, 0), size=2.3),
                    Words("\u2217", 2),
                    Numbers(_texts(kernel), kind="kernel", size=2.3),
                    Words(f"{worked.products(picture, kernel, 0, 0)} = **{found:g}**"),
                ),
                gap=1.6,
                is_close=True,
            )
        )
    parts = " + ".join(f"{worked.convolve(p, k)[0, 0]:g}" for _, p, k in COLOURS)
    result = Group(
        (
            Words(f"{parts} = **{total:g}**", 2.2),
            Words("one number of **one** map", 1.5),
        ),
        columns=1,
        gap=0.5,
    )
    return Group((Group(rows, columns=1, gap=1.1), Step(result)), gap=3)


def activation() -> Item:
    """Return two convolutions in a row, the one kernel that does the same, and ReLU between."""
    first, second = ACTIVATION_KERNELS
    row = ACTIVATION_ROW
    between = worked.convolve(row, first)
    twice = worked.convolve(between, second)
    joined = joined_kernel(first, second)
    cut = np.maximum(between, 0)
    bent = worked.convolve(cut, second)

    def line(name: str, *items: Item) -> Group:
        return Group((Words(name, 1.4, width=12), *items), gap=1, is_close=True)

    def numbers(grid: worked.Grid, kind: str = "map") -> Numbers:
        return Numbers(_texts(grid), kind=kind, size=2.3)  # type: ignore[arg-type]

    arrow = Words("\u2192", 2)
    return Group(
        (
            line("a row of pixels", numbers(row, "picture")),
            line(
                "two convolutions",
                numbers(first, "kernel"),
                arrow,
                numbers(between),
                arrow,
                numbers(second, "kernel"),
                arrow,
                numbers(twice),
            ),
            Step(
                line(
                    "**one** convolution",
                    numbers(joined, "kernel"),
                    arrow,
                    numbers(worked.convolve(row, joined)),
                )
            ),
            Step(
                line(
                    "ReLU between: below 0 becomes 0",
                    numbers(between),
                    arrow,
                    numbers(cut),
                    arrow,
                    numbers(second, "kernel"),
                    arrow,
                    numbers(bent),
                ),
                2,
            ),
        ),
        columns=1,
        gap=1.5,
    )


def joined_kernel(first: worked.Grid, second: worked.Grid) -> worked.Grid:
    """Return the kernel that does what two kernels of one row do after each other."""
    turned = second[:, ::-1]
    width = first.shape[1]
    return worked.convolve(np.pad(first, ((0, 0), (second.shape[1] - 1,) * 2)), turned)[
        :, : width + second.shape[1] - 1
    ]


def pooling() -> Item:
    """Return max and average pooling with stride 2, and the 3 x 3 picture with stride 1."""
    blocks = frozenset({(row, column) for row in (0, 1) for column in (0, 1)}) | frozenset(
        {(row, column) for row in (2, 3) for column in (2, 3)}
    )
    largest = worked.pool(POOLED, 2, 2, np.max)
    mean = worked.pool(POOLED, 2, 2, np.mean)
    aside = worked.pool(worked.PICTURE, 2, 1, np.max)
    main = Group(
        (
            Numbers(_texts(POOLED), "4 \u00d7 4", on=blocks),
            Words("\u2192", 2.6),
            Step(Numbers(_texts(largest), "max: the largest", "map")),
            Step(Numbers(worked.as_text(mean, 2), "average", "map"), 2),
        ),
        gap=4,
    )
    small = Group(
        (
            Words("Aside: with stride 1 the windows overlap, and the map hardly shrinks:", 1.35),
            Numbers(_texts(worked.PICTURE), size=1.75),
            Words("\u2192", 2),
            Numbers(_texts(aside), kind="map", size=1.75),
        ),
        gap=1.5,
    )
    return Group((main, Step(small, 3)), columns=1, gap=3)
