import numpy as np

from cnnlab.data.images import ImageSet
from cnnlab.insight.mistakes import confusion, most_confident_mistakes, most_confused
from cnnlab.insight.predictions import Predictions


def predictions() -> Predictions:
    image_set = ImageSet(
        np.zeros((5, 28, 28), np.uint8), np.array([0, 1, 2, 2, 0]), ("a", "b", "c")
    )
    rows = [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0, 0.5, 0.5]]
    return Predictions(image_set, np.array(rows, np.float32))


def test_confusion_has_true_classes_as_rows_and_predictions_as_columns():
    assert confusion(predictions()).tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_most_confident_mistakes_are_wrong_and_in_order():
    assert most_confident_mistakes(predictions(), 9).tolist() == [2, 3, 4]
    assert most_confident_mistakes(predictions(), 1).tolist() == [2]


def test_most_confused_ignores_the_diagonal():
    assert most_confused(confusion(predictions())) == (2, 0, 2)
