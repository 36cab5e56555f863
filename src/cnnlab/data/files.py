"""The files of a data set in a folder: found, checked and stored, each one verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnlab.data.catalog import DataFile, DataSet
from cnnlab.data.places import Place, write_error
from cnnlab.data.verify import find_file, read_file
from cnnlab.errors import DataError
from cnnlab.files import write_whole
from cnnlab.notices import Notify


@dataclass(frozen=True)
class DataFiles:
    """The verified IDX bytes of a data set's files, by name; where they lie and came from."""

    data_set: DataSet
    contents: dict[str, bytes]
    place: Place
    source: str


@dataclass(frozen=True)
class FileCheck:
    """What is wrong with one file, or None if nothing is."""

    path: Path
    fault: str | None


def find_files(data_set: DataSet, places: Sequence[Place], notify: Notify) -> DataFiles | None:
    """Return the files from the first place that has them all, verified.

    Raises `DataError` if a file is damaged in a folder that the user named.
    """
    for place in places:
        paths = _paths(data_set, place.folder)
        missing = [file.name for file, path in paths.items() if path is None]
        if missing:
            notify(f"Skipping {place}: it has no {', '.join(missing)}.")
            continue
        try:
            contents = {f.name: read_file(path, f) for f, path in paths.items() if path}
        except DataError as error:
            if place.named_by_user:
                raise
            notify(f"Skipping {place}: {error}")
            continue
        if contents:
            return DataFiles(data_set, contents, place, str(place))
    return None


def check_files(data_set: DataSet, folder: Path) -> list[FileCheck]:
    """Verify every file of a data set in a folder; return nothing if the folder has none."""
    checks = []
    for file, path in _paths(data_set, folder).items():
        try:
            if path is None:
                raise DataError(f"{folder / file.name} is missing.")
            read_file(path, file)
            fault = None
        except DataError as error:
            fault = str(error)
        checks.append(FileCheck(path or folder / file.name, fault))
    return checks


def store_files(files: DataFiles) -> None:
    """Write the files to their place, uncompressed: torchvision always reads that form."""
    folder = files.place.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.contents.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise write_error(folder, error) from None


def _paths(data_set: DataSet, folder: Path) -> dict[DataFile, Path | None]:
    """Return the path of each file in a folder, None if it is missing; nothing if all are."""
    paths = {file: find_file(folder, file) for file in data_set.files}
    return paths if any(paths.values()) else {}
