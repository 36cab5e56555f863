"""The result of a comparison: every variant's runs, and a verdict on each but the first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.experiments.statistics import (
    Interval,
    Overfitting,
    failures_differ,
    mean_interval,
    new_images,
    overfitting,
)
from cnnlab.experiments.variants import Variant
from cnnlab.experiments.verdict import FEWEST_SEEDS, Verdict, judge
from cnnlab.training.history import History

Split = Literal["validation", "test"]


@dataclass(frozen=True)
class VariantRuns:
    """All runs of one variant on one set of images.

    ``values`` are accuracies in points, one for each of ``seeds``; ``histories`` and ``correct``
    (seeds, images) are in the same order. ``failures`` are the runs that diverged, failed or
    learned nothing, by seed. They are excluded from the mean: one of them would make its
    interval worthless (docs/verdicts.md).
    """

    variant: Variant
    seeds: list[int]
    values: NDArray[np.float64]
    correct: NDArray[np.bool_]
    histories: list[History]
    failures: dict[int, str]

    @property
    def mean(self) -> Interval:
        """The mean accuracy in points, and its 95 % interval over seeds."""
        if not len(self.values):
            return Interval(float("nan"), float("-inf"), float("inf"))
        return mean_interval(self.values)

    @property
    def deviation(self) -> float:
        """The standard deviation over seeds, in points; NaN for fewer than two seeds."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else float("nan")

    @property
    def seconds(self) -> float:
        """The median seconds of a run, on one thread; NaN if no run finished."""
        totals = [sum(record.seconds for record in history) for history in self.histories]
        return float(np.median(totals)) if totals else float("nan")

    def losses(self, split: Literal["train", "validation"]) -> NDArray[np.float64]:
        """Return the losses (seeds, epochs) on a split."""
        return np.array(
            [[getattr(record, f"{split}_loss") for record in each] for each in self.histories]
        )

    @property
    def overfitting(self) -> Overfitting | None:
        """How the losses changed from the best epoch to the last; None without runs."""
        if not self.histories:
            return None
        return overfitting(self.losses("train"), self.losses("validation"))


@dataclass(frozen=True)
class VariantVerdict:
    """One variant against the first: what the runs say, about these images and about new ones.

    ``verdict`` is None if one of the two has no run to judge; ``means`` are the two mean
    accuracies in points that it compares, the first variant's first. ``pairs`` is the number of
    seeds that every variant finished; an anytime-valid verdict uses only those. ``new_images`` is
    for a number of seeds fixed beforehand, and None after peeking. ``failures_p_value`` is
    Fisher's, for the numbers of runs that did not finish or did not learn.
    """

    name: str
    verdict: Verdict | None
    means: tuple[float, float] | None
    pairs: int
    new_images: Interval | None
    failures_p_value: float


@dataclass(frozen=True)
class ComparisonResult:
    """A whole comparison: every variant's runs, and a verdict on each but the first."""

    on: Split
    images: ImageSet
    seeds: int
    matters: float
    peeked: bool
    test_openings: int
    variants: list[VariantRuns]
    verdicts: list[VariantVerdict]
    processes: int

    def seconds_of_seeds(self, seeds: int) -> float:
        """Return the seconds that so many more seeds of every variant take on this machine."""
        each = sum(one.seconds for one in self.variants if not isnan(one.seconds))
        return seeds * each / self.processes


def judge_all(
    variants: Sequence[VariantRuns], matters: float, peeked: bool
) -> list[VariantVerdict]:
    """Return what the runs say about every variant against the first.

    If somebody peeked, the verdict pairs the variants seed by seed. It then uses the seeds that
    all of them finished.
    """
    first, *others = variants
    with_runs = [each for each in others if len(each.values) and len(first.values)]
    common = set.intersection(*(set(each.seeds) for each in (first, *with_runs)))

    def values(of: VariantRuns) -> NDArray[np.float64]:
        if not peeked:
            return of.values
        return of.values[[seed in common for seed in of.seeds]]

    verdicts: dict[str, Verdict] = {}
    if with_runs and (common or not peeked):
        found = judge(
            values(first),
            [values(each) for each in with_runs],
            matters=matters,
            peeked=peeked,
        )
        verdicts = {each.variant.name: one for each, one in zip(with_runs, found, strict=True)}
    return [
        VariantVerdict(
            name=other.variant.name,
            verdict=verdicts.get(other.variant.name),
            means=(float(values(first).mean()), float(values(other).mean()))
            if other.variant.name in verdicts
            else None,
            pairs=len(common),
            new_images=None
            if peeked or min(len(first.values), len(other.values)) < FEWEST_SEEDS
            else new_images(first.correct, other.correct),
            failures_p_value=failures_differ(
                len(first.failures),
                len(first.failures) + len(first.values),
                len(other.failures),
                len(other.failures) + len(other.values),
            ),
        )
        for other in others
    ]


def as_json(results: ComparisonResult) -> dict[str, Any]:
    """Return every number of a comparison; infinite and unknown numbers are null."""
    return {
        "on": results.on,
        "images": len(results.images),
        "seeds": results.seeds,
        "matters": results.matters,
        "peeked": results.peeked,
        "test_openings": results.test_openings,
        "variants": [
            {
                "name": each.variant.name,
                **each.variant.content(),
                "seeds": each.seeds,
                "accuracy_points": each.values.tolist(),
                "mean": plain(each.mean),
                "standard_deviation": plain(each.deviation),
                "median_seconds": plain(each.seconds),
                "failures": each.failures,
                "overfitting": plain(each.overfitting),
            }
            for each in results.variants
        ],
        "verdicts": [
            {**plain(each), "against": results.variants[0].variant.name}
            for each in results.verdicts
        ],
    }


def plain(value: Any) -> Any:
    """Return dataclasses as dicts and non-finite floats as None, for JSON."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return json.loads(json.dumps(value))
