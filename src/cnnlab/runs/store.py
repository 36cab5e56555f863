"""The files of runs and comparisons: complete or not there, and every error a `RunError`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from cnnlab.errors import RunError
from cnnlab.files import move, sync_folder, write_whole
from cnnlab.runs.schema import newer
from cnnlab.runs.tensors import save_tensors


def make_folder(folder: Path) -> None:
    """Make a folder, or use an empty one: see `refuse_taken`.

    Raises `RunError` if the folder holds something or cannot be made.
    """
    refuse_taken(folder)
    try:
        make_lasting(folder, exist_ok=True)
    except OSError as error:
        raise _cannot_make(folder, error) from None


def refuse_taken(folder: Path) -> None:
    """Raise `RunError` if a folder already holds something; an empty folder may be used.

    Files whose names begin with a dot do not count.
    """
    try:
        taken = folder.exists() and any(not each.name.startswith(".") for each in folder.iterdir())
    except NotADirectoryError:
        taken = True
    except OSError as error:
        raise _cannot_make(folder, error) from None
    if taken:
        raise RunError(
            f"{folder} already exists. Nothing was changed. Name another folder with --output."
        )


def free_folder(wanted: Path) -> Path:
    """Make the folder, or one with -2, -3 ... after its name if it already exists; return it.

    If several programs ask at the same time, each gets its own folder. Raises `RunError`.
    """
    free, number = wanted, 1
    while True:
        try:
            make_lasting(free, exist_ok=False)
            return free
        except OSError as error:
            if not free.exists():
                raise _cannot_make(free, error) from None
            number += 1
            free = wanted.with_name(f"{wanted.name}-{number}")


@contextmanager
def alone(
    folder: Path, otherwise: str, *, name: str = ".lock", seconds: float = 0
) -> Iterator[None]:
    """Lock a folder, so that no other program does the same in it at the same time.

    Raises `RunError` with the message ``otherwise`` if another program holds the lock for longer
    than ``seconds``; also if the folder cannot be written.
    """
    lock = FileLock(folder / name)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise RunError(otherwise) from None
    except OSError as error:
        raise _cannot_write(folder, error) from None
    try:
        yield
    finally:
        lock.release()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; raise `RunError` if that fails."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> None:
    """Write tensors as a safetensors file; raise `RunError` if that fails."""
    try:
        save_tensors(path, tensors, header)
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file; raise `RunError` if that fails."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def move_file(old: Path, new: Path) -> None:
    """Rename a file or folder; raise `RunError` if that fails."""
    try:
        move(old, new)
    except OSError as error:
        raise _cannot_write(new, error) from None


def read_json(path: Path, keys: list[str]) -> dict[str, Any]:
    """Return the object in a JSON file; raise `RunError` if there is none, or a key is missing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read as JSON ({error}). Restore it from a copy. If you have no "
            "copy, delete the folder and train again."
        ) from None
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise RunError(
            f"{path} lacks {', '.join(missing)}: it is damaged, or another version of cnnlab "
            f"wrote it.{newer(content)}"
        )
    return dict(content)


def make_lasting(folder: Path, *, exist_ok: bool) -> None:
    """Make a folder and those above it, so that they survive a power cut; raise `OSError`."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=exist_ok)
    for each in missing:
        sync_folder(each.parent)


def _cannot_make(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"Cannot create the folder {folder} ({error.strerror}). Name another folder with --output."
    )


def _cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(
        f"Cannot write {path} ({error.strerror}). Everything saved before is complete. Free some "
        "space, or name another folder with --output."
    )
