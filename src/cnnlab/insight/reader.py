"""How a single step makes one of its numbers, for each operation of a graph."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.insight.explanation import (
    Cell,
    Combined,
    Copied,
    Function,
    Largest,
    Normalised,
    Part,
    Patch,
    Rows,
    Share,
    Sum,
    as_maps,
    pixel_of,
)
from cnnlab.insight.graph import Graph, Shape, Step, Tensor
from cnnlab.insight.interpret import Numbers, divisor, factors, index_of, inside
from cnnlab.insight.printed import add_up, decimals_in, decimals_of, in_units, rounded, text_of

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Where a kernel lies on a map: its first cell, which may be padding, and its gaps."""

    map: int
    row: int
    column: int
    gaps: tuple[int, int]
    kernel: NDArray[Any]


@dataclass(frozen=True)
class Weighed:
    """A window of a step's maps with the numbers under it, None for padding, and the products."""

    step: str
    window: Window
    numbers: Rows
    products: Reals


class Reader:
    """Explains single steps of a graph whose values are known."""

    def __init__(self, graph: Graph, values: Mapping[str, Numbers]) -> None:
        self.graph, self.values = graph, values

    def part(self, step: Step, flat: int, given: str | None) -> Part:
        """Return how a step makes its number ``flat``; ``given`` is its input as printed before."""
        explain = getattr(self, f"_{step.op}", None) or self._combined
        part: Part = explain(step, flat, given)
        return part

    def source(self, name: str) -> Step:
        """Return the step whose numbers a step reads, behind those that only change the shape."""
        step = self.graph.by_name[name]
        while self.graph.is_in_order(step):
            step = self.graph.by_name[step.inputs[0]]
        return step

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return the numbers of a step in order, (n,)."""
        found: Reals = self.values[name][0].reshape(-1).astype(np.float64)
        return found

    def cell(self, name: str, flat: int, printed: str | None = None) -> Cell:
        """Return number ``flat`` of a step, as a pixel of the step it came from."""
        step = self.source(name)
        value = float(self.values[name][0].reshape(-1)[flat])
        pixel = pixel_of(as_maps(step.shape), flat)
        return Cell(step.name, pixel, value, printed or rounded(value))

    def _input(self, step: Step, flat: int, _given: str | None) -> Part:
        value = float(self.numbers(step.name)[flat])
        return Copied(step.name, step.call, value, rounded(value), None)

    _constant = _input

    def _conv2d(self, step: Step, flat: int, _given: str | None) -> Part:
        settings, weight = step.settings, self.graph.tensor(step, "weight")
        assert weight is not None  # noqa: S101
        (down, across), (top, _, left, _) = settings["stride"], settings["padding"]
        output, i, j = pixel_of(step.shape, flat)
        depth = weight.shape[1]
        first = output // (weight.shape[0] // settings["groups"]) * depth
        row, column = i * down - top, j * across - left
        windows = [
            Window(first + k, row, column, tuple(settings["dilation"]), weight[output, k])
            for k in range(depth)
        ]
        source = self.graph.by_name[step.inputs[0]]
        return self._sum(step, source, source.shape, windows, self._bias(step, output))

    def _bias(self, step: Step, output: int) -> float | None:
        bias = self.graph.tensor(step, "bias")
        return None if bias is None else float(bias[output])

    def _linear(self, step: Step, flat: int, _given: str | None) -> Part:
        weight = self.graph.tensor(step, "weight")
        assert weight is not None  # noqa: S101
        row, output = divmod(flat, weight.shape[0])
        source = self.graph.by_name[step.inputs[0]]
        if len(source.shape) > 1:
            maps = (1, math.prod(source.shape[:-1]), source.shape[-1])
            windows = [Window(0, row, 0, (1, 1), weight[output][None])]
            seen = as_maps(source.shape)
            if seen[0] > 1:  # rows of several maps
                windows = [Window(row // seen[1], row % seen[1], 0, (1, 1), weight[output][None])]
                maps = seen
        else:
            source = self.source(source.name)
            maps = as_maps(source.shape)
            kernels = weight[output].reshape(maps)
            windows = [Window(k, 0, 0, (1, 1), kernels[k]) for k in range(maps[0])]
        return self._sum(step, source, maps, windows, self._bias(step, output))

    def _pool(self, step: Step, flat: int, _given: str | None) -> Part:
        settings, maps = step.settings, tuple(step.settings["maps"])
        rows, columns = settings["rows"], settings["columns"]
        map_, i, j = pixel_of((maps[0], len(rows), len(columns)), flat)
        gaps: tuple[int, int] = tuple(settings["dilation"])
        (top, bottom), (left, right) = rows[i], columns[j]
        size = (len(range(top, bottom, gaps[0])), len(range(left, right, gaps[1])))
        source = self.graph.by_name[step.inputs[0]]
        if self.graph.is_in_order(source) and as_maps(self.source(source.name).shape) == maps:
            source = self.source(source.name)
        if settings["function"] == "average":
            kernel = np.full(size, 1 / divisor(step, rows[i], columns[j]))
            return self._sum(step, source, maps, [Window(map_, top, left, gaps, kernel)], None)
        cells = self.values[source.name][0].reshape(maps)[map_]
        down, across = inside(rows[i], maps[1], gaps[0]), inside(columns[j], maps[2], gaps[1])
        covered = cells[np.ix_(down, across)]
        a, b = np.unravel_index(int(covered.argmax()), covered.shape)
        value, winner = float(covered[a, b]), (map_, down[int(a)], across[int(b)])
        numbers = _under(cells, Window(map_, top, left, gaps, np.ones(size)))
        known = [each for row in numbers for each in row if each is not None]
        decimals = decimals_of(known)
        texts = tuple(tuple(rounded(each or 0.0, decimals) for each in row) for row in numbers)
        text = rounded(value, decimals)
        patch = Patch(source.name, map_, top, left, gaps, numbers, (), texts, text)
        return Largest(step.name, step.call, value, text, patch, winner)

    def _batch_norm(self, step: Step, flat: int, _given: str | None) -> Part:
        map_ = flat // math.prod(step.shape[1:])
        tensors = {name: self.graph.tensors[number] for name, number in step.tensors.items()}
        a, b = factors(step, tensors)
        mean, gain, shift = (float(tensors[name][map_]) for name in ("mean", "weight", "bias"))
        deviation = math.sqrt(float(tensors["variance"][map_]) + step.settings["epsilon"])
        normalised = Normalised(mean, deviation, gain, shift)
        return self._scaled(step, flat, float(a[map_]), float(b[map_]), normalised)

    def _standardise(self, step: Step, flat: int, _given: str | None) -> Part:
        block = step.settings["block"]
        numbers = self.numbers(step.inputs[0]).reshape(-1, block)[flat // block]
        mean = float(numbers.mean())
        deviation = math.sqrt(float(numbers.var()) + step.settings["epsilon"])
        weight, bias = self.graph.tensor(step, "weight"), self.graph.tensor(step, "bias")
        gain = 1.0 if weight is None else _broadcast(weight, step.shape, flat)
        shift = 0.0 if bias is None else _broadcast(bias, step.shape, flat)
        normalised = Normalised(mean, deviation, gain, shift)
        factor = gain / deviation
        return self._scaled(step, flat, factor, shift - mean * factor, normalised)

    def _scaled(
        self, step: Step, flat: int, factor: float, shift: float, normalised: Normalised
    ) -> Part:
        """Return factor * x + shift."""
        window, source, maps = self._single(step.inputs[0], flat, factor)
        return self._sum(step, source, maps, [window], shift, normalised)

    def _single(self, name: str, flat: int, factor: float) -> tuple["Window", Step, Shape]:
        source = self.source(name)
        maps = as_maps(source.shape)
        return Window(*pixel_of(maps, flat), (1, 1), np.array([[factor]])), source, maps

    def _add(self, step: Step, flat: int, _given: str | None) -> Part:
        signs = (1.0, -1.0 if step.op == "subtract" else 1.0)
        found = []
        for name, sign in zip(step.inputs, signs, strict=True):
            window, source, maps = self._single(name, self._own(step, name, flat), sign)
            found.append(self._weighed(source, maps, window))
        return _summed(step, found, None, None)

    _subtract = _add

    def _own(self, step: Step, name: str, flat: int) -> int:
        """Return which number of an input meets number ``flat`` of a step, as it broadcasts."""
        shape = self.graph.by_name[name].shape
        place = np.unravel_index(flat, step.shape)[len(step.shape) - len(shape) :]
        own = [0 if size == 1 else int(at) for at, size in zip(place, shape, strict=True)]
        return int(np.ravel_multi_index(own, shape)) if shape else 0

    def _combined(self, step: Step, flat: int, given: str | None) -> Part:
        own = {name for name in step.inputs if self.graph.by_name[name].op != "constant"}
        cells = tuple(
            self.cell(name, self._own(step, name, flat), given if name in own else None)
            for name in step.inputs
        )
        a, b = (each.value for each in cells)
        value = {
            "multiply": lambda: a * b,
            "divide": lambda: float(np.divide(a, b)),
            "maximum": lambda: max(a, b),
            "minimum": lambda: min(a, b),
        }[step.op]()
        return Combined(step.name, step.call, value, rounded(value), step.op, cells)

    def _activation(self, step: Step, flat: int, given: str | None) -> Part:
        settings: dict[str, Any] = dict(step.settings)
        weight = self.graph.tensor(step, "weight")
        if weight is not None:
            settings["slope"] = _broadcast(weight, step.shape, flat)
        value = float(self.numbers(step.name)[flat])
        source = self.cell(step.inputs[0], flat, given)
        is_same = value == source.value
        printed = source.printed if is_same else rounded(value, decimals_in(source.printed))
        return Function(
            step.name, step.call, value, printed, settings.pop("function"), source, settings
        )

    def _concatenate(self, step: Step, flat: int, _given: str | None) -> Part:
        axis = step.settings["axis"]
        place = [int(each) for each in np.unravel_index(flat, step.shape)]
        for name in step.inputs:
            shape = self.graph.by_name[name].shape
            if place[axis] < shape[axis]:
                return self._copied(step, name, int(np.ravel_multi_index(place, shape)))
            place[axis] -= shape[axis]
        raise AssertionError(step.name)

    def _copy(self, step: Step, flat: int, _given: str | None) -> Part:
        index = index_of(step, self.graph.tensor(step, "index")).reshape(-1)[flat]
        if index >= 0:
            return self._copied(step, step.inputs[0], int(index))
        value = float(step.settings["value"])
        return Copied(step.name, step.call, value, rounded(value), None)

    def _copied(self, step: Step, name: str, flat: int) -> Part:
        cell = self.cell(name, flat)
        return Copied(step.name, step.call, cell.value, cell.printed, cell)

    def _softmax(self, step: Step, flat: int, _given: str | None) -> Part:
        axis = step.settings["axis"]
        all_ = np.arange(math.prod(step.shape)).reshape(step.shape)
        place = np.unravel_index(flat, step.shape)
        along = np.moveaxis(all_, axis, -1)[(*place[:axis], *place[axis + 1 :])]
        cells = tuple(self.cell(step.inputs[0], int(each)) for each in along)
        largest = max(cell.value for cell in cells)
        powers = [math.exp(cell.value - largest) for cell in cells]
        total, number = sum(powers), int(place[axis])
        units = in_units(total, 3)
        texts = tuple(text_of(each, 3) for each in add_up(powers, units, 3))
        share, is_log = powers[number] / total, step.settings["log"]
        value = cells[number].value - largest - math.log(total) if is_log else share
        return Share(
            step.name,
            step.call,
            value,
            rounded(value),
            cells,
            texts,
            text_of(units, 3),
            number,
            is_log,
        )

    def _sum(
        self,
        step: Step,
        source: Step,
        maps: Shape,
        windows: list[Window],
        bias: float | None,
        normalised: Normalised | None = None,
    ) -> Part:
        found = [self._weighed(source, maps, each) for each in windows]
        return _summed(step, found, bias, normalised)

    def _weighed(self, source: Step, maps: Shape, window: Window) -> Weighed:
        cells = self.values[source.name][0].reshape(maps)[window.map]
        numbers = _under(cells, window)
        known = np.array([[each or 0.0 for each in row] for row in numbers])
        return Weighed(source.name, window, numbers, known * window.kernel.astype(np.float64))


def _under(cells: Numbers, window: Window) -> Rows:
    """Return the numbers of a map under a window, None where it lies outside."""
    height, width = cells.shape
    down, across = (
        [first + gap * place for place in range(count)]
        for first, gap, count in zip(
            (window.row, window.column), window.gaps, window.kernel.shape, strict=True
        )
    )
    return tuple(
        tuple(float(cells[i, j]) if 0 <= i < height and 0 <= j < width else None for j in across)
        for i in down
    )


def _broadcast(tensor: Tensor, shape: Shape, flat: int) -> float:
    """Return the number of a tensor that meets number ``flat`` of that shape."""
    return float(np.broadcast_to(tensor, shape).flat[flat])


def _summed(
    step: Step, weighed: list[Weighed], bias: float | None, normalised: Normalised | None
) -> Sum:
    addends = [float(each.products.sum()) for each in weighed]
    addends += [] if bias is None else [bias]
    total = math.fsum(addends) if all(map(math.isfinite, addends)) else sum(addends)
    decimals = decimals_of([*addends, total])
    if math.isfinite(total):
        whole = in_units(total, decimals)
        printed, units = text_of(whole, decimals), add_up(addends, whole, decimals)
        texts = [text_of(each, decimals) for each in units]
        products = [
            _texts(each.products, count, decimals)
            for each, count in zip(weighed, units, strict=False)
        ]
    else:  # infinite, or not a number: nothing adds up
        printed, texts = rounded(total), [rounded(each) for each in addends]
        products = [
            tuple(tuple(rounded(float(x)) for x in row) for row in each.products)
            for each in weighed
        ]
    patches = [
        Patch(
            each.step,
            each.window.map,
            each.window.row,
            each.window.column,
            each.window.gaps,
            each.numbers,
            tuple(tuple(map(float, row)) for row in each.window.kernel),
            shown,
            text,
        )
        for each, shown, text in zip(weighed, products, texts, strict=False)
    ]
    last = None if bias is None else texts[-1]
    return Sum(step.name, step.call, total, printed, tuple(patches), last, normalised)


def _texts(products: Reals, units: int, decimals: int) -> tuple[tuple[str, ...], ...]:
    """Return products as printed, so that they add up to ``units``."""
    flat = [text_of(each, decimals) for each in add_up(products.reshape(-1), units, decimals)]
    width = products.shape[1]
    return tuple(tuple(flat[at : at + width]) for at in range(0, len(flat), width))
