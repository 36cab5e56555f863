"""Labels that may be wrong: each image is predicted by a network that did not learn from it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.data.own.twins import group_twins
from cnnlab.data.tensors import prepare
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.models.catalog import model_for
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.training.loop import fit, predict

FOLDS = 3
NETWORK = "lenet5-relu-max"
SURE, UNLIKELY = 0.5, 0.1
"""A label is doubtful if another class is more probable than the first, and the label's own is
less probable than the second."""
_STEPS = 300
_MOST_EPOCHS = 30
_SEED = 0


@dataclass(frozen=True)
class Doubts:
    """Predictions by networks that did not learn from their images, and the doubtful labels.

    ``doubtful`` are indices, the least probable label first. It is empty if the networks do not
    tell the classes apart.
    """

    predictions: Predictions
    accuracy: float
    has_learned: bool
    doubtful: NDArray[np.int64]


def doubt_labels(
    images: ImageSet, twins: list[tuple[int, int]], listener: Listener = Listener()
) -> Doubts:
    """Return which labels of a set look wrong, by out-of-fold predictions of a quick training.

    The images are in three folds; near-twins (pairs of indices) are in one. Three times a network
    learns from two folds and predicts the third (Northcutt, Jiang and Chuang 2021, Journal of
    Artificial Intelligence Research 70, use such predictions to find label errors).
    """
    groups = group_twins(len(images), twins)
    names, members = np.unique(groups, return_inverse=True)
    fold_of_group = np.random.RandomState(_SEED).permutation(len(names)) % FOLDS
    folds = fold_of_group[members]
    classes = len(images.classes)
    shares = np.empty((len(images), classes), np.float32)
    for fold in range(FOLDS):
        train, held = (images.take(np.flatnonzero(each)) for each in (folds != fold, folds == fold))
        config = recipe("sprint", batch_size=min(256, max(16, len(train) // 20)))
        steps = math.ceil(len(train) / config.batch_size)
        epochs = min(_MOST_EPOCHS, max(config.epochs, math.ceil(_STEPS / steps)))
        config = replace(config, epochs=epochs, learning_rate=0.01)
        listener.training(f"fold {fold + 1} of {FOLDS}", config)
        network, tensors = model_for(NETWORK, classes).build(_SEED), prepare(held)
        fit(network, prepare(train), tensors, config, listener=listener)
        shares[folds == fold] = softmax(predict(network, tensors.images))
    predictions = Predictions(images, shares)
    own = shares[np.arange(len(images)), images.labels]
    accuracy = float((predictions.predicted == images.labels).mean())
    has_learned = accuracy >= 0.5 + 0.5 / classes
    doubtful = np.flatnonzero((predictions.confidence > SURE) & (own < UNLIKELY))
    doubtful = doubtful[np.argsort(own[doubtful], kind="stable")]
    return Doubts(predictions, accuracy, has_learned, doubtful if has_learned else doubtful[:0])
