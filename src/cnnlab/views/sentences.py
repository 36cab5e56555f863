"""Results in sentences. They claim nothing beyond the data."""

from dataclasses import dataclass
from math import isfinite, log

from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.experiments.statistics import Interval, PairedComparison
from cnnlab.experiments.verdict import FEWEST_SEEDS, Verdict
from cnnlab.runs.run import Run
from cnnlab.training.history import EpochRecord, has_learned
from cnnlab.wording import counted, percent

_MOST_SEEDS = 100
"""More seeds than this are not proposed: nobody in a workshop waits for them."""
_FEWEST_FOR_A_NEW_SEED = 8
"""With fewer seeds, how often one beats the other is mostly noise."""
_FAR_FROM_GUESSING = 1.04
"""A loss that is higher than that of guessing, ln(classes), by this factor: training broke it."""


@dataclass(frozen=True)
class VariantText:
    """The sentences about one variant against the first.

    ``plain`` is for everybody; ``details`` has the intervals, the p-values and the tests.
    """

    verdict: str
    to_settle: str
    plain: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True)
class ComparisonText:
    """A comparison in sentences, made once: for the terminal, the page and JSON."""

    judged: tuple[VariantText, ...]
    failed_runs: tuple[str, ...]
    overfitting: tuple[str, ...]
    overfitting_details: tuple[str, ...]
    method: str

    @property
    def lines(self) -> list[str]:
        """Everything for everybody, the verdicts first."""
        verdicts = [each.verdict for each in self.judged]
        others = [line for each in self.judged for line in (each.to_settle, *each.plain) if line]
        return [*verdicts, *others, *self.failed_runs, *self.overfitting]

    @property
    def details(self) -> list[str]:
        """How it was found: intervals, p-values, tests."""
        judged = [line for each in self.judged for line in each.details]
        return [*judged, *self.overfitting_details, self.method]


def tell(results: ComparisonResult) -> ComparisonText:
    """Return a comparison's result in sentences."""
    return ComparisonText(
        judged=tuple(
            VariantText(
                verdict=verdict_sentence(each, results),
                to_settle=settle_sentence(each, results),
                plain=tuple(
                    filter(
                        None, [new_seed_sentence(each, results), failures_sentence(each, results)]
                    )
                ),
                details=tuple(detail_sentences(each, results)),
            )
            for each in results.verdicts
        ),
        failed_runs=tuple(filter(None, map(failed_runs_sentence, results.variants))),
        overfitting=tuple(filter(None, map(overfitting_sentence, results.variants))),
        overfitting_details=tuple(filter(None, map(overfitting_details, results.variants))),
        method=method_sentence(results),
    )


def verdict_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return the one sentence that answers whether the change helped.

    The difference is that of the two means as they are written, so that they can be subtracted.
    """
    name, verdict = judged.name, judged.verdict
    base = results.variants[0].variant.name
    if verdict is None or judged.means is None:
        return f"No verdict on {name}: {name} or {base} has no run that finished and learned."
    if verdict.decision == "no verdict":
        return f"No verdict on {name}: {verdict.reason}."
    theirs, its = (round(each, 2) for each in judged.means)
    points = abs(its - theirs)
    apart = f"{points:.2f} points {'more' if verdict.difference.estimate > 0 else 'less'}"
    if points < 0.005:
        apart = "less than 0.01 points apart"
    if verdict.decision == "no difference that matters":
        return (
            f"A draw: {name} is as good as {base}: {its:.2f} % against {theirs:.2f} %, {apart}. A "
            f"difference of {results.matters:g} points or more is ruled out."
        )
    if verdict.decision == "cannot tell yet":
        yet = "" if _is_too_close(judged, results) else " yet"
        return (
            f"Cannot tell{yet}: {name} has {its:.2f} % against {base}'s {theirs:.2f} %, {apart}. "
            "Chance alone may explain it."
        )
    word = "better" if verdict.decision == "helped" else "worse"
    than = f" than {base}" if len(results.verdicts) > 1 else ""
    return (
        f"{name} is {word}{than}: {its:.2f} % against {theirs:.2f} %, {apart}. Chance does not "
        "explain it."
    )


def settle_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many seeds would settle an open verdict, and how long they take here."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        few = results.seeds < FEWEST_SEEDS
        return "Train each variant on 3 seeds or more. 10 are better: --seeds 10." if few else ""
    if verdict.decision != "cannot tell yet":
        return ""
    if _is_too_close(judged, results):
        return "Too close to tell here: call it a draw."
    wanted = _seeds_wanted(verdict, results)
    more = results.seconds_of_seeds(max(1, wanted - results.seeds))
    return (
        f"About {wanted} seeds each may settle it: --seeds {wanted}, about {duration(more)} more "
        "here. Finished runs are not trained again."
    )


def _is_too_close(judged: VariantVerdict, results: ComparisonResult) -> bool:
    """Return whether an open verdict would need more seeds than a person will wait for."""
    verdict = judged.verdict
    return (
        verdict is not None
        and verdict.decision == "cannot tell yet"
        and (verdict.seeds_to_settle is None or _seeds_wanted(verdict, results) > _MOST_SEEDS)
    )


def _seeds_wanted(verdict: Verdict, results: ComparisonResult) -> int:
    """Return the seeds to train: those to settle it, and as many more as fail before."""
    finished = min(len(each.values) for each in results.variants if len(each.values))
    return round((verdict.seeds_to_settle or 0) * results.seeds / finished)


def new_seed_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how often the better variant wins on a new seed; empty if that says nothing.

    It says nothing if the verdict is open or a draw, with few seeds, or after peeking. It also
    may not contradict the verdict, which goes by means: this goes by ranks.
    """
    verdict = judged.verdict
    if verdict is None or verdict.decision not in ("helped", "hurt") or results.peeked:
        return ""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    share, pair = verdict.beats.estimate, [judged.name, first.variant.name]
    if verdict.decision == "hurt":
        share, pair = 1 - share, pair[::-1]
    if min(len(first.values), len(other.values)) < _FEWEST_FOR_A_NEW_SEED or share <= 0.5:
        return ""
    often = "more than 99" if share > 0.99 else f"about {100 * share:.0f}"
    return f"With a new seed, {pair[0]} beats {pair[1]} {often} times in 100."


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


