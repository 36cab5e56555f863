"""The page of a comparison: the verdict, every run, curves, disagreements."""

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cnnlab.experiments.comparison import Comparison
from cnnlab.experiments.results import ComparisonResult, VariantRuns, VariantVerdict
from cnnlab.experiments.statistics import Interval
from cnnlab.views.comparison_words import (
    band_sentence,
    lead_sentences,
    loss_sentence,
    matters_sentences,
    only_sentences,
    runs_sentences,
    subtitle,
)
from cnnlab.views.curve_drawings import Quantity, value_text
from cnnlab.views.figures.axis import axis_of
from cnnlab.views.figures.colours import INK, WARN, colour
from cnnlab.views.figures.curves import Line, curves
from cnnlab.views.figures.dots import Estimate, Row, differences, every_run
from cnnlab.views.figures.hero import band
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.pictures import CROSS, TICK, labelled, picture, row_of
from cnnlab.views.page import Chapter, Drawing, Report, Table
from cnnlab.views.run_facts import data_set_text, device_text, split_text
from cnnlab.views.sentences import ComparisonText, VariantText, p_value_text
from cnnlab.wording import counted, times

_MOST_IMAGES = 8
_WORDS = {
    "helped": ("\u25b2", "Better"),
    "hurt": ("\u25bc", "Worse"),
    "no difference that matters": ("=", "A draw"),
    "cannot tell yet": ("?", "Not yet"),
    "no verdict": ("?", "No verdict"),
}
"""The mark and the word of each decision."""


def comparison_report(
    results: ComparisonResult, text: ComparisonText, comparison: Comparison, command: str
) -> Report:
    """Return the page of a comparison; ``command`` makes it again."""
    data_set = comparison.plan["data_set"]
    report = Report(
        title=" or ".join(each.name for each in comparison.variants) + "?",
        subtitle=subtitle(results, str(data_set["title"])),
        facts=[*_facts(results, comparison), ("Test set", _openings(results))],
        made_with=[command],
        details=_details(results, text),
        table=measured_table(results),
    )
    report.top = join(
        tag(
            "header",
            tag("p", report.subtitle, class_="kicker"),
            tag("h1", report.title),
        ),
        *(
            verdict_band(place, judged, told)
            for place, (judged, told) in enumerate(
                zip(results.verdicts, text.judged, strict=True), start=1
            )
        ),
    )
    shown = [each for each in results.variants if len(each.values)]
    if shown:
        report.chapters += [
            *_runs_chapters(results, shown, text),
            *_curves_chapters(results, shown, text),
        ]
    for judged in results.verdicts:
        report.chapters += _only_chapters(results, judged)
    return report


def verdict_band(place: int, judged: VariantVerdict, told: VariantText) -> Markup:
    """Return a verdict as a band: word and mark, in the colour of the better network.

    ``place`` is that of the judged network; the first one, to which it is compared, has place 0.
    """
    decision = judged.verdict.decision if judged.verdict else "no verdict"
    mark, word = _WORDS[decision]
    colours = {
        "helped": colour(place),
        "hurt": colour(0),
        "no difference that matters": INK,
    }
    sentences = [tag("p", told.verdict)]
    sentences += [tag("p", each, class_="cap") for each in (told.to_settle, *told.plain) if each]
    if told.to_settle.startswith("Too close"):
        word = "Too close"
    kind = decision.replace(" ", "-")
    return band(mark, word, join(*sentences), kind, colours.get(decision, WARN))


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
        ("Data set", data_set_text(data_set)),
        ("Split", split_text(data_set)),
        ("Settings", "; ".join(settings)),
        ("Device", "; ".join(sorted(devices))),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
    ]


def _openings(results: ComparisonResult) -> str:
    if not results.test_openings:
        return "not opened for this comparison"
    return f"opened {times(results.test_openings)} for this comparison"


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


