"""A network's mistakes: the confusion matrix, and the images behind it."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.insight.predictions import Predictions


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """Return the confusion matrix, in images: rows are true classes, columns predicted ones."""
    labels = predictions.image_set.labels
    count = len(predictions.image_set.classes)
    cells = np.bincount(labels * count + predictions.predicted, minlength=count * count)
    return cells.reshape(count, count)


def most_confident_mistakes(predictions: Predictions, count: int) -> NDArray[np.int64]:
    """Return the indices of the wrong predictions with the highest confidence, highest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.image_set.labels)
    return wrong[np.argsort(-predictions.confidence[wrong], kind="stable")[:count]]


def most_confused(matrix: NDArray[np.int64]) -> tuple[int, int, int]:
    """Return the most frequent mistake: the true class, the predicted class and the count."""
    mistakes = matrix - np.diag(np.diag(matrix))
    true, predicted = np.unravel_index(int(mistakes.argmax()), matrix.shape)
    return int(true), int(predicted), int(mistakes.max())
