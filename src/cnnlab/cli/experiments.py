"""The command that finds out whether a change helped: compare."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import (
    RECIPE_HELP,
    SETTINGS,
    AsTheyAre,
    ChangesOfAll,
    DataDir,
    Dataset,
    Json,
    Offline,
    Trust,
    WholeNumber,
    kept_on_ctrl_c,
    load,
    settings_of,
    warn_of,
)
from cnnlab.cli.progress import comparing
from cnnlab.cli.results import show_comparison
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DEFAULT
from cnnlab.errors import ConfigError
from cnnlab.training.config import recipe
from cnnlab.wording import command_line, counted


@app.command
def compare(
    variants: Annotated[
        list[str],
        Parameter(
            help="Two or more variants: each a model's name, file.py:Class or settings.toml. Or "
            "two run folders."
        ),
    ],
    /,
    *,
    seeds: Annotated[
        WholeNumber, Parameter(help="How often to train each variant: with the seeds 0, 1, 2 ...")
    ] = 10,
    matters: Annotated[
        float,
        Parameter(help="Equivalence margin: the smallest difference that matters, in points."),
    ] = 0.1,
    on: Annotated[
        Literal["validation", "test"],
        Parameter(help="The images for the verdict. Every use of the test set is counted."),
    ] = "validation",
    dataset: Dataset = DEFAULT,
    as_they_are: AsTheyAre = False,
    recipe_name: Annotated[str, Parameter(name="--recipe", help=RECIPE_HELP)] = "workshop",
    changes: Annotated[ChangesOfAll, Parameter(name="*", group=SETTINGS)] = ChangesOfAll(),  # type: ignore[valid-type] # noqa: B008
    again: Annotated[
        bool,
        Parameter(help="A/A test: train this one variant twice, on different seeds.", negative=()),
    ] = False,
    trust: Trust = False,
    jobs: Annotated[
        WholeNumber | None,
        Parameter(help="How many runs to train at the same time. Default: one for each core."),
    ] = None,
    cluster: Annotated[
        str | None,
        Parameter(help="Train on a Dask cluster: the address of its scheduler, tcp://name:8786."),
    ] = None,
    details: Annotated[
        bool,
        Parameter(help="Also show intervals, p-values and the method.", negative=()),
    ] = False,
    output: Annotated[Path | None, Parameter(help="The folder of the comparison.")] = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Find out whether a change helped: train each variant on many seeds, and get a verdict.

    Interrupted? Continue with the same command. With more --seeds it adds runs.

    Example: cnnlab compare lenet5 lenet5-relu-max --recipe sprint --seeds 10
    """
    terminal = Terminal(json_wanted)
    _check_numbers(seeds=seeds, matters=matters, jobs=jobs)
    if jobs is not None and cluster is not None:
        raise ConfigError(
            "--jobs is about this machine, but --cluster trains on other machines: leave one out."
        )
    if _are_runs(variants):
        return _compare_runs(variants, on, trust, details, data_dir, offline, terminal)
    made = settings_of(changes)
    recipe(recipe_name, **made)

    from cnnlab.experiments.variants import folder_name, read_variants

    splits = load(dataset, data_dir, offline, terminal, as_they_are)
    classes = len(splits.data_set.classes)
    read = read_variants(
        variants, recipe_name, made, classes=classes, again=again, notify=terminal.say
    )
    warn_of([each.network for each in read], terminal)

    from cnnlab.experiments.comparison import open_comparison
    from cnnlab.experiments.results import as_json
    from cnnlab.runs.layout import REPORT, RESULTS
    from cnnlab.runs.store import write_json
    from cnnlab.views.comparison_page import comparison_report
    from cnnlab.views.sentences import tell

    folder = output or Path("runs") / folder_name(read, splits.data_set)
    with open_comparison(folder, read, splits, seeds) as comparison:
        missing = comparison.missing(seeds)
        terminal.say(
            f"{len(read)} variants x {counted(seeds, 'seed')}: "
            f"{counted(len(missing), 'run')} to train, "
            f"{len(read) * seeds - len(missing)} already in {folder}."
        )
        kept = f"Stopped. Finished runs are kept in {folder}. Resume with the same command."
        prepared = splits.on("cpu")
        with (
            kept_on_ctrl_c(terminal, lambda: kept),
            _client(cluster) as client,
            comparing(terminal, len(missing), comparison.kept(seeds)) as progress,
        ):
            comparison.train(seeds, prepared, processes=jobs, client=client, on_run=progress)
        results = comparison.look(seeds, prepared, on, matters)
        command, text = command_line(*sys.argv[1:]), tell(results)
        comparison_report(results, text, comparison, command).write(folder / REPORT)
        found = as_json(results) | {
            "command": command,
            "folder": str(folder),
            "report": str(folder / REPORT),
            "sentences": text.lines,
            "details": text.details,
        }
        write_json(folder / RESULTS, found)
    show_comparison(terminal, results, text, details)
    terminal.show(f"The report: {folder / REPORT}")
    if not details:
        terminal.say("How do we know? See the report, or repeat the command with --details.")
    return CommandResult(found)


