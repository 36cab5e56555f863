"""What the workshop says of a difference between one run of each network."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.models.catalog import MODELS
from cnnlab.training.config import TrainConfig
from cnnlab.training.history import EpochRecord
from cnnlab.workshop.chapters import (
    VARIANTS,
    VariantResult,
    honesty_chapter,
    network_chapter,
)


def said(data_set, *, epochs=25, accuracies=(0.89, 0.88)):
    """Return the last chapter's words about two runs on a data set."""
    results = [
        VariantResult(
            name=model,
            run=SimpleNamespace(
                class_count=10,
                model_name=model,
                data_set_name=data_set,
                config=TrainConfig(epochs=epochs),
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
    assert f"A new seed alone moves the first network's test accuracy by {seeds} that learned)" in (
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
        assert "Only several seeds of each show how much that alone moves the result" in words


def test_the_last_chapter_ends_with_the_command_that_finds_out():
    assert said("mnist").endswith(
        "\n  cnnlab compare lenet5 lenet5-relu-max --recipe sprint --dataset mnist"
    )


def test_the_notebook_is_explained_where_its_numbers_are_shown():
    explained = "this workshop grew from a notebook of a computer-science club"
    assert explained in said("fashion-mnist")
    assert explained not in said("mnist")


def test_every_parameter_is_counted_by_hand():
    words = network_chapter(MODELS["lenet5"].build(seed=0), 10).paragraphs[1]
    assert words.splitlines() == [
        "You can count them by hand:",
        "features.0: 6 filters x (1 x 5 x 5 weights + 1 bias) = 156",
        "features.3: 16 filters x (6 x 5 x 5 weights + 1 bias) = 2,416",
        "classifier.0: 120 outputs x (400 weights + 1 bias) = 48,120",
        "classifier.2: 84 outputs x (120 weights + 1 bias) = 10,164",
        "classifier.4: 10 outputs x (84 weights + 1 bias) = 850",
    ]
