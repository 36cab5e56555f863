"""Commands about one run: train, evaluate, predict, report."""

import glob
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import (
    RECIPE_HELP,
    SETTINGS,
    AsTheyAre,
    Changes,
    DataDir,
    DatasetOfNew,
    Device,
    Json,
    Offline,
    RunFolder,
    Trust,
    kept_on_ctrl_c,
    load,
    refuse_with_resume,
    settings_of,
    warn_of,
)
from cnnlab.cli.progress import TrainingProgress
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import PictureError
from cnnlab.training.config import recipe
from cnnlab.wording import counted, percent, times

if TYPE_CHECKING:
    import torch

    from cnnlab.data.splits import Splits
    from cnnlab.runs.run import Run


@app.command
def train(
    *,
    model: Annotated[
        str | None,
        Parameter(
            help="Network: lenet5, lenet5-relu-max, lenet5-batch-norm, lenet1, vgg6, resnet8, "
            "mobilenet-small, or your own as file.py:Class. Default: lenet5."
        ),
    ] = None,
    dataset: DatasetOfNew = None,
    as_they_are: AsTheyAre = False,
    recipe_name: Annotated[
        str | None, Parameter(name="--recipe", help=f"{RECIPE_HELP} Default: workshop.")
    ] = None,
    resume: Annotated[
        Path | None, Parameter(help="Resume an interrupted run, with its own settings.")
    ] = None,
    trust: Trust = False,
    changes: Annotated[Changes, Parameter(name="*", group=SETTINGS)] = Changes(),  # type: ignore[valid-type] # noqa: B008
    output: Annotated[Path | None, Parameter(help="A new folder for the run.")] = None,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Train one network and save the run in a folder. The test images are not used.

    If a finished run in runs/ has the same numbers already, nothing is trained again.

    Interrupted (Ctrl-C, closed lid, crash)? Continue with --resume.

    Example: cnnlab train --model lenet5-relu-max --epochs 5 --learning-rate 0.05
    """
    terminal = Terminal(json_wanted)
    named: dict[str, Any] = {"model": model, "dataset": dataset, "as_they_are": as_they_are or None}
    named |= {"recipe": recipe_name, "output": output}
    refuse_with_resume(resume, "A run", named | settings_of(changes))
    recipe_name = recipe_name or "workshop"
    config = recipe(recipe_name, **settings_of(changes))

    from cnnlab.custom.find import find_network
    from cnnlab.runs.job import Job
    from cnnlab.runs.run import open_run
    from cnnlab.runs.store import free_folder, refuse_taken
    from cnnlab.runs.train import (
        find_same_run,
        refuse_finished,
        resume_run,
        train_run,
        what_is_kept,
    )
    from cnnlab.training.device import choose_device, describe_device

    if output:
        refuse_taken(output)
    stopped = open_run(resume, terminal.say, trust=trust) if resume else None
    if stopped:
        refuse_finished(stopped)
        network, recipe_name, config = stopped.network, stopped.recipe_name, stopped.config
        dataset = stopped.data_set_name
    chosen = choose_device(device)
    splits = load(dataset, data_dir, offline, terminal, as_they_are)
    if not stopped:
        classes = len(splits.data_set.classes)
        network = find_network(model or "lenet5", terminal.say, classes)
    warn_of([network], terminal)
    job = Job(network, recipe_name, config, splits.data_set)
    may_repeat = bool(resume or output)
    if not may_repeat and (same := find_same_run(Path("runs"), job, splits, chosen)):
        terminal.say(
            f"This run is there already: {same.folder}. The network, the data set, the settings "
            "and the versions are the same, so the numbers would be the same too. Nothing was "
            "trained."
        )
        found = _show_run(terminal, same)
        terminal.say(
            f"Train it with another seed:\n  {same.train_command(seed=config.seed + 1)}\n"
            "Or add --output with a new folder, and it is trained again."
        )
        return CommandResult(found | {"trained": False})
    name = f"{splits.data_set.slug}-{network.slug}-seed-{config.seed}"
    folder = resume or output or free_folder(Path("runs") / name)
    terminal.say(
        f"{network.title} on {splits.data_set.title}: {len(splits.train):,} images to train on, "
        f"{len(splits.validation):,} for validation; recipe {recipe_name}, seed {config.seed}, "
        f"{counted(config.epochs, 'epoch')}; {describe_device(chosen)}."
    )
    with (
        kept_on_ctrl_c(terminal, lambda: what_is_kept(folder)),
        TrainingProgress(terminal) as progress,
    ):
        prepared = splits.on(chosen)
        if stopped:
            run = resume_run(stopped, prepared, progress.listener)
        else:
            run = train_run(folder, job, prepared, progress.listener)
    return CommandResult(_show_run(terminal, run) | {"trained": True})


def _show_run(terminal: Terminal, run: "Run") -> dict[str, Any]:
    """Print the last metrics of a run and what to do next; return the metrics."""
    from cnnlab.views.sentences import learned_nothing_sentence

    last = run.history()[-1]
    terminal.show(
        f"Validation loss {last.validation_loss:.4f}, accuracy {percent(last.validation_accuracy)} "
        f"after {counted(last.epoch, 'epoch')}. The run is saved in {run.folder}."
    )
    if failure := learned_nothing_sentence(run):
        terminal.warn(failure)
    terminal.say(
        f"See its report:\n  {run.command('report')}\n"
        f"Try a picture of your own:\n  {run.command('predict')} my-picture.jpg\n"
        f"At the very end, evaluate it on the test images:\n  {run.command('evaluate')}"
    )
    return {"run": str(run.folder), "status": run.status, **asdict(last)}


@app.command
def evaluate(
    run: RunFolder,
    /,
    *,
    trust: Trust = False,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Evaluate a run on the test set. Every evaluation is counted.

    Example: cnnlab evaluate runs/fashion-mnist-lenet5-seed-0
    """
    terminal = Terminal(json_wanted)

    from cnnlab.runs.evaluation import open_test_set
    from cnnlab.runs.layout import REPORT
    from cnnlab.runs.run import open_run
    from cnnlab.training.device import choose_device

    opened = open_run(run, terminal.say, trust=trust)
    splits = load(opened.data_set_name, data_dir, offline, terminal)
    chosen = choose_device(device)
    result, _ = open_test_set(opened, splits, chosen)
    how_far = opened.how_far(result.epochs)
    terminal.show(
        f"Test loss {result.test_loss:.4f}, accuracy {percent(result.test_accuracy)} on "
        f"{len(splits.test):,} images of {splits.data_set.title}{how_far and f'; {how_far}'}."
    )
    terminal.say(
        f"This run has been evaluated on the test set {times(result.test_openings)}. Compare "
        "networks by their validation accuracy, so that the test set stays a fair test."
    )
    if (run / REPORT).exists():
        terminal.say(f"Its report now shows this too: {_write_report(opened, splits, chosen)}")
    found = {"run": str(run), "data_set": splits.data_set.name, **asdict(result)}
    return CommandResult(found | {"status": opened.status})


@app.command
def predict(
    run: RunFolder,
    images: Annotated[
        list[Path], Parameter(help="Pictures: PNG, JPEG, GIF, ...; or a pattern, '*.png'.")
    ],
    /,
    *,
    explain: Annotated[
        bool,
        Parameter(help="Also write a page to look inside, for each number.", negative=()),
    ] = False,
    trust: Trust = False,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Let a trained network recognise your own pictures. Show what the network sees.

    Example: cnnlab predict runs/mnist-lenet5-seed-0 my-seven.png
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.pictures.normalise import read_pictures
    from cnnlab.data.tensors import resize
    from cnnlab.runs.evaluation import classify
    from cnnlab.runs.run import open_run
    from cnnlab.training.device import choose_device
    from cnnlab.views.sentences import learned_nothing_sentence

    opened = open_run(run, terminal.say, trust=trust)
    data_set = opened.data_set
    if failure := learned_nothing_sentence(opened):
        terminal.warn(failure)
    pictures, faults = read_pictures(_expanded(images), data_set)
    probabilities = classify(opened, [each.image for each in pictures], choose_device(device))
    if pictures:
        terminal.show(f"{opened.network.title}, trained on {data_set.title}.")
    answers = []
    for picture, row in zip(pictures, probabilities, strict=True):
        order = row.argsort()[::-1][:3]
        terminal.show(f"\n{picture.path}" + "".join(f"\n  ({note})" for note in picture.notes))
        terminal.picture(resize(picture.image[None])[0])
        terminal.table(
            ["Class", "Probability"],
            [[data_set.classes[index], percent(row[index], 1)] for index in order],
        )
        answers.append(
            {
                "image": str(picture.path),
                "predicted": data_set.classes[order[0]],
                "probabilities": dict(zip(data_set.classes, row.tolist(), strict=True)),
                "notes": list(picture.notes),
            }
        )
    for fault in faults:
        terminal.error(str(fault))
    found = {"run": str(run), "data_set": data_set.name, "answers": answers}
    if explain and pictures:
        from cnnlab.playground.page import write_page
        from cnnlab.playground.payload import build_payload

        splits = load(opened.data_set_name, data_dir, offline, terminal)
        page = Path(f"{pictures[0].path.stem}-inside.html")
        write_page(page, build_payload(opened, splits, own=[each.image for each in pictures]))
        terminal.show(f"\nLook inside: {page}. Open it with a double-click.")
        found["page"] = str(page)
    return CommandResult(found | {"faults": list(map(str, faults))}, status=1 if faults else 0)


def _expanded(paths: list[Path]) -> list[Path]:
    """Return the paths with patterns such as *.png expanded, as no shell of Windows does."""
    expanded = []
    for path in paths:
        if path.exists() or not glob.has_magic(str(path)):
            expanded.append(path)
            continue
        found = sorted(map(Path, glob.glob(str(path))))  # noqa: PTH207 - the path may be absolute
        if not found:
            raise PictureError(f"No file matches {path}. Name a picture, such as my-seven.png.")
        expanded += found
    return expanded


@app.command
def report(
    run: RunFolder,
    /,
    *,
    trust: Trust = False,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Write a run's report into its folder: one HTML file that you can send to anybody.

    Example: cnnlab report runs/fashion-mnist-lenet5-seed-0
    """
    terminal = Terminal(json_wanted)

    from cnnlab.runs.run import open_run
    from cnnlab.training.device import choose_device

    opened = open_run(run, terminal.say, trust=trust)
    splits = load(opened.data_set_name, data_dir, offline, terminal)
    opened.check_data_set(splits)
    path = _write_report(opened, splits, choose_device(device))
    terminal.show(f"The report: {path}")
    return CommandResult({"run": str(run), "report": str(path)})


def _write_report(run: "Run", splits: "Splits", device: "torch.device") -> Path:
    """Write the report of a run into its folder; return its path."""
    from cnnlab.runs.evaluation import predictions_on
    from cnnlab.runs.inside import look_inside
    from cnnlab.runs.layout import REPORT
    from cnnlab.views.run_page import run_report

    path = run.folder / REPORT
    if run.history():
        predictions = predictions_on(run, splits.validation, device)
        run_report(run, predictions, splits, look_inside(run)).write(path)
    else:
        run_report(run, None, splits).write(path)
    return path
