"""The decision rule: did a change help, and how many seeds would settle it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from cnnlab.experiments.statistics import (
    Difference,
    Interval,
    always_valid,
    always_valid_width,
    finite_values,
    holm,
    probability_of_beating,
    welch,
)

Decision = Literal["helped", "hurt", "no difference that matters", "cannot tell yet", "no verdict"]

LEVEL, FEWEST_SEEDS, MOST_SEEDS = 0.05, 3, 100_000


@dataclass(frozen=True)
class Verdict:
    """What the seeds say about one variant against the baseline.

    Both p-values are adjusted for the number of variants (Holm), and 1 if there is no verdict.
    The difference is not adjusted. ``seeds_to_settle`` is only for "cannot tell yet", ``reason``
    only for "no verdict".
    """

    decision: Decision
    difference: Difference
    p_value: float
    equivalence_p_value: float
    beats: Interval
    seeds_to_settle: int | None
    reason: str


def judge(
    baseline: ArrayLike, others: Sequence[ArrayLike], *, matters: float, peeked: bool
) -> list[Verdict]:
    """Return a verdict on each of the others against the baseline.

    The rules, in this order: no verdict if chance cannot be measured; no difference that matters
    if the difference is within ``matters`` points at 5 % (two one-sided tests: Schuirmann, 1987),
    even if it is not 0; helped or hurt if it is not 0 at 5 %; else cannot tell yet.
    The test is Welch's. It is the always-valid one if somebody saw a verdict before all seeds
    were done, or before the last seeds were added (``peeked``). ``beats`` always has the interval
    for a number of seeds fixed beforehand.
    """
    if not 0 < matters < inf:
        raise ValueError(f"The difference that matters is {matters}; it must be above 0 points.")
    reference, variants = finite_values(baseline), [finite_values(other) for other in others]
    reasons = [_why_no_verdict(reference, variant) for variant in variants]
    compare = always_valid if peeked else welch
    differences = [compare(reference, variant) for variant in variants]
    equivalences = [
        _equivalence(
            compare(reference, variant, null=-matters),
            compare(reference, variant, null=matters),
            matters,
        )
        for variant in variants
    ]
    p_values = _adjusted([difference.p_value for difference in differences], reasons)
    verdicts = []
    for variant, difference, p_value, equivalence, reason in zip(
        variants, differences, p_values, _adjusted(equivalences, reasons), reasons, strict=True
    ):
        decision = "no verdict" if reason else _decide(difference, p_value, equivalence)
        settle = None
        if decision == "cannot tell yet":
            settle = seeds_to_settle(
                difference.estimate,
                sqrt(reference.var(ddof=1) + variant.var(ddof=1)),
                matters=matters,
                seeds=min(len(reference), len(variant)),
                comparisons=reasons.count(""),
            )
        beats = probability_of_beating(reference, variant)
        verdicts.append(Verdict(decision, difference, p_value, equivalence, beats, settle, reason))
    return verdicts


def seeds_to_settle(
    difference: float, deviation: float, *, matters: float, seeds: int, comparisons: int = 1
) -> int | None:
    """Return about how many seeds in all, more than ``seeds``, settle a verdict 4 times in 5.

    This assumes that the true difference is ``difference``, and that the standard deviation of
    the difference on one seed is ``deviation``. It uses the always-valid test's width, because
    seeds are added after a look. None if even 100,000 seeds are not enough.
    """
    if not 0 < deviation < inf:
        raise ValueError(f"A standard deviation is above 0, not {deviation}.")
    if seeds >= MOST_SEEDS:
        return None
    numbers = np.unique(np.geomspace(seeds + 1, MOST_SEEDS, 1000).astype(np.int64))
    half = always_valid_width(numbers, 1 - LEVEL / comparisons) * deviation
    error = deviation / np.sqrt(numbers)

    def below(bound: NDArray[np.float64]) -> NDArray[np.float64]:
        chance: NDArray[np.float64] = ndtr((bound - difference) / error)
        return chance

    found, room = below(-half) + 1 - below(half), matters - half
    equal = np.where(room > 0, below(room) - below(-room), 0.0)
    # if every estimate satisfies one or both, the two chances overlap
    settled = np.where(room > half, 1.0, found + equal)
    enough = numbers[settled >= 0.8]
    return int(enough[0]) if len(enough) else None


def seeds_for(difference: float, standard_deviation: float, power: float = 0.8) -> int:
    """Return how many seeds of each variant find a difference with this probability, at 5 %.

    This is for one look at a number fixed beforehand, and equal standard deviations: the power of
    the t-test by the noncentral t distribution (Cohen, 1988), without the tail of the wrong side.
    """
    if not 0 < abs(difference) < inf:
        raise ValueError(f"The difference to find is a number other than 0, not {difference}.")
    if not 0 < standard_deviation < inf:
        raise ValueError(f"A standard deviation is above 0, not {standard_deviation}.")
    if not 0.5 <= power < 1:
        raise ValueError(f"The power is from 0.5 to below 1, not {power}.")
    effect = abs(difference) / standard_deviation
    # a known standard deviation would need only this many; an estimated one needs a few more
    seeds = max(2, ceil(2 * float((ndtri(1 - LEVEL / 2) + ndtri(power)) / effect) ** 2))
    while _power(seeds, effect) < power:
        seeds += 1
    return seeds


def _power(seeds: int, effect: float) -> float:
    freedom = 2 * seeds - 2
    quantile = stdtrit(freedom, 1 - LEVEL / 2)
    return 1 - float(nctdtr(freedom, effect * sqrt(seeds / 2), quantile))


def _why_no_verdict(reference: NDArray[np.float64], variant: NDArray[np.float64]) -> str:
    if min(len(reference), len(variant)) < FEWEST_SEEDS:
        return f"fewer than {FEWEST_SEEDS} seeds"
    if np.ptp(reference) == 0 and np.ptp(variant) == 0:
        return "neither variant's accuracy changes from seed to seed, so chance cannot be measured"
    return ""


def _adjusted(p_values: list[float], reasons: list[str]) -> list[float]:
    """Return the p-values adjusted for the number of verdicts; 1 if there is no verdict."""
    judged = [place for place, reason in enumerate(reasons) if not reason]
    adjusted = dict(zip(judged, holm([p_values[place] for place in judged]), strict=True))
    return [adjusted.get(place, 1.0) for place in range(len(p_values))]


def _equivalence(above_low: Difference, below_high: Difference, matters: float) -> float:
    """Return the p-value of the difference being outside ±matters, from the tests at both ends."""
    estimate = above_low.estimate
    return max(
        _one_sided(above_low, inside=estimate > -matters),
        _one_sided(below_high, inside=estimate < matters),
    )


def _one_sided(test: Difference, *, inside: bool) -> float:
    if test.kind == "always-valid":  # a Bayes factor has no sides, so its p-value is not halved
        return test.p_value if inside else 1.0
    return test.p_value / 2 if inside else 1 - test.p_value / 2


def _decide(difference: Difference, p_value: float, equivalence_p_value: float) -> Decision:
    if equivalence_p_value < LEVEL:
        return "no difference that matters"
    if p_value < LEVEL and not difference.low <= 0 <= difference.high:
        return "helped" if difference.estimate > 0 else "hurt"
    return "cannot tell yet"
