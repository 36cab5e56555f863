"""Commands about data sets: list, get, check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, data_app
from cnnlab.cli.flags import DataDir, Json, Offline, PublishedName
from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DEFAULT
from cnnlab.wording import command_line

if TYPE_CHECKING:
    from cnnlab.data.catalog import PublishedDataSet


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
