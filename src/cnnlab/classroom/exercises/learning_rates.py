"""Exercise 8: find three learning rates by trying: too large, too small, good."""

import math
import sys
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.exercise import Exercise, Mistake
from cnnlab.classroom.exercises.runs import sample
from cnnlab.experiments.statistics import welch

if TYPE_CHECKING:
    from cnnlab.data.tensors import TensorSet

IMAGES, BATCH, SEEDS, MOMENTUM = 2000, 25, 3, 0.9
_GRID = (0.01, 0.03, 0.1)
_CONFIDENCE = 0.99
_TIMES = 2.0


@dataclass(frozen=True)
class Measured:
    """The validation losses after one epoch, one for each seed, and before training.

    ``best`` are those of the best rate of a grid. A loss that is not finite is infinite.
    """

    rates: dict[str, float]
    diverges: tuple[float, ...]
    slow: tuple[float, ...]
    good: tuple[float, ...]
    best: tuple[float, ...]
    start: tuple[float, ...]

    def count_diverged(self, losses: tuple[float, ...]) -> int:
        """Return in how many seeds the loss is above that before training."""
        return sum(loss > start for loss, start in zip(losses, self.start, strict=True))

    @property
    def is_divergence(self) -> bool:
        """Whether the first rate diverges, in most of the seeds."""
        return self.count_diverged(self.diverges) >= SEEDS - 1

    @property
    def is_slow(self) -> bool:
        """Whether the second rate does not diverge, and its loss is twice the good one's."""
        return not self.count_diverged(self.slow) and all(
            slow >= _TIMES * good for slow, good in zip(self.slow, self.good, strict=True)
        )

    @property
    def is_good(self) -> bool:
        """Whether chance explains how far the third rate is from the best of the grid."""
        if self.count_diverged(self.good):
            return False
        return welch(self.best, self.good, confidence=_CONFIDENCE).low <= 0


def _measure(rates: dict[str, float], seeds: tuple[int, ...]) -> Measured:
    grid = {rate: _losses(rate, seeds) for rate in _GRID}
    return Measured(
        rates=rates,
        **{name: _losses(rate, seeds) for name, rate in rates.items()},
        best=min(grid.values(), key=np.mean),
        start=tuple(_start(seed) for seed in seeds),
    )


