"""What the workshop asks before it shows: a guess first, then the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import nn

from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.insight.mistakes import confusion
from cnnlab.insight.predictions import Predictions
from cnnlab.models.catalog import count_parameters
from cnnlab.training.history import History
from cnnlab.training.loop import evaluate
from cnnlab.wording import counted, percent, times

_RANGES = (70, 85, 95)


@dataclass(frozen=True)
class Question:
    """A question and its choices."""

    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Which choice of the last question is correct, from 0, and why."""

    correct: int
    why: str


class Quiz(Protocol):
    """Asks a person: first the question, and later, when the chapter is told, the answer."""

    def ask(self, question: Question) -> None:
        """Ask a question, and remember the guess."""

    def tell(self, answer: Answer) -> None:
        """Say whether the last guess was correct."""


Asked = tuple[Question, Answer]


def pixels(splits: Splits) -> Asked:
    """Return the question of how many numbers an image is."""
    height, width = splits.stored.images.shape[1:]
    question = Question(
        f"An image has {height} rows of {width} pixels. How many numbers is that?",
        (str(width), str(height + width), f"{height * width:,}"),
    )
    return question, Answer(2, f"{height} x {width} = {height * width:,}.")


def most_parameters(model: nn.Module) -> Asked:
    """Return the question of which kind of layer has the most numbers to learn."""
    question = Question(
        "The network has two convolutions and three linear layers. Which have more numbers to "
        "learn?",
        ("the two convolutions", "both kinds have the same", "the three linear layers"),
    )
    linear = sum(count_parameters(each) for each in model.modules() if isinstance(each, nn.Linear))
    total = count_parameters(model)
    share = percent(linear / total, 0)
    return question, Answer(
        2, f"They have {linear:,} of all {total:,}: {share}. A kernel is small and used everywhere."
    )


def untrained(model: nn.Module, prepared: PreparedSplits) -> Asked:
    """Return the question of how many images an untrained network recognises."""
    count = len(prepared.splits.data_set.classes)
    by_chance = 100 / count
    guesses = (by_chance, 90.0)
    question = Question(
        f"There are {count} classes. The network has learned nothing yet. How many of 100 images "
        "does it recognise?",
        ("none", f"about {by_chance:.0f}", "about 90"),
    )
    found = 100 * evaluate(model.to(prepared.device), prepared.validation).accuracy
    nearest = 1 + int(np.argmin([abs(found - each) for each in guesses]))
    return question, Answer(
        nearest if round(found) else 0, f"It recognises {found:.0f}. One guess in {count} is luck."
    )


def how_many(epochs: int) -> Question:
    """Return the question of how well the network will do."""
    low, middle, high = _RANGES
    return Question(
        f"It trains for {counted(epochs, 'epoch')} now. How many of 100 validation images will it "
        "recognise then?",
        (f"fewer than {low}", f"{low} to {middle}", f"{middle} to {high}", f"more than {high}"),
    )


def how_many_it_is(history: History) -> Answer:
    """Return the answer to `how_many`."""
    found = 100 * history[-1].validation_accuracy
    return Answer(int(np.searchsorted(_RANGES, found)), f"It recognises {found:.1f} of 100.")


def most_confused(predictions: Predictions) -> Asked | None:
    """Return the question of which mistake is the most frequent, or None if there are too few.

    The choices are the most frequent mistake and two rarer ones, in the order of the classes.
    """
    matrix = confusion(predictions)
    mistakes = matrix - np.diag(np.diag(matrix))
    order = [divmod(int(each), len(matrix)) for each in np.argsort(-mistakes, axis=None)]
    most = order[0]
    others = [pair for pair in order if pair[0] != pair[1] and 2 * mistakes[pair] <= mistakes[most]]
    if mistakes[most] < 2 or len(others) < 2:
        return None
    pairs = sorted([most, others[0], others[len(others) // 4]])
    names = predictions.image_set.classes
    question = Question(
        "Which mistake does it make most often?",
        tuple(f"{names[true]} taken for {names[said]}" for true, said in pairs),
    )
    count = int(mistakes[most])
    return question, Answer(pairs.index(most), f"It makes this mistake {times(count)}.")


def is_one_run_enough(names: Sequence[str], test_images: int) -> Asked:
    """Return the question of what one run of each network can tell."""
    question = Question(
        f"{' and '.join(names)} were trained once each. Is that enough to know which is better?",
        (
            "yes: the one with more correct images",
            f"yes, because there are {test_images:,} test images",
            "no",
        ),
    )
    return question, Answer(
        2, "Another seed may reverse the result. Only many seeds of each can tell."
    )
