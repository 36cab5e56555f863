"""The page of one run: its result, its curves, its inside, its mistakes."""

import numpy as np
from markupsafe import Markup

from cnnlab.data.own.data_set import dataset_words
from cnnlab.data.splits import Splits
from cnnlab.insight.graph import Graph
from cnnlab.insight.mistakes import confusion, most_confused
from cnnlab.insight.predictions import Predictions
from cnnlab.runs.evaluation import is_current, read_test_result
from cnnlab.runs.inside import Inside
from cnnlab.runs.run import Run
from cnnlab.training.history import History
from cnnlab.views.curve_drawings import run_curves
from cnnlab.views.figures.bars import class_bars
from cnnlab.views.figures.hero import Hero, alert, hero
from cnnlab.views.figures.markup import join
from cnnlab.views.figures.matrix import matrix
from cnnlab.views.inside_page import (
    image_chapter,
    inside_chapters,
    mistakes_drawing,
    prediction_chapter,
    why_sentence,
)
from cnnlab.views.page import Chapter, Drawing, Report, Table
from cnnlab.views.run_facts import layers_table, run_facts
from cnnlab.views.run_words import (
    accuracy_sentences,
    classes_sentences,
    guessing_sentence,
    loss_sentences,
    loss_title,
    mistake_sentence,
    no_mistake_sentence,
    result_sentence,
    seconds_sentence,
    surest_sentence,
    test_sentence,
)
from cnnlab.views.sentences import learned_nothing_sentence
from cnnlab.wording import command_line, counted, percent

_NO_INSIDE = Inside()


def run_report(
    run: Run, validation: Predictions | None, splits: Splits, inside: Inside = _NO_INSIDE
) -> Report:
    """Return the report of one run: its curves, its inside, its mistakes on validation images.

    The test set is not opened. An earlier test result is shown, with how often it was opened.
    ``validation`` is None if no epoch ended; ``inside`` is what `look_inside` found.
    """
    history, name = run.history(), run.network.title
    how_far = run.how_far(len(history))
    report = Report(
        title=name,
        subtitle=f"One run on {splits.data_set.title} ({how_far or run.status})",
        facts=[("Network", f"{name}, {counted(run.parameters, 'parameter')}"), *run_facts(run)],
        made_with=[_command(run, "report")],
    )
    if validation is None:
        report.lead = [
            "The run was stopped before its first epoch ended. Resume with:\n"
            f"  {_command(run, 'train', '--resume')}"
        ]
        return report
    epochs = how_far or f"one run, {counted(len(history), 'epoch')}"
    kicker = f"{name} on {splits.data_set.title} \u00b7 {epochs}"
    wrong = learned_nothing_sentence(run)
    report.top = join(
        alert("It learned nothing", wrong.removeprefix("It learned nothing: ")) if wrong else "",
        result_on_top(kicker, validation, "validation"),
    )
    report.chapters = [
        *inside_chapters(inside, validation, run.parameters),
        *curve_chapters(history, splits),
        prediction_chapter(validation, inside.before),
        classes_chapter(validation, "validation"),
        *mistakes_chapters(validation, name, "validation", inside.after),
        image_chapter(validation.image_set),
        Chapter("What next", next_sentences(run)),
    ]
    report.details_title = "More numbers"
    report.details = [seconds_sentence(history), _last_sentence(history), _test_sentence(run)]
    if run.layers:
        report.table = layers_table(run.layers, run.parameters)
    return report


def result_on_top(kicker: str, predictions: Predictions, split: str) -> Markup:
    """Return the large result of a network on the images of a split."""
    image_set = predictions.image_set
    accuracy = float(np.mean(predictions.predicted == image_set.labels))
    return hero(
        Hero(
            kicker,
            accuracy,
            result_sentence(len(image_set), split),
            [guessing_sentence(len(image_set.classes))],
        ),
        predictions,
    )


