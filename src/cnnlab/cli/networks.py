"""Commands about a network of your own: new, check."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import DataDir, Json, Offline, load
from cnnlab.cli.results import show_check
from cnnlab.cli.terminal import Terminal


@app.command
def new(
    path: Annotated[Path, Parameter(help="The file to write. It ends in .py.")] = Path("mine.py"),
    /,
    *,
    json_wanted: Json = False,
) -> CommandResult:
    """Write a Python file with a small network, explained, for you to change.

    Example: cnnlab new mine.py
    """
    terminal = Terminal(json_wanted)

    from cnnlab.custom.template import write_starting_file

    written = write_starting_file(path)
    terminal.show(f"Wrote {written}. Change it, then check it: cnnlab check {written}")
    return CommandResult({"file": str(written)})


@app.command
def check(
    model: Annotated[str, Parameter(help="Your own network as file.py:Class, or a model's name.")],
    /,
    *,
    dataset: Annotated[
        str | None,
        Parameter(help="Check it for the classes of this data set, as for train. Default: 10."),
    ] = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Try a network on a few images. Show its layers, their cost, and what is wrong.

    Example: cnnlab check mine.py:Net
    """
    terminal = Terminal(json_wanted)

    from cnnlab.custom.find import check_network
    from cnnlab.models.classes import CLASSES

    classes = CLASSES
    if dataset:
        classes = len(load(dataset, data_dir, offline, terminal).data_set.classes)
    report = check_network(model, terminal.say, classes)
    if report.printed:
        terminal.show(f"Your network printed this during one forward pass:\n{report.printed}")
    show_check(terminal, report)
    findings = [asdict(each) | {"effect": each.effect} for each in report.findings]
    found = {**asdict(report), "is_sound": report.is_sound, "findings": findings}
    return CommandResult(found, status=0 if report.is_sound else 1)
