"""A comparison's result in sentences: nothing is claimed beyond the data."""

from dataclasses import dataclass
from math import isfinite

from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.experiments.statistics import Interval, PairedComparison
from cnnlab.experiments.verdict import FEWEST_SEEDS, Verdict
from cnnlab.runs.run import Run
from cnnlab.training.history import has_learned
from cnnlab.wording import counted, percent

_LOSS_OF_GUESSING = 2.4
"""A little above ln 10, the loss of one chance in ten for every class."""


@dataclass(frozen=True)
class VariantText:
    """What is said of one variant against the first.

    ``claims`` are about these images, about new ones and about a new seed, in this order.
    """

    name: str
    verdict: str
    to_settle: str
    claims: tuple[str, ...]
    failures: str

    @property
    def details(self) -> list[str]:
        """What the verdict itself does not say yet, in the order of weight."""
        return [line for line in (self.to_settle, *self.claims[1:], self.failures) if line]


@dataclass(frozen=True)
class ComparisonText:
    """A comparison in sentences, made once: for the terminal, the page and JSON."""

    judged: tuple[VariantText, ...]
    failed_runs: tuple[str, ...]
    overfitting: tuple[str, ...]
    method: str

    @property
    def variants(self) -> list[str]:
        """What is said of each variant by itself."""
        return [*self.failed_runs, *self.overfitting]

    @property
    def lines(self) -> list[str]:
        """All of it, the verdicts first."""
        verdicts = [each.verdict for each in self.judged]
        details = [line for each in self.judged for line in each.details]
        return [*verdicts, *details, *self.variants, self.method]


def tell(results: ComparisonResult) -> ComparisonText:
    """Return a comparison's result in sentences."""
    return ComparisonText(
        judged=tuple(
            VariantText(
                name=each.name,
                verdict=verdict_sentence(each, results),
                to_settle=what_would_settle(each, results),
                claims=tuple(claims(each, results)),
                failures=failures_sentence(each, results),
            )
            for each in results.verdicts
        ),
        failed_runs=tuple(filter(None, map(failed_runs_sentence, results.variants))),
        overfitting=tuple(filter(None, map(overfitting_sentence, results.variants))),
        method=how_judged(results),
    )


def verdict_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return the one sentence that answers whether the change helped."""
    name, verdict = judged.name, judged.verdict
    base = results.variants[0].variant.name
    if verdict is None:
        return f"No verdict on {name}: it or {base} has no run that finished and learnt."
    if verdict.decision == "no verdict":
        return f"No verdict on {name}: {verdict.reason}."
    estimate = verdict.difference.estimate
    above = f"{abs(estimate):.2f} points {'above' if estimate >= 0 else 'below'} {base}'s"
    if verdict.decision == "no difference that matters":
        return (
            f"No difference that matters: {name}'s mean accuracy is {above}, and "
            f"{results.matters:g} points or more either way are ruled out (two one-sided tests, p "
            f"{verdict.equivalence_p_value:.2g}{_corrected(results)}; {_counts(judged, results)})."
        )
    interval = f"95 % interval {between(_interval(verdict))}"
    if len(results.verdicts) > 1:  # by which the decision goes; the interval is not corrected
        interval += f", p {verdict.p_value:.2g}{_corrected(results)}"
    if verdict.decision == "cannot tell yet":
        return (
            f"Cannot tell yet: {name}'s mean accuracy is {above}, but chance alone may do that "
            f"({interval}; {_counts(judged, results)})."
        )
    return (
        f"{name} {verdict.decision}: its mean accuracy is {above} ({interval}; "
        f"{_counts(judged, results)})."
    )


def what_would_settle(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many seeds would settle a verdict that is open, and how long they take here."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        few = results.seeds < FEWEST_SEEDS
        return "Train 3 seeds or more of each, better 10: --seeds 10." if few else ""
    if verdict.decision != "cannot tell yet":
        return ""
    if verdict.seeds_to_settle is None:
        return "Even 100,000 seeds would hardly settle it."
    finished = min(len(each.values) for each in results.variants if len(each.values))
    wanted = round(verdict.seeds_to_settle * results.seeds / finished)  # as many fail as before
    more = results.seconds_of_seeds(max(1, wanted - results.seeds))
    return (
        f"About {wanted:,} seeds each would settle it, if the difference is what it seems: about "
        f"{duration(more)} more here. Finished seeds are used again."
    )


def claims(judged: VariantVerdict, results: ComparisonResult) -> list[str]:
    """Return what is claimed about these images, about new ones, and about a new seed."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        return []
    count, part = f"{len(results.images):,}", results.on
    told = [
        f"About these {count} {part} images, and new seeds: difference "
        f"{verdict.difference.estimate:+.2f} points, 95 % interval {between(_interval(verdict))}."
    ]
    if judged.new_images is not None:
        crosses = judged.new_images.low <= 0 <= judged.new_images.high
        told.append(
            f"About new images of the same kind, and new seeds: 95 % interval "
            f"{between(judged.new_images)}"
            + (", which has room for no difference at all." if crosses else ", all on one side.")
        )
    if not results.peeked:
        beats = verdict.beats
        told.append(
            f"On a new seed {judged.name} beats {results.variants[0].variant.name} with "
            f"probability {percent(beats.estimate, 0)} (95 % interval {percent(beats.low, 0)} to "
            f"{percent(beats.high, 0)})."
        )
    return told


