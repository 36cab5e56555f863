"""Convolution, activation and pooling in one pass over the cache, forward and backward.

A few images at a time go through all layers of a chain while their values lie in the nearest
cache; a vector holds the same pixel of several images, so every layer size uses whole vectors.
PyTorch's own kernels write each layer's result to memory and read it again. With the few
channels of a small network they also leave most of a vector empty (measured in docs/log.md).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from llvmlite import ir

from cnnlab.training.engines.lanes import Compiled, Lanes, Processor, compile_functions, define

_ROW_TILE = 5


@dataclass(frozen=True)
class Block:
    """One convolution (stride 1, no padding), its activation, and its pooling by 2 x 2.

    Max pooling runs before the activation. The result is the same, because both activations
    rise. Output rows and columns that pooling would leave out are not computed.
    """

    channels_in: int
    height: int
    width: int
    channels_out: int
    kernel: int
    activation: Literal["tanh", "relu"] | None
    pooling: Literal["average", "max"] | None

    @property
    def pool(self) -> int:
        """Side of the pooling window: 2, or 1 without pooling."""
        return 2 if self.pooling else 1

    @property
    def rows_out(self) -> int:
        """Height of the output."""
        return (self.height - self.kernel + 1) // self.pool

    @property
    def columns_out(self) -> int:
        """Width of the output."""
        return (self.width - self.kernel + 1) // self.pool

    @property
    def inputs(self) -> int:
        """Values of one image before the block."""
        return self.channels_in * self.height * self.width

    @property
    def outputs(self) -> int:
        """Values of one image after the block."""
        return self.channels_out * self.rows_out * self.columns_out

    @property
    def sums(self) -> int:
        """Values of one image before pooling."""
        return self.outputs * self.pool**2

    @property
    def weights(self) -> int:
        """Weights, without biases."""
        return self.channels_out * self.channels_in * self.kernel**2

    @property
    def kept_bytes(self) -> int:
        """Bytes for one image that the backward pass needs besides the output.

        Max pooling keeps which of the four was largest; average pooling all four.
        """
        return {"max": self.outputs, "average": 4 * self.sums, None: 0}[self.pooling]


def _largest_divisor(number: int, limit: int) -> int:
    return max(d for d in range(1, max(1, min(number, limit)) + 1) if number % d == 0)


def _forward(
    code: Lanes, block: Block, registers: int, x: Any, weight: Any, bias: Any, kept: Any, out: Any
) -> None:
    """Write the forward pass of a block for one vector of images; ``kept`` None keeps nothing."""
    k, pool = block.kernel, block.pool
    across = pool if block.pooling else _largest_divisor(block.columns_out, 4)
    window = [(row, column) for row in range(pool) for column in range(across)]
    group = _largest_divisor(block.channels_out, (registers - 8) // len(window))
    filter_size = block.channels_in * k * k

    def tile(channels: Any, row: Any, column: Any) -> None:
        initial = [
            code.spread(bias, (channels, group), each) for each in range(group) for _ in window
        ]

        def channel_in(channel: Any, *sums: Any) -> list[Any]:
            corner = code.at(
                x,
                (channel, block.height * block.width),
                (row, pool * block.width),
                (column, across),
            )
            filters = code.at(
                weight, (channels, group * filter_size), (channel, k * k), of=ir.FloatType()
            )
            pixels = {
                (down, right): code.load(corner, down * block.width + right)
                for down in range(k + pool - 1)
                for right in range(k + across - 1)
            }
            new = list(sums)
            for down in range(k):
                for right in range(k):
                    for each in range(group):
                        factor = code.spread(filters, each * filter_size + down * k + right)
                        for place, (a, b) in enumerate(window):
                            at = each * len(window) + place
                            new[at] = code.multiply_add(
                                factor, pixels[down + a, right + b], new[at]
                            )
            return new

        sums = code.loop(block.channels_in, channel_in, initial)
        for each in range(group):
            start = each * len(window)
            finish(channels, each, row, column, sums[start : start + len(window)])

    def finish(channels: Any, each: int, row: Any, column: Any, sums: list[Any]) -> None:
        size = block.rows_out * block.columns_out
        step = across // pool
        here = code.index(
            (channels, group * size), each * size, (row, block.columns_out), (column, step)
        )
        if block.pooling == "max":
            largest, which = sums[0], code.byte(0)
            for place, value in enumerate(sums[1:], start=1):
                better = code.larger_or_nan(value, largest)
                largest = code.where(better, value, largest)
                which = code.where(better, code.byte(place), which)
            if kept is not None:
                code.store_bytes(which, kept, here)
            code.store(_activated(code, block, largest), out, here)
            return
        values = [_activated(code, block, value) for value in sums]
        if block.pooling is None:
            for place, value in enumerate(values):
                code.store(value, out, here, place)
            return
        total = values[0]
        for place, value in enumerate(values):
            total = code.add(total, value) if place else value
            if kept is not None:
                code.store(value, kept, (here, 4), place)
        code.store(code.multiply(total, code.constant(0.25)), out, here)

    code.loop(
        block.channels_out // group,
        lambda channels: code.loop(
            block.rows_out,
            lambda row: code.loop(
                block.columns_out * pool // across, lambda column: tile(channels, row, column)
            ),
        ),
    )


def _activated(code: Lanes, block: Block, value: Any) -> Any:
    if block.activation == "tanh":
        return code.tanh(value)
    return code.relu(value) if block.activation == "relu" else value


def _times_slope(code: Lanes, block: Block, gradient: Any, value: Any) -> Any:
    """Return the gradient before an activation, from that after it; ``value`` is its result."""
    if block.activation == "tanh":
        return code.multiply(gradient, code.subtract(code.constant(1), code.multiply(value, value)))
    if block.activation == "relu":
        return code.where(code.above_zero(value), gradient, code.constant(0))
    return gradient


def _backward_of_sums(
    code: Lanes, block: Block, kept: Any, out: Any, gradient: Any, sums: Any, bias: Any
) -> None:
    """Write: from the gradient after the block, that of the convolution's sums and the biases."""
    size, pool = block.rows_out * block.columns_out, block.pool
    columns = pool * block.columns_out

    def channel_out(channel: Any) -> None:
        def place(row: Any, column: Any, total: Any) -> Any:
            here = code.index((channel, size), (row, block.columns_out), column)
            corner = code.at(sums, (channel, size * pool**2), (row, pool * columns), (column, pool))
            given = code.load(gradient, here)
            if block.pooling == "average":
                given = code.multiply(given, code.constant(0.25))
                for number in range(4):
                    value = code.load(kept, (here, 4), number)
                    part = _times_slope(code, block, given, value)
                    code.store(part, corner, number // 2 * columns + number % 2)
                    total = code.add(total, part)
                return total
            given = _times_slope(code, block, given, code.load(out, here))
            if block.pooling == "max":
                which = code.load_bytes(kept, here)
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

    code.loop(block.channels_out, channel_out)


def _backward_of_weights(
    code: Lanes, block: Block, registers: int, x: Any, sums: Any, weight: Any
) -> None:
    """Write: add the weights' gradient, a vector each, to what ``weight`` holds."""
    k = block.kernel
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
                (channel, block.height * block.width),
                (row, block.width),
                (down, block.width),
                (number, tile),
            )
            sums_at = code.at(
                sums, (channels, group * rows * columns), (row, columns), (number, tile)
            )
            pixels = [code.load(pixels_at, right) for right in range(tile + k - 1)]
            for step in range(tile):
                for each in range(group):
                    gradient = code.load(sums_at, each * rows * columns + step)
                    for right in range(k):
                        at = each * k + right
                        new[at] = code.multiply_add(gradient, pixels[step + right], new[at])
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
    k, columns = block.kernel, block.pool * block.columns_out
    best = (float("inf"), 1, 1)
    for tile in sorted({_largest_divisor(columns, limit) for limit in range(2, _ROW_TILE + 1)}):
        width = tile + k - 1
        channels = _largest_divisor(block.channels_in, (registers - tile - 1) // width)
        products = tile * k * channels
        turns = max(products / 2, 4 * min(tile, k), (tile + k * channels) / 2)
        best = min(best, (turns / products, tile, channels))
    return best[1:]


def _backward_of_input(
    code: Lanes, block: Block, registers: int, weight: Any, sums: Any, x: Any
) -> None:
    """Write: the gradient of the block's input, by spreading each sum's over its window."""
    k, plane = block.kernel, block.height * block.width
    rows, columns = block.pool * block.rows_out, block.pool * block.columns_out
    tile, group = _input_tile(block, registers)
    width = tile + k - 1
    code.clear(x, block.inputs)

    def window_row(channels: Any, row: Any, number: Any, down: Any) -> None:
        target = code.at(
            x, (channels, group * plane), (row, block.width), (down, block.width), (number, tile)
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
                of=ir.FloatType(),
            )
            gradients = [code.load(sums_at, step) for step in range(tile)]
            for right in range(k):
                for each in range(group):
                    factor = code.spread(filters, each * k * k + right)
                    for step in range(tile):
                        at = each * width + step + right
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


@cache
def compile_chain(
    blocks: tuple[Block, ...], processor: Processor, input_gradient: bool
) -> tuple[dict[str, Compiled], Any]:
    """Return ``forward``, ``infer`` and ``backward`` of blocks in a row, and what keeps them.

    Each takes a table of pointers; the vectors of an image block lie together. ``forward``:
    images, input vectors; weight, bias, kept and output vectors of each block; results.
    ``infer`` is the same, keeps nothing and uses the first block's places for all. ``backward``:
    results' gradient, input vectors, gradient of sums (one block's place); weight, kept,
    output, output gradient (one block's place), weight's and bias's gradient of each block;
    and, with ``input_gradient``, the images' gradient, as vectors (one block's place) and as
    images.
    """
    module = ir.Module("chain")
    lanes = processor.lanes
    first, last = blocks[0], blocks[-1]

    def kept_at(code: Lanes, block: Block, base: Any, number: Any) -> Any:
        return code.at(base, (number, block.kept_bytes), of=code.bytes)

    def forward(keep: bool) -> Any:
        def body(code: Lanes, number: Any, start: Any, *pointers: Any) -> None:
            images, x, *rest, results = pointers
            place = number if keep else start
            here = code.at(x, (place, first.inputs))
            source = code.at(images, (number, first.inputs * lanes), of=ir.FloatType())
            code.to_lanes(source, first.inputs, here)
            for index, block in enumerate(blocks):
                weight, bias, kept, out = rest[4 * index : 4 * index + 4]
                out_here = code.at(out, (place, block.outputs))
                kept_here = kept_at(code, block, kept, place) if keep else None
                _forward(code, block, processor.registers, here, weight, bias, kept_here, out_here)
                here = out_here
            target = code.at(results, (number, last.outputs * lanes), of=ir.FloatType())
            code.from_lanes(here, last.outputs, target)

        return body

    def backward(code: Lanes, number: Any, start: Any, *pointers: Any) -> None:
        del start
        gradient_in, x, sums, *rest = pointers
        groups = [rest[6 * index : 6 * index + 6] for index in range(len(blocks))]
        source = code.at(gradient_in, (number, last.outputs * lanes), of=ir.FloatType())
        code.to_lanes(source, last.outputs, groups[-1][3])
        for index in reversed(range(len(blocks))):
            block = blocks[index]
            weight, kept, out, gradient, weight_gradient, bias_gradient = groups[index]
            out_here = code.at(out, (number, block.outputs))
            before = (
                code.at(groups[index - 1][2], (number, block.inputs))
                if index
                else code.at(x, (number, block.inputs))
            )
            _backward_of_sums(
                code,
                block,
                kept_at(code, block, kept, number),
                out_here,
                gradient,
                sums,
                bias_gradient,
            )
            _backward_of_weights(code, block, processor.registers, before, sums, weight_gradient)
            if index:
                _backward_of_input(
                    code, block, processor.registers, weight, sums, groups[index - 1][3]
                )
            elif input_gradient:
                vectors, images = rest[-2:]
                _backward_of_input(code, block, processor.registers, weight, sums, vectors)
                target = code.at(images, (number, first.inputs * lanes), of=ir.FloatType())
                code.from_lanes(vectors, first.inputs, target)

    count = len(blocks)
    define(module, "forward", lanes, 4 * count + 3, forward(keep=True))
    define(module, "infer", lanes, 4 * count + 3, forward(keep=False))
    define(module, "backward", lanes, 6 * count + 3 + 2 * input_gradient, backward)
    return compile_functions(module, ("forward", "infer", "backward"), processor)
