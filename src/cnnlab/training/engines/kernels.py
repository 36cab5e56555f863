"""Convolution, activation and pooling in one pass over the cache, forward and backward.

A few images at a time go through all layers of a chain while their values lie in the nearest
cache; a vector holds the same pixel of several images, so every layer size uses whole vectors.
PyTorch's own kernels write each layer's result to memory and read it again. With the few
channels of a small network they also leave most of a vector empty (measured in docs/log.md).
"""

from dataclasses import dataclass
from typing import Any

from cnnlab.training.engines.activations import activated, activated_with_slope, times_slope
from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.lanes import FLOAT, Lanes, Term

_ROW_TILE = 5


@dataclass(frozen=True)
class Maps:
    """Where the maps of one vector of images lie: the address, their size, a border around each."""

    base: Any
    rows: int
    columns: int
    border: int = 0

    @property
    def step(self) -> int:
        """Vectors from one row to the next."""
        return self.columns + 2 * self.border

    @property
    def plane(self) -> int:
        """Vectors of one map."""
        return (self.rows + 2 * self.border) * self.step

    def index(self, code: Lanes, *channel: Term, row: Any, column: Any) -> Any:
        """Return how many vectors after the address a pixel lies."""
        pairs = [term if isinstance(term, tuple) else (term, 1) for term in channel]
        terms = [(value, factor * self.plane) for value, factor in pairs]
        corner = self.border * (self.step + 1)
        return code.index(*terms, (row, self.step), column, corner)


def clear_border(code: Lanes, channels: int, maps: Maps) -> None:
    """Write: fill the border of each map with zeros."""
    if not maps.border:
        return
    first, gap = maps.border * (maps.step + 1), 2 * maps.border

    def channel(number: Any) -> None:
        plane = code.at(maps.base, (number, maps.plane))
        code.clear(plane, first)
        if maps.rows > 1:
            code.loop(
                maps.rows - 1,
                lambda row: code.clear(code.at(plane, first + maps.columns, (row, maps.step)), gap),
            )
        code.clear(code.at(plane, maps.plane - first), first)

    code.loop(channels, channel)


def copy_maps(code: Lanes, channels: int, source: Maps, target: Maps) -> None:
    """Write: copy maps from one place to another of the same size, without the borders."""

    def row_of(channel: Any, row: Any) -> None:
        start = source.index(code, channel, row=row, column=0)
        end = target.index(code, channel, row=row, column=0)
        code.loop(
            source.columns,
            lambda column: code.store(
                code.load(source.base, start, column), target.base, end, column
            ),
        )

    code.loop(channels, lambda channel: code.loop(source.rows, lambda row: row_of(channel, row)))


def _largest_divisor(number: int, limit: int) -> int:
    return max(d for d in range(1, max(1, min(number, limit)) + 1) if number % d == 0)


@dataclass(frozen=True)
class Kept:
    """Where a block keeps what its backward pass needs: bytes and vectors, as `Block` says."""

    which: Any
    values: Any


