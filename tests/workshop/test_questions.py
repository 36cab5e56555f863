"""What the workshop asks: the correct choice follows from the numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.data.images import ImageSet
from cnnlab.insight.predictions import Predictions
from cnnlab.models.catalog import MODELS
from cnnlab.training.history import EpochRecord
from cnnlab.workshop.questions import how_many, how_many_it_is, most_confused, untrained


@pytest.mark.parametrize(
    ("accuracy", "choice"), [(0.1, 0), (0.7, 0), (0.71, 1), (0.85, 1), (0.89, 2), (0.99, 3)]
)
def test_the_range_of_an_accuracy(accuracy, choice):
    answer = how_many_it_is([EpochRecord(1, 0.5, 0.8, 0.5, accuracy, 0.1, 1.0)])
    assert answer.correct == choice
    assert answer.why == f"It recognises {100 * accuracy:.1f} of 100."
    assert len(how_many(3).choices) == 4


def confused(pairs, classes=("a", "b", "c", "d")):
    """Return predictions with these (true, predicted) pairs."""
    labels = np.array([true for true, _ in pairs])
    shares = np.eye(len(classes), dtype=np.float32)[[said for _, said in pairs]]
    images = np.zeros((len(pairs), 28, 28), np.uint8)
    return Predictions(ImageSet(images, labels, classes), shares)


def test_the_most_frequent_mistake_is_among_rarer_ones():
    question, answer = most_confused(confused([(2, 1)] * 5 + [(0, 3)] * 2 + [(1, 1)] * 9))
    assert question.choices[answer.correct] == "c taken for b"
    assert len(set(question.choices)) == 3
    assert answer.why == "It makes this mistake 5 times."


def test_nothing_is_asked_about_mistakes_that_are_equally_frequent_or_single():
    assert most_confused(confused([(0, 1), (1, 1)])) is None
    every = [(true, said) for true in range(4) for said in range(4) if true != said]
    assert most_confused(confused(every * 3)) is None


@pytest.mark.parametrize(("accuracy", "correct"), [(0.0, 0), (0.03, 1), (0.1, 1), (0.7, 2)])
def test_a_network_that_recognises_some_does_not_recognise_none(
    prepared, monkeypatch, accuracy, correct
):
    found = SimpleNamespace(accuracy=accuracy)
    monkeypatch.setattr("cnnlab.workshop.questions.evaluate", lambda *_: found)
    question, answer = untrained(MODELS["lenet5"].build(0), prepared)
    assert answer.correct == correct
    assert len(set(question.choices)) == 3


def test_an_untrained_network_guesses(prepared):
    question, answer = untrained(MODELS["lenet5"].build(0), prepared)
    assert question.choices == ("none", "about 10", "about 90")
    assert answer.why.endswith("One guess in 10 is luck.")
