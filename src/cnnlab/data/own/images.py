"""Images of a user's own, before they are split."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalog import Preparation


@dataclass(frozen=True)
class OwnImages:
    """Images (N, 28, 28) uint8 with their labels (N,), and the SHA-256 of all that was read.

    ``validation`` and ``test`` say which images their author set aside, (N,) of bool; None means:
    nobody did. ``preparation`` makes a photo look like these images. ``paths`` are the files of a
    folder, each below it.
    """

    classes: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    sha256: str
    preparation: Preparation
    validation: NDArray[np.bool_] | None = None
    test: NDArray[np.bool_] | None = None
    paths: tuple[str, ...] = ()
