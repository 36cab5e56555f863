"""What an explanation is made of: plain values, one kind of part for each way to make a number.

Every tensor is seen as maps: (C, H, W) as it is, a vector of n as n maps of one pixel, (a, b) as
one map. A pixel is (map, row, column), from 0. Numbers are printed as `cnnlab.insight.printed`
says, so that they add up as printed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cnnlab.insight.graph import Shape

Pixel = tuple[int, int, int]
Rows = tuple[tuple[float | None, ...], ...]
"""Numbers by rows; None is padding."""


@dataclass(frozen=True)
class Cell:
    """One number of a step: which pixel, its value, and the value as printed."""

    step: str
    pixel: Pixel
    value: float
    printed: str


@dataclass(frozen=True)
class Patch:
    """What a pixel reads of one map, and what this adds to the pixel.

    ``row`` and ``column`` are those of the first number; they may lie outside the map. ``numbers``
    has None for padding. ``gaps`` are the rows and columns from one number to the next (dilation).
    ``products``, numbers times kernel as printed, add up to ``subtotal``.
    """

    step: str
    map: int
    row: int
    column: int
    gaps: tuple[int, int]
    numbers: Rows
    kernel: tuple[tuple[float, ...], ...]
    products: tuple[tuple[str, ...], ...]
    subtotal: str


@dataclass(frozen=True)
class Normalised:
    """The numbers of a normalisation: (x - mean) / deviation * gain + shift."""

    mean: float
    deviation: float
    gain: float
    shift: float


@dataclass(frozen=True)
class Contribution:
    """What a pixel of a step adds to another number."""

    step: str
    pixel: Pixel
    value: float


@dataclass(frozen=True)
class Part:
    """How one step makes a number; ``value`` is exact, ``printed`` rounded. See its kinds."""

    step: str
    call: str
    value: float
    printed: str

    def contributions(self) -> Iterator[Contribution]:
        """Yield the pixels that the number was made of; none at the image."""
        yield from ()


@dataclass(frozen=True)
class Sum(Part):
    """Products that are added: the subtotals and the bias add up to ``printed``.

    Convolution, linear, average pooling, addition, subtraction and normalisation. ``bias`` is None
    if there is none. Normalisation multiplies by ``gain / deviation``; ``normalised`` says it in
    full.
    """

    patches: tuple[Patch, ...]
    bias: str | None = None
    normalised: Normalised | None = None

    def contributions(self) -> Iterator[Contribution]:
        """Yield every number times its weight; padding is left out."""
        for patch in self.patches:
            for i, (numbers, weights) in enumerate(zip(patch.numbers, patch.kernel, strict=True)):
                for j, (number, weight) in enumerate(zip(numbers, weights, strict=True)):
                    if number is not None:
                        row = patch.row + i * patch.gaps[0]
                        column = patch.column + j * patch.gaps[1]
                        pixel = (patch.map, row, column)
                        yield Contribution(patch.step, pixel, number * weight)


@dataclass(frozen=True)
class Largest(Part):
    """The largest number of a window; ``winner`` is the pixel it came from."""

    patch: Patch
    winner: Pixel

    def contributions(self) -> Iterator[Contribution]:
        """Yield the winner."""
        yield Contribution(self.patch.step, self.winner, self.value)


@dataclass(frozen=True)
class Function(Part):
    """A function of one number; ``settings`` are its constants."""

    function: str
    source: Cell
    settings: Mapping[str, float | str | None]

    def contributions(self) -> Iterator[Contribution]:
        """Yield the number."""
        yield Contribution(self.source.step, self.source.pixel, self.value)


@dataclass(frozen=True)
class Combined(Part):
    """Two numbers that are multiplied or divided, or whose maximum or minimum is taken."""

    operation: str
    sources: tuple[Cell, ...]

    def contributions(self) -> Iterator[Contribution]:
        """Yield the two numbers, each as it is."""
        for source in self.sources:
            yield Contribution(source.step, source.pixel, source.value)


@dataclass(frozen=True)
class Copied(Part):
    """A number that is copied; ``source`` is None for padding and constants."""

    source: Cell | None

    def contributions(self) -> Iterator[Contribution]:
        """Yield the number, if it is not padding."""
        if self.source:
            yield Contribution(self.source.step, self.source.pixel, self.value)


@dataclass(frozen=True)
class Share(Part):
    """A softmax: ``addends``, e to the power of each source minus the largest, add up to ``total``.

    The value is addend number ``place`` divided by the total; with ``log``, its logarithm.
    """

    sources: tuple[Cell, ...]
    addends: tuple[str, ...]
    total: str
    place: int
    log: bool

    def contributions(self) -> Iterator[Contribution]:
        """Yield the number of the same class."""
        source = self.sources[self.place]
        yield Contribution(source.step, source.pixel, self.value)


@dataclass(frozen=True)
class Explanation:
    """How a pixel of a stage came about: the first part reads other stages, each next the last."""

    stage: str
    pixel: Pixel
    parts: tuple[Part, ...]

    @property
    def value(self) -> float:
        """The number itself."""
        return self.parts[-1].value

    @property
    def printed(self) -> str:
        """The number as printed."""
        return self.parts[-1].printed


def as_maps(shape: Shape) -> tuple[int, int, int]:
    """Return a tensor's shape seen as maps (C, H, W)."""
    if len(shape) < 2:
        return math.prod(shape), 1, 1
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def flat_of(maps: Shape, pixel: Pixel) -> int:
    """Return which number of maps, in order, a pixel is."""
    return (pixel[0] * maps[1] + pixel[1]) * maps[2] + pixel[2]


def pixel_of(maps: Shape, flat: int) -> Pixel:
    """Return the pixel that is number ``flat`` of maps, in order."""
    map_, place = divmod(flat, maps[1] * maps[2])
    return (map_, *divmod(place, maps[2]))
