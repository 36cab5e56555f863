"""The command that goes through the whole workshop."""

import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import (
    RECIPE_HELP,
    AsTheyAre,
    DataDir,
    DatasetOfNew,
    Device,
    Json,
    Offline,
    kept_on_ctrl_c,
    load,
    refuse_with_resume,
)
from cnnlab.cli.progress import TrainingProgress
from cnnlab.cli.quiz import TerminalQuiz
from cnnlab.cli.terminal import Terminal, is_interactive
from cnnlab.errors import ConfigError
from cnnlab.training.config import recipe


@app.command
def workshop(
    *,
    dataset: DatasetOfNew = None,
    as_they_are: AsTheyAre = False,
    recipe_name: Annotated[
        str | None, Parameter(name="--recipe", help=f"{RECIPE_HELP} Default: workshop.")
    ] = None,
    quick: Annotated[
        bool,
        Parameter(help="For slow laptops: the recipe sprint, with 4 epochs.", negative=()),
    ] = False,
    step: Annotated[
        bool,
        Parameter(
            help="Stop after each chapter until you press Enter, and ask you to guess first.",
            negative=(),
        ),
    ] = False,
    epochs: Annotated[
        int | None,
        Parameter(help="Passes over the training images. Default: 25 (workshop), 4 (sprint)."),
    ] = None,
    seed: Annotated[
        int | None,
        Parameter(help="Random seed: decides the first weights and the images' order. Default: 0."),
    ] = None,
    resume: Annotated[
        Path | None,
        Parameter(help="Resume an interrupted workshop, with its own settings."),
    ] = None,
    output: Annotated[Path | None, Parameter(help="A new folder for the results.")] = None,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    open_report: Annotated[
        bool | None,
        Parameter(
            name="--open", help="Open the report when done (without this flag you are asked)."
        ),
    ] = None,
    json_wanted: Json = False,
) -> CommandResult:
    """Go through the whole workshop: two networks, every step, and a report at the end.

    Interrupted (Ctrl-C, closed lid, crash)? Continue with --resume.

    Example: cnnlab workshop --dataset mnist --epochs 5
    """
    terminal = Terminal(json_wanted)
    if quick and recipe_name not in (None, "sprint"):
        raise ConfigError("--quick means --recipe sprint. Leave out one of them.")
    if step and (json_wanted or not is_interactive()):
        raise ConfigError(
            "--step waits for a person who answers in a terminal. Leave it out here, and leave out "
            "--json if you use --step."
        )
    recipe_name = "sprint" if quick else recipe_name
    named = {
        "dataset": dataset,
        "as_they_are": as_they_are or None,
        "recipe": recipe_name,
        "epochs": epochs,
        "seed": seed,
        "output": output,
    }
    refuse_with_resume(resume, "A workshop", named)
    changes = {
        name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None
    }
    recipe_name = recipe_name or "workshop"
    config = recipe(recipe_name, **changes)

    from cnnlab.data.batches import check_mirroring
    from cnnlab.runs.layout import HANDOUT, RESULTS
    from cnnlab.runs.store import free_folder, read_json, refuse_taken
    from cnnlab.training.device import choose_device
    from cnnlab.workshop.course import open_workshop, resume_workshop, what_is_kept
    from cnnlab.workshop.course import workshop as whole_workshop

    chosen = choose_device(device)
    begun = open_workshop(resume) if resume else None
    if output:
        refuse_taken(output)
    name = begun.data_set_name if begun else dataset
    splits = load(name, data_dir, offline, terminal, as_they_are)
    if not begun:
        check_mirroring(config.augmentation == "flip", splits.data_set.may_mirror)
    folder = resume or output or free_folder(Path("runs") / f"workshop-{splits.data_set.slug}")
    with (
        kept_on_ctrl_c(terminal, lambda: what_is_kept(folder)),
        TrainingProgress(terminal) as progress,
    ):
        prepared = splits.on(chosen)
        quiz = TerminalQuiz(terminal, progress) if step else None
        tell = quiz.chapter if quiz else terminal.chapter
        if begun:
            report = resume_workshop(begun, prepared, progress.listener, tell, quiz)
        else:
            report = whole_workshop(
                prepared, config, folder, progress.listener, tell, recipe_name, quiz
            )
    if quiz:
        terminal.show(f"\n{quiz.score}")
    handout = report.with_name(HANDOUT)
    terminal.show(f"\nThe report: {report}\nTwo pages to print: {handout}")
    if open_report is None and not json_wanted and is_interactive():
        try:
            open_report = terminal.confirm("Open it in the browser?")
        except KeyboardInterrupt:
            terminal.show(f"\nThe report is kept: {report}")
    if open_report and not webbrowser.open(report.resolve().as_uri()):
        terminal.say(f"No browser was found. Open this file in one: {report.resolve()}")
    runs = read_json(folder / RESULTS, [])
    found = {
        "report": str(report),
        "handout": str(handout),
        "data_set": splits.data_set.name,
        "runs": runs,
    }
    return CommandResult(found)
