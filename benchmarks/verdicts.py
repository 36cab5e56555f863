"""How often the statistics and the verdicts are wrong, when the truth is known.

    python benchmarks/verdicts.py

Draws accuracies, predictions and losses from distributions whose truth is known, asks
cnnlab.experiments.statistics and .verdict about them, and counts: false alarms, coverage of the
95 % intervals, power, and the seconds for 10,000 runs. Every rate has its 95 % interval
(Wilson). Writes benchmarks/results/verdicts.json. One process; some minutes.
"""

import time
from collections.abc import Callable
from importlib.metadata import version
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from cnnlab.experiments.statistics import (
    Difference,
    always_valid,
    mean_interval,
    new_images,
    overfitting,
    probability_of_beating,
    welch,
)
from cnnlab.experiments.verdict import judge, seeds_for, seeds_to_settle
from harness import about, command_line, write_results

Values = NDArray[np.float64]
Draw = Callable[[int], Values]
Row = dict[str, str | int | float | bool]

SEEDS = (5, 10, 30)
SPREAD, SHIFT = 0.2, 0.13  # points
AT_MOST_5, COVERAGE, POWER, TOLD = "at most 5 %", "94 to 96 %", "about 80 %", ""
RNG = np.random.default_rng(20_240)


def main() -> None:
    """Measure every section, print its rows, and write them all."""
    start = time.perf_counter()
    rows: list[Row] = []
    for section in (
        false_alarms,
        welch_coverage,
        power,
        peeking,
        image_coverage,
        beating_coverage,
        overfitting_alarms,
        wrongly_equal,
    ):
        print(f"\n{(section.__doc__ or '').splitlines()[0]}")
        for row in section():
            rows.append(row)
            print(
                f"  {row['what']:58} {row['seeds']!s:>5} seeds  {row['count']:6}/{row['of']:<6}"
                f" {row['percent']:6.2f} % ({row['low']:.2f} to {row['high']:.2f})"
                f"  {row['asked']:12}{'' if row['held'] else '  OFF'}"
            )
    seconds = seconds_for_10_000_runs()
    for what, took in seconds.items():
        print(f"  {what}: {took:.3f} s")
    results = {
        **about(),
        **{name: version(name) for name in ("numpy", "scipy")},
        "seconds": time.perf_counter() - start,
        "seconds_for_10_000_runs": seconds,
        "rows": rows,
    }
    write_results("verdicts", results)
    print(f"in {results['seconds']:.0f} s")


def false_alarms() -> list[Row]:
    """Judge identical variants at one look: how often one helped or hurt."""
    rows = []
    for others, repetitions in ((1, 20_000), (4, 5_000)):
        for seeds in SEEDS:
            count = 0
            for _ in range(repetitions):
                baseline, *variants = RNG.normal(90, SPREAD, (others + 1, seeds))
                count += found(baseline, variants, peeked=False)
            what = "1 variant" if others == 1 else f"any of {others} variants (Holm)"
            rows.append(row(what, seeds, count, repetitions, AT_MOST_5))
    return rows


