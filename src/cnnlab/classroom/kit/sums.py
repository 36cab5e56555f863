"""The files of a kit on the disk: their checksums, and how they get there whole."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnlab.classroom.kit.resolve import KitError, Wheel
from cnnlab.data.download import receive
from cnnlab.errors import DataError
from cnnlab.files import PARTIAL, move, write_whole
from cnnlab.notices import Progress

SUMS = "SHA256SUMS"
_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, or nothing if there is none."""
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
    except FileNotFoundError:
        return ""
    return hashed.hexdigest()


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, unless it holds these bytes already."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def fetch_wheel(wheel: Wheel, folder: Path, progress: Progress | None) -> None:
    """Download a wheel into a folder; it gets its name only when its SHA-256 is right.

    Resumes what an interrupted download left. Raises `KitError` if that fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{wheel.name}{PARTIAL}"

    def check() -> None:
        found = sha256_of(part)
        if found != wheel.sha256:
            raise DataError(
                f"{wheel.url} has other bytes than the index says: expected SHA-256 "
                f"{wheel.sha256}, found {found}."
            )

    if sha256_of(part) != wheel.sha256:
        try:
            receive(wheel.url, part, wheel.size, check, progress)
        except DataError as error:
            raise KitError(
                f"{error}\nRun the same command again: it downloads only what is missing."
            ) from None
    move(part, folder / wheel.name)


def write_sums(folder: Path, names: list[str]) -> None:
    """Write the list of checksums, as ``sha256sum --check`` reads it."""
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in sorted(names)]
    write_file(folder / SUMS, "".join(lines).encode())


def read_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a kit, by its path; nothing if there is no list."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {line[66:]: line[:64] for line in lines}


@contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses inside the block into a `KitError` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise KitError(
                f"The disk of {folder} is full. No half-written file has the name of a whole one. "
                "Free some space, then run the same command again: it adds only what is missing."
            ) from None
        raise KitError(
            f"Cannot write to {folder} ({error.strerror or error}). Name a folder of your own "
            "with --output, or a stick that is not write-protected."
        ) from None
