"""Labelled images, as they are stored."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError


@dataclass(frozen=True)
class ImageSet:
    """Images as they are stored, with their labels.

    ``images`` is (N, height, width) uint8, 0 black; ``labels`` is (N,) int64, an index into
    ``classes``; ``may_mirror``: an image mirrored left to right still shows its class. Raises
    `DataError` if counts differ or a label is out of range.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    may_mirror: bool = True

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise DataError(
                "Images must be (N, height, width) of uint8; found "
                f"{self.images.dtype} of {self.images.shape}."
            )
        if self.labels.shape != (len(self.images),):
            raise DataError(
                f"There must be one label for each image; found {len(self.images):,} images and "
                f"{self.labels.size:,} labels. The files belong to different data sets, or one "
                "is damaged."
            )
        wrong = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.classes)))
        if wrong.size:
            raise DataError(
                f"Label {self.labels[wrong[0]]} at index {wrong[0]} is out of range: expected 0 "
                f"to {len(self.classes) - 1}. Labels out of range: {wrong.size:,} of "
                f"{len(self.labels):,}."
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: NDArray[np.int64]) -> "ImageSet":
        """Return the images at those indices, in that order."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])