def welch_coverage() -> list[Row]:
    """Measure the coverage of Welch's 95 % interval over shapes of noise."""

    def normal(spread: float) -> Draw:
        return lambda n: RNG.normal(0, spread, n)

    def skewed(spread: float) -> Draw:  # skewness -1.4
        return lambda n: -spread * (RNG.gamma(2, 1, n) - 2) / sqrt(2)

    def tailed(n: int) -> Values:
        return SPREAD * RNG.standard_t(4, n) / sqrt(2)

    def stuck(n: int) -> Values:
        return np.where(RNG.random(n) < 0.03, -80.0, RNG.normal(0, SPREAD, n))

    narrow, wide = normal(0.2), normal(0.6)
    shapes: list[tuple[str, Draw, Draw, float, int, float, str]] = [
        # what, noise of A, noise of B, mean of B's noise, runs that B lost, rounding, asked
        ("normal, equal spreads", narrow, narrow, 0, 0, 0, COVERAGE),
        ("normal, spreads 0.2 and 0.6", narrow, wide, 0, 0, 0, COVERAGE),
        ("skewed (gamma, -1.4), equal spreads", skewed(0.2), skewed(0.2), 0, 0, 0, COVERAGE),
        ("skewed, spreads 0.2 and 0.6", skewed(0.2), skewed(0.6), 0, 0, 0, COVERAGE),
        ("only B skewed, equal spreads", narrow, skewed(0.2), 0, 0, 0, COVERAGE),
        ("heavy tails (t, 4 degrees)", tailed, tailed, 0, 0, 0, COVERAGE),
        ("rounded to images of 10,000", narrow, narrow, 0, 0, 0.01, COVERAGE),
        ("one run of B diverged and left out", narrow, narrow, 0, 1, 0, COVERAGE),
        ("3 % of all runs stuck at 10 %, left in", stuck, stuck, -2.4, 0, 0, TOLD),
        ("3 % of B's runs stuck at 10 %, left in", narrow, stuck, -2.4, 0, 0, TOLD),
    ]
    rows, repetitions = [], 20_000
    for what, noise_a, noise_b, mean_b, lost, rounding, asked in shapes:
        mean_a = mean_b if noise_a is noise_b else 0
        truth = SHIFT + mean_b - mean_a
        for seeds in SEEDS:
            count = 0
            for _ in range(repetitions):
                a, b = 90 + noise_a(seeds), 90 + SHIFT + noise_b(seeds - lost)
                if rounding:
                    a, b = np.round(a / rounding) * rounding, np.round(b / rounding) * rounding
                difference = welch(a, b)
                count += difference.low <= truth <= difference.high
            rows.append(row(what, seeds, count, repetitions, asked))
    return rows


def power() -> list[Row]:
    """Count how often a difference is found, or a verdict settled, at the promised seeds."""
    rows = []
    for difference in (0.35, 0.25, 0.145, 0.10):
        seeds, count, repetitions = seeds_for(difference, SPREAD), 0, 10_000
        for _ in range(repetitions):
            a, b = RNG.normal(90, SPREAD, (2, seeds))
            count += found(a, [b + difference], peeked=False)
        rows.append(row(f"found by Welch: {difference} points", seeds, count, repetitions, POWER))
    for difference in (0.0, 0.05, 0.2, 0.35):
        seeds = seeds_to_settle(difference, SPREAD * sqrt(2), matters=0.1, seeds=10) or 0
        count, repetitions = 0, 2_000
        for _ in range(repetitions):
            a, b = RNG.normal(90, SPREAD, (2, seeds))
            (verdict,) = judge(a, [b + difference], matters=0.1, peeked=True)
            count += verdict.decision != "cannot tell yet"
        what = f"settled, always-valid, matters 0.1: {difference} points"
        rows.append(row(what, seeds, count, repetitions, POWER))
    return rows


def peeking() -> list[Row]:
    """Look at identical variants after every seed from 3 to 60: any false alarm."""
    rows, repetitions = [], 5_000
    shapes: dict[str, Draw] = {
        "normal": lambda n: RNG.normal(90, SPREAD, n),
        "skewed": lambda n: 90 - SPREAD * RNG.gamma(2, 1, n),
        "heavy tails": lambda n: 90 + SPREAD * RNG.standard_t(4, n),
    }
    for shape, draw in shapes.items():
        count = 0
        for _ in range(repetitions):
            a, b = draw(60), draw(60)
            count += any(excludes_0(always_valid(a[:n], b[:n])) for n in range(3, 61))
        rows.append(row(f"always-valid rule, {shape}", "3-60", count, repetitions, AT_MOST_5))
    count = 0
    for _ in range(repetitions):
        a, b = RNG.normal(90, SPREAD, (2, 60))
        count += any(excludes_0(welch(a[:n], b[:n])) for n in range(3, 61))
    rows.append(row("for contrast: Welch at every look", "3-60", count, repetitions, TOLD))
    for matters in (0.01, 0.1):
        first, count, procedures = 0, 0, 4 * repetitions
        for _ in range(procedures):
            a, b = RNG.normal(90, SPREAD, (2, 60))
            for seeds in range(10, 61, 10):
                (verdict,) = judge(a[:seeds], [b[:seeds]], matters=matters, peeked=seeds > 10)
                if verdict.decision != "cannot tell yet":
                    break
            alarm = verdict.decision in {"helped", "hurt"}
            count += alarm
            first += alarm and seeds == 10
        what = f"Welch at 10, then always-valid, matters {matters}"
        rows.append(row(f"{what}: at 10", "10", first, procedures, AT_MOST_5))
        rows.append(row(f"{what}: in all", "10-60", count, procedures, AT_MOST_5))
    return rows


