"""A comparison's result in sentences: nothing is claimed beyond the data."""

from dataclasses import dataclass
from math import isfinite

from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.experiments.statistics import Interval, PairedComparison
from cnnlab.experiments.verdict import FEWEST_SEEDS, Verdict
from cnnlab.runs.run import Run
from cnnlab.training.history import has_learned
from cnnlab.wording import counted, percent

_MOST_SEEDS = 100
"""More seeds than this are not proposed: nobody in a workshop waits for them."""
_FEWEST_FOR_A_NEW_SEED = 8
"""With fewer seeds, how often one beats the other is mostly noise."""
_LOSS_OF_GUESSING = 2.4
"""A little above ln 10, the loss of one chance in ten for every class."""


@dataclass(frozen=True)
class VariantText:
    """What is said of one variant against the first.

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
                to_settle=what_would_settle(each, results),
                plain=tuple(
                    filter(
                        None, [new_seed_sentence(each, results), failures_sentence(each, results)]
                    )
                ),
                details=tuple(details_of(each, results)),
            )
            for each in results.verdicts
        ),
        failed_runs=tuple(filter(None, map(failed_runs_sentence, results.variants))),
        overfitting=tuple(filter(None, map(overfitting_sentence, results.variants))),
        overfitting_details=tuple(filter(None, map(overfitting_details, results.variants))),
        method=how_judged(results),
    )


def verdict_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return the one sentence that answers whether the change helped.

    The difference is that of the two means as they are written, so that they can be subtracted.
    """
    name, verdict = judged.name, judged.verdict
    base = results.variants[0].variant.name
    if verdict is None or judged.means is None:
        return f"No verdict on {name}: it or {base} has no run that finished and learned."
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


def what_would_settle(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return how many seeds would settle a verdict that is open, and how long they take here."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        few = results.seeds < FEWEST_SEEDS
        return "Train 3 seeds or more of each, better 10: --seeds 10." if few else ""
    if verdict.decision != "cannot tell yet":
        return ""
    if _is_too_close(judged, results):
        return "Too close to tell here: call it a draw."
    wanted = _seeds_wanted(verdict, results)
    more = results.seconds_of_seeds(max(1, wanted - results.seeds))
    return (
        f"About {wanted} seeds each may settle it: --seeds {wanted}, about {duration(more)} more "
        "here. Finished runs are used again."
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


def details_of(judged: VariantVerdict, results: ComparisonResult) -> list[str]:
    """Return how the verdict was found: on these images, on new ones, on a new seed."""
    verdict = judged.verdict
    if verdict is None or verdict.decision == "no verdict":
        return []
    told = [
        f"{judged.name}, about these {len(results.images):,} {results.on} images and new seeds: "
        f"difference {verdict.difference.estimate:+.2f} points, 95 % interval "
        f"{between(_interval(verdict))} ({_counts(judged, results)}); p {verdict.p_value:.2g} for "
        f"no difference, p {verdict.equivalence_p_value:.2g} for {results.matters:g} points or "
        f"more (two one-sided tests){_corrected(results)}."
    ]
    if judged.new_images is not None:
        crosses = judged.new_images.low <= 0 <= judged.new_images.high
        told.append(
            f"{judged.name}, about new images of the same kind and new seeds: 95 % interval "
            f"{between(judged.new_images)}"
            + (", which may also be no difference." if crosses else ", all on one side.")
        )
    if not results.peeked:
        beats = verdict.beats
        told.append(
            f"On a new seed {judged.name} beats {results.variants[0].variant.name} with "
            f"probability {percent(beats.estimate, 0)} (95 % interval {percent(beats.low, 0)} to "
            f"{percent(beats.high, 0)})."
        )
    if failures_sentence(judged, results):
        told.append(
            f"{judged.name}, runs that did not finish or learn: Fisher's exact p "
            f"{judged.failures_p_value:.2g}."
        )
    return told


def failures_sentence(judged: VariantVerdict, results: ComparisonResult) -> str:
    """Return that two variants differ in how often they fail; empty if chance may do that."""
    if judged.failures_p_value >= 0.05:
        return ""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    more, fewer = (other, first) if len(other.failures) > len(first.failures) else (first, other)
    return (
        f"{more.variant.name} fails more often: {len(more.failures)} of {results.seeds} runs did "
        f"not finish or learn; of {fewer.variant.name}, {len(fewer.failures)} of {results.seeds}."
    )


def failed_runs_sentence(runs: VariantRuns) -> str:
    """Return how many runs are in no mean, and why the first is not; empty if all are."""
    if not runs.failures:
        return ""
    seed, fault = next(iter(runs.failures.items()))
    count, total = len(runs.failures), len(runs.failures) + len(runs.values)
    return (
        f"{count} of {total} runs of {runs.variant.name} did not finish or learn, and "
        f"{'is' if count == 1 else 'are'} in no mean. Seed {seed}: {fault}."
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
    """Return how the losses changed from the best epoch; empty if the last is the best."""
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
    numbers = (
        f"from where the other seeds' mean validation loss is lowest (over all, epoch "
        f"{found.lowest_epoch}) to epoch {epochs}, validation loss changes by {rise.estimate:+.3f} "
        f"(95 % interval {rise.low:+.3f} to {rise.high:+.3f}) and training loss by "
        f"{change.estimate:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    )
    verb = "overfits" if found.overfits else "is not shown to overfit"
    return f"{name} {verb}: {numbers}."


def how_judged(results: ComparisonResult) -> str:
    """Return by which method the verdict was reached, and why by that one."""
    if results.peeked:
        pairs = max((each.pairs for each in results.verdicts), default=0)
        return (
            "Seeds were added after a look, or somebody looked early. So the verdict uses the "
            f"interval that stays valid at every look, wider than Welch's, over "
            f"{'the ' if pairs > 1 else ''}{counted(pairs, 'seed')} that all variants finished."
        )
    return (
        f"You chose {counted(results.seeds, 'seed')} before the first training, so the verdict "
        "uses Welch's interval and tests."
    )


def paired_sentence(
    paired: PairedComparison, names: tuple[str, str], images: int, part: str
) -> str:
    """Return which of two single networks is better, by McNemar's test."""
    better, other = names if paired.only_a >= paired.only_b else names[::-1]
    more = abs(paired.only_a - paired.only_b)
    got = f"{better} got {more:,} more of the {images:,} {part} images right than {other}."
    if paired.p_value < 0.05:
        return f"{better} is better: it {got[len(better) + 1 :]} Chance does not explain it."
    if more == 0:
        got = f"{better} and {other} got equally many of the {images:,} {part} images right."
    return f"Too close to tell: {got} Chance alone may explain it."


def paired_details(paired: PairedComparison, names: tuple[str, str], images: int, part: str) -> str:
    """Return the numbers of McNemar's test of two single networks."""
    p_value = "< 0.0001" if paired.p_value < 0.0001 else f"{paired.p_value:.2g}"
    return (
        f"Of {images:,} {part} images, only {names[0]} is right on {paired.only_a:,} and only "
        f"{names[1]} on {paired.only_b:,}: McNemar's exact p {p_value}."
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