def _are_runs(words: list[str]) -> bool:
    """Return whether the words name two finished runs, not networks.

    Raises `ConfigError` if they name both, or not exactly two runs.
    """
    from cnnlab.runs.layout import CONFIG, PLAN, WORKSHOP, not_a_run
    from cnnlab.runs.store import read_json

    for word in words:
        if any((Path(word) / name).is_file() for name in (PLAN, WORKSHOP)):
            raise ConfigError(not_a_run(Path(word)))
    runs = [word for word in words if (Path(word) / CONFIG).is_file()]
    if not runs or len(runs) == len(words) == 2:
        return bool(runs)
    models = [word for word in words if word not in runs]
    models += [str(read_json(Path(word) / CONFIG, ["model"])["model"]) for word in runs]
    train = f"Or train networks on many seeds:\n  {command_line('compare', *dict.fromkeys(models))}"
    if len(runs) < len(words):
        raise ConfigError(
            f"{runs[0]} is a finished run, and {models[0]} is a network to train. Compare two "
            f"runs:\n  {command_line('compare', runs[0], 'ANOTHER-RUN')}\n{train}"
        )
    two = command_line("compare", runs[0], runs[1] if len(runs) > 1 else "ANOTHER-RUN")
    raise ConfigError(
        f"cnnlab compares two finished runs at a time; you named {len(runs)}. Name two:\n  {two}"
        + (f"\n{train}" if len(dict.fromkeys(models)) > 1 else "")
    )


def _compare_runs(
    words: list[str],
    on: Literal["validation", "test"],
    trust: bool,
    details: bool,
    data_dir: Path | None,
    offline: bool,
    terminal: Terminal,
) -> CommandResult:
    from cnnlab.experiments.paired import compare_runs
    from cnnlab.experiments.results import plain
    from cnnlab.runs.run import open_run
    from cnnlab.views.sentences import paired_details, paired_sentence

    first, second = (open_run(Path(word), terminal.say, trust=trust) for word in words)
    if first.folder.resolve() == second.folder.resolve():
        raise ConfigError(f"{first.folder} and {second.folder} are the same run. Name two runs.")
    splits = load(first.data_set_name, data_dir, offline, terminal)
    paired = compare_runs((first, second), splits, on)
    images = len(splits.test if on == "test" else splits.validation)
    told = paired, (words[0], words[1]), images, on
    sentence, measured = paired_sentence(*told), paired_details(*told)
    terminal.show(sentence)
    if details:
        terminal.show(measured)
    terminal.say(
        "This is only about these two trained networks. With other seeds they would be different. "
        "To find out which kind of network is better, compare both kinds on many seeds."
    )
    found = {"runs": words, "on": on, "images": images, "sentence": sentence, **plain(paired)}
    found["details"] = measured
    return CommandResult(found)


@contextmanager
def _client(cluster: str | None) -> Iterator[Any]:
    """Yield a client of the cluster, or None if there is no cluster."""
    if cluster is None:
        yield None
        return
    from cnnlab.experiments.cluster import connected

    with connected(cluster) as client:
        yield client


def _check_numbers(*, seeds: int, matters: float, jobs: int | None) -> None:
    if seeds < 1:
        raise ConfigError(f"seeds is {seeds}; it must be 1 or more, and 3 or more for a verdict.")
    if not 0 < matters < 100:
        raise ConfigError(f"matters is {matters:g}; it must be above 0 and below 100 points.")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs is {jobs}; it must be 1 or more.")
