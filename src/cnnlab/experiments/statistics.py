"""Intervals and tests over seeds and over images, each with its source.

Values are accuracies in percentage points, one per seed. A diverged run has no value: it counts
as a failure (`failures_differ`). A difference is always B minus A.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import (
    bdtr,
    ndtri,
    stdtr,
    stdtrit,
)

# The precision g of the always-valid test's prior on (mean / standard deviation). 1 is within
# 1 % of the narrowest intervals that any g gives on average over 10 to 30 pairs (g = 1.5), and
# from 5 pairs on the interval is finite: with g = 1.5 it takes 6.
PRIOR_PRECISION = 1.0


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its confidence interval; an end may be infinite."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """B minus A in points, its interval, and the p-value of the null that was tested.

    "fixed" is valid for one look, at a number of seeds fixed beforehand. "always-valid" is valid
    at every look, however often seeds are added.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    kind: Literal["fixed", "always-valid"]


@dataclass(frozen=True)
class PairedComparison:
    """Two networks on the same images: how many images only one of them classified correctly.

    ``difference`` is that of the accuracies in points, for new images and these two networks.
    """

    only_a: int
    only_b: int
    p_value: float
    difference: Interval


@dataclass(frozen=True)
class Overfitting:
    """From the epoch of lowest validation loss (1-based) to the last: how the losses changed."""

    lowest_epoch: int
    validation_rise: Interval
    train_change: Interval
    overfits: bool | None


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the mean and its interval by Student's t; for one value it is infinite."""
    array = finite_values(values)
    half = _student_half_width(_variance(array) / len(array), len(array) - 1, confidence)
    mean = float(array.mean())
    return Interval(mean, mean - half, mean + half)


def welch(a: ArrayLike, b: ArrayLike, *, null: float = 0.0, confidence: float = 0.95) -> Difference:
    """Return the difference of the means by Welch's t-test (1947), for a number fixed beforehand.

    If a side has one value, or if both standard deviations are 0, chance cannot be measured: the
    interval is infinite and p is 1.
    """
    first, second = finite_values(a), finite_values(b)
    estimate = float(second.mean() - first.mean())
    parts = [_variance(side) / len(side) for side in (first, second)]
    variance = sum(parts)
    if not 0 < variance < inf:
        return Difference(estimate, -inf, inf, 1.0, "fixed")
    freedom = _satterthwaite(variance, parts, [len(first) - 1, len(second) - 1])
    half = _student_half_width(variance, freedom, confidence)
    p_value = 2 * float(stdtr(freedom, -abs(estimate - null) / sqrt(variance)))
    return Difference(estimate, estimate - half, estimate + half, p_value, "fixed")


def always_valid(
    a: ArrayLike, b: ArrayLike, *, null: float = 0.0, confidence: float = 0.95
) -> Difference:
    """Return the mean of the paired differences, by a test that is valid at every look.

    The e-process is the Bayes factor of effect sizes N(0, 1/g) against an effect of 0, with the
    right Haar prior on the standard deviation: Lai, "On confidence sequences", 1976; Wang and
    Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
    variance", 2024. The interval holds the nulls whose factor is below 1 / (1 - confidence).
    Extra values of the longer side are not used.
    """
    first, second = finite_values(a), finite_values(b)
    pairs = min(len(first), len(second))
    differences = second[:pairs] - first[:pairs]
    estimate = float(differences.mean())
    if pairs == 1:
        return Difference(estimate, -inf, inf, 1.0, "always-valid")
    width = float(always_valid_width(np.array([pairs]), confidence)[0])
    variance = _variance(differences)
    half = width * sqrt(variance) if width < inf else inf
    # (1 + t^2 / (n-1)) / (1 + share t^2 / (n-1)), written so that nothing divides by 0
    share = PRIOR_PRECISION / (pairs + PRIOR_PRECISION)
    spread, distance = variance * (pairs - 1) / pairs, (estimate - null) ** 2
    ratio = (spread + distance) / (spread + share * distance) if spread + distance > 0 else 1.0
    log_factor = (log(share) + pairs * log(ratio)) / 2
    p_value = exp(min(0.0, -log_factor))
    return Difference(estimate, estimate - half, estimate + half, p_value, "always-valid")


def always_valid_width(pairs: NDArray[np.int64], confidence: float) -> NDArray[np.float64]:
    """Return half the always-valid interval's width, in standard deviations of the differences.

    It is infinite if there are too few pairs (of 2 or more) to reject any null.
    """
    share = PRIOR_PRECISION / (pairs + PRIOR_PRECISION)
    ratio = ((1 - _checked_confidence(confidence)) ** 2 * share) ** (-1 / pairs)
    room = 1 - share * ratio
    square = np.full(len(pairs), inf)
    np.divide((ratio - 1) * (pairs - 1) / pairs, room, out=square, where=room > 0)
    width: NDArray[np.float64] = np.sqrt(square)
    return width


