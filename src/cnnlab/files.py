"""Files that are written whole or not at all, and that outlast a power cut."""

import errno
import os
import tempfile
import time
from pathlib import Path

PARTIAL = ".part"
"""How the name of a file ends that is not whole yet; it begins with a dot."""
_WAITS = (0.02, 0.06, 0.18, 0.54)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is seen under its name only when complete and on the disk.

    A temporary file in the same folder is written, flushed to the disk and renamed. On any
    failure it is removed, an older file of that name stays as it was, and `OSError` is raised.
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
    """Rename a file, over an older one too, so that its new name is on the disk.

    On Windows a virus scanner may hold the older file for a moment: five tries, under a second.
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
    """Bring a folder's list of names to the disk, where the system can do that at all."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        # Network folders and the like know no such thing; a full or broken disk must be told.
        if error.errno in {errno.EIO, errno.ENOSPC, errno.EDQUOT}:
            raise
