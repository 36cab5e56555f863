"""Two pages to print and take home: the result, the commands, where things are, the words."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from cnnlab.data.own.data_set import dataset_words
from cnnlab.data.splits import Splits
from cnnlab.views.page import Drawing, environment, without_home, write_file
from cnnlab.wording import command_line, percent
from cnnlab.workshop.chapters import VARIANTS, VariantResult

GLOSSARY = {
    "accuracy": "How many images of 100 the network recognises.",
    "batch": "A small group of images. After each batch the network changes its parameters a "
    "little.",
    "epoch": "One pass over all training images.",
    "filter": "A small square of numbers that slides over the image and looks for one pattern. Its "
    "numbers are the kernel.",
    "image set": "Images, each with its label: the correct answer.",
    "layer": "One step of the calculation from the image to the answer.",
    "loss": "How wrong the network is, as one number. Training makes it smaller.",
    "parameter": "A number in the network that training changes; also called a weight.",
    "pooling": "Makes a picture smaller: of each 2 x 2 numbers it keeps the largest, or the mean.",
    "seed": "A number that sets the random start. The same seed makes the same start.",
    "test": "Images that you open once, at the very end.",
    "validation": "Images that the network does not learn from. You use them to choose.",
}
"""The words of the workshop. The tutorial has the same list; a test holds it."""
SYSTEMS = ("Windows", "macOS", "Linux")
KEYS = {
    "Open a terminal": (
        "Start menu, type cmd, Enter",
        "Cmd + Space, type Terminal, Enter",
        "Ctrl + Alt + T",
    )
}
TYPED = {
    "Go to the folder": ("cd Downloads\\cnnlab", "cd Downloads/cnnlab", "cd Downloads/cnnlab"),
    "Activate cnnlab": (
        ".venv\\Scripts\\activate.bat",
        "source .venv/bin/activate",
        "source .venv/bin/activate",
    ),
    "Open a report": ("start report.html", "open report.html", "xdg-open report.html"),
}
"""What to press and what to type, on each of `SYSTEMS`."""


def write_handout(
    path: Path, results: Sequence[VariantResult], splits: Splits, figure: Drawing | None
) -> None:
    """Write the handout of a workshop, whole or not at all; raise `RunError` if that fails.

    ``figure`` is a drawing of the first network; without it the handout has none.
    """
    packages = [jinja2.PackageLoader(f"cnnlab.{room}") for room in ("workshop", "views")]
    template = environment(jinja2.ChoiceLoader(packages)).get_template("handout.html")
    html = template.render(
        data_set=splits.data_set,
        counts=[len(each) for each in (splits.train, splits.validation, splits.test)],
        results=[(each.name, percent(each.test.test_accuracy)) for each in results],
        epochs=results[0].run.config.epochs,
        figure=figure,
        commands=_commands(results[0], splits),
        glossary=GLOSSARY,
        systems=SYSTEMS,
        keys=KEYS,
        typed=TYPED,
    )
    write_file(path, without_home(html).encode())


def _commands(first: VariantResult, splits: Splits) -> list[tuple[str, str]]:
    """Return what one can do next, each with its command."""
    data_set = dataset_words(splits.data_set.name)
    quick = ("--recipe", "sprint", *data_set)
    return [
        ("Look inside your network, and draw for it", first.run.command("play")),
        (
            "Ask it about your own picture",
            command_line("predict", str(first.run.folder), "my-picture.jpg"),
        ),
        ("Train again with another seed", command_line("train", *quick, "--seed", "1")),
        ("Write a network of your own", command_line("new", "mine.py")),
        ("Find out what is wrong with it", command_line("check", "mine.py:Net")),
        (
            "Find out whether it is better",
            command_line("compare", VARIANTS[0], "mine.py:Net", *quick),
        ),
        ("Do the whole workshop again", command_line("workshop", *data_set)),
        ("See all settings of a command", command_line("train", "--help")),
    ]
