"""A comparison as one self-contained page: verdict, every seed, curves, disagreements."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cnnlab.experiments.comparison import Comparison
from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.views import plots
from cnnlab.views.page import Chapter, Illustration, Report, Table
from cnnlab.views.sentences import ComparisonText
from cnnlab.wording import counted, percent, times

_MOST_IMAGES = 8


def comparison_report(
    results: ComparisonResult, text: ComparisonText, comparison: Comparison, command: str
) -> Report:
    """Return the page of a comparison; ``command`` is what makes it again."""
    report = Report(
        title=" or ".join(each.name for each in comparison.variants) + "?",
        subtitle=f"{counted(results.seeds, 'training')} of each, judged on {results.on} images",
        facts=[
            *_facts(results, comparison),
            ("Verdict by", text.method),
            ("Test set", _openings(results)),
        ],
        made_with=[command],
        lead=[f"{each.verdict} {each.to_settle}".rstrip() for each in text.judged],
    )
    report.chapters.append(_verdict(results, text))
    shown = [each for each in results.variants if len(each.values)]
    if shown:
        report.chapters.append(_curves(shown, text))
    for judged in results.verdicts:
        chapter = _disagreements(results, judged)
        if chapter is not None:
            report.chapters.append(chapter)
    return report


def _facts(results: ComparisonResult, comparison: Comparison) -> list[tuple[str, str]]:
    """Return what a comparison was made of and with, as pairs of name and value."""
    data_set, versions = comparison.plan["data_set"], comparison.plan["versions"]
    settings = [
        f"{each.name}: {each.recipe_name}, {counted(each.config.epochs, 'epoch')}"
        for each in comparison.variants
    ]
    devices = {
        str(run.description["device"])
        for each in results.variants
        for seed in each.seeds
        if (run := comparison.run(each.variant, seed)) is not None
    }
    return [
        ("Data set", f"{data_set['title']}"),
        (
            "Split",
            f"{data_set['train']:,} train, {data_set['validation']:,} validation, "
            f"{data_set['test']:,} test",
        ),
        ("Settings", "; ".join(settings)),
        ("Trained on", "; ".join(sorted(devices))),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
    ]


def _openings(results: ComparisonResult) -> str:
    if not results.test_openings:
        return "not opened for this comparison"
    return f"opened {times(results.test_openings)} for this comparison"


def _verdict(results: ComparisonResult, text: ComparisonText) -> Chapter:
    paragraphs = []
    if len(results.verdicts) > 1:
        paragraphs.append(
            f"Each is compared with the first; p-values are corrected for {len(results.verdicts)} "
            "comparisons (Holm)."
        )
    paragraphs += text.failed_runs
    for judged in text.judged:
        paragraphs += filter(None, [judged.failures, *judged.claims])
    illustrations = []
    if any(len(each.values) for each in results.variants):
        illustrations.append(
            Illustration(
                seeds_figure(results),
                "Every run as a dot; the line is the mean with its 95 % interval over seeds.",
            )
        )
    if any(each.verdict for each in results.verdicts):
        illustrations.append(
            Illustration(
                differences_figure(results),
                f"Difference to {results.variants[0].variant.name} with its 95 % interval. The "
                f"shaded band is less than what matters, {results.matters:g} points.",
            )
        )
    return Chapter(
        "What was measured", paragraphs, table=means_table(results), illustrations=illustrations
    )


def means_table(results: ComparisonResult) -> Table:
    """Return the variants' means, spreads and p-values as a table."""
    verdicts = {each.name: each.verdict for each in results.verdicts}
    rows = []
    for each in results.variants:
        verdict = verdicts.get(each.variant.name)
        if verdict is not None and verdict.decision == "no verdict":
            verdict = None  # its p-values are 1 for want of seeds, not of a difference
        mean = each.mean
        finite = len(each.values) > 1
        rows.append(
            [
                each.variant.name,
                f"{len(each.values)}",
                f"{mean.estimate:.2f} %" if len(each.values) else "",
                f"{mean.low:.2f} to {mean.high:.2f}" if finite else "",
                f"{each.deviation:.2f}" if finite else "",
                f"{verdict.p_value:.2g}" if verdict else "",
                f"{verdict.equivalence_p_value:.2g}" if verdict else "",
            ]
        )
    return Table(
        ["Variant", "Seeds", "Mean", "95 % interval", "SD", "p (differ)", "p (alike)"],
        rows,
    )


def seeds_figure(results: ComparisonResult) -> Figure:
    """Return a row a variant: each seed's accuracy as a dot, the mean with its interval."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(5.4, 1.0 + 0.62 * len(results.variants)), layout="constrained")
        axis = figure.subplots()
        for place, each in enumerate(results.variants):
            colour = plots.colour(place)
            plot_seeds(axis, place, each.values, colour)
            _bar(axis, place + 0.25, each.mean.estimate, each.mean.low, each.mean.high, colour)
        _name_rows(axis, [each.variant.name for each in results.variants])
        axis.set_xlabel(f"{results.on} accuracy, %")
        return figure


def plot_seeds(axis: Axes, place: int, values: NDArray[np.float64], colour: str) -> None:
    """Draw each value as a dot in a row, moved up or down by its rank: equal values stay apart."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    offsets = (order * 0.618034 % 1 - 0.5) * 0.34  # the golden ratio keeps neighbours far apart
    axis.plot(values, place + offsets - 0.12, "o", color=colour, alpha=0.55, markersize=4.5)


