"""A network's predictions on a set of images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Predictions:
    """A network's predictions on a set of images.

    ``probabilities`` (N, classes) are in [0, 1]; each row sums to 1.
    """

    image_set: ImageSet
    probabilities: NDArray[np.float32]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each image, (N,)."""
        classes: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return classes

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the predicted class, (N,)."""
        highest: NDArray[np.float32] = self.probabilities.max(axis=1)
        return highest


def softmax(logits: "torch.Tensor") -> NDArray[np.float32]:
    """Return the probabilities (N, classes) of logits."""
    probabilities: NDArray[np.float32] = logits.softmax(dim=1).cpu().numpy()
    return probabilities
