"""Where the files of a data set may lie on this machine, first to last."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cnnlab.data.catalog import DataSet
from cnnlab.errors import DataError

DEBIAN_FOLDER = Path("/usr/share/datasets")


@dataclass(frozen=True)
class Place:
    """A folder in which the files of a data set may lie."""

    label: str
    folder: Path
    named_by_user: bool = False

    def __str__(self) -> str:
        return f"{self.label} ({self.folder})"


class CannotWriteError(DataError):
    """The folder cannot be written: another mirror or source would not help."""


def cache_root() -> Path:
    """Return the user's cache folder for data sets, in the system's usual place."""
    return Path(platformdirs.user_cache_dir("cnnlab", appauthor=False)) / "data"


def named_root(data_dir: str | Path | None) -> Path | None:
    """Return the folder that the user named, by argument or by ``CNNLAB_DATA``, or None."""
    named = data_dir or os.environ.get("CNNLAB_DATA")
    return Path(named).expanduser() if named else None


def destination(data_set: DataSet, data_dir: str | Path | None) -> Place:
    """Return the place that new files go to: the folder the user named, else the cache."""
    named = named_root(data_dir)
    if named is not None:
        return Place("the folder you named", named / data_set.folder / "raw", named_by_user=True)
    return Place("the cache", cache_root() / data_set.folder / "raw")


def places(data_set: DataSet, data_dir: str | Path | None = None) -> list[Place]:
    """Return the places where files are looked for, first to last."""
    found = []
    named = named_root(data_dir)
    if named is not None:
        found += [
            Place("the folder you named", folder, named_by_user=True)
            for folder in (named / data_set.folder / "raw", named / "raw", named)
        ]
    found.append(Place("the cache", cache_root() / data_set.folder / "raw"))
    if data_set.debian_package:
        package_folder = data_set.debian_package.removeprefix("dataset-")
        found.append(Place("the Debian package's folder", DEBIAN_FOLDER / package_folder))
    return found


def cannot_write(folder: Path, error: OSError) -> CannotWriteError:
    """Return the error for a folder that cannot be written, and what to do."""
    if error.errno == errno.ENOSPC:
        return CannotWriteError(
            f"The disk is full: {folder} has no room for the data. Free some space, or name "
            "another folder with --data-dir. Nothing was left half-written."
        )
    return CannotWriteError(
        f"Cannot write to {folder} ({error.strerror}). Name a folder of your own with --data-dir."
    )