def _losses(rate: float, seeds: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(_loss(rate, seed) for seed in seeds)


@cache
def _loss(rate: float, seed: int) -> float:
    """Return the validation loss of LeNet-5 after one epoch; infinite if it is not finite."""
    from cnnlab.custom.find import build
    from cnnlab.errors import DivergedError
    from cnnlab.training.config import TrainConfig
    from cnnlab.training.loop import fit

    train, validation = _sets()
    config = TrainConfig(
        epochs=1,
        batch_size=BATCH,
        learning_rate=rate,
        momentum=MOMENTUM,
        schedule="constant",
        seed=seed,
    )
    try:
        history = fit(build("lenet5", seed), train, validation, config)
    except DivergedError:
        return math.inf
    loss = history[-1].validation_loss
    return loss if math.isfinite(loss) else math.inf


@cache
def _start(seed: int) -> float:
    from cnnlab.custom.find import build
    from cnnlab.training.loop import evaluate

    return evaluate(build("lenet5", seed), _sets()[1]).loss


@cache
def _sets() -> "tuple[TensorSet, TensorSet]":
    from cnnlab.data.tensors import prepare

    splits = sample()
    wanted = np.arange(IMAGES)
    return prepare(splits.train.take(wanted)), prepare(splits.validation.take(wanted[:1000]))


def _read(name: str, value: Any) -> float:
    """Return a learning rate; raise `NotYetError` if it is not a number above 0."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 < value < sys.maxsize:
        raise NotYetError(
            f"{name} is {value!r}. Expected a learning rate: a number above 0, such as 0.02."
        )
    return float(value)


def _judge(attempt: Attempt) -> str:
    rates = {name: _read(name, attempt.answer(name)) for name in EXERCISE.answers}
    seeds = tuple(int(each) for each in attempt.random.integers(2**31, size=SEEDS))
    measured = _measure(rates, seeds)
    if not (measured.is_divergence and measured.is_good and measured.is_slow):
        attempt.refuse(
            measured, "\n".join(["One of the three is not right yet.", _table(measured)])
        )
    return (
        f"{SEEDS} seeds agree:\n\n{_table(measured)}\n\n"
        "All three are learning rates for the same network, batch and momentum. With momentum 0.9 "
        "each step is felt about ten times, so a good rate is about ten times smaller than without."
    )


def _table(measured: Measured) -> str:
    rows = [f"    loss before training: {_words(measured.start)}"]
    for name, rate in measured.rates.items():
        rows.append(f"    {name} = {rate:g}: {_words(getattr(measured, name))} after one epoch")
    return "\n".join(rows)


def _words(losses: tuple[float, ...]) -> str:
    return ", ".join("not finite" if math.isinf(loss) else f"{loss:.2f}" for loss in losses)


EXERCISE = Exercise(
    number="8",
    title="three learning rates",
    task=(
        f"LeNet-5 trains for one epoch on {IMAGES:,} images of the Fashion-MNIST sample, in "
        f"batches of {BATCH}, by SGD with momentum {MOMENTUM}. Find three learning rates:\n\n"
        "    diverges   the loss ends higher than it began, or is infinite or not a number\n"
        "    slow       the loss falls, but ends at least twice as high as with good\n"
        "    good       no other rate is better by more than chance\n\n"
        f"The check trains each with {SEEDS} new seeds: a rate that is good for one seed only does "
        "not count. It takes a few seconds. Try rates with:\n\n"
        "    cnnlab train --dataset fashion-mnist-sample --epochs 1 --batch-size 25 "
        "--learning-rate 0.5"
    ),
    starter="""
diverges = ...
slow = ...
good = ...
""",
    solved="""
diverges = 3.0
slow = 0.001
good = 0.03
""",
    why=(
        "Try powers of ten first: 1, 0.1, 0.01, 0.001. Too large, and each step jumps over the "
        "valley to a higher place. Too small, and one epoch has too few steps to arrive. In "
        "between lies a wide range that works: from about 0.02 to 0.1 here."
    ),
    hints=(
        "If a step is ten times too long, what happens to the loss? And if it is ten times too "
        "short?",
        "Slide 22 and the curves in a run's report. Try 1, 0.1, 0.01 and 0.001, one epoch each, "
        "and write down the validation loss.",
        "    diverges = ...  # larger than 1 is safe\n"
        "    slow = 0.00...  # after one epoch hardly better than before\n"
        "    good = 0.0...   # between the two",
    ),
    question="which rate is good without momentum? Guess first, then try --momentum 0.",
    mistakes=(
        Mistake(
            "The order is mixed up: diverges is the largest rate, slow the smallest, and good lies "
            "between them.",
            "diverges = 0.001\nslow = 3.0\ngood = 0.05",
            lambda m: not m.rates["slow"] < m.rates["good"] < m.rates["diverges"],
        ),
        Mistake(
            "diverges does not diverge: in at most one of the seeds the loss ends higher than it "
            "began. Take a larger rate.",
            "diverges = 0.08\nslow = 0.001\ngood = 0.05",
            lambda m: not m.is_divergence,
        ),
        Mistake(
            "good diverges too, with each of the seeds. Take a smaller one.",
            "diverges = 10.0\nslow = 0.001\ngood = 1.0",
            lambda m: m.count_diverged(m.good) == SEEDS,
        ),
        Mistake(
            "good works for some seeds only: with another seed the loss ends higher than it began. "
            "A good rate works for each seed. Take a smaller one.",
            "diverges = 3.0\nslow = 0.001\ngood = 0.2",
            lambda m: m.count_diverged(m.good) > 0,
        ),
        Mistake(
            "good is not good yet: with each seed another rate ends with a lower loss, by more "
            "than chance. It is nearer to slow than to good: take a larger one.",
            "diverges = 3.0\nslow = 0.0005\ngood = 0.003",
            lambda m: not m.is_good,
        ),
        Mistake(
            "slow is not slow enough: with at least one seed its loss is less than twice the loss "
            "of good. Take a smaller rate.",
            "diverges = 3.0\nslow = 0.02\ngood = 0.05",
            lambda m: not m.is_slow,
        ),
    ),
    answers=("diverges", "slow", "good"),
    judge=_judge,
    seconds=10.0,
)
