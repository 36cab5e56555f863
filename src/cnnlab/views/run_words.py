"""A run in sentences for its page. Each says only what the run's numbers show."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnlab.runs.evaluation import TestResult
from cnnlab.training.history import History, has_learned
from cnnlab.wording import counted, percent, times, with_article

WHY_VALIDATION_LOOKS_BETTER = (
    "Training metrics are taken while the network learns, validation metrics after the epoch. So "
    "validation can look better at first."
)
_ROSE = 1.05
"""A loss that is higher than its lowest value by this factor has risen."""
_ALIKE = 0.02
"""Classes whose accuracies are closer than this are about equally easy."""


def result_sentence(images: int, split: str) -> str:
    """Return what the large number on top is of."""
    seen = "The network has never seen one of them."
    if split == "validation":
        seen = "The network did not learn from them."
    return f"of {images:,} {split} images are predicted correctly. {seen}"


def guessing_sentence(classes: int) -> str:
    """Return what the large number is compared with, and that chance moves it."""
    return (
        f"Guessing gives {percent(1 / classes, 0)}. Another run, from another seed, ends a little "
        "higher or lower."
    )


def accuracy_sentences(history: History, images: tuple[int, int]) -> list[str]:
    """Return what the curves of accuracy are of; ``images`` are those of train and validation."""
    train, validation = images
    found = [
        f"After each of {counted(len(history), 'epoch')}: how many of the {train:,} training "
        f"images are correct, and how many of {validation:,} others. From these, the validation "
        "images, it does not learn."
        if len(history) > 1
        else f"After one epoch: how many of the {train:,} training images are correct, and how "
        f"many of {validation:,} others, the validation images."
    ]
    if history[0].validation_accuracy > history[0].train_accuracy:
        found.append(WHY_VALIDATION_LOOKS_BETTER)
    return found


def loss_title(history: History) -> str:
    """Return the heading above the curves of loss: a question, if the answer is not plain."""
    return "Learning, or learning by heart?" if loss_rose(history) else "The loss"


def loss_rose(history: History) -> bool:
    """Return whether validation loss rose after its lowest value while training loss fell."""
    lowest, last = _lowest(history), history[-1]
    return (
        last.validation_loss > _ROSE * history[lowest].validation_loss
        and last.train_loss < history[lowest].train_loss
    )


def loss_sentences(history: History) -> list[str]:
    """Return what the curves of loss show."""
    found = ["Loss: how wrong the network is, and how sure of it. Lower is better."]
    lowest, last = history[_lowest(history)], history[-1]
    if loss_rose(history):
        found.append(
            f"On the validation images it was lowest after epoch {lowest.epoch}: "
            f"{lowest.validation_loss:.2f}. After the last epoch it is {last.validation_loss:.2f}, "
            "while training loss still fell. That is a sign of overfitting: the network begins to "
            "learn its images by heart."
        )
    elif len(history) > 1 and lowest.epoch == last.epoch:
        found.append(
            "On the validation images it is lowest at the end, so more epochs may still help."
        )
    elif len(history) > 1:
        found.append(f"On the validation images it was lowest after epoch {lowest.epoch}.")
    return found


def _lowest(history: History) -> int:
    return int(np.argmin([record.validation_loss for record in history]))


def seconds_sentence(history: History) -> str:
    """Return how long the epochs took."""
    return f"{counted(len(history), 'epoch')} in {sum(each.seconds for each in history):.0f} s."


def axis_sentence(low: float, unit: str, outside: str) -> str:
    """Return where an axis begins, if not at 0, and what lies outside the drawing."""
    begins = f"The axis begins at {low:.3g}{unit}." if low > 0 else ""
    return f"{begins} {outside}".strip()


def classes_sentences(
    names: Sequence[str], shares: Sequence[float], counts: NDArray[np.int64]
) -> list[str]:
    """Return which class is easiest and which is hardest, if they differ."""
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    if shares[best] - shares[worst] < _ALIKE:
        return ["All classes are about equally easy."]
    correct = round(shares[worst] * int(counts[worst]))
    return [
        f"Easiest: {names[best]}. Hardest: {names[worst]}. Of {int(counts[worst]):,} images of "
        f"{with_article(names[worst])}, {correct:,} are correct."
    ]


def mistake_sentence(
    classes: Sequence[str], matrix: NDArray[np.int64], mistake: tuple[int, int, int], split: str
) -> str:
    """Return the most frequent mistake: the true class, the prediction and how often."""
    true, predicted, count = mistake
    one = with_article(classes[true])
    return (
        f"Most frequent mistake: {one} called {classes[predicted]} ({count:,} of "
        f"{matrix[true].sum():,} {split} images of {one})."
    )


def no_mistake_sentence(name: str, split: str) -> str:
    """Return that there is nothing to show."""
    return f"{name} makes no mistake on the {split} images."


def surest_sentence(count: int) -> str:
    """Return a question about the mistakes that the network was most certain of."""
    if count == 1:
        return "Would you have known better? Some labels of the data set look odd to people too."
    return (
        "Would you have known better? Some labels of the data set look odd to people too. In "
        "brackets: the probability that the network gives to its prediction."
    )


def test_sentence(test: TestResult | None, is_current: bool, command: str) -> str:
    """Return the result on the test set for the run's weights, or that there is none.

    ``command`` opens the test set.
    """
    if test is None:
        return "The test set has not been opened."
    opened = f"The test set was opened {times(test.test_openings)}"
    found = f"loss {test.test_loss:.4f}, accuracy {percent(test.test_accuracy)}"
    if not test.weights_sha256:
        return (
            f"{opened}: {found}. An earlier cnnlab did not record which epoch's weights these "
            "numbers are of."
        )
    if is_current:
        return f"{opened}: {found}."
    return (
        f"{opened}, the last time for weights that this run no longer has: those after epoch "
        f"{test.epochs}. That result is not of this network. To open the test set for this "
        f"network, which is counted too:\n  {command}"
    )


def learned(history: History, classes: int) -> bool:
    """Return whether there is a history, and it is better than guessing."""
    return bool(history) and has_learned(history, classes)