def probability_of_beating(a: ArrayLike, b: ArrayLike) -> Interval:
    """Return the probability that B beats A on a new seed, ties half, with its 95 % interval.

    Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic, part 2", 2006, method 5, which works at 0 and 1 too. It assumes equal standard
    deviations. If the variance that Brunner and Munzel (2000) measure from the ranks is larger,
    the method's own variance is raised by that factor.
    """
    first, second = np.sort(finite_values(a)), np.sort(finite_values(b))
    shares_below = _shares_below(first, second)
    theta = float(shares_below.mean())
    measured = 0.0
    if min(len(first), len(second)) > 1:
        shares_above = 1 - _shares_below(second, first)
        measured = _variance(shares_above) / len(first) + _variance(shares_below) / len(second)

    def assumed(x: float) -> float:
        others = (len(first) + len(second)) / 2 - 1
        tail = (1 - x) / (2 - x) + x / (1 + x)
        return x * (1 - x) * (1 + others * tail) / (len(first) * len(second))

    factor = float(ndtri(0.975)) ** 2
    if 0 < theta < 1:
        factor *= max(1.0, measured / assumed(theta))

    def within(x: float) -> bool:
        return (theta - x) ** 2 <= factor * assumed(x)

    return Interval(theta, _edge(within, theta, 0.0), _edge(within, theta, 1.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number (Holm, 1979), in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if not 0 <= p_values[place] <= 1:
            raise ValueError(f"A p-value is from 0 to 1, not {p_values[place]}.")
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def failures_differ(failed_a: int, runs_a: int, failed_b: int, runs_b: int) -> float:
    """Return the p-value of A and B failing (diverging) equally often: Fisher's exact test."""
    for failed, runs in ((failed_a, runs_a), (failed_b, runs_b)):
        if not 0 <= failed <= runs or runs == 0:
            raise ValueError(f"{failed} of {runs} runs cannot have failed.")
    from scipy.stats import fisher_exact

    table = [[failed_a, runs_a - failed_a], [failed_b, runs_b - failed_b]]
    return float(fisher_exact(table).pvalue)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> PairedComparison:
    """Compare two networks on the same images, each prediction correct (True) or wrong.

    McNemar's exact test (1947), and the score interval at 95 % of Tango, "Equivalence test and
    confidence interval for the difference in proportions for the paired-sample design", 1998.
    """
    first, second = _as_correct(correct_a, 1), _as_correct(correct_b, 1)
    _check_same_images(first, second)
    images = len(first)
    only_a, only_b = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_a + only_b
    p_value = min(1.0, 2 * float(bdtr(min(only_a, only_b), differing, 0.5)))
    difference, quantile = (only_b - only_a) / images, float(ndtri(0.975))

    def within(x: float) -> bool:
        # the most likely share of images that only A classifies correctly, if the difference is x
        linear = (2 * images - only_b + only_a) * x - differing
        root = sqrt(max(0.0, linear**2 + 8 * images * only_a * x * (1 - x)))
        share = (root - linear) / (4 * images)
        variance = max(0.0, 2 * share + x * (1 - x)) / images
        return (difference - x) ** 2 <= quantile**2 * variance

    low, high = _edge(within, difference, -1.0), _edge(within, difference, 1.0)
    return PairedComparison(
        only_a, only_b, p_value, Interval(100 * difference, 100 * low, 100 * high)
    )


def new_images(correct_a: ArrayLike, correct_b: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the difference of mean accuracies in points, for new seeds and new images.

    Predictions are (seeds, images), correct (True) or wrong, on shared images. The variance is
    that of clusters crossed both ways: over the seeds, plus over the images, minus what both count
    (Cameron, Gelbach and Miller, "Robust inference with multiway clustering", 2011). The interval
    is by Student's t, with Satterthwaite's degrees of freedom (1946); there are so many images
    that their variance counts as known. It is infinite if a side has one seed, or nothing varies.
    """
    both_sides = [_as_correct(correct, 2) for correct in (correct_a, correct_b)]
    _check_same_images(*both_sides)
    images = both_sides[0].shape[1]
    if images == 1:
        raise ValueError("One image tells nothing about new images.")
    by_image = [correct.mean(axis=0) for correct in both_sides]
    estimate = float(by_image[1].mean() - by_image[0].mean())
    by_seed = [_variance(correct.mean(axis=1)) / len(correct) for correct in both_sides]
    if max(by_seed) == inf:
        return Interval(100 * estimate, -inf, inf)
    both = sum(_unexplained(correct) / correct.size for correct in both_sides)
    of_images = _variance(by_image[1] - by_image[0]) / images
    variance = sum(by_seed) + max(0.0, of_images - both)
    if variance == 0:
        return Interval(100 * estimate, -inf, inf)
    freedom = _satterthwaite(variance, by_seed, [len(correct) - 1 for correct in both_sides])
    half = _student_half_width(variance, freedom, confidence)
    return Interval(100 * estimate, 100 * (estimate - half), 100 * (estimate + half))


def overfitting(train_losses: ArrayLike, validation_losses: ArrayLike) -> Overfitting:
    """Say whether the validation loss rose from its lowest while the training loss still fell.

    Losses are (seeds, epochs). Each half of the seeds is measured from the epoch that is lowest
    for the other half. The lowest of a seed's own epochs is partly lowest by luck, and the rise
    from there would be too large. ``overfits`` is None with fewer than 3 seeds.
    """
    train, validation = _checked_losses(train_losses), _checked_losses(validation_losses)
    if train.shape != validation.shape:
        raise ValueError(
            f"Training and validation losses differ in shape: {train.shape}, {validation.shape}."
        )
    seeds = np.arange(len(train))
    lowest = int(validation.mean(axis=0).argmin())
    reference = np.full(len(seeds), lowest)
    if len(seeds) > 1:
        for half in (0, 1):
            reference[half::2] = validation[1 - half :: 2].mean(axis=0).argmin()
    rise = mean_interval(validation[:, -1] - validation[seeds, reference])
    change = mean_interval(train[:, -1] - train[seeds, reference])
    overfits = rise.low > 0 and change.high < 0 if len(seeds) >= 3 else None
    return Overfitting(lowest + 1, rise, change, overfits)


def finite_values(values: ArrayLike) -> NDArray[np.float64]:
    """Return accuracies as an array; raise `ValueError` if they are not a list of numbers."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"Accuracies are a list of one or more numbers, not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("An accuracy is not a finite number: leave out runs that diverged.")
    return array


def _checked_losses(losses: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(losses, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"Losses are (seeds, epochs), one or more of each, not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("A loss is not a finite number: leave out runs that diverged.")
    return array


def _as_correct(correct: ArrayLike, dimensions: int) -> NDArray[np.bool_]:
    array = np.asarray(correct)
    if array.dtype != np.bool_:
        raise ValueError(f"Predictions are correct (True) or wrong (False), not {array.dtype}.")
    if array.ndim != dimensions or array.size == 0:
        shape = "(images,)" if dimensions == 1 else "(seeds, images)"
        raise ValueError(f"Predictions are {shape}, one or more of each, not {array.shape}.")
    return array


def _check_same_images(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> None:
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(
            f"The images must be the same: A has {first.shape[-1]}, B has {second.shape[-1]}."
        )


def _checked_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence is between 0 and 1, not {confidence}.")
    return confidence


def _variance(values: NDArray[np.float64]) -> float:
    """Return the unbiased variance: infinite for one value, exactly 0 if all are equal."""
    if len(values) == 1:
        return inf
    if values.min() == values.max():  # else rounding of the mean would look like variance
        return 0.0
    return float(values.var(ddof=1))


def _satterthwaite(variance: float, parts: Sequence[float], freedoms: Sequence[int]) -> float:
    """Return the degrees of freedom of a variance that is a sum of estimated parts."""
    shares = [
        (part / variance) ** 2 / freedom
        for part, freedom in zip(parts, freedoms, strict=True)
        if part
    ]
    return 1 / sum(shares) if shares else inf


def _student_half_width(variance: float, freedom: float, confidence: float) -> float:
    tail = (1 + _checked_confidence(confidence)) / 2
    if variance == inf:
        return inf
    quantile = ndtri(tail) if freedom == inf else stdtrit(freedom, tail)
    return float(quantile) * sqrt(variance)


def _shares_below(ordered: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each value the share of the ordered values that it beats, ties half."""
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    shares: NDArray[np.float64] = (below + not_above) / (2 * len(ordered))
    return shares


def _unexplained(correct: NDArray[np.bool_]) -> float:
    """Return the variance of predictions that neither their seed nor their image explains."""
    seeds, images = correct.shape
    by_seed, by_image, mean = correct.mean(axis=1), correct.mean(axis=0), correct.mean()
    explained = images * (by_seed**2).sum() + seeds * (by_image**2).sum() - correct.size * mean**2
    return float((correct.sum() - explained) / ((seeds - 1) * (images - 1)))


def _edge(within: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the point between inside and outside up to which ``within`` is true, by bisection."""
    for _ in range(50):
        middle = (inside + outside) / 2
        if within(middle):
            inside = middle
        else:
            outside = middle
    return inside
