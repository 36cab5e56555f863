"""Near-twins: images that are the same, or almost. They must not be in two splits."""

import numpy as np
from numpy.typing import NDArray

APART = 0.15
"""Two images are near-twins if they differ by less than this share of what is drawn in them.

In 20,000 images of MNIST there are none, and in 20,000 of Fashion-MNIST 55 pairs.
"""
_BLOCK = 512
_MANY = 20_000


def find_twins(images: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return the pairs of images (N, 28, 28) that are the same or almost the same.

    The distance is that of the grey levels, each image less its mean, as a share of the norm of
    the stronger one. Pairs are compared first as 7 x 7 means: no pair that is near is farther
    apart there (Jensen's inequality).
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1)
    order = np.argsort(norms, kind="stable")
    flat, norms = flat[order], norms[order]
    height, width = (extent // 4 for extent in images.shape[1:])
    cells = flat.reshape(-1, height, 4, width, 4).sum(axis=(2, 4)).reshape(len(flat), -1) / 4
    squares = (cells * cells).sum(axis=1)
    found: list[tuple[int, int]] = []
    for start in range(0, len(flat), _BLOCK):
        stop = min(start + _BLOCK, len(flat))
        # An image of a much larger norm is too far away, whatever it shows.
        end = int(np.searchsorted(norms, norms[stop - 1] / (1 - APART), side="right"))
        apart = (
            squares[start:stop, None]
            + squares[None, start:end]
            - 2 * (cells[start:stop] @ cells[start:end].T)
        )
        slack = 1e-3 * squares[start:stop, None] + 1e-3
        one, other = np.nonzero(apart <= (APART * norms[None, start:end]) ** 2 + slack)
        is_pair = one < other
        one, other = one[is_pair] + start, other[is_pair] + start
        for at in range(0, len(one), _MANY):
            a, b = one[at : at + _MANY], other[at : at + _MANY]
            near = np.linalg.norm(flat[a] - flat[b], axis=1) <= APART * norms[b]
            found += zip(order[a[near]].tolist(), order[b[near]].tolist(), strict=True)
    return sorted((min(pair), max(pair)) for pair in found)


def group_twins(count: int, pairs: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the group of each image: the smallest index of all that twins lead to."""
    group = list(range(count))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        group[high] = low
    return np.array([root(index) for index in range(count)], np.int64)