def _details(results: ComparisonResult, text: ComparisonText) -> list[str]:
    """Return how the verdicts were found: method, intervals, p-values, how to read the table."""
    found = []
    if len(results.verdicts) > 1:
        found.append(
            "Each is compared with the first. The p-values are corrected for "
            f"{len(results.verdicts)} comparisons (Holm)."
        )
    found += [*text.details, *text.overfitting]
    if any(each.verdict and each.verdict.decision != "no verdict" for each in results.verdicts):
        found.append(
            "In the table, std. dev. is the standard deviation over seeds. A number below 0.05 in "
            "'p: differ' means: chance alone rarely makes such a difference. In 'p: equal' it "
            f"means: the true difference is most likely smaller than {results.matters:g} points."
        )
    return found


def _place(results: ComparisonResult, name: str) -> int:
    return next(n for n, each in enumerate(results.variants) if each.variant.name == name)


def _runs_chapters(
    results: ComparisonResult, shown: list[VariantRuns], text: ComparisonText
) -> list[Chapter]:
    """Return the chapters on every run and on the differences of their means."""
    rows, spread = [], list[float]()
    for each in shown:
        mean = Estimate(each.mean.estimate, each.mean.low, each.mean.high)
        name = each.variant.name
        rows.append(Row(name, each.values.tolist(), mean, colour(_place(results, name))))
        spread += [*each.values.tolist(), *([mean.low, mean.high] if mean.has_limits else [])]
    axis = axis_of(spread, unit=" %", within=(0.0, 100.0))
    begins = f" The axis begins at {axis.low:.3g} %." if axis.low > 0 else ""
    found = [
        Chapter(
            "Every run",
            [*runs_sentences(shown), *text.failed_runs],
            drawings=[
                Drawing(
                    every_run(rows, axis),
                    "Stroke: the mean. Bar: where the true mean lies, in 95 of 100 such "
                    f"experiments. {len(results.images):,} {results.on} images.{begins}",
                )
            ],
        )
    ]
    if any(each.verdict for each in results.verdicts):
        found.append(_difference_chapter(results))
    return found


def _difference_chapter(results: ComparisonResult) -> Chapter:
    rows = []
    for each in results.verdicts:
        if each.verdict is not None:
            found = each.verdict.difference
            estimate = Estimate(written_difference(each), found.low, found.high)
            rows.append((each.name, estimate, colour(_place(results, each.name))))
    ends = [end for _, each, _ in rows for end in (each.value, each.low, each.high)]
    axis = axis_of([0.0, -1.6 * results.matters, 1.6 * results.matters, *ends], signed=True)
    _, only, _ = rows[0]
    interval = Interval(only.value, only.low, only.high) if len(rows) == 1 else None
    names = rows[0][0] if len(rows) == 1 else "each network"
    return Chapter(
        "The difference" if len(rows) == 1 else "The differences",
        matters_sentences(interval, results.matters),
        drawings=[
            Drawing(
                differences(rows, results.matters, axis),
                f"Points of accuracy, {names} minus {results.variants[0].variant.name}. Bar: 95 % "
                "interval.",
            )
        ],
    )


def written_difference(judged: VariantVerdict) -> float:
    """Return the difference of the two means as they are written, as in the verdict's sentence."""
    if judged.means is None:
        return judged.verdict.difference.estimate if judged.verdict else 0.0
    theirs, its = (round(each, 2) for each in judged.means)
    return its - theirs


def _curves_chapters(
    results: ComparisonResult, shown: list[VariantRuns], text: ComparisonText
) -> list[Chapter]:
    names = [each.variant.name for each in shown]
    accuracy = [_by_epoch(each, "accuracy").mean(axis=0) for each in shown]
    losses = [float(_by_epoch(each, "loss").mean(axis=0)[-1]) for each in shown]
    judged = results.verdicts[0] if len(results.verdicts) == 1 else None
    leads = lead_sentences(names, accuracy)
    return [
        Chapter(
            "How they learned",
            leads or ["Each network's validation accuracy, epoch by epoch."],
            drawings=[curves_drawing(results, shown, "accuracy")],
        ),
        Chapter(
            "The loss",
            [loss_sentence(names, losses, judged), *text.overfitting],
            drawings=[curves_drawing(results, shown, "loss")],
        ),
    ]


