"""Commands about data sets: list, get, check."""

from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, data_app
from cnnlab.cli.flags import DataDir, Dataset, Json, Offline
from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DEFAULT
from cnnlab.wording import counted


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
        found.append(
            {
                "name": data_set.name,
                "title": data_set.title,
                "images": data_set.train_images.shape[0]
                + (data_set.test_images.shape[0] if data_set.test_images else 0),
                "licence": data_set.licence,
                "source": data_set.source,
                "folder": str(folder) if folder else None,
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
    return CommandResult({"data_sets": found})


@data_app.command(name="get")
def data_get(
    name: Dataset = DEFAULT,
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
    name: Annotated[str | None, Parameter(help="A data set; all of them if left out.")] = None,
    /,
    *,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> CommandResult:
    """Verify the data files on this machine, and say what is wrong.

    Example: cnnlab data check fashion-mnist
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import DATA_SETS, find_data_set
    from cnnlab.data.library import Library

    wanted = [find_data_set(name)] if name else [*DATA_SETS.values()]
    checks = [each for data_set in wanted for each in Library(data_dir).check(data_set)]
    for each in checks:
        terminal.show(f"ok       {each.path}" if each.fault is None else f"PROBLEM  {each.fault}")
    faults = sum(each.fault is not None for each in checks)
    if faults:
        terminal.error(
            f"Missing or damaged: {faults} of {counted(len(checks), 'file')}. Delete the damaged "
            "files, then run 'cnnlab data get' for their data set."
        )
    elif not checks:
        what = f"{wanted[0].title} is not" if name else "No data set is"
        terminal.error(f"{what} on this machine. Run: cnnlab data get {wanted[0].name}")
    else:
        terminal.show(f"All {len(checks)} files are ok.")
    files = [{"path": str(each.path), "fault": each.fault} for each in checks]
    return CommandResult({"files": files}, status=0 if checks and not faults else 1)