def image_coverage() -> list[Row]:
    """Measure the coverage of new_images: 1,000 images, 90 % right, a difference of 0.3 points."""
    images, accuracies, repetitions = 1_000, (0.900, 0.903), 2_000
    shapes = {
        "seeds differ little, images suit both alike": (0.01, 0.0),
        "seeds differ, images suit both alike": (0.15, 0.0),
        "seeds differ little, images suit one": (0.01, 1.0),
        "seeds differ, images suit one": (0.15, 1.0),
    }
    rows = []
    for what, (of_seed, of_image) in shapes.items():
        total = sqrt(5**2 + of_image**2 + of_seed**2 + 1)
        for seeds in SEEDS:
            count = 0
            for _ in range(repetitions):
                difficulty = 5 * RNG.normal(size=images)
                right_a, right_b = (
                    float(ndtri(accuracy)) * total
                    + difficulty
                    + of_image * RNG.normal(size=images)
                    + of_seed * RNG.normal(size=(seeds, 1))
                    + RNG.normal(size=(seeds, images))
                    > 0
                    for accuracy in accuracies
                )
                interval = new_images(right_a, right_b)
                count += interval.low <= 0.3 <= interval.high
            rows.append(row(what, seeds, count, repetitions, COVERAGE))
    return rows


def beating_coverage() -> list[Row]:
    """Measure the coverage of the probability of beating."""
    rows, repetitions = [], 5_000
    for spread_b in (0.2, 0.6):
        for truth in (0.5, 0.75, 0.9, 0.97):
            shift = float(ndtri(truth)) * sqrt(SPREAD**2 + spread_b**2)
            for seeds in SEEDS:
                count = 0
                for _ in range(repetitions):
                    a, b = RNG.normal(90, SPREAD, seeds), RNG.normal(90 + shift, spread_b, seeds)
                    interval = probability_of_beating(a, b)
                    count += interval.low <= truth <= interval.high
                what = f"truth {truth}, spreads 0.2 and {spread_b}"
                rows.append(row(what, seeds, count, repetitions, COVERAGE))
    for seeds in SEEDS:
        count = 0
        for _ in range(repetitions):
            a, b = np.round(RNG.normal(90, SPREAD, (2, seeds)), 1)
            interval = probability_of_beating(a, b)
            count += interval.low <= 0.5 <= interval.high
        rows.append(row("truth 0.5, many ties (0.1 points)", seeds, count, repetitions, COVERAGE))
    return rows