def _by_epoch(runs: VariantRuns, quantity: Quantity) -> NDArray[np.float64]:
    """Return the validation values of a variant's runs, (runs, epochs); accuracy in percent."""
    factor = 100 if quantity == "accuracy" else 1
    return factor * np.array(
        [
            [getattr(record, f"validation_{quantity}") for record in history]
            for history in runs.histories
        ]
    )


def curves_drawing(
    results: ComparisonResult, shown: list[VariantRuns], quantity: Quantity
) -> Drawing:
    """Return each variant's mean validation curve, with a band from lowest to highest."""
    lines = []
    for each in shown:
        values = _by_epoch(each, quantity)
        mean = values.mean(axis=0)
        several = len(values) > 1
        lines.append(
            Line(
                each.variant.name,
                mean.tolist(),
                colour(_place(results, each.variant.name)),
                value_text(float(mean[-1]), quantity),
                band=(values.min(axis=0).tolist(), values.max(axis=0).tolist())
                if several
                else None,
            )
        )
    ends = [value for line in lines for part in (line.band or (line.values,)) for value in part]
    unit = " %" if quantity == "accuracy" else ""
    limit = 100.0 if quantity == "accuracy" else float("inf")
    axis = axis_of(ends, unit=unit, within=(0.0, limit))
    begins = f"The axis begins at {axis.low:.3g}{unit}." if axis.low > 0 else ""
    runs = max(len(each.histories) for each in shown)
    caption = f"Validation {quantity}. {band_sentence(runs)} {begins}".strip()
    return Drawing(curves(lines, axis, f"validation {quantity} by epoch"), caption)


def _only_chapters(results: ComparisonResult, judged: VariantVerdict) -> list[Chapter]:
    """Return the chapters on the images that only one of two networks gets."""
    first = results.variants[0]
    other = next(each for each in results.variants if each.variant.name == judged.name)
    if not len(first.values) or not len(other.values):
        return []
    decision = judged.verdict.decision if judged.verdict else ""
    loser = {"helped": first, "hurt": other}.get(decision)
    pairs = [(other, first), (first, other)]
    shares = {id(each): each.correct.mean(axis=0) for each in (first, other)}
    neither = int(((shares[id(first)] == 0) & (shares[id(other)] == 0)).sum())
    found = []
    for winner, beaten in pairs:
        gap = shares[id(winner)] - shares[id(beaten)]
        is_only = (shares[id(winner)] > 0.5) & (shares[id(beaten)] < 0.5)
        if not is_only.any():
            continue
        chosen = np.argsort(-np.where(is_only, gap, -1.0), kind="stable")[:_MOST_IMAGES]
        pictures = [
            _contested(results, int(index), winner, beaten)
            for index in chosen[: int(is_only.sum())]
        ]
        name = winner.variant.name
        is_last = winner is first
        apart = f", not {beaten.variant.name}," if len(results.verdicts) > 1 else ""
        found.append(
            Chapter(
                f"Only {name}{apart} gets it: {counted(int(is_only.sum()), 'image')}",
                only_sentences(
                    name,
                    beaten.variant.name,
                    winner is loser,
                    neither if is_last else 0,
                    len(results.images),
                ),
                drawings=[Drawing(row_of(pictures, 4, phone=2))],
            )
        )
    return found


def _contested(
    results: ComparisonResult, index: int, winner: VariantRuns, beaten: VariantRuns
) -> Markup:
    name = results.images.classes[results.images.labels[index]]
    notes = [
        tag("span", mark, f" {_count(runs, index)} {runs.variant.name}", class_="note-line")
        for mark, runs in ((TICK, winner), (CROSS, beaten))
    ]
    image = picture(results.images.images[index], name)
    return labelled(image, tag("b", f"is {name}"), *notes)


def _count(runs: VariantRuns, index: int) -> str:
    """Return in how many of a variant's runs an image is correct: 3 of 4."""
    return f"{int(runs.correct[:, index].sum())} of {len(runs.correct)}"
