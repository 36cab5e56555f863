"""Results in sentences. They claim nothing beyond the data."""

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
    """The sentences about one variant against the first.

    ``claims`` are about these images, about new images and about a new seed, in this order.
    """

    name: str
    verdict: str
    to_settle: str
    claims: tuple[str, ...]
    failures: str

    @property
    def details(self) -> list[str]:
        """The sentences that add to the verdict, the most important first."""
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
        """The sentences about each variant alone."""
        return [*self.failed_runs, *self.overfitting]

    @property
    def lines(self) -> list[str]:
        """All sentences, the verdicts first."""
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
                to_settle=settle_sentence(each, results),
                claims=tuple(claim_sentences(each, results)),
                failures=failures_sentence(each, results),
            )
            for each in results.verdicts
        ),
        failed_runs=tuple(filter(None, map(failed_runs_sentence, results.variants))),
        overfitting=tuple(filter(None, map(overfitting_sentence, results.variants))),
        method=method_sentence(results),
    )


def verdict_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return the one sentence that answers whether the change helped."""
    name, verdict = judged.name, judged.verdict
    base = results.variants[0].variant.name
    if verdict is None:
        return f"No verdict on {name}: {name} or {base} has no run that finished and learned."
    if verdict.decision == "no verdict":
        return f"No verdict on {name}: {verdict.reason}."
    estimate = verdict.difference.estimate
    above = f"{abs(estimate):.2f} points {'above' if estimate >= 0 else 'below'} {base}'s"
    if verdict.decision == "no difference that matters":
        return (
            f"No difference that matters: {name}'s mean accuracy is {above}. A difference of "
            f"{results.matters:g} points or more, up or down, can be ruled out (two one-sided "
            f"tests, {_p_equation(verdict.equivalence_p_value)}{_correction(results)}; "
            f"{_seeds(judged, results)})."
        )
    interval = f"95 % interval {interval_text(_interval(verdict))}"
    if len(results.verdicts) > 1:  # this p-value decides; the interval is not corrected
        interval += f", {_p_equation(verdict.p_value)}{_correction(results)}"
    if verdict.decision == "cannot tell yet":
        return (
            f"Cannot tell yet: {name}'s mean accuracy is {above}, but chance alone can make such a "
            f"difference ({interval}; {_seeds(judged, results)})."
        )
    return (
        f"{name} {verdict.decision}: its mean accuracy is {above} ({interval}; "
        f"{_seeds(judged, results)})."
    )


def settle_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many seeds would settle an open verdict, and how long they take here."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        few = results.seeds < FEWEST_SEEDS
        return "Train each variant on 3 seeds or more. 10 are better: --seeds 10." if few else ""
    if verdict.decision != "cannot tell yet":
        return ""
    if verdict.seeds_to_settle is None:
        return "Even 100,000 seeds would probably not settle it."
    finished = min(len(each.values) for each in results.variants if len(each.values))
    wanted = round(verdict.seeds_to_settle * results.seeds / finished)  # as many fail as before
    more = results.seconds_of_seeds(max(1, wanted - results.seeds))
    return (
        f"About {wanted:,} seeds each would settle it, if the true difference is as large as this "
        f"one. That takes about {duration(more)} more on this machine. Finished runs are not "
        "trained again."
    )


def claim_sentences(judged: VariantVerdict, results: ComparisonResult) -> list[str]:
    """Return what is claimed about these images, about new images, and about a new seed."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        return []
    base = results.variants[0].variant.name
    sentences = [
        f"On these {len(results.images):,} {results.on} images, with new seeds: {judged.name} "
        f"minus {base} is {verdict.difference.estimate:+.2f} points (95 % interval "
        f"{interval_text(_interval(verdict))})."
    ]
    if judged.new_images is not None:
        sentences.append(
            f"On new images of the same kind, with new seeds: the 95 % interval of {judged.name} "
            f"minus {base} is {interval_text(judged.new_images)}. {_side(judged.new_images)}"
        )
    if not results.peeked:
        beats = verdict.beats
        sentences.append(
            f"On a new seed {judged.name} beats {base} with probability "
            f"{percent(beats.estimate, 0)} (95 % interval {percent(beats.low, 0)} to "
            f"{percent(beats.high, 0)})."
        )
    return sentences


def _side(interval: Interval) -> str:
    """Return where an interval lies, seen from zero."""
    if interval.low > 0:
        return "All of it is above zero."
    if interval.high < 0:
        return "All of it is below zero."
    return "It includes zero, so there may also be no difference."