def curve_chapters(history: History, splits: Splits) -> list[Chapter]:
    """Return the chapters on how accuracy and loss changed, epoch by epoch."""
    classes = len(splits.data_set.classes)
    return [
        Chapter(
            "How it learned",
            accuracy_sentences(history, (len(splits.train), len(splits.validation))),
            drawings=[run_curves(history, "accuracy", classes=classes)],
        ),
        Chapter(
            loss_title(history),
            loss_sentences(history),
            drawings=[run_curves(history, "loss", classes=classes)],
        ),
    ]


def classes_chapter(predictions: Predictions, split: str) -> Chapter:
    """Return the chapter on the accuracy of each class, with recall and precision folded."""
    counts = confusion(predictions)
    classes = predictions.image_set.classes
    totals, called = counts.sum(axis=1), counts.sum(axis=0)
    present = [each for each in range(len(classes)) if totals[each]]
    recall = [counts[each, each] / totals[each] for each in present]
    names = [classes[each] for each in present]
    rows = [
        [
            classes[each],
            f"{totals[each]:,}",
            percent(counts[each, each] / totals[each], 1),
            percent(counts[each, each] / called[each], 1) if called[each] else "never predicted",
        ]
        for each in present
    ]
    low, high = int(totals[present].min()), int(totals[present].max())
    many = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return Chapter(
        "Easy and hard classes",
        classes_sentences(names, recall, totals[present]),
        Table(
            [
                "Class",
                "Images",
                "Of these correct (recall)",
                "Of its predictions correct (precision)",
            ],
            rows,
        ),
        [
            Drawing(
                class_bars(names, recall),
                f"{many} {split} images of each class. Bars begin at 0.",
            )
        ],
    )


def mistakes_chapters(
    predictions: Predictions, name: str, split: str, graph: Graph | None = None
) -> list[Chapter]:
    """Return the chapters on a network's mistakes on the "validation" or "test" images.

    With a graph, the surest mistakes have the parts of the image that caused them beside them.
    """
    counts = confusion(predictions)
    mistake = most_confused(counts)
    if not mistake[2]:
        return [Chapter(f"Mistakes of {name}", [no_mistake_sentence(name, split)], wide=True)]
    worst, count = mistakes_drawing(predictions, graph)
    return [
        Chapter(
            f"Mistakes of {name}",
            [mistake_sentence(predictions.image_set.classes, counts, mistake, split)],
            drawings=[
                Drawing(
                    matrix(predictions),
                    "A row is what the images are, a column is the prediction. Press a number to "
                    "see its images. Framed: correct ones, left out of the colours. Redder means "
                    "more mistakes. The shade grows faster at first, so that few can be seen.",
                )
            ],
            wide=True,
        ),
        Chapter(
            "The mistakes it was most certain about",
            [surest_sentence(count), *([why_sentence(count)] if graph else [])],
            drawings=[Drawing(worst)],
            wide=True,
            beside=graph is not None,
        ),
    ]


def _last_sentence(history: History) -> str:
    last = history[-1]
    return (
        f"After the last epoch: validation loss {last.validation_loss:.4f}, validation accuracy "
        f"{percent(last.validation_accuracy)}."
    )


def _test_sentence(run: Run) -> str:
    test = read_test_result(run)
    is_of_run = test is not None and is_current(run, test)
    return test_sentence(test, is_of_run, _command(run, "evaluate"))


def _command(run: Run, *words: str) -> str:
    """Return a command about a run; of a folder that is an absolute path only the name."""
    command = run.command(*words)
    is_private = run.folder.is_absolute()
    return command.replace(str(run.folder), run.folder.name) if is_private else command


def next_sentences(run: Run) -> list[str]:
    """Return what to do next with a run, each with its command."""
    other = "lenet5" if run.model_name == "lenet5-relu-max" else "lenet5-relu-max"
    data_set = dataset_words(run.data_set_name)
    return [
        f"Try an image of your own:\n  {_command(run, 'predict')} my-image.png",
        f"Compare it with a change:\n  {command_line('compare', run.model_name, other, *data_set)}",
        "Send this page: it is one file and loads nothing.",
    ]
