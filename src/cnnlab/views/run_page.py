"""The page of one run: its curves, its mistakes, its layers."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlab.data.splits import Splits
from cnnlab.insight.mistakes import confusion, most_confident_mistakes, most_confused
from cnnlab.insight.predictions import Predictions
from cnnlab.models.layers import Layer
from cnnlab.runs.evaluation import is_current, read_test_result
from cnnlab.runs.run import Run
from cnnlab.training.config import TrainConfig, changes_to
from cnnlab.training.history import History
from cnnlab.views import plots
from cnnlab.views.page import Chapter, Illustration, Report, Table
from cnnlab.views.sentences import learned_nothing_sentence
from cnnlab.wording import counted, percent, times, with_article

WHY_VALIDATION_LOOKS_BETTER = (
    "Training metrics are taken while the network learns, validation metrics after the epoch. So "
    "validation can look better at first."
)


def history_curves(history: History, quantity: str) -> dict[str, list[float]]:
    """Return a history's values of "loss" or "accuracy", by "train" and "validation"."""
    return {
        split: [getattr(record, f"{split}_{quantity}") for record in history]
        for split in ("train", "validation")
    }


OPTIMIZERS = {
    "sgd": "Stochastic gradient descent (SGD)",
    "adamw": "AdamW, a form of stochastic gradient descent with a step size for each parameter,",
}
"""What changes the parameters, in words, by the setting ``optimizer``."""


def settings_text(config: TrainConfig) -> str:
    """Return in words how the parameters change, and what else the recipe does."""
    name = {"sgd": "SGD", "adamw": "AdamW"}[config.optimizer]
    words = f"{name} with learning rate {config.learning_rate:g}"
    if config.schedule == "one-cycle":
        words += " at its highest (it rises, then falls to 0)"
    words += f" and momentum {config.momentum:g}"
    if config.weight_decay:
        words += f", weight decay {config.weight_decay:g}"
    if config.label_smoothing:
        words += f", label smoothing {config.label_smoothing:g} (it raises the training loss only)"
    return words + (", half of the images mirrored" if config.augmentation == "flip" else "")


def device_text(description: str) -> str:
    """Return a run's description of its device in correct English: "1 thread"."""
    return description.replace(" 1 threads,", " 1 thread,")


def split_text(data_set: Mapping[str, Any]) -> str:
    """Return how many images each split has, from what a run or a comparison recorded."""
    return (
        f"{data_set['train']:,} training, {data_set['validation']:,} validation and "
        f"{data_set['test']:,} test images"
    )


def run_facts(run: Run) -> list[tuple[str, str]]:
    """Return what a run was trained on and with, as pairs of name and value."""
    about, data_set = run.description, run.description["data_set"]
    return [
        ("Data set", f"{data_set['title']}, {data_set['source']}"),
        ("Split", split_text(data_set)),
        (
            "Recipe",
            f"{about['recipe']}{_changes_text(run)}, {counted(run.config.epochs, 'epoch')}, seed "
            f"{run.config.seed}",
        ),
        ("Device", device_text(about["device"])),
        (
            "Versions",
            f"cnnlab {about['cnnlab']}, PyTorch {about['versions']['torch']}, "
            f"Python {about['versions']['python']}",
        ),
        *(
            (
                "Resumed",
                f"in epoch {each['epoch']}: {device_text(each['device'])}; cnnlab "
                f"{each['cnnlab']}, PyTorch {each['torch']}, Python {each['python']}",
            )
            for each in run.trained_on[1:]
        ),
    ]


def _changes_text(run: Run) -> str:
    """Return in brackets the settings that differ from the recipe, without epochs and seed."""
    changes = changes_to(str(run.description["recipe"]), run.config)
    settings = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in changes.items()
        if name not in ("epochs", "seed")
    ]
    return f" (changed: {', '.join(settings)})" if settings else ""


def layers_table(layers: Sequence[Layer], parameters: int) -> Table:
    """Return a network's layers with their output sizes and costs; the last row is the total."""
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
    rows.append(["Total", "", "", f"{parameters:,}", f"{products:,}"])
    return Table(["Layer", "Kind", "Output", "Parameters", "Multiplications per image"], rows)