def failures_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return that one variant fails more often; empty if chance alone may cause that."""
    if judged.failures_p_value >= 0.05:
        return ""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    return (
        f"{first.variant.name} and {judged.name} differ in how often a run does not finish or "
        f"learns nothing: {len(first.failures)} of {results.seeds} runs and {len(other.failures)} "
        f"of {results.seeds} (Fisher's exact {_p_equation(judged.failures_p_value)})."
    )


def failed_runs_sentence(runs: VariantRuns) -> str:
    """Return how many runs are excluded, and why the first one is; empty if none is."""
    if not runs.failures:
        return ""
    seed, fault = next(iter(runs.failures.items()))
    count, total = len(runs.failures), len(runs.failures) + len(runs.values)
    return (
        f"{count} of {total} runs of {runs.variant.name} did not finish or learned nothing. "
        f"{'It is' if count == 1 else 'They are'} excluded from the mean. Seed {seed}: {fault}."
    )


def overfitting_sentence(runs: VariantRuns) -> str:
    """Return whether a variant overfits; empty if its mean loss is lowest after the last epoch."""
    found = runs.overfitting
    name = runs.variant.name
    if found is None:
        return ""
    epochs = len(runs.histories[0])
    if epochs > 1 and found.overfits is None:
        return f"{name}: at least 3 seeds are needed to tell whether it overfits."
    if found.lowest_epoch == epochs:
        return ""
    rise, change = found.validation_rise, found.train_change
    verb = "overfits" if found.overfits else "does not clearly overfit"
    return (
        f"{name} {verb}: its mean validation loss is lowest after epoch {found.lowest_epoch}. From "
        f"the lowest point to epoch {epochs}, validation loss changes by {rise.estimate:+.3f} "
        f"(95 % interval {rise.low:+.3f} to {rise.high:+.3f}) and training loss by "
        f"{change.estimate:+.3f} ({change.low:+.3f} to {change.high:+.3f}). To keep luck out, the "
        "lowest point is found on one half of the seeds and measured on the other."
    )


def method_sentence(results: ComparisonResult) -> str:
    """Return which method the verdict uses, and why."""
    if not results.peeked:
        return (
            f"You chose {counted(results.seeds, 'seed')} before the first run, and nobody saw a "
            "verdict before all runs were done. So the verdict uses Welch's interval and test."
        )
    pairs = max((each.pairs for each in results.verdicts), default=0)
    return (
        "You looked at a verdict before all planned seeds were done, or you added seeds "
        "afterwards. So this verdict uses an interval that allows for peeking. It is wider than "
        f"Welch's, and it uses the {counted(pairs, 'seed')} that all variants finished."
    )


def paired_sentence(
    paired: PairedComparison, names: tuple[str, str], images: int, split: str
) -> str:
    """Return how two trained networks differ on the same images, and McNemar's test of it."""
    first, second = names
    more = abs(paired.only_a - paired.only_b)
    if more:
        better = first if paired.only_a > paired.only_b else second
        difference = (
            f"So {better} is correct on {more:,} more of them "
            f"({abs(paired.difference.estimate):.2f} points)."
        )
    else:
        difference = "So both are correct on equally many."
    chance = (
        "Chance alone does not explain this difference"
        if paired.p_value < 0.05
        else "The two networks may well be equally good"
    )
    return (
        f"Of {images:,} {split} images, {paired.only_a:,} are correct only with {first} and "
        f"{paired.only_b:,} only with {second}. {difference} {chance} (McNemar's exact "
        f"{_p_equation(paired.p_value)})."
    )


def interval_text(interval: Interval) -> str:
    """Return the ends of an interval in points."""
    if not isfinite(interval.low) or not isfinite(interval.high):
        return "still without limits"
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


def p_value_text(p_value: float) -> str:
    """Return a p-value with two digits; a tiny one as "< 0.0001", because none is exactly 0."""
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def _p_equation(p_value: float) -> str:
    text = p_value_text(p_value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def duration(seconds: float) -> str:
    """Return a time as people say it: 40 s, 12 min, 3.0 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _seeds(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many seeds of both variants the verdict uses."""
    if results.peeked:
        return f"{counted(judged.pairs, 'seed')} each"
    first, *others = results.variants
    other = next(each for each in others if each.variant.name == judged.name)
    counts = [len(each.values) for each in (other, first)]
    if counts[0] == counts[1]:
        return f"{counted(counts[0], 'seed')} each"
    return f"{counts[0]} and {counts[1]} seeds"


def _correction(results: ComparisonResult) -> str:
    count = len(results.verdicts)
    return f" corrected for {count} comparisons" if count > 1 else ""


def _interval(verdict: Verdict) -> Interval:
    difference = verdict.difference
    return Interval(difference.estimate, difference.low, difference.high)
