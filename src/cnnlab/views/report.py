"""Chapters of text, figures and tables to one self-contained HTML file; and a run's report."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from cnnlab.data.images import Splits
from cnnlab.errors import RunError
from cnnlab.experiments.run import Run
from cnnlab.files import write_whole
from cnnlab.insight.mistakes import (
    Predictions,
    confusion,
    most_confident_mistakes,
    most_confused,
)
from cnnlab.training.loop import History
from cnnlab.views import plots


@dataclass(frozen=True)
class Illustration:
    """A figure with what it shows, for those who see it and for those who cannot."""

    figure: Figure
    caption: str

    @property
    def width(self) -> int:
        """The width in pixels beyond which the figure's text would look too large."""
        return round(float(self.figure.get_figwidth()) * 115)

    @property
    def source(self) -> str:
        """The figure as a data address, so that the page needs no other file."""
        return "data:image/svg+xml;base64," + base64.b64encode(plots.to_svg(self.figure)).decode()


@dataclass(frozen=True)
class Table:
    """A table: its headings, and its rows as text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chapter:
    """One step: a title, short paragraphs, then a table, figures and preformatted text."""

    title: str
    paragraphs: Sequence[str]
    table: Table | None = None
    illustrations: Sequence[Illustration] = ()
    listing: str = ""


@dataclass
class Report:
    """A page: its title, its answer, the few facts on top, its chapters, and how it was made."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    chapters: list[Chapter] = field(default_factory=list)
    made_with: Sequence[str] = ()
    lead: Sequence[str] = ()

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all; raise `RunError` where that cannot be done."""
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("cnnlab.views"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        date = datetime.now(UTC).date().isoformat()
        html = environment.get_template("report.html").render(report=self, date=date)
        try:
            write_whole(path, html.encode())
        except OSError as error:
            raise RunError(f"Cannot write {path} ({error.strerror}).") from None


def times(count: int) -> str:
    """Return a number of times in words."""
    return "once" if count == 1 else f"{count} times"


def history_curves(history: History, quantity: str) -> dict[str, list[float]]:
    """Return a history's values of "loss" or "accuracy" by "train" and "validation"."""
    return {
        part: [getattr(record, f"{part}_{quantity}") for record in history]
        for part in ("train", "validation")
    }


def run_facts(run: Run) -> list[tuple[str, str]]:
    """Return what a run was made of and with, as pairs of name and value."""
    about, data_set = run.description, run.description["data_set"]
    return [
        ("Data set", f"{data_set['title']}, {data_set['source']}"),
        (
            "Split",
            f"{data_set['train']:,} train, {data_set['validation']:,} validation, "
            f"{data_set['test']:,} test",
        ),
        ("Recipe", f"{about['recipe']}, {run.config.epochs} epochs, seed {run.config.seed}"),
        ("Device", about["device"]),
        (
            "Versions",
            f"cnnlab {about['cnnlab']}, PyTorch {about['versions']['torch']}, "
            f"Python {about['versions']['python']}",
        ),
    ]


def mistakes_chapter(predictions: Predictions, name: str, part: str) -> Chapter:
    """Return the chapter on what a network confuses, on the "validation" or "test" images."""
    matrix = confusion(predictions)
    true, answered, count = most_confused(matrix)
    classes = predictions.image_set.classes
    worst = most_confident_mistakes(predictions, 9)
    paragraphs = [f"{name} makes no mistake on the {part} images."]
    illustrations = [
        Illustration(
            plots.confusion_matrix(matrix, classes),
            f"Confusion matrix on the {part} images: a row is a true class, a column an answer.",
        )
    ]
    if count:
        paragraphs = [
            f"{name} takes {classes[true]} for {classes[answered]} most often: {count:,} of "
            f"{matrix[true].sum():,} times on the {part} images. Some of its surest mistakes "
            "would puzzle a person too."
        ]
        illustrations.append(
            Illustration(
                plots.answered_images(predictions, worst.tolist(), columns=3),
                "The mistakes it is surest of: true class, its answer, its probability.",
            )
        )
    return Chapter(f"Mistakes of {name}", paragraphs, illustrations=illustrations)


def run_report(run: Run, name: str, validation: Predictions | None, splits: Splits) -> Report:
    """Return the report of one run: curves, figures, and its mistakes on validation images.

    The test set stays shut; what an earlier evaluation found is shown with its count.
    """
    history, test = run.history(), run.test_result()
    report = Report(
        title=name,
        subtitle=f"One run on {splits.data_set.title} ({run.status})",
        facts=run_facts(run),
        made_with=[f"cnnlab report {run.folder}"],
    )
    if not history:
        report.chapters.append(
            Chapter("Training", ["The run was stopped before its first epoch ended."])
        )
        return report
    last = history[-1]
    tested = (
        f"The test set was opened {times(test.test_openings)}: loss {test.test_loss:.4f}, "
        f"accuracy {test.test_accuracy:.2%}."
        if test
        else "The test set has not been opened."
    )
    report.chapters.append(
        Chapter(
            "Training",
            [
                f"{len(history)} epochs in {sum(r.seconds for r in history):.0f} s. After the "
                f"last one: validation loss {last.validation_loss:.4f}, validation accuracy "
                f"{last.validation_accuracy:.2%}. {tested}"
            ],
            illustrations=curve_illustrations({name: history}),
        )
    )
    if validation is not None:
        report.chapters.append(mistakes_chapter(validation, name, "validation"))
    return report


def curve_illustrations(
    histories: dict[str, History],
    published: dict[str, dict[str, dict[int, float]]] | None = None,
    colours: Sequence[str] = plots.VARIANT_COLOURS,
) -> list[Illustration]:
    """Return the curves of loss and of accuracy, with published points where there are any."""
    illustrations = []
    for quantity in ("loss", "accuracy"):
        figure = plots.curves(
            quantity,
            {name: history_curves(history, quantity) for name, history in histories.items()},
            (published or {}).get(quantity),
            colours,
        )
        crosses = "; crosses are the published values" if published else ""
        illustrations.append(
            Illustration(
                figure,
                f"{quantity.capitalize()} by epoch, over all images of each part: training "
                f"dashed, validation solid{crosses}.",
            )
        )
    return illustrations
