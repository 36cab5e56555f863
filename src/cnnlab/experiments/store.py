"""The files of runs and comparisons: whole or not at all, and every fault told as `RunError`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from cnnlab.errors import RunError
from cnnlab.files import write_whole
from cnnlab.training.checkpoint import save_tensors


def make_folder(folder: Path) -> None:
    """Make a new folder; raise `RunError` where it is already there or cannot be made."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise RunError(
            f"{folder} is already there. Name another folder with --output; nothing was changed."
        ) from None
    except OSError as error:
        raise RunError(
            f"Cannot make the folder {folder} ({error.strerror}). Name another with --output."
        ) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; raise `RunError` where that cannot be done."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> None:
    """Write tensors as a safetensors file; raise `RunError` where that cannot be done."""
    try:
        save_tensors(path, tensors, header)
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file; raise `RunError` where that cannot be done."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def read_json(path: Path, keys: list[str]) -> dict[str, Any]:
    """Return the object in a JSON file; raise `RunError` where it is none or lacks keys."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read as JSON ({error}).") from None
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise RunError(f"{path} lacks {', '.join(missing)}: it is damaged or of another version.")
    return {key: content[key] for key in content}


def _cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(
        f"Cannot write {path} ({error.strerror}). What was written before is whole; free some "
        "space or choose another folder with --output."
    )
