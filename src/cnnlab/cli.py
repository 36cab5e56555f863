"""The command line: parse, call, print."""

import json
import os
import signal
import sys
import warnings
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import asdict, fields, make_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from cyclopts import App, Group, Parameter

from cnnlab.errors import CnnlabError, ConfigError, PictureError
from cnnlab.terminal import Terminal, is_interactive
from cnnlab.training.config import RECIPES, TrainConfig, recipe
from cnnlab.words import command_line, counted, percent, times

if TYPE_CHECKING:
    from cnnlab.data.catalog import DataSet
    from cnnlab.data.images import Splits
    from cnnlab.models.spec import ModelSpec

_SETTINGS = Group.create_ordered("Settings (changes to the recipe)")

app = App(
    name="cnnlab",
    help="Learn, train and improve small convolutional networks, and see every step.\n\n"
    "Start with: cnnlab workshop",
    version=lambda: version("cnnlab"),
    version_flags=["--version"],
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # main says what a stop means
)
data_app = App(name="data", help="Data sets: list them, get them, check them.")
app.command(data_app)

# --- flags that several commands share ------------------------------------------------------

DataDir = Annotated[
    Path | None,
    Parameter(help="Folder with data sets in torchvision's layout; also CNNLAB_DATA."),
]
Offline = Annotated[bool, Parameter(help="Touch no network.", negative=())]
Json = Annotated[
    bool,
    Parameter(
        name="--json", help="Print one JSON object, and only that, on standard output.", negative=()
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Parameter(help="Where to compute; auto takes a GPU where there is one."),
]
RunFolder = Annotated[Path, Parameter(help="A run folder, as cnnlab train made it.")]
Trust = Annotated[
    bool, Parameter(help="Run the code that the folder carries: read it first.", negative=())
]
Dataset = Annotated[str, Parameter(help="fashion-mnist, mnist or mnist-sample.")]
DatasetOfNew = Annotated[
    str | None, Parameter(help="fashion-mnist, mnist or mnist-sample. (fashion-mnist)")
]
_RECIPE_HELP = f"Settings by name: {', '.join(RECIPES)}."


def _changes_class(name: str, without: tuple[str, ...] = ()) -> type:
    """Return a class of the fields of `TrainConfig`, each None where the recipe's value stays."""
    made = make_dataclass(
        name,
        [
            (
                each.name,
                Annotated[
                    get_type_hints(TrainConfig)[each.name] | None,
                    Parameter(help=f"{each.metadata['help']} (workshop: {each.default})"),
                ],
                None,
            )
            for each in fields(TrainConfig)
            if each.name not in without
        ],
        frozen=True,
    )
    made.__module__ = __name__  # else it passes for a built-in type, and has no flags
    return made


Changes = _changes_class("Changes")
ChangesOfAll = _changes_class("ChangesOfAll", without=("seed",))


def _made(changes: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(changes).items() if value is not None}


# --- commands -------------------------------------------------------------------------------


@app.command
def workshop(
    *,
    dataset: DatasetOfNew = None,
    epochs: Annotated[int | None, Parameter(help="Passes over the training images. (25)")] = None,
    seed: Annotated[
        int | None, Parameter(help="Draws the first weights and the batches' order. (0)")
    ] = None,
    resume: Annotated[
        Path | None,
        Parameter(help="Go on with a workshop that was stopped, with its own settings."),
    ] = None,
    output: Annotated[Path | None, Parameter(help="A new folder for the results.")] = None,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    open_report: Annotated[
        bool | None, Parameter(name="--open", help="Open the report at the end; asked otherwise.")
    ] = None,
    json_wanted: Json = False,
) -> None:
    """Go through the whole workshop: both networks, every step, and a report at the end.

    What was stopped, by Ctrl-C, a closed lid or a crash, goes on with --resume.

    Example: cnnlab workshop --dataset mnist --epochs 5
    """
    terminal = Terminal(json_wanted)
    named = {"dataset": dataset, "epochs": epochs, "seed": seed, "output": output}
    _refuse_with_resume(resume, "A workshop", named)
    changes = {
        name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None
    }
    config = recipe("workshop", **changes)

    from cnnlab.experiments.store import free_folder, refuse_taken
    from cnnlab.training.device import choose_device
    from cnnlab.workshop import open_workshop, resume_workshop, what_is_kept
    from cnnlab.workshop import workshop as whole_workshop

    chosen = choose_device(device)
    begun = open_workshop(resume) if resume else None
    if output:
        refuse_taken(output)
    splits = _load(
        begun.data_set_name if begun else dataset or "fashion-mnist", data_dir, offline, terminal
    )
    folder = resume or output or free_folder(Path("runs") / f"workshop-{splits.data_set.name}")
    with _kept_on_ctrl_c(terminal, lambda: what_is_kept(folder)), terminal.live():
        if begun:
            report = resume_workshop(begun, splits, chosen, terminal, terminal.say)
        else:
            report = whole_workshop(splits, config, chosen, folder, terminal)
    terminal.show(f"\nThe report: {report}")
    if json_wanted:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        _print_json({"report": str(report), "data_set": splits.data_set.name, "runs": results})
    elif open_report is None and is_interactive():
        open_report = terminal.console.input("Open it in the browser? [y/N] ").lower() == "y"
    if open_report:
        webbrowser.open(report.resolve().as_uri())


@app.command
def train(
    *,
    model: Annotated[
        str | None,
        Parameter(
            help="lenet5, lenet5-relu-max, lenet5-batch-norm, lenet1, vgg6, resnet8, "
            "mobilenet-small, or your own as file.py:Class. (lenet5)"
        ),
    ] = None,
    dataset: DatasetOfNew = None,
    recipe_name: Annotated[
        str | None, Parameter(name="--recipe", help=f"{_RECIPE_HELP} (workshop)")
    ] = None,
    resume: Annotated[
        Path | None, Parameter(help="Go on with a run that was stopped, with its own settings.")
    ] = None,
    trust: Trust = False,
    changes: Annotated[Changes, Parameter(name="*", group=_SETTINGS)] = Changes(),  # type: ignore[valid-type] # noqa: B008
    output: Annotated[Path | None, Parameter(help="A new folder for the run.")] = None,
    device: Device = "auto",
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> None:
    """Train one network and keep the run in a folder; the test set stays shut.

    What was stopped, by Ctrl-C, a closed lid or a crash, goes on with --resume.

    Example: cnnlab train --model lenet5-relu-max --epochs 5 --learning-rate 0.05
    """
    terminal = Terminal(json_wanted)
    named = {"model": model, "dataset": dataset, "recipe": recipe_name, "output": output}
    _refuse_with_resume(resume, "A run", named | _made(changes))
    recipe_name = recipe_name or "workshop"
    config = recipe(recipe_name, **_made(changes))

    from cnnlab.data.images import prepare
    from cnnlab.experiments.run import open_run
    from cnnlab.experiments.store import free_folder, refuse_taken
    from cnnlab.experiments.train import refuse_what_is_over, resume_run, train_run, what_is_kept
    from cnnlab.models.build import find_network
    from cnnlab.training.device import choose_device, describe_device

    if output:
        refuse_taken(output)
    stopped = open_run(resume, terminal.say) if resume else None
    if stopped:
        refuse_what_is_over(stopped)
    network = (
        stopped.network(trust=trust) if stopped else find_network(model or "lenet5", terminal.say)
    )
    _warn_of([network], terminal)
    config = stopped.config if stopped else config
    chosen = choose_device(device)
    splits = _load(
        stopped.data_set_name if stopped else dataset or "fashion-mnist",
        data_dir,
        offline,
        terminal,
    )
    _check_augmentation(config, splits)
    name = f"{splits.data_set.name}-{network.slug}-seed-{config.seed}"
    folder = resume or output or free_folder(Path("runs") / name)
    terminal.say(
        f"{network.title} on {splits.data_set.title}: {len(splits.train):,} train, "
        f"{len(splits.validation):,} validation; recipe "
        f"{stopped.description['recipe'] if stopped else recipe_name}, seed {config.seed}, "
        f"{counted(config.epochs, 'epoch')}; {describe_device(chosen)}."
    )
    with _kept_on_ctrl_c(terminal, lambda: what_is_kept(folder)), terminal.live():
        terminal.training(network.title, config)
        common: Any = {
            "splits": splits,
            "train": prepare(splits.train, chosen),
            "validation": prepare(splits.validation, chosen),
            "on_batch": terminal.batch,
            "on_epoch": terminal.epoch,
        }
        if stopped:
            run = resume_run(stopped, network=network, notify=terminal.say, **common)
        else:
            run = train_run(
                folder, network=network, recipe_name=recipe_name, config=config, **common
            )
    last = run.history()[-1]
    terminal.show(
        f"Validation loss {last.validation_loss:.4f}, accuracy {percent(last.validation_accuracy)} "
        f"after {counted(last.epoch, 'epoch')}. The run: {folder}"
    )
    terminal.say(f"Next:\n  {run.command('report')}\n  {run.command('evaluate')}")
    if json_wanted:
        _print_json({"run": str(folder), "status": run.status, **asdict(last)})


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
) -> None:
    """Open the test set for a run, on purpose, and count it.

    Example: cnnlab evaluate runs/fashion-mnist-lenet5-seed-0
    """
    terminal = Terminal(json_wanted)

    from cnnlab.experiments.run import open_run
    from cnnlab.training.device import choose_device

    opened = open_run(run, terminal.say)
    splits = _load(opened.data_set_name, data_dir, offline, terminal)
    result, _ = opened.open_test_set(splits, choose_device(device), opened.network(trust=trust))
    how_far = opened.how_far(result.epochs)
    terminal.show(
        f"Test loss {result.test_loss:.4f}, accuracy {percent(result.test_accuracy)} on "
        f"{len(splits.test):,} images of {splits.data_set.title}{how_far and f'; {how_far}'}."
    )
    terminal.say(
        f"The test set has been opened {times(result.test_openings)} for this run. Choose on "
        "validation figures, so that it stays a test."
    )
    if json_wanted:
        _print_json(
            {"run": str(run), "data_set": splits.data_set.name, **asdict(result)}
            | {"status": opened.status}
        )


@app.command
def predict(
    run: RunFolder,
    images: Annotated[list[Path], Parameter(help="Picture files: PNG, JPEG, GIF, ...")],
    /,
    *,
    trust: Trust = False,
    device: Device = "auto",
    json_wanted: Json = False,
) -> None:
    """Ask a trained network about pictures of your own, and show what it sees.

    Example: cnnlab predict runs/mnist-lenet5-seed-0 my-seven.png
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import find_data_set
    from cnnlab.data.images import resize
    from cnnlab.data.pictures import read_pictures
    from cnnlab.experiments.run import open_run
    from cnnlab.training.device import choose_device

    opened = open_run(run, terminal.say)
    data_set = find_data_set(opened.data_set_name)
    network = opened.network(trust=trust)
    pictures, faults = read_pictures(images, data_set)
    probabilities = opened.classify(
        [each.image for each in pictures], choose_device(device), network
    )
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
    if json_wanted:
        _print_json(
            {"run": str(run), "data_set": data_set.name, "answers": answers}
            | {"faults": list(map(str, faults))}
        )
    if faults:
        raise PictureError("\n".join(map(str, faults)))


@app.command
def new(
    path: Annotated[Path, Parameter(help="The file to write: a name with .py.")] = Path("mine.py"),
    /,
    *,
    json_wanted: Json = False,
) -> None:
    """Write a commented file with a network to start from, and to change.

    Example: cnnlab new mine.py
    """
    terminal = Terminal(json_wanted)

    from cnnlab.models.start import write_starting_file

    written = write_starting_file(path)
    terminal.show(f"Written: {written}. Change it, then see what it is: cnnlab check {written}")
    if json_wanted:
        _print_json({"file": str(written)})


@app.command
def check(
    model: Annotated[str, Parameter(help="Your own network as file.py:Class, or a model's name.")],
    /,
    *,
    json_wanted: Json = False,
) -> None:
    """Try a network on a few images: its layers, what they cost, and what is wrong with it.

    Example: cnnlab check mine.py:Net
    """
    terminal = Terminal(json_wanted)

    from cnnlab.models.check import check_network

    checked = check_network(model, terminal.say)
    if checked.printed:
        terminal.show(f"The network printed, of one pass:\n{checked.printed}")
    terminal.checked(checked)
    if json_wanted:
        _print_json(
            {**asdict(checked), "is_sound": checked.is_sound}
            | {"findings": [asdict(each) | {"effect": each.effect} for each in checked.findings]}
        )
    if not checked.is_sound:
        sys.exit(1)


@app.command
def compare(
    variants: Annotated[
        list[str],
        Parameter(
            help="Two or more of: a model, file.py:Class, settings.toml; or two run folders."
        ),
    ],
    /,
    *,
    seeds: Annotated[int, Parameter(help="Trainings of each variant, on seeds 0, 1, 2 ...")] = 10,
    matters: Annotated[float, Parameter(help="Smallest difference that matters, in points.")] = 0.1,
    on: Annotated[
        Literal["validation", "test"],
        Parameter(help="Images that decide; opening the test set is counted."),
    ] = "validation",
    dataset: Dataset = "fashion-mnist",
    recipe_name: Annotated[str, Parameter(name="--recipe", help=_RECIPE_HELP)] = "workshop",
    changes: Annotated[ChangesOfAll, Parameter(name="*", group=_SETTINGS)] = ChangesOfAll(),  # type: ignore[valid-type] # noqa: B008
    again: Annotated[
        bool, Parameter(help="A/A check: the one variant twice, on other seeds.", negative=())
    ] = False,
    trust: Trust = False,
    jobs: Annotated[
        int | None, Parameter(help="Trainings at a time; by default one a core.")
    ] = None,
    cluster: Annotated[
        str | None, Parameter(help="A running Dask scheduler to train on: tcp://name:8786.")
    ] = None,
    output: Annotated[Path | None, Parameter(help="A folder for the comparison.")] = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> None:
    """Find out whether a change helped: many seeds of each variant, and a verdict.

    The same command goes on where it was stopped; with more --seeds it adds to what is there.

    Example: cnnlab compare lenet5 lenet5-relu-max --recipe sprint --seeds 10
    """
    terminal = Terminal(json_wanted)
    _check_numbers(seeds=seeds, matters=matters, jobs=jobs)
    if jobs is not None and cluster is not None:
        raise ConfigError("jobs is of this machine, and --cluster trains elsewhere: leave one out.")
    if all((Path(word) / "config.json").is_file() for word in variants):
        _compare_runs(variants, on, trust, data_dir, offline, terminal, json_wanted)
        return
    made = _made(changes)
    recipe(recipe_name, **made)

    from cnnlab.experiments.variants import read_variants

    read = read_variants(variants, recipe_name, made, again=again, notify=terminal.say)
    _warn_of([each.network for each in read], terminal)

    from cnnlab.data.images import prepare
    from cnnlab.experiments.compare import as_json, open_comparison
    from cnnlab.experiments.folders import REPORT
    from cnnlab.experiments.sentences import verdict_sentence
    from cnnlab.experiments.store import write_json
    from cnnlab.experiments.variants import folder_name
    from cnnlab.views.comparison import comparison_facts, comparison_report

    splits = _load(dataset, data_dir, offline, terminal)
    for variant in read:
        _check_augmentation(variant.config, splits)
    folder = output or Path("runs") / folder_name(read, splits.data_set.name)
    with open_comparison(folder, read, splits, seeds) as comparison:
        missing = comparison.missing(seeds)
        terminal.say(
            f"{len(read)} variants x {counted(seeds, 'seed')}: "
            f"{counted(len(missing), 'training')} to do, "
            f"{len(read) * seeds - len(missing)} kept in {folder}."
        )
        kept = f"Stopped. Finished runs are kept in {folder}; the same command goes on."
        with (
            _kept_on_ctrl_c(terminal, lambda: kept),
            _client(cluster) as client,
            terminal.comparing(len(missing), comparison.kept(seeds)) as finished,
        ):
            comparison.train(
                seeds,
                splits,
                prepare(splits.train),
                prepare(splits.validation),
                jobs=jobs,
                client=client,
                on_run=finished,
            )
        results = comparison.look(seeds, splits, on, matters)
    pasted = command_line(*sys.argv[1:])
    title = " or ".join(variant.name for variant in read) + "?"
    report = comparison_report(results, title, comparison_facts(results, comparison), pasted)
    report.write(folder / REPORT)
    numbers = as_json(results) | {
        "command": pasted,
        "folder": str(folder),
        "report": str(folder / REPORT),
        "sentences": [verdict_sentence(each, results) for each in results.judged],
    }
    write_json(folder / "results.json", numbers)
    terminal.comparison(results, folder)
    if json_wanted:
        _print_json(numbers)


def _compare_runs(
    words: list[str],
    on: Literal["validation", "test"],
    trust: bool,
    data_dir: Path | None,
    offline: bool,
    terminal: Terminal,
    json_wanted: bool,
) -> None:
    from cnnlab.experiments.compare import compare_runs, plain
    from cnnlab.experiments.run import open_run
    from cnnlab.experiments.sentences import paired_sentence

    if len(words) != 2:
        raise ConfigError(f"Finished runs are compared two at a time; {len(words)} were named.")
    first, second = (open_run(Path(word), terminal.say) for word in words)
    if first.folder.resolve() == second.folder.resolve():
        raise ConfigError(f"{first.folder} and {second.folder} are one and the same run.")
    splits = _load(first.data_set_name, data_dir, offline, terminal)
    paired = compare_runs((first, second), splits, on, trust=trust)
    images = len(splits.test if on == "test" else splits.validation)
    told = paired_sentence(paired, (words[0], words[1]), images, on)
    terminal.show(told)
    terminal.say(
        "This speaks of these two networks, not of how they were made: another seed gives another "
        "two. For that, compare the variants over many seeds."
    )
    if json_wanted:
        _print_json({"runs": words, "on": on, "images": images, "sentence": told, **plain(paired)})


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
) -> None:
    """Write a run's report, one self-contained HTML file, into its folder.

    Example: cnnlab report runs/fashion-mnist-lenet5-seed-0
    """
    terminal = Terminal(json_wanted)

    from cnnlab.experiments.folders import REPORT
    from cnnlab.experiments.run import open_run
    from cnnlab.training.device import choose_device
    from cnnlab.views.report import run_report

    opened = open_run(run, terminal.say)
    splits = _load(opened.data_set_name, data_dir, offline, terminal)
    opened.check_data_set(splits)
    network = opened.network(trust=trust)
    answers = None
    if opened.history():
        answers = opened.answers(splits.validation, choose_device(device), network)
    path = run / REPORT
    run_report(opened, network, answers, splits).write(path)
    terminal.show(f"The report: {path}")
    if json_wanted:
        _print_json({"run": str(run), "report": str(path)})


@data_app.command(name="list")
def data_list(*, data_dir: DataDir = None, json_wanted: Json = False) -> None:
    """List the data sets, and where each lies on this machine.

    Example: cnnlab data list
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import DATA_SETS
    from cnnlab.data.fetch import check

    found = []
    for data_set in DATA_SETS.values():
        sound = [each.path.parent for each in check(data_set, data_dir) if each.fault is None]
        complete = [
            folder for folder in dict.fromkeys(sound) if sound.count(folder) == len(data_set.files)
        ]
        found.append(
            {
                "name": data_set.name,
                "title": data_set.title,
                "images": data_set.train_images.shape[0]
                + (data_set.test_images.shape[0] if data_set.test_images else 0),
                "licence": data_set.licence,
                "source": data_set.source,
                "folder": str(complete[0]) if complete else None,
            }
        )
    terminal.table(
        ["Name", "Images", "Licence", "On this machine"],
        [
            [
                str(each["name"]),
                f"{each['images']:,}",
                str(each["licence"]),
                str(each["folder"] or "no: cnnlab data get " + str(each["name"])),
            ]
            for each in found
        ],
    )
    if json_wanted:
        _print_json({"data_sets": found})


@data_app.command(name="get")
def data_get(
    name: Dataset = "fashion-mnist",
    /,
    *,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> None:
    """Get a data set, verified, so that everything later works without a network.

    Example: cnnlab data get mnist --data-dir /media/stick
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import find_data_set
    from cnnlab.data.fetch import get

    data_set = find_data_set(name)
    with terminal.fetching() as progress:
        obtained = get(
            data_set, data_dir=data_dir, offline=offline, notify=terminal.say, progress=progress
        )
    terminal.show(f"{data_set.title}: {len(data_set.files)} files, verified, {obtained.source}.")
    if json_wanted:
        _print_json({"name": name, "folder": str(obtained.folder), "source": obtained.source})


@data_app.command(name="check")
def data_check(
    name: Annotated[str | None, Parameter(help="A data set; all of them if left out.")] = None,
    /,
    *,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> None:
    """Verify the data files on this machine, and name what is wrong.

    Example: cnnlab data check fashion-mnist
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import DATA_SETS, find_data_set
    from cnnlab.data.fetch import check

    wanted: list[DataSet] = [find_data_set(name)] if name else list(DATA_SETS.values())
    checks = [each for data_set in wanted for each in check(data_set, data_dir)]
    for each in checks:
        terminal.show(f"sound    {each.path}" if each.fault is None else f"DAMAGED  {each.fault}")
    if json_wanted:
        _print_json({"files": [{"path": str(each.path), "fault": each.fault} for each in checks]})
    faults = sum(each.fault is not None for each in checks)
    if faults:
        raise CnnlabError(f"{faults} of {len(checks)} files are not sound.")
    if not checks:
        raise CnnlabError("There are no data files on this machine. Try: cnnlab data get")
    terminal.show(f"All {len(checks)} files are sound.")


@contextmanager
def _kept_on_ctrl_c(terminal: Terminal, kept: Callable[[], str]) -> Iterator[None]:
    """Where the body is interrupted, say what is kept and how to go on, and exit 130."""
    try:
        yield
    except KeyboardInterrupt:
        # A second Ctrl-C has nothing left to stop: it would only silence what is said here.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminal.say(kept())
        sys.exit(130)


def _refuse_with_resume(resume: Path | None, what: str, named: dict[str, Any]) -> None:
    flags = [f"--{name.replace('_', '-')}" for name, value in named.items() if value is not None]
    if resume is not None and flags:
        raise ConfigError(
            f"{what} goes on with its own network, data, recipe and settings, in its own folder: "
            f"with --resume leave out {', '.join(flags)}."
        )


@contextmanager
def _client(cluster: str | None) -> Iterator[Any]:
    """Yield a client of the cluster, or None where none is wanted."""
    if cluster is None:
        yield None
        return
    from cnnlab.experiments.cluster import connected

    with connected(cluster) as client:
        yield client


def _warn_of(networks: "Sequence[ModelSpec]", terminal: Terminal) -> None:
    """Say, once a network, what was found wrong with it that does not stop its training."""
    for name, about in {each.name: each.warnings for each in networks}.items():
        if about:
            terminal.say(f"{name}: {' '.join(about)} See:\n  {command_line('check', name)}")


def _check_numbers(*, seeds: int, matters: float, jobs: int | None) -> None:
    if seeds < 1:
        raise ConfigError(f"seeds is {seeds}; it must be 1 or more, and 3 or more for a verdict.")
    if not 0 < matters < 100:
        raise ConfigError(f"matters is {matters:g}; it must be above 0 and below 100 points.")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs is {jobs}; it must be 1 or more.")


def _check_augmentation(config: TrainConfig, splits: "Splits") -> None:
    if config.augmentation == "flip" and not splits.data_set.may_mirror:
        raise ConfigError(
            f"augmentation is 'flip', but a mirrored image of {splits.data_set.title} does not "
            "show its class any more. Add --augmentation none."
        )


def _load(name: str, data_dir: Path | None, offline: bool, terminal: Terminal) -> "Splits":
    from cnnlab.data.images import load

    with terminal.fetching() as progress:
        return load(
            name, data_dir=data_dir, offline=offline, notify=terminal.say, progress=progress
        )


_answers: list[str] = []


def _print_json(content: dict[str, Any]) -> None:
    _answers.append(json.dumps(content))


@contextmanager
def _only_json() -> Iterator[None]:
    """Send what anybody prints to standard error, and then print the JSON on standard output.

    Anybody: a network of the user's own may print, in this process and in the workers, which
    take over file descriptor 1.
    """
    out = sys.stdout
    out.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        while _answers:
            out.write(_answers.pop(0) + "\n")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; exit 0 done, 1 to be mended, 2 usage, 130 interrupted."""
    # Read by GNU OpenMP when PyTorch loads it. By default a waiting thread spins for so long
    # that a browser on the other core makes an epoch up to ten times slower.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    # joblib says so where Ctrl-C stops trainings; the command says it better.
    warnings.filterwarnings("ignore", message=".*tasks which were still being processed")
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal or a shut-down stops as Ctrl-C does
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    try:
        with _only_json() if "--json" in sys.argv[1:] else nullcontext():
            app(sys.argv[1:])
    except CnnlabError as error:
        Terminal(json_wanted=True).error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        Terminal(json_wanted=True).say("Interrupted; there was nothing to keep.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output left (| head): nothing more to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
