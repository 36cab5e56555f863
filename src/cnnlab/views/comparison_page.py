"""The page of a comparison: the verdict, every seed, curves, disagreements."""

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
from cnnlab.views.run_page import device_text, split_text
from cnnlab.views.sentences import ComparisonText, p_value_text
from cnnlab.wording import counted, percent, times

_MOST_IMAGES = 8


def comparison_report(
    results: ComparisonResult, text: ComparisonText, comparison: Comparison, command: str
) -> Report:
    """Return the page of a comparison; ``command`` makes it again."""
    report = Report(
        title=" or ".join(each.name for each in comparison.variants) + "?",
        subtitle=f"{counted(results.seeds, 'run')} of each, compared on {results.on} images",
        facts=[
            *_facts(results, comparison),
            ("Method", text.method),
            ("Test set", _openings(results)),
        ],
        made_with=[command],
        lead=[f"{each.verdict} {each.to_settle}".rstrip() for each in text.judged],
    )
    report.chapters.append(_verdict_chapter(results, text))
    shown = [each for each in results.variants if len(each.values)]
    if shown:
        report.chapters.append(_curves_chapter(shown, text))
    for judged in results.verdicts:
        chapter = _disagreements_chapter(results, judged)
        if chapter is not None:
            report.chapters.append(chapter)
    return report


def _facts(results: ComparisonResult, comparison: Comparison) -> list[tuple[str, str]]:
    """Return what was trained, on and with what, as pairs of name and value."""
    data_set, versions = comparison.plan["data_set"], comparison.plan["versions"]
    settings = [
        f"{each.name}: {each.recipe_name}, {counted(each.config.epochs, 'epoch')}"
        for each in comparison.variants
    ]
    devices = {
        device_text(str(run.description["device"]))
        for each in results.variants
        for seed in each.seeds
        if (run := comparison.run(each.variant, seed)) is not None
    }
    return [
        ("Data set", f"{data_set['title']}"),
        ("Split", split_text(data_set)),
        ("Settings", "; ".join(settings)),
        ("Device", "; ".join(sorted(devices))),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
    ]


def _openings(results: ComparisonResult) -> str:
    if not results.test_openings:
        return "not opened for this comparison"
    return f"opened {times(results.test_openings)} for this comparison"


def _verdict_chapter(results: ComparisonResult, text: ComparisonText) -> Chapter:
    paragraphs = []
    if len(results.verdicts) > 1:
        paragraphs.append(
            "Each is compared with the first. The p-values are corrected for "
            f"{len(results.verdicts)} comparisons (Holm)."
        )
    paragraphs += text.failed_runs
    for judged in text.judged:
        paragraphs += [*judged.plain, *judged.details]
    if any(each.verdict and each.verdict.decision != "no verdict" for each in results.verdicts):
        paragraphs.append(
            "In the table, std. dev. is the standard deviation over seeds. A number below 0.05 in "
            "'p: differ' means: chance alone rarely makes such a difference. In 'p: equal' it "
            f"means: the true difference is most likely smaller than {results.matters:g} points."
        )
    illustrations = []
    if any(len(each.values) for each in results.variants):
        illustrations.append(
            Illustration(
                seeds_figure(results),
                "Each dot is one run. The diamond is the mean, and the line is its 95 % interval.",
            )
        )
    if any(each.verdict for each in results.verdicts):
        illustrations.append(
            Illustration(
                differences_figure(results),
                f"The difference to {results.variants[0].variant.name}, in points, with its 95 % "
                "interval. In the grey band it is smaller than the difference that matters, "
                f"{results.matters:g} points.",
            )
        )
    return Chapter(
        "What was measured", paragraphs, table=measured_table(results), illustrations=illustrations
    )


def means_table(results: ComparisonResult) -> Table:
    """Return how many runs each variant has, their mean, and the lowest and highest accuracy."""
    rows = [
        [
            each.variant.name,
            f"{len(each.values)}",
            f"{each.mean.estimate:.2f} %" if len(each.values) else "",
            f"{min(each.values):.2f} to {max(each.values):.2f} %" if len(each.values) > 1 else "",
        ]
        for each in results.variants
    ]
    return Table(["Variant", "Seeds", "Mean", "Lowest to highest"], rows)


def measured_table(results: ComparisonResult) -> Table:
    """Return the variants' means, intervals, standard deviations and p-values as a table."""
    verdicts = {each.name: each.verdict for each in results.verdicts}
    rows = []
    for each in results.variants:
        verdict = verdicts.get(each.variant.name)
        if verdict is not None and verdict.decision == "no verdict":
            verdict = None  # its p-values are 1 because seeds are missing, not a difference
        mean = each.mean
        several = len(each.values) > 1
        rows.append(
            [
                each.variant.name,
                f"{len(each.values)}",
                f"{mean.estimate:.2f} %" if len(each.values) else "",
                f"{mean.low:.2f} to {mean.high:.2f}" if several else "",
                f"{each.deviation:.2f}" if several else "",
                p_value_text(verdict.p_value) if verdict else "",
                p_value_text(verdict.equivalence_p_value) if verdict else "",
            ]
        )
    # These headings are short so that the table fits into a terminal of 80 columns.
    return Table(
        [
            "Variant",
            "Seeds",
            "Mean",
            "95 % interval",
            "Std. dev.",
            "p: differ",
            "p: equal",
        ],
        rows,
    )


