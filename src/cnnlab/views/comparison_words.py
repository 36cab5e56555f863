"""What the figures of a comparison show, in sentences. Each has its condition."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.experiments.statistics import Interval
from cnnlab.wording import counted


def runs_sentences(shown: list[VariantRuns]) -> list[str]:
    """Return what a dot is, and whether the dots of two networks overlap."""
    counts = {len(each.values) for each in shown}
    each = f", {min(counts)} of each network" if len(counts) == 1 else ""
    found = [f"Each dot is one run from its own random start{each}."]
    if len(shown) == 2 and min(counts) > 1:
        first, second = (variant.values for variant in shown)
        is_apart = first.max() < second.min() or second.max() < first.min()
        found.append(f"The two groups {'do not overlap' if is_apart else 'overlap'}.")
    return [" ".join(found)]


def matters_sentences(interval: Interval | None, matters: float) -> list[str]:
    """Return what the grey band is, and where the bar of a difference lies."""
    grey = f"Grey: less than {matters:g} points, too little to matter."
    if interval is None or not np.isfinite([interval.low, interval.high]).all():
        return [grey]
    low, high = interval.low, interval.high
    if low > matters:
        place = "The whole bar lies to the right of it."
    elif high < -matters:
        place = "The whole bar lies to the left of it."
    elif low >= -matters and high <= matters:
        place = "The whole bar lies in it."
    elif low <= 0 <= high:
        place = "The bar includes 0, so there may be no difference."
    else:
        place = "The bar reaches into it."
    return [f"{grey} {place}"]


def lead_sentences(names: list[str], means: list[NDArray[np.float64]]) -> list[str]:
    """Return which of two networks is ahead, epoch by epoch; ``means`` are accuracies."""
    if len(names) != 2 or len(means[0]) != len(means[1]):
        return []
    gap = means[1] - means[0]
    epochs = len(gap)
    if epochs == 1 or not gap[-1]:
        return []
    ahead, behind = (names[1], names[0]) if gap[-1] > 0 else (names[0], names[1])
    signs = np.sign(gap) == np.sign(gap[-1])
    if signs.all():
        return [f"{ahead} is ahead after every epoch."]
    overtakes = int(np.flatnonzero(~signs)[-1]) + 2
    return [f"At first {behind} is not behind. From epoch {overtakes} on, {ahead} is ahead."]


def loss_sentence(names: list[str], losses: list[float], judged: VariantVerdict | None) -> str:
    """Return whether the loss agrees with a clear verdict on two networks."""
    plain = "Loss: how wrong, and how sure of it. Lower is better."
    verdict = judged.verdict if judged else None
    if len(names) != 2 or verdict is None or verdict.decision not in ("helped", "hurt"):
        return plain
    better = names[1] if verdict.decision == "helped" else names[0]
    lower = names[int(np.argmin(losses))]
    if lower == better:
        return f"{plain} It agrees: {better} has the lower loss at the end."
    return (
        f"{plain} Here it disagrees: {lower} has the lower loss at the end, though {better} is "
        "more often correct."
    )


def band_sentence(runs: int) -> str:
    """Return what the line and the band of a curve are."""
    if runs == 1:
        return "One run of each."
    return "Line: the mean. Band: from the lowest to the highest run."


def only_sentences(
    winner: str, loser: str, is_worse_network: bool, neither: int, images: int
) -> list[str]:
    """Return what the images are that only one network gets."""
    found = [f"Most runs of {winner} are correct, and most runs of {loser} are wrong."]
    if is_worse_network:
        found.append("So the better network is not better at everything.")
    if neither:
        found.append(f"On {neither:,} of the {images:,} images no run of either is correct.")
    return [" ".join(found)]


def subtitle(results: ComparisonResult, data_set: str) -> str:
    """Return the data set, the number of runs and the images of a comparison."""
    return f"{data_set} \u00b7 {counted(results.seeds, 'run')} of each, on {results.on} images"
