"""The numbers on the slides that can be worked out by hand, each from a function of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.insight.fields import receptive_fields
from cnnlab.insight.graph import Graph

Grid = NDArray[np.float64]

PICTURE: Grid = np.arange(9.0).reshape(3, 3)
KERNEL: Grid = np.arange(4.0).reshape(2, 2)
"""The example of the workshop: 0 to 8 and 0 to 3."""


def convolve(picture: Grid, kernel: Grid, *, padding: int = 0, stride: int = 1) -> Grid:
    """Return the map of a picture (H, W) and a kernel (h, w): at each place, products added up."""
    padded = np.pad(picture, padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    found: Grid = (windows * kernel).sum(axis=(2, 3))
    return found


def pool(picture: Grid, size: int, stride: int, function: Callable[..., Grid]) -> Grid:
    """Return the picture with each window of ``size`` x ``size`` as one number."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (size, size))
    return function(windows[::stride, ::stride], axis=(2, 3))


def products(picture: Grid, kernel: Grid, row: int, column: int) -> str:
    """Return the sum of one number of the map as it is written: 0x0 + 1x1 + 3x2 + 4x3."""
    height, width = kernel.shape
    window = picture[row : row + height, column : column + width]
    pairs = zip(window.flat, kernel.flat, strict=True)
    return " + ".join(f"{one:g}\u00d7{other:g}" for one, other in pairs)


def output_size(size: int, kernel: int, padding: int = 0, stride: int = 1) -> int:
    """Return how many numbers wide the map is."""
    return (size + 2 * padding - kernel) // stride + 1


def linear_parameters(inputs: int, outputs: int) -> int:
    """Return how many numbers a linear layer learns: a weight for each pair, and the biases."""
    return inputs * outputs + outputs


def kernel_numbers(maps_in: int, maps_out: int, side: int) -> int:
    """Return how many numbers the kernels of a convolution have, without the biases."""
    return maps_in * maps_out * side * side


def seen_widths(graph: Graph) -> dict[str, int]:
    """Return for each stage with maps how wide a part of the picture one of its pixels sees."""
    found = {}
    for name, stage in graph.stages.items():
        if len(stage.last.shape) == 3 and name != graph.input.stage:
            _, rows, columns = stage.last.shape
            fields = receptive_fields(graph, name, (0, rows // 2, columns // 2))
            image = next(each for each in fields if each.step == graph.input.name)
            found[name] = image.right - image.left + 1
    return found


def as_text(grid: NDArray[Any], digits: int = 0) -> list[list[str]]:
    """Return a grid of numbers as text, with a true minus; what rounds to 0 has none."""
    rounded = np.round(grid, digits) + 0.0
    return [
        [f"{each:.{digits}f}".replace("-", "\u2212") for each in row] for row in rounded.tolist()
    ]
