"""Where a network errs: the confusion matrix, and the images behind it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet


@dataclass(frozen=True)
class Predictions:
    """A network's answers to a set: ``probabilities`` (N, classes) in [0, 1], rows summing to 1."""

    image_set: ImageSet
    probabilities: NDArray[np.float32]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each image, (N,)."""
        answers: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return answers

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of that class, (N,)."""
        highest: NDArray[np.float32] = self.probabilities.max(axis=1)
        return highest


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """Return the confusion matrix: row the true class, column the predicted one, in images."""
    labels = predictions.image_set.labels
    count = len(predictions.image_set.classes)
    cells = np.bincount(labels * count + predictions.predicted, minlength=count * count)
    return cells.reshape(count, count)


def most_confident_mistakes(predictions: Predictions, count: int) -> NDArray[np.int64]:
    """Return the indices of the wrong answers that the network was surest of, surest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.image_set.labels)
    return wrong[np.argsort(-predictions.confidence[wrong], kind="stable")[:count]]


def most_confused(matrix: NDArray[np.int64]) -> tuple[int, int, int]:
    """Return true class, predicted class and count of the largest cell off the diagonal."""
    mistakes = matrix - np.diag(np.diag(matrix))
    true, predicted = np.unravel_index(int(mistakes.argmax()), matrix.shape)
    return int(true), int(predicted), int(mistakes.max())