def mistakes_chapter(predictions: Predictions, name: str, split: str) -> Chapter:
    """Return the chapter on a network's mistakes on the "validation" or "test" images."""
    matrix = confusion(predictions)
    true, predicted, count = most_confused(matrix)
    classes = predictions.image_set.classes
    paragraphs = [f"{name} makes no mistake on the {split} images."]
    illustrations = [
        Illustration(
            plots.confusion_matrix(matrix, classes),
            f"Confusion matrix: how many {split} images of each class (row) got which prediction "
            "(column). Correct predictions are on the diagonal.",
        )
    ]
    if count:
        one = with_article(classes[true])
        paragraphs = [
            f"Most frequent mistake: {one} called {classes[predicted]} ({count:,} of "
            f"{matrix[true].sum():,} {split} images of {one}). Look at the mistakes that the "
            "network was most certain about. Would you have known better?"
        ]
        worst = most_confident_mistakes(predictions, 9)
        illustrations.append(
            Illustration(
                plots.predictions_figure(predictions, worst.tolist()),
                "The mistakes it was most certain about: what the image is, what the network "
                "says, and the probability that the network gives to its prediction.",
            )
        )
    return Chapter(f"Mistakes of {name}", paragraphs, illustrations=illustrations)


def run_report(run: Run, validation: Predictions | None, splits: Splits) -> Report:
    """Return the report of one run: its curves, and its mistakes on the validation images.

    The test set is not opened. An earlier test result is shown, with how often it was opened.
    ``validation`` is None if no epoch ended.
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
                    "The run was stopped before its first epoch ended. Resume with:\n"
                    f"  {run.command('train', '--resume')}"
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
                f"After the last epoch: validation loss {last.validation_loss:.4f}, validation "
                f"accuracy {percent(last.validation_accuracy)}. {WHY_VALIDATION_LOOKS_BETTER}",
                _test_sentence(run),
            ],
            illustrations=curve_illustrations({name: history}),
        )
    )
    report.chapters.append(mistakes_chapter(validation, name, "validation"))
    if run.layers:
        report.chapters.append(
            Chapter(
                f"The network: {name}",
                [
                    "For each layer: the size of its output, the numbers that it learns (its "
                    "parameters), and the multiplications that one image costs."
                ],
                table=layers_table(run.layers, run.parameters),
            )
        )
    return report


def _test_sentence(run: Run) -> str:
    """Return the result on the test set for the run's weights, or that there is none."""
    test = read_test_result(run)
    if test is None:
        return "The test set has not been opened."
    opened = f"The test set was opened {times(test.test_openings)}"
    found = f"loss {test.test_loss:.4f}, accuracy {percent(test.test_accuracy)}"
    if not test.weights_sha256:
        return (
            f"{opened}: {found}. An earlier cnnlab did not record which epoch's weights these "
            "numbers are of."
        )
    if is_current(run, test):
        return f"{opened}: {found}."
    return (
        f"{opened}, the last time for weights that this run no longer has: those after epoch "
        f"{test.epochs}. That result is not of this network. To open the test set for this "
        f"network, which is counted too:\n  {run.command('evaluate')}"
    )


def curve_illustrations(
    histories: dict[str, History],
    published: dict[str, dict[str, dict[int, float]]] | None = None,
    colours: Sequence[str] = plots.VARIANT_COLOURS,
) -> list[Illustration]:
    """Return the curves of loss and of accuracy, with published points if there are any."""
    illustrations = []
    for quantity in ("loss", "accuracy"):
        figure = plots.curves(
            quantity,
            {name: history_curves(history, quantity) for name, history in histories.items()},
            (published or {}).get(quantity),
            colours,
        )
        crosses = " Crosses are the values in the notebook." if published else ""
        illustrations.append(
            Illustration(
                figure,
                f"{quantity.capitalize()} by epoch, mean over all images of the split. "
                f"{plots.line_style_sentence(max(map(len, histories.values())))}{crosses}",
            )
        )
    return illustrations