def detail_sentences(judged: VariantVerdict, results: ComparisonResult) -> list[str]:
    """Return how the verdict was found: the claims with their intervals, and the p-values."""
    sentences = claim_sentences(judged, results)
    if judged.verdict is not None and sentences:
        sentences.append(
            f"{judged.name}, {_seeds(judged, results)}: different, "
            f"{_p_equation(judged.verdict.p_value)}; within {results.matters:g} points (two "
            f"one-sided tests), {_p_equation(judged.verdict.equivalence_p_value)}"
            f"{_correction(results)}."
        )
    if failures_sentence(judged, results):
        sentences.append(
            f"{judged.name}, runs that did not finish or learned nothing: Fisher's exact "
            f"{_p_equation(judged.failures_p_value)}."
        )
    return sentences


def failures_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return that two variants differ in how often they fail; empty if chance alone may do that."""
    if judged.failures_p_value >= 0.05:
        return ""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    more, fewer = (other, first) if len(other.failures) > len(first.failures) else (first, other)
    return (
        f"{more.variant.name} fails more often: {len(more.failures)} of {results.seeds} runs did "
        f"not finish or learned nothing; of {fewer.variant.name}, {len(fewer.failures)} of "
        f"{results.seeds}."
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
    """Return that a variant overfits; empty if that is not shown."""
    found = runs.overfitting
    if found is None or not found.overfits:
        return ""
    return (
        f"{runs.variant.name} overfits: after epoch {found.lowest_epoch} its training loss still "
        "falls, but its validation loss rises."
    )


def overfitting_details(runs: VariantRuns) -> str:
    """Return how the losses changed; empty if the mean loss is lowest after the last epoch."""
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
    """Return which of two trained networks is better on the same images, by McNemar's test."""
    better, other = names if paired.only_a >= paired.only_b else names[::-1]
    more = abs(paired.only_a - paired.only_b)
    correct = f"is correct on {more:,} more of the {images:,} {split} images than {other}"
    if paired.p_value < 0.05:
        return f"{better} is better: it {correct}. Chance does not explain it."
    if not more:
        correct = f"and {other} are correct on equally many of the {images:,} {split} images"
    return f"Too close to tell: {better} {correct}. Chance alone may explain it."


def paired_details(
    paired: PairedComparison, names: tuple[str, str], images: int, split: str
) -> str:
    """Return the numbers of McNemar's test of two trained networks."""
    return (
        f"Of {images:,} {split} images, {paired.only_a:,} are correct only with {names[0]} and "
        f"{paired.only_b:,} only with {names[1]} (McNemar's exact {_p_equation(paired.p_value)})."
    )


def interval_text(interval: Interval) -> str:
    """Return the ends of an interval in points."""
    if not isfinite(interval.low) or not isfinite(interval.high):
        return "still without limits"
    return f"{interval.low:+.2f} to {interval.high:+.2f}"


def learned_nothing_sentence(run: Run) -> str:
    """Return that a run does no better than guessing, and what to try; empty if it does."""
    history = run.history()
    if not history or has_learned(history, run.class_count):
        return ""
    rate, epochs = run.config.learning_rate, run.config.epochs
    if history[-1].train_loss > _FAR_FROM_GUESSING * log(run.class_count):
        cause = f"The learning rate {rate:g} is most likely too large. Try"
        command = run.train_command(learning_rate=f"{rate / 10:g}")
    else:
        cause = (
            f"{counted(epochs, 'epoch')} may be too few, or something in the network stops it. Try"
        )
        command = run.train_command(epochs=max(5, 2 * epochs))
    return (
        f"It learned nothing: {percent(history[-1].train_accuracy, 0)} of its training images are "
        f"correct, and guessing gives "
        f"{percent(1 / run.class_count, 0)}. {cause}:\n  {command}"
    )


def p_value_text(p_value: float) -> str:
    """Return a p-value with two digits; a tiny one as "< 0.0001", because none is exactly 0."""
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def _p_equation(p_value: float) -> str:
    text = p_value_text(p_value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def epoch_sentence(record: EpochRecord, epochs: int) -> str:
    """Return the metrics of one of so many epochs, in one line."""
    return (
        f"Epoch {record.epoch:>{len(str(epochs))}}/{epochs}: "
        f"train loss {record.train_loss:.4f}, {percent(record.train_accuracy)}; "
        f"validation loss {record.validation_loss:.4f}, {percent(record.validation_accuracy)}; "
        f"{record.seconds:.1f} s"
    )


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