def overfitting_alarms() -> list[Row]:
    """Count false alarms of overfitting: over 20 epochs the validation loss does not rise."""
    epochs, repetitions = np.arange(20), 5_000
    shapes: dict[str, Callable[[int], Values]] = {
        "flat, each epoch's noise its own": lambda n: RNG.normal(0, 0.01, (n, 20)),
        "flat, the noise carried on": lambda n: np.cumsum(RNG.normal(0, 0.01, (n, 20)), axis=1),
        "falls, then flat": lambda n: np.exp(-epochs / 3) + RNG.normal(0, 0.01, (n, 20)),
    }
    rows = []
    for what, draw in shapes.items():
        for seeds in (3, *SEEDS):
            count = 0
            for _ in range(repetitions):
                train = np.exp(-epochs / 5) + RNG.normal(0, 0.001, (seeds, 20))
                count += bool(overfitting(train, draw(seeds)).overfits)
            rows.append(row(what, seeds, count, repetitions, AT_MOST_5))
    count = 0
    for _ in range(repetitions):
        train = np.exp(-epochs / 5) + RNG.normal(0, 0.001, (5, 20))
        rising = RNG.normal(0, 0.01, (5, 20)) + 0.05 * np.maximum(0, epochs - 9) / 10
        count += bool(overfitting(train, rising).overfits)
    rows.append(row("found where it rises by 5 of its deviations", 5, count, repetitions, TOLD))
    return rows


def wrongly_equal() -> list[Row]:
    """Count wrong verdicts of "no difference that matters": it is exactly what matters."""
    rows = []
    for spread, peeked, seeds_tried in (
        (SPREAD, False, SEEDS),
        (0.05, False, SEEDS),
        (0.05, True, (10, 30)),
    ):
        for seeds in seeds_tried:
            count, repetitions = 0, 10_000
            for _ in range(repetitions):
                a, b = RNG.normal(90, spread, (2, seeds))
                (verdict,) = judge(a, [b + 0.1], matters=0.1, peeked=peeked)
                count += verdict.decision == "no difference that matters"
            what = f"spread {spread}, {'always-valid' if peeked else 'Welch'}"
            rows.append(row(what, seeds, count, repetitions, AT_MOST_5))
    return rows


def seconds_for_10_000_runs() -> dict[str, float]:
    """Return the seconds of statistics: of 2 x 5,000 runs, and of 2 x 30 x 12,000 predictions."""
    a, b = RNG.normal(90, SPREAD, (2, 5_000))
    start = time.perf_counter()
    judge(a, [b], matters=0.1, peeked=False)
    judge(a, [b], matters=0.1, peeked=True)
    mean_interval(a)
    mean_interval(b)
    judged = time.perf_counter()
    right_a, right_b = RNG.random((2, 30, 12_000)) < 0.9
    drawn = time.perf_counter()
    new_images(right_a, right_b)
    return {
        "verdicts and means of 10,000 runs": judged - start,
        "new_images of 2 x 30 x 12,000 answers": time.perf_counter() - drawn,
    }


def found(baseline: Values, variants: list[Values], *, peeked: bool) -> bool:
    """Say whether any variant helped or hurt; nothing is small enough not to matter."""
    verdicts = judge(baseline, variants, matters=0.01, peeked=peeked)
    return any(verdict.decision in {"helped", "hurt"} for verdict in verdicts)


def excludes_0(difference: Difference) -> bool:
    """Say whether the interval excludes 0: an alarm, here always a false one."""
    return not difference.low <= 0 <= difference.high


def row(what: str, seeds: int | str, count: int, of: int, asked: str) -> Row:
    """Return a rate with its Wilson interval (1927), in percent, and whether it is as asked."""
    share, quantile = count / of, float(ndtri(0.975))
    centre = (share + quantile**2 / (2 * of)) / (1 + quantile**2 / of)
    half = quantile * sqrt(share * (1 - share) / of + quantile**2 / (4 * of**2))
    half /= 1 + quantile**2 / of
    low, high = 100 * (centre - half), 100 * (centre + half)
    held = {
        AT_MOST_5: low <= 5,
        COVERAGE: low <= 96 and high >= 94,
        POWER: 75 <= 100 * share <= 90,
        TOLD: True,
    }[asked]
    return {
        "what": what,
        "seeds": seeds,
        "count": int(count),
        "of": of,
        "percent": 100 * share,
        "low": low,
        "high": high,
        "asked": asked,
        "held": held,
    }


if __name__ == "__main__":
    command_line(main)()