def failures_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return that two variants differ in how often they fail; empty where chance may do that."""
    if judged.failures_p_value >= 0.05:
        return ""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    return (
        f"They differ in how often a run does not finish or learn: {len(first.failures)} of "
        f"{results.seeds} and {len(other.failures)} of {results.seeds} (Fisher's exact p "
        f"{judged.failures_p_value:.2g})."
    )


def failed_runs_sentence(runs: VariantRuns) -> str:
    """Return how many runs are in no mean, and why the first is not; empty where all are."""
    if not runs.failures:
        return ""
    seed, fault = next(iter(runs.failures.items()))
    count, total = len(runs.failures), len(runs.failures) + len(runs.values)
    return (
        f"{count} of {total} runs of {runs.variant.name} did not finish or learn, and "
        f"{'is' if count == 1 else 'are'} in no mean. Seed {seed}: {fault}."
    )


def overfitting_sentence(runs: VariantRuns) -> str:
    """Return whether a variant overfits; empty where its mean loss is lowest at the end."""
    found = runs.overfitting
    name = runs.variant.name
    if found is None:
        return ""
    epochs = len(runs.histories[0])
    if epochs > 1 and found.overfits is None:
        return f"{name}: fewer than 3 seeds cannot tell whether it overfits."
    if found.lowest_epoch == epochs:
        return ""
    rise, change = found.validation_rise, found.train_change
    figures = (
        f"from where the other seeds' mean validation loss is lowest (over all, epoch "
        f"{found.lowest_epoch}) to epoch {epochs}, validation loss changes by {rise.estimate:+.3f} "
        f"(95 % interval {rise.low:+.3f} to {rise.high:+.3f}) and training loss by "
        f"{change.estimate:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    )
    verb = "overfits" if found.overfits else "is not shown to overfit"
    return f"{name} {verb}: {figures}."


def how_judged(results: ComparisonResult) -> str:
    """Return by which method the verdict was reached, and why by that one."""
    if results.peeked:
        pairs = max((each.pairs for each in results.verdicts), default=0)
        return (
            "Seeds were added after a look, or it was looked at early: the verdict is by the "
            f"interval that stays valid at every look, wider than Welch's, over "
            f"{'the ' if pairs > 1 else ''}{counted(pairs, 'seed')} that all variants finished."
        )
    return (
        f"The number of seeds, {results.seeds}, was fixed before the first training: Welch's "
        "interval and tests."
    )


def paired_sentence(
    paired: PairedComparison, names: tuple[str, str], images: int, part: str
) -> str:
    """Return what McNemar's test says of two single networks."""
    first, second = names
    better = second if paired.only_b > paired.only_a else first
    told = (
        f"the two networks differ on such images: {better} is better"
        if paired.p_value < 0.05
        else "these two networks may well be equally good"
    )
    return (
        f"Of {images:,} {part} images {paired.only_a:,} are right only with {first} and "
        f"{paired.only_b:,} only with {second}, a difference of "
        f"{paired.difference.estimate:+.2f} points: McNemar's exact p {paired.p_value:.2g}; {told}."
    )


def between(interval: Interval) -> str:
    """Return the ends of an interval in points."""
    if not isfinite(interval.low) or not isfinite(interval.high):
        return "without bounds yet"
    return f"{interval.low:+.2f} to {interval.high:+.2f}"


def learned_nothing_sentence(run: Run) -> str:
    """Return that a run does no better than guessing, and what to try; empty if it does."""
    history = run.history()
    if not history or has_learned(history):
        return ""
    rate, epochs = run.config.learning_rate, run.config.epochs
    if history[-1].train_loss > _LOSS_OF_GUESSING:
        cause = f"The learning rate {rate:g} is most likely too large. Try"
        command = run.train_command(learning_rate=f"{rate / 10:g}")
    else:
        cause = (
            f"{counted(epochs, 'epoch')} may be too few, or something in the network stops it. Try"
        )
        command = run.train_command(epochs=max(5, 2 * epochs))
    return (
        f"It learned nothing: {percent(history[-1].train_accuracy, 0)} of its training images are "
        f"correct, and guessing gives 10 %. {cause}:\n  {command}"
    )


def duration(seconds: float) -> str:
    """Return a time as a person says it: 40 s, 12 min, 3 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _counts(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many runs of both the verdict is by."""
    if results.peeked:
        return f"{counted(judged.pairs, 'seed')} each"
    first, *others = results.variants
    other = next(each for each in others if each.variant.name == judged.name)
    counts = [len(each.values) for each in (other, first)]
    if counts[0] == counts[1]:
        return f"{counted(counts[0], 'seed')} each"
    return f"{counts[0]} and {counts[1]} seeds"


def _corrected(results: ComparisonResult) -> str:
    count = len(results.verdicts)
    return f" corrected for {count} comparisons" if count > 1 else ""


def _interval(verdict: Verdict) -> Interval:
    difference = verdict.difference
    return Interval(difference.estimate, difference.low, difference.high)
