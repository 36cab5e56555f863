"""Commands about data sets: list, get, check, look."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, data_app
from cnnlab.cli.flags import AsTheyAre, DataDir, Dataset, Json, Offline, PublishedName, load
from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DEFAULT
from cnnlab.wording import command_line

if TYPE_CHECKING:
    from cnnlab.data.catalog import PublishedDataSet

_DOUBTS_PRINTED = 10


@data_app.command(name="list")
def data_list(*, data_dir: DataDir = None, json_wanted: Json = False) -> CommandResult:
    """List the data sets, and where each one is on this machine.

    Example: cnnlab data list
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import DATA_SETS
    from cnnlab.data.library import Library

    library = Library(data_dir)
    found = []
    for data_set in DATA_SETS.values():
        folder = library.find_folder(data_set)
        tests = data_set.test_images
        images = data_set.train_images.shape[0] + (tests.shape[0] if tests else 0)
        where = f"on this machine:\n  {folder}"
        if folder is None:
            where = f"not on this machine. Get it:\n  {_get(data_set, data_dir)}"
        terminal.show(f"{data_set.name}: {images:,} images, licence {data_set.licence}; {where}")
        found.append(
            {
                "name": data_set.name,
                "title": data_set.title,
                "images": images,
                "licence": data_set.licence,
                "source": data_set.source,
                "folder": str(folder) if folder else None,
            }
        )
    return CommandResult({"data_sets": found})


def _get(data_set: "PublishedDataSet", data_dir: Path | None) -> str:
    """Return the command that gets a data set, into the folder that the user named."""
    folder = ("--data-dir", str(data_dir)) if data_dir else ()
    return command_line("data", "get", data_set.name, *folder)


@data_app.command(name="get")
def data_get(
    name: PublishedName = DEFAULT,
    /,
    *,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Download a data set and verify it, so that everything later works offline.

    Example: cnnlab data get mnist --data-dir /media/stick
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import find_data_set
    from cnnlab.data.library import Library

    data_set = find_data_set(name)
    with fetching(terminal) as progress:
        files = Library(data_dir, offline, terminal.say, progress).get(data_set)
    terminal.show(
        f"{data_set.title}: {len(files.contents)} verified files. Source: {files.source}."
    )
    found = {"name": name, "folder": str(files.place.folder), "source": files.source}
    return CommandResult(found)


@data_app.command(name="check")
def data_check(
    names: Annotated[
        list[str] | None,
        Parameter(help="Data sets that must be complete; all but the samples if left out."),
    ] = None,
    /,
    *,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> CommandResult:
    """Verify the data files: each data set is complete, missing or damaged.

    With --data-dir, only that folder counts, and the sample that comes with cnnlab.

    Example: cnnlab data check fashion-mnist mnist --data-dir /media/stick
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import DATA_SETS, find_data_set
    from cnnlab.data.library import Library

    library = Library(data_dir)
    listed = [find_data_set(name) for name in names or DATA_SETS]
    checks = [library.check(data_set) for data_set in listed]
    for check in checks:
        terminal.show(f"{check.state:<10}{check.data_set.title}")
        if check.folder:
            terminal.show(f"{'':<10}{check.folder}")
        for file in check.files:
            for fault in file.faults or [f"{file.path} is missing."] * (file.state == "missing"):
                terminal.show(f"{'':<10}{fault}")
    open_ones = [
        each.data_set
        for each in checks
        if each.state != "complete" and (names or not each.data_set.sample_of)
    ]
    if open_ones:
        is_damaged = any(each.state == "damaged" for each in checks)
        do = "Delete the damaged files, then run:" if is_damaged else "Run:"
        terminal.error(
            f"Not complete: {', '.join(each.title for each in open_ones)}. {do}"
            + "".join(f"\n  {_get(data_set, data_dir)}" for data_set in open_ones)
        )
    else:
        terminal.show("All data sets that you asked for are complete.")
    found = {
        "data_sets": [
            {
                "name": each.data_set.name,
                "state": each.state,
                "folder": str(each.folder) if each.folder else None,
            }
            for each in checks
        ],
        "files": [
            {"path": str(file.path), "state": file.state, "fault": "\n".join(file.faults) or None}
            for each in checks
            for file in each.files
        ],
    }
    return CommandResult(found, status=1 if open_ones else 0)


@data_app.command(name="look")
def data_look(
    name: Dataset = DEFAULT,
    /,
    *,
    as_they_are: AsTheyAre = False,
    labels: Annotated[
        bool,
        Parameter(help="Look for labels that may be wrong. This trains a quick network 3 times."),
    ] = True,
    output: Annotated[
        Path | None, Parameter(help="The page to write. Default: NAME-look.html.")
    ] = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Show a data set: classes, samples, images that are almost the same, doubtful labels.

    Example: cnnlab data look folder:my-shapes
    """
    terminal = Terminal(json_wanted)

    import numpy as np

    from cnnlab.cli.progress import TrainingProgress
    from cnnlab.data.images import ImageSet
    from cnnlab.data.own.data_set import dataset_words, is_own
    from cnnlab.data.own.load import find_paths
    from cnnlab.experiments.labels import doubt_labels
    from cnnlab.views.data_page import (
        DataLook,
        counts_table,
        data_report,
        data_sentences,
        doubt_rows,
        twins_of,
    )

    splits = load(name, data_dir, offline, terminal, as_they_are)
    train, validation = splits.train, splits.validation
    pool = ImageSet(
        np.concatenate([train.images, validation.images]),
        np.concatenate([train.labels, validation.labels]),
        train.classes,
    )
    terminal.say("Looking for images that are almost the same ...")
    twins, in_pool = twins_of(splits)
    doubts = None
    if labels:
        terminal.say("Looking for labels that may be wrong: three quick runs ...")
        with TrainingProgress(terminal) as progress:
            listener = replace(progress.listener, epoch=lambda _: None)
            doubts = doubt_labels(pool, in_pool, listener)
    paths = find_paths(splits.data_set.name) if is_own(splits.data_set.name) else {}
    look = DataLook(splits, twins, pool, doubts, paths)
    said = data_sentences(look)
    table, rows = counts_table(look), doubt_rows(look, _DOUBTS_PRINTED)
    terminal.table(list(table.headings), [list(row) for row in table.rows])
    for sentence in [each for part in said.values() for each in part]:
        terminal.show(sentence)
    if rows:
        terminal.table(["Image", "Label", "Network says", "Probability"], rows)
    command = command_line("data", "look", *dataset_words(splits.data_set.name)[1:])
    page = output or Path(f"{splits.data_set.slug}-look.html")
    data_report(look, command).write(page)
    terminal.show(f"The page: {page}. Open it with a double-click.")
    classes = splits.data_set.classes
    found = {
        "name": splits.data_set.name,
        "sha256": splits.data_set.sha256,
        "classes": {
            name: {split: int(count[label]) for split, count in look.counts.items()}
            for label, name in enumerate(classes)
        },
        "twins": [{"one": list(each.one), "other": list(each.other)} for each in look.twins],
        "doubtful": [
            dict(zip(("image", "label", "predicted", "probability"), row, strict=True))
            for row in doubt_rows(look, len(pool))
        ],
        "sentences": said,
        "page": str(page),
    }
    return CommandResult(found)
