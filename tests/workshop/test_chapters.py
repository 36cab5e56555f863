"""What the workshop says of a difference between one run of each network."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.training.config import TrainConfig
from cnnlab.training.history import EpochRecord
from cnnlab.workshop.chapters import VARIANTS, VariantResult, honesty_chapter


def said(data_set, *, epochs=25, accuracies=(0.89, 0.88)):
    """Return the last chapter's words about two runs on a data set."""
    results = [
        VariantResult(
            name=model,
            run=SimpleNamespace(
                model_name=model, data_set_name=data_set, config=TrainConfig(epochs=epochs)
            ),
            history=[EpochRecord(1, 0.5, 0.8, 0.5, 0.8, 0.1, 1.0)],
            test=SimpleNamespace(test_loss=0.3, test_accuracy=accuracy),
            predictions=None,
        )
        for model, accuracy in zip(VARIANTS, accuracies, strict=True)
    ]
    splits = SimpleNamespace(data_set=SimpleNamespace(name=data_set), test=np.zeros(10_000))
    return " ".join(honesty_chapter(results, splits).paragraphs)


@pytest.mark.parametrize(
    ("data_set", "seeds", "chance"),
    [
        (
            "fashion-mnist",
            "about 0.37 points and the second's by 0.79 (standard deviations over 30 and 29 runs",
            "1.74",
        ),
        (
            "mnist",
            "about 0.09 points and the second's by 0.41 (standard deviations over 30 and 26 runs",
            "0.84",
        ),
    ],
)
def test_a_difference_is_held_against_what_new_seeds_do_on_the_same_data(data_set, seeds, chance):
    words = said(data_set)
    assert f"A new seed alone moves the first network's test accuracy by {seeds} that learnt)" in (
        words
    )
    assert f"by up to {chance} points, 95 times in 100" in words
    assert ("89.33 % against 89.36 %" in words) == (data_set == "fashion-mnist")


def test_the_same_difference_is_chance_on_one_data_set_and_more_on_the_other():
    assert "The difference here is within that" in said("fashion-mnist")
    assert "The difference here is beyond that" in said("mnist")
    assert "The difference here is within that" in said("mnist", accuracies=(0.988, 0.980))


def test_nothing_is_said_of_seeds_that_nobody_trained():
    for words in (said("mnist-sample"), said("mnist", epochs=24)):
        assert "A new seed alone" not in words
        assert "only several seeds of each show how much that alone moves the result" in words
