"""What a run was trained on and with, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlab.data.catalog import DATA_SETS
from cnnlab.models.layers import Layer
from cnnlab.runs.run import Run
from cnnlab.training.config import TrainConfig, changes_to
from cnnlab.views.page import Table
from cnnlab.wording import counted

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


def data_set_text(data_set: Mapping[str, Any]) -> str:
    """Return a data set's title and public source; a folder on this computer stays private."""
    known = DATA_SETS.get(str(data_set.get("name")))
    return f"{data_set['title']} ({known.source})" if known else str(data_set["title"])


def run_facts(run: Run) -> list[tuple[str, str]]:
    """Return what a run was trained on and with, as pairs of name and value."""
    about, data_set = run.description, run.description["data_set"]
    return [
        ("Data set", data_set_text(data_set)),
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