def differences_figure(results: ComparisonResult) -> Figure:
    """Return each difference with its interval, zero, and the band of what does not matter."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(5.4, 1.2 + 0.5 * len(results.verdicts)), layout="constrained")
        axis = figure.subplots()
        axis.axvspan(-results.matters, results.matters, color=plots.MUTED, alpha=0.22, linewidth=0)
        axis.axvline(0, color=plots.INK, linewidth=1)
        for place, each in enumerate(results.verdicts):
            if each.verdict is None:
                continue
            found = each.verdict.difference
            _bar(axis, place, found.estimate, found.low, found.high, plots.colour(place + 1))
        _name_rows(axis, [each.name for each in results.verdicts])
        axis.set_xlabel(_plain(f"points above {results.variants[0].variant.name}"))
        return figure


def _plain(name: str) -> str:
    """Return a name that matplotlib takes as it is: a dollar would begin a formula."""
    return name.replace("$", r"\$")


def _bar(axis: Axes, place: float, estimate: float, low: float, high: float, colour: str) -> None:
    if np.isfinite([low, high]).all():
        axis.plot([low, high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
    axis.plot(
        [estimate], [place], "D", color=colour, markersize=6, markeredgecolor="white", zorder=3
    )


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [_plain(name) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.xaxis.set_major_locator(MaxNLocator(6))


def _curves(variants: Sequence[VariantRuns], text: ComparisonText) -> Chapter:
    band = "; the band is one standard deviation of the validation curve either way"
    if all(len(each.values) == 1 for each in variants):
        band = ""
    return Chapter(
        "How they learnt",
        text.overfitting or ["The mean validation loss of each is lowest after its last epoch."],
        illustrations=[
            Illustration(
                curves_figure(variants, quantity),
                f"{quantity.capitalize()} by epoch, mean over seeds: "
                f"{plots.key_of_parts(len(variants[0].histories[0]))}{band}.",
            )
            for quantity in ("loss", "accuracy")
        ],
    )


def curves_figure(variants: Sequence[VariantRuns], quantity: str) -> Figure:
    """Return each variant's mean curves of "loss" or "accuracy", validation with a band."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(4.8, 3.7), layout="constrained")
        axis = figure.subplots()
        for place, each in enumerate(variants):
            colour = plots.colour(place)
            for part in ("train", "validation"):
                values = np.array(
                    [
                        [getattr(record, f"{part}_{quantity}") for record in history]
                        for history in each.histories
                    ]
                )
                epochs = np.arange(1, values.shape[1] + 1)
                mean = values.mean(axis=0)
                axis.plot(
                    epochs,
                    mean,
                    color=colour,
                    label=_plain(f"{each.variant.name}: {part}"),
                    **plots.style_of(part, len(epochs)),
                )
                if part == "validation" and len(values) > 1:
                    spread = values.std(axis=0, ddof=1)
                    axis.fill_between(
                        epochs, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0
                    )
        axis.set_xlim(left=1)
        plots.label_curves(figure, axis, quantity, len(epochs))
        return figure


def _disagreements(results: ComparisonResult, judged: VariantVerdict) -> Chapter | None:
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    if not len(first.values) or not len(other.values):
        return None
    shares = [each.correct.mean(axis=0) for each in (first, other)]
    gap = shares[1] - shares[0]
    illustrations = [
        Illustration(
            _images_figure(results, chosen, shares),
            f"Right more often with {better} than with {worse}: the class, and the share of runs "
            f"that are right, {first.variant.name} | {judged.name}.",
        )
        for better, worse, chosen in (
            (judged.name, first.variant.name, _largest(gap)),
            (first.variant.name, judged.name, _largest(-gap)),
        )
        if len(chosen)
    ]
    if not illustrations:
        return None
    both_wrong = int(((shares[0] == 0) & (shares[1] == 0)).sum())
    return Chapter(
        f"Where {first.variant.name} and {judged.name} disagree",
        [
            f"{judged.name} is right in most of its runs and {first.variant.name} wrong in most of "
            f"its own on {int(((shares[1] > 0.5) & (shares[0] < 0.5)).sum()):,} of the "
            f"{len(gap):,} {results.on} images; the other way round on "
            f"{int(((shares[0] > 0.5) & (shares[1] < 0.5)).sum()):,}. No run of either is ever "
            f"right on {both_wrong:,}."
        ],
        illustrations=illustrations,
    )


def _largest(gap: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.argsort(-gap, kind="stable")[:_MOST_IMAGES]
    return order[gap[order] > 0]


def _images_figure(
    results: ComparisonResult, chosen: NDArray[np.int64], shares: Sequence[NDArray[np.float64]]
) -> Figure:
    images = results.images
    captions = [
        f"{images.classes[images.labels[index]]}\n"
        f"{percent(shares[0][index], 0)} | {percent(shares[1][index], 0)}"
        for index in chosen
    ]
    return plots.labelled_images(images.images[chosen], captions)
