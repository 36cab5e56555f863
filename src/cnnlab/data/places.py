"""Where the files of a data set may lie on this machine, first to last."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cnnlab.data.catalog import DEFAULT, PublishedDataSet
from cnnlab.errors import DataError
from cnnlab.wording import command_line

DEBIAN_FOLDER = Path("/usr/share/datasets")
SAMPLE_FOLDER = Path(__file__).parent / "sample"
"""Where the files lie that come with cnnlab itself."""


@dataclass(frozen=True)
class Place:
    """A folder in which the files of a data set may lie."""

    label: str
    folder: Path
    named_by_user: bool = False
    comes_with_cnnlab: bool = False

    def __str__(self) -> str:
        return f"{self.label} ({self.folder})"


class CannotWriteError(DataError):
    """A folder cannot be written to: another mirror or source would not help."""


def cache_root() -> Path:
    """Return the user's cache folder for data sets, where this system keeps caches."""
    return Path(platformdirs.user_cache_dir("cnnlab", appauthor=False)) / "data"


def list_places(data_set: PublishedDataSet, data_dir: str | Path | None) -> list[Place]:
    """Return the places where files may lie, first to last; new files go to the first.

    The user names a folder by argument or by the environment variable ``CNNLAB_DATA``.
    """
    found = []
    root = _named_folder(data_dir)
    if root:
        found += [
            Place("the folder you named", folder, named_by_user=True)
            for folder in (root / data_set.folder / "raw", root / "raw", root)
        ]
    found.append(Place("the cache", cache_root() / data_set.folder / "raw"))
    if data_set.debian_package:
        package_folder = data_set.debian_package.removeprefix("dataset-")
        found.append(Place("the Debian package's folder", DEBIAN_FOLDER / package_folder))
    if data_set.sample_folder:
        sample_folder = SAMPLE_FOLDER / data_set.sample_folder
        found.append(
            Place("the files that come with cnnlab", sample_folder, comes_with_cnnlab=True)
        )
    return found


def require_named_folder(data_dir: str | Path | None) -> None:
    """Raise `DataError` if the user named a folder that does not exist."""
    root = _named_folder(data_dir)
    if root is None or root.is_dir():
        return
    by = "You named it with --data-dir" if data_dir else "The variable CNNLAB_DATA names it"
    get = command_line("data", "get", DEFAULT, "--data-dir", str(root))
    raise DataError(
        f"The folder {root} {'is a file' if root.exists() else 'does not exist'}. {by}. Correct "
        f"the name. Or, to make the folder and put a data set into it:\n  {get}"
    )


def _named_folder(data_dir: str | Path | None) -> Path | None:
    named = data_dir or os.environ.get("CNNLAB_DATA")
    return Path(named).expanduser() if named else None


def write_error(folder: Path, error: OSError) -> CannotWriteError:
    """Return the error for a folder that cannot be written to; it says what to do."""
    if error.errno == errno.ENOSPC:
        return CannotWriteError(
            f"The disk is full: there is no room for the data in {folder}. Free some space, or "
            "name another folder with --data-dir. No half-written file was left."
        )
    return CannotWriteError(
        f"Cannot write to {folder} ({error.strerror}). Name a folder of your own with --data-dir."
    )