def convolve(
    code: Lanes,
    block: Block,
    registers: int,
    x: Any,
    weight: Any,
    bias: Any,
    kept: Kept | None,
    out: Maps,
) -> None:
    """Write the forward pass of a block for one vector of images; ``kept`` None keeps nothing."""
    k, pool, stride = block.kernel, block.pool, block.stride
    across = pool if block.pooling else _largest_divisor(block.columns_out, 4 // stride)
    window = [(row, column) for row in range(pool) for column in range(across)]
    group = _largest_divisor(block.channels_out, (registers - 8) // len(window))
    filter_size = block.channels_in * k * k

    def tile(channels: Any, row: Any, column: Any) -> None:
        initial = [
            code.spread(bias, (channels, group), each) if block.has_bias else code.constant(0)
            for each in range(group)
            for _ in window
        ]

        def channel_in(channel: Any, *sums: Any) -> list[Any]:
            corner = code.at(
                x,
                (channel, block.padded_height * block.padded_width),
                (row, pool * stride * block.padded_width),
                (column, across * stride),
            )
            filters = code.at(weight, (channels, group * filter_size), (channel, k * k), of=FLOAT)
            pixels = {
                (down, right): code.load(corner, down * block.padded_width + right)
                for down in range(k + (pool - 1) * stride)
                for right in range(k + (across - 1) * stride)
            }
            new = list(sums)
            for down in range(k):
                for right in range(k):
                    for each in range(group):
                        factor = code.spread(filters, each * filter_size + down * k + right)
                        for place, (a, b) in enumerate(window):
                            at = each * len(window) + place
                            pixel = pixels[down + a * stride, right + b * stride]
                            new[at] = code.multiply_add(factor, pixel, new[at])
            return new

        sums = code.loop(block.channels_in, channel_in, initial)
        for each in range(group):
            start = each * len(window)
            finish(channels, each, row, column, sums[start : start + len(window)])

    def finish(channels: Any, each: int, row: Any, column: Any, sums: list[Any]) -> None:
        size = block.rows_out * block.columns_out
        first = code.index((column, across // pool))
        here = code.index((channels, group * size), each * size, (row, block.columns_out), first)
        there = out.index(code, (channels, group), each, row=row, column=first)
        if block.pooling == "max":
            value = _largest(code, block, sums, kept, here)
            code.store(value, out.base, there)
            return
        values, slopes = [], []
        for total in sums:
            if kept is not None and block.keeps_slope and block.activation is not None:
                value, slope = activated_with_slope(code, block.activation, total)
                slopes.append(slope)
            else:
                value = activated(code, block.activation, total)
            values.append(value)
        if block.pooling is None:
            for place, value in enumerate(values):
                code.store(value, out.base, there, place)
            for place, slope in enumerate(slopes):
                code.store(slope, kept.values, here, place)  # type: ignore[union-attr]
            return
        if kept is not None and block.kept_values:
            for place, value in enumerate(slopes or values):
                code.store(value, kept.values, (here, 4), place)
        total = values[0]
        for value in values[1:]:
            total = code.add(total, value)
        code.store(code.multiply(total, code.constant(0.25)), out.base, there)

    code.loop(
        block.channels_out // group,
        lambda channels: code.loop(
            block.rows_out,
            lambda row: code.loop(
                block.columns_out * pool // across, lambda column: tile(channels, row, column)
            ),
        ),
    )


def _largest(code: Lanes, block: Block, sums: list[Any], kept: Kept | None, here: Any) -> Any:
    """Write: keep which of four sums is the largest, and return its activated value."""
    activation = block.activation
    slopes: list[Any] = []
    if activation is not None and not activation.rises:
        pairs = [activated_with_slope(code, activation, each) for each in sums]
        sums, slopes = [value for value, _ in pairs], [slope for _, slope in pairs]
    largest, which = sums[0], code.byte(0)
    slope = slopes[0] if slopes else None
    for place, value in enumerate(sums[1:], start=1):
        better = code.larger_or_nan(value, largest)
        largest = code.where(better, value, largest)
        which = code.where(better, code.byte(place), which)
        if slopes:
            slope = code.where(better, slopes[place], slope)
    if kept is not None:
        code.store_bytes(which, kept.which, here)
        if slopes:
            code.store(slope, kept.values, here)
    return largest if slopes else activated(code, activation, largest)


def gradient_of_sums(
    code: Lanes, block: Block, kept: Kept, out: Maps, gradient: Maps, sums: Any, bias: Any
) -> None:
    """Write: from the gradient after the block, that of the convolution's sums and the biases."""
    size, pool = block.rows_out * block.columns_out, block.pool
    columns = pool * block.columns_out

    def channel_out(channel: Any) -> None:
        def place(row: Any, column: Any, total: Any) -> Any:
            here = code.index((channel, size), (row, block.columns_out), column)
            corner = code.at(sums, (channel, size * pool**2), (row, pool * columns), (column, pool))
            given = code.load(gradient.base, gradient.index(code, channel, row=row, column=column))
            if block.pooling == "average":
                given = code.multiply(given, code.constant(0.25))
                for number in range(4):
                    part = before_average(given, here, number)
                    code.store(part, corner, number // 2 * columns + number % 2)
                    total = code.add(total, part)
                return total
            if block.keeps_slope:
                given = code.multiply(given, code.load(kept.values, here))
            elif block.activation is not None:
                result = code.load(out.base, out.index(code, channel, row=row, column=column))
                given = times_slope(code, block.activation, given, result)
            if block.pooling == "max":
                which = code.load_bytes(kept.which, here)
                for number in range(4):
                    chosen = code.equal_bytes(which, code.byte(number))
                    part = code.where(chosen, given, code.constant(0))
                    code.store(part, corner, number // 2 * columns + number % 2)
            else:
                code.store(given, corner)
            return code.add(total, given)

        def row_of(row: Any, total: Any) -> list[Any]:
            return code.loop(
                block.columns_out, lambda column, sum_: [place(row, column, sum_)], [total]
            )

        (total,) = code.loop(block.rows_out, row_of, [code.load(bias, channel)])
        code.store(total, bias, channel)

    def before_average(given: Any, here: Any, number: int) -> Any:
        if block.activation is None:
            return given
        value = code.load(kept.values, (here, 4), number)
        if block.keeps_slope:
            return code.multiply(given, value)
        return times_slope(code, block.activation, given, value)

    code.loop(block.channels_out, channel_out)


def gradient_of_weights(
    code: Lanes, block: Block, registers: int, x: Any, sums: Any, weight: Any
) -> None:
    """Write: add the weights' gradient, a vector each, to what ``weight`` holds."""
    k, stride = block.kernel, block.stride
    rows, columns = block.pool * block.rows_out, block.pool * block.columns_out
    group = _largest_divisor(block.channels_out, (registers - 10) // k)
    tile = _largest_divisor(columns, _ROW_TILE)
    filter_size = block.channels_in * k * k

    def row_of_filters(channels: Any, channel: Any, down: Any) -> None:
        def place(each: int, right: int) -> Any:
            return code.at(
                weight,
                (channels, group * filter_size),
                each * filter_size,
                (channel, k * k),
                (down, k),
                right,
            )

        places = [place(each, right) for each in range(group) for right in range(k)]

        def run(row: Any, number: Any, *totals: Any) -> list[Any]:
            new = list(totals)
            pixels_at = code.at(
                x,
                (channel, block.padded_height * block.padded_width),
                (row, stride * block.padded_width),
                (down, block.padded_width),
                (number, tile * stride),
            )
            sums_at = code.at(
                sums, (channels, group * rows * columns), (row, columns), (number, tile)
            )
            pixels = [code.load(pixels_at, right) for right in range((tile - 1) * stride + k)]
            for step in range(tile):
                for each in range(group):
                    gradient = code.load(sums_at, each * rows * columns + step)
                    for right in range(k):
                        at = each * k + right
                        new[at] = code.multiply_add(
                            gradient, pixels[step * stride + right], new[at]
                        )
            return new

        totals = code.loop(
            rows,
            lambda row, *totals: code.loop(
                columns // tile, lambda number, *now: run(row, number, *now), totals
            ),
            [code.load(at) for at in places],
        )
        for at, total in zip(places, totals, strict=True):
            code.store(total, at)

    def all_rows(channels: Any, channel: Any) -> None:
        code.loop(k, lambda down: row_of_filters(channels, channel, down))

    code.loop(
        block.channels_out // group,
        lambda channels: code.loop(block.channels_in, lambda channel: all_rows(channels, channel)),
    )


def _input_tile(block: Block, registers: int) -> tuple[int, int]:
    """Return how many columns and input channels the input's gradient takes at once.

    With one channel each sum waits for its last product, at most ``kernel`` products deep; with
    too many, sums leave the registers. The estimate counts turns of the processor a product:
    two products or two loads a turn, four turns until a product is there.
    """
    k, stride, columns = block.kernel, block.stride, block.pool * block.columns_out
    best = (float("inf"), 1, 1)
    for tile in sorted({_largest_divisor(columns, limit) for limit in range(2, _ROW_TILE + 1)}):
        width = (tile - 1) * stride + k
        channels = _largest_divisor(block.channels_in, (registers - tile - 1) // width)
        products = tile * k * channels
        turns = max(products / 2, 4 * min(tile, -(-k // stride)), (tile + k * channels) / 2)
        best = min(best, (turns / products, tile, channels))
    return best[1:]


def gradient_of_input(
    code: Lanes, block: Block, registers: int, weight: Any, sums: Any, x: Any
) -> None:
    """Write: the gradient of the block's input, by spreading each sum's over its window."""
    k, stride, plane = block.kernel, block.stride, block.padded_height * block.padded_width
    rows, columns = block.pool * block.rows_out, block.pool * block.columns_out
    tile, group = _input_tile(block, registers)
    width = (tile - 1) * stride + k
    code.clear(x, block.inputs)

    def window_row(channels: Any, row: Any, number: Any, down: Any) -> None:
        target = code.at(
            x,
            (channels, group * plane),
            (row, stride * block.padded_width),
            (down, block.padded_width),
            (number, tile * stride),
        )
        places = [each * plane + place for each in range(group) for place in range(width)]

        def channel_out(channel: Any, *totals: Any) -> list[Any]:
            new = list(totals)
            sums_at = code.at(sums, (channel, rows * columns), (row, columns), (number, tile))
            filters = code.at(
                weight,
                (channel, block.channels_in * k * k),
                (channels, group * k * k),
                (down, k),
                of=FLOAT,
            )
            gradients = [code.load(sums_at, step) for step in range(tile)]
            for right in range(k):
                for each in range(group):
                    factor = code.spread(filters, each * k * k + right)
                    for step in range(tile):
                        at = each * width + step * stride + right
                        new[at] = code.multiply_add(factor, gradients[step], new[at])
            return new

        initial = [code.load(target, place) for place in places]
        totals = code.loop(block.channels_out, channel_out, initial)
        for place, total in zip(places, totals, strict=True):
            code.store(total, target, place)

    def all_rows(channels: Any, row: Any, number: Any) -> None:
        code.loop(k, lambda down: window_row(channels, row, number, down))

    code.loop(
        block.channels_in // group,
        lambda channels: code.loop(
            rows,
            lambda row: code.loop(columns // tile, lambda number: all_rows(channels, row, number)),
        ),
    )
