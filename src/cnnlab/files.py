"""Files that are written completely or not at all, and that survive a power cut."""

import errno
import os
import tempfile
import time
from pathlib import Path

PARTIAL = ".part"
"""The end of the name of a file that is not complete yet; the name begins with a dot."""
_WAITS = (0.02, 0.06, 0.18, 0.54)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it has its name only when it is complete and on the disk.

    This writes a temporary file in the same folder, flushes it to the disk and renames it. If
    anything fails, it deletes the temporary file, does not touch an older file of that name, and
    raises `OSError`.
    """
    handle, temporary_name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent
    )
    temporary = Path(temporary_name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        move(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def move(old: Path, new: Path) -> None:
    """Rename a file, replacing an older one, so that its new name is on the disk.

    On Windows a virus scanner may hold the older file for a moment: try five times in a second.
    """
    for wait in _WAITS:
        try:
            old.replace(new)
            break
        except PermissionError:
            time.sleep(wait)
    else:
        old.replace(new)
    sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, if the system can do that."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        # Some folders, as those in a network, cannot be flushed. A full or broken disk is an error.
        if error.errno in {errno.EIO, errno.ENOSPC, errno.EDQUOT}:
            raise
