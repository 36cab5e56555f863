"""Commands about data sets: list, get, check."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal

if TYPE_CHECKING:
    from cnnlab.data.catalog import DataSet
from cnnlab.cli.app import CommandResult, data_app
from cnnlab.cli.flags import DataDir, Dataset, Json, Offline


@data_app.command(name="list")
def data_list(*, data_dir: DataDir = None, json_wanted: Json = False) -> CommandResult:
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
    return CommandResult({"data_sets": found})


@data_app.command(name="get")
def data_get(
    name: Dataset = "fashion-mnist",
    /,
    *,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Get a data set, verified, so that everything later works without a network.

    Example: cnnlab data get mnist --data-dir /media/stick
    """
    terminal = Terminal(json_wanted)

    from cnnlab.data.catalog import find_data_set
    from cnnlab.data.fetch import get

    data_set = find_data_set(name)
    with fetching(terminal) as progress:
        obtained = get(
            data_set, data_dir=data_dir, offline=offline, notify=terminal.say, progress=progress
        )
    terminal.show(f"{data_set.title}: {len(data_set.files)} files, verified, {obtained.source}.")
    found = {"name": name, "folder": str(obtained.folder), "source": obtained.source}
    return CommandResult(found)


@data_app.command(name="check")
def data_check(
    name: Annotated[str | None, Parameter(help="A data set; all of them if left out.")] = None,
    /,
    *,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> CommandResult:
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
    faults = sum(each.fault is not None for each in checks)
    if faults:
        terminal.error(f"{faults} of {len(checks)} files are not sound.")
    elif not checks:
        terminal.error("There are no data files on this machine. Try: cnnlab data get")
    else:
        terminal.show(f"All {len(checks)} files are sound.")
    files = [{"path": str(each.path), "fault": each.fault} for each in checks]
    return CommandResult({"files": files}, status=0 if checks and not faults else 1)
