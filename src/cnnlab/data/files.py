"""The files of a data set in a folder: found, checked and stored, each one verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnnlab.data.catalog import DataFile, PublishedDataSet
from cnnlab.data.places import Place, write_error
from cnnlab.data.verify import OtherFileError, SoundFile, find_copies, read_sound
from cnnlab.errors import DataError
from cnnlab.files import write_whole
from cnnlab.notices import Notify


@dataclass(frozen=True)
class DataFiles:
    """The verified IDX bytes of a data set's files, by name; where they lie and came from."""

    data_set: PublishedDataSet
    contents: dict[str, bytes]
    place: Place
    source: str


State = Literal["complete", "damaged", "missing"]
STATES: tuple[State, ...] = ("complete", "damaged", "missing")
"""Best first: if one folder has a damaged file, another one may still be complete."""


@dataclass(frozen=True)
class FileCheck:
    """One file of a data set in a folder: whether it is sound, and what is wrong.

    A complete file may have faults too: those of damaged copies beside it.
    """

    path: Path
    state: State
    faults: tuple[str, ...] = ()


def find_files(
    data_set: PublishedDataSet, places: Sequence[Place], notify: Notify
) -> DataFiles | None:
    """Return the files from the first place that has them all, verified.

    Raises `DataError` if a file is damaged in a folder that the user named, and no other folder
    that the user named has them all.
    """
    damage: DataError | None = None
    for place in places:
        if damage is not None and not place.named_by_user:
            break
        missing = [file.name for file in data_set.files if not find_copies(place.folder, file)]
        if missing:
            if len(missing) < len(data_set.files):
                notify(f"Skipping {place}: it has no {', '.join(missing)}.")
            continue
        try:
            sound = _read_files(data_set, place.folder)
        except DataError as error:
            if place.named_by_user and not isinstance(error, OtherFileError):
                damage = damage or error
            else:
                notify(f"Skipping {place}: {error}")
            continue
        for each in sound.values():
            for fault in each.faults:
                notify(f"{fault} cnnlab uses {each.path} instead.")
        contents = {name: each.content for name, each in sound.items()}
        return DataFiles(data_set, contents, place, str(place))
    if damage is not None:
        raise damage
    return None


def _read_files(data_set: PublishedDataSet, folder: Path) -> dict[str, SoundFile]:
    """Return a folder's files by name, each verified.

    Raises `OtherFileError` if the files are those of another data set, and for every other fault
    `DataError`.
    """
    sound: dict[str, SoundFile] = {}
    others: list[DataError] = []
    damaged: list[DataError] = []
    for file in data_set.files:
        try:
            found = read_sound(folder, file)
        except DataError as error:
            (others if isinstance(error, OtherFileError) else damaged).append(error)
            continue
        if found is not None:
            sound[file.name] = found
    if others and not sound:  # then the damaged files are the other data set's too
        raise others[0]
    if damaged or others:
        raise (damaged or others)[0]
    return sound


def check_files(data_set: PublishedDataSet, folder: Path) -> list[FileCheck]:
    """Verify every file of a data set in a folder; return nothing if the folder has none.

    Files of another data set have the same names, but they are none of this one. If there are
    such files, and no sound file of this one, the damaged files are the other's too.
    """
    checks = [_check_file(folder, file) for file in data_set.files]
    states = {each.state for each in checks}
    has_others = any(each.faults for each in checks if each.state == "missing")
    is_other = has_others and "complete" not in states
    return [] if is_other or states == {"missing"} else checks


def summarise(checks: Sequence[FileCheck]) -> State:
    """Return the state of a data set: that of its worst file."""
    states = {each.state for each in checks}
    if "damaged" in states:
        return "damaged"
    return "missing" if "missing" in states else "complete"


def _check_file(folder: Path, file: DataFile) -> FileCheck:
    copies = find_copies(folder, file)
    path = copies[0] if copies else folder / file.name
    try:
        sound = read_sound(folder, file)
    except OtherFileError as error:
        return FileCheck(path, "missing", (str(error),))
    except DataError as error:
        return FileCheck(path, "damaged", (str(error),))
    if sound is None:
        return FileCheck(path, "missing")
    return FileCheck(sound.path, "complete", sound.faults)


def store_files(files: DataFiles) -> None:
    """Write the files to their place, uncompressed: torchvision always reads that form."""
    folder = files.place.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.contents.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise write_error(folder, error) from None