def seeds_figure(results: ComparisonResult) -> Figure:
    """Return one row for each variant: a dot for each seed, and the mean with its interval."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(
            figsize=(plots.WIDTH, 1.0 + 0.62 * len(results.variants)), layout="constrained"
        )
        axis = figure.subplots()
        for place, each in enumerate(results.variants):
            colour = plots.colour(place)
            plot_seeds(axis, place, each.values, colour)
            _bar(axis, place + 0.25, each.mean.estimate, each.mean.low, each.mean.high, colour)
        _name_rows(axis, [each.variant.name for each in results.variants])
        axis.set_xlabel(f"{results.on} accuracy in %")
        return figure


def plot_seeds(axis: Axes, place: int, values: NDArray[np.float64], colour: str) -> None:
    """Draw each value as a dot in a row, moved up or down by its rank: equal values stay apart."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    offsets = (order * 0.618034 % 1 - 0.5) * 0.34  # the golden ratio keeps neighbours far apart
    axis.plot(values, place + offsets - 0.12, "o", color=colour, alpha=0.55, markersize=4.5)


def differences_figure(results: ComparisonResult) -> Figure:
    """Return each difference with its interval, and a band for differences that do not matter."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(
            figsize=(plots.WIDTH, 1.2 + 0.5 * len(results.verdicts)), layout="constrained"
        )
        axis = figure.subplots()
        axis.axvspan(-results.matters, results.matters, color=plots.MUTED, alpha=0.22, linewidth=0)
        axis.axvline(0, color=plots.INK, linewidth=1)
        for place, each in enumerate(results.verdicts):
            if each.verdict is None:
                continue
            found = each.verdict.difference
            _bar(axis, place, found.estimate, found.low, found.high, plots.colour(place + 1))
        _name_rows(axis, [each.name for each in results.verdicts])
        # Centred on the figure: beside a long name the axis is too narrow for these words.
        figure.supxlabel("\u2190 worse    difference in points    better \u2192", fontsize=10)
        return figure


def _without_formulas(name: str) -> str:
    """Return a name as matplotlib must get it, because a dollar would begin a formula."""
    return name.replace("$", r"\$")


def _bar(axis: Axes, place: float, estimate: float, low: float, high: float, colour: str) -> None:
    if np.isfinite([low, high]).all():
        axis.plot([low, high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
    axis.plot(
        [estimate], [place], "D", color=colour, markersize=6, markeredgecolor="white", zorder=3
    )


def _name_rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [_without_formulas(name) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.xaxis.set_major_locator(MaxNLocator(5))


def _curves_chapter(variants: Sequence[VariantRuns], text: ComparisonText) -> Chapter:
    epochs = len(variants[0].histories[0])
    band = ""
    if epochs > 1 and any(len(each.values) > 1 for each in variants):
        band = " The band is one standard deviation above and below the validation curve."
    return Chapter(
        "How they learned",
        text.overfitting_details
        or ["For each variant the mean validation loss is lowest at the end."],
        illustrations=[
            Illustration(
                curves_figure(variants, quantity),
                f"{quantity.capitalize()} by epoch, mean over seeds. "
                f"{plots.line_style_sentence(epochs)}{band}",
            )
            for quantity in ("loss", "accuracy")
        ],
    )


def curves_figure(variants: Sequence[VariantRuns], quantity: str) -> Figure:
    """Return each variant's mean curves of "loss" or "accuracy", validation with a band."""
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(plots.WIDTH, 3), layout="constrained")
        axis = figure.subplots()
        for place, each in enumerate(variants):
            colour = plots.colour(place)
            for split, word in plots.SPLIT_WORDS.items():
                values = np.array(
                    [
                        [getattr(record, f"{split}_{quantity}") for record in history]
                        for history in each.histories
                    ]
                )
                epochs = np.arange(1, values.shape[1] + 1)
                mean = values.mean(axis=0)
                axis.plot(
                    epochs,
                    mean,
                    color=colour,
                    label=_without_formulas(f"{each.variant.name}: {word}"),
                    **plots.line_style(split, len(epochs)),
                )
                if split == "validation" and len(values) > 1:
                    deviation = values.std(axis=0, ddof=1)
                    low, high = mean - deviation, mean + deviation
                    axis.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.set_xlim(left=1)
        plots.label_curves(figure, axis, quantity, len(epochs))
        return figure


def _disagreements_chapter(results: ComparisonResult, judged: VariantVerdict) -> Chapter | None:
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    if not len(first.values) or not len(other.values):
        return None
    base, name = first.variant.name, judged.name
    shares = [each.correct.mean(axis=0) for each in (first, other)]
    gap = shares[1] - shares[0]
    illustrations = [
        Illustration(
            _images_figure(results, chosen, shares),
            f"{better} predicts these more often correctly than {worse}. Above each image: its "
            f"class, then the share of runs that are correct, {base} | {name}.",
        )
        for better, worse, chosen in ((name, base, _largest(gap)), (base, name, _largest(-gap)))
        if len(chosen)
    ]
    if not illustrations:
        return None
    only_other = int(((shares[1] > 0.5) & (shares[0] < 0.5)).sum())
    only_first = int(((shares[0] > 0.5) & (shares[1] < 0.5)).sum())
    both_wrong = int(((shares[0] == 0) & (shares[1] == 0)).sum())
    return Chapter(
        f"Where {base} and {name} disagree",
        [
            f"On {only_other:,} of the {len(gap):,} {results.on} images, most runs of {name} are "
            f"correct and most runs of {base} are wrong. On {only_first:,} images it is the other "
            f"way round. On {both_wrong:,} images no run of either is correct."
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
    return plots.images_figure(images.images[chosen], captions)
