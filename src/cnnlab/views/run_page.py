"""A run as one page: its curves, its mistakes, its layers."""

from collections.abc import Sequence

from cnnlab.data.splits import Splits
from cnnlab.insight.mistakes import confusion, most_confident_mistakes, most_confused
from cnnlab.insight.predictions import Predictions
from cnnlab.models.layers import Layer
from cnnlab.runs.evaluation import is_current, read_test_result
from cnnlab.runs.run import Run
from cnnlab.training.config import changes_to
from cnnlab.training.history import History
from cnnlab.views import plots
from cnnlab.views.page import Chapter, Illustration, Report, Table
from cnnlab.views.sentences import learned_nothing_sentence
from cnnlab.wording import counted, percent, times


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
        (
            "Recipe",
            f"{about['recipe']}{_changed(run)}, {counted(run.config.epochs, 'epoch')}, seed "
            f"{run.config.seed}",
        ),
        ("Device", about["device"]),
        (
            "Versions",
            f"cnnlab {about['cnnlab']}, PyTorch {about['versions']['torch']}, "
            f"Python {about['versions']['python']}",
        ),
        *(
            (
                "Resumed",
                f"in epoch {each['epoch']}: {each['device']}; cnnlab {each['cnnlab']}, PyTorch "
                f"{each['torch']}, Python {each['python']}",
            )
            for each in run.trained_on[1:]
        ),
    ]


def _changed(run: Run) -> str:
    """Return in brackets which settings are not the recipe's, beside those that are always told."""
    changes = changes_to(str(run.description["recipe"]), run.config)
    told = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in changes.items()
        if name not in ("epochs", "seed")
    ]
    return f" (but {', '.join(told)})" if told else ""


def layers_table(layers: Sequence[Layer], parameters: int) -> Table:
    """Return a network's layers with their outputs and costs; the last row is the whole network."""
    rows = [
        [
            layer.name,
            layer.kind,
            " x ".join(map(str, layer.output_shape)),
            f"{layer.parameters:,}",
            f"{layer.multiply_accumulates:,}",
        ]
        for layer in layers
    ]
    products = sum(layer.multiply_accumulates for layer in layers)
    rows.append(["all", "", "", f"{parameters:,}", f"{products:,}"])
    return Table(["Layer", "Kind", "Output", "Parameters", "Multiply-accumulates"], rows)


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


def run_report(run: Run, validation: Predictions | None, splits: Splits) -> Report:
    """Return the report of one run: curves, figures, and its mistakes on validation images.

    The test set stays shut; what an earlier evaluation found is shown with its count.
    """
    history, name = run.history(), run.network.title
    how_far = run.how_far(len(history))
    parameters = counted(run.parameters, "parameter")
    report = Report(
        title=name,
        subtitle=f"One run on {splits.data_set.title} ({how_far or run.status})",
        facts=[("Network", f"{name}, {parameters}"), *run_facts(run)],
        made_with=[run.command("report")],
        lead=list(filter(None, [learned_nothing_sentence(run)])),
    )
    if validation is None:
        report.chapters.append(
            Chapter(
                "Training",
                [
                    "The run was stopped before its first epoch ended. Go on with: "
                    f"{run.command('train', '--resume')}"
                ],
            )
        )
        return report
    last = history[-1]
    report.chapters.append(
        Chapter(
            "Training",
            [
                f"{counted(len(history), 'epoch')} in {sum(r.seconds for r in history):.0f} s. "
                f"After the last one: validation loss {last.validation_loss:.4f}, validation "
                f"accuracy {percent(last.validation_accuracy)}. {_tested(run)}"
            ],
            illustrations=curve_illustrations({name: history}),
        )
    )
    report.chapters.append(mistakes_chapter(validation, name, "validation"))
    if run.layers:
        report.chapters.append(
            Chapter(
                f"The network: {name}",
                ["What each layer gives, what it learns, and what one image costs in it:"],
                table=layers_table(run.layers, run.parameters),
            )
        )
    return report


def _tested(run: Run) -> str:
    """Return what the test set said of the run's weights, or that it did not."""
    test = read_test_result(run)
    if test is None:
        return "The test set has not been opened."
    opened = f"The test set was opened {times(test.test_openings)}"
    found = f"loss {test.test_loss:.4f}, accuracy {percent(test.test_accuracy)}"
    if not test.weights_sha256:
        return f"{opened}: {found}; of which epoch's weights, an earlier cnnlab did not keep."
    if is_current(run, test):
        return f"{opened}: {found}."
    return (
        f"{opened}, the last time for weights that are no longer these: those after epoch "
        f"{test.epochs}. What it said is not of this network. To open it for these, and count it: "
        f"{run.command('evaluate')}"
    )


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
        crosses = "; crosses are what the workshop's notebook published" if published else ""
        illustrations.append(
            Illustration(
                figure,
                f"{quantity.capitalize()} by epoch, over all images of each part: "
                f"{plots.key_of_parts(max(map(len, histories.values())))}{crosses}.",
            )
        )
    return illustrations
