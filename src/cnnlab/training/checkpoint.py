"""Tensors as a safetensors file whose header says what they are: weights, checkpoints."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from cnnlab.errors import RunError
from cnnlab.files import write_whole

_HEADER_KEY = "cnnlab"


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> None:
    """Write tensors, with a JSON header and a checksum of both; whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    about = json.dumps(header)
    # One key for both: with two, safetensors writes them in an order that is not always the same.
    metadata = {_HEADER_KEY: _checksum(plain, about) + about}
    write_whole(path, safetensors.torch.save(plain, metadata))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and the header of a file.

    Raises `RunError` where it is no such file, or not what was written: its checksum is another.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}).") from None
    except safetensors.SafetensorError as error:
        raise RunError(f"{path} is not a sound safetensors file ({error}).") from None
    checksum, brace, rest = metadata.get(_HEADER_KEY, "").partition("{")
    about = brace + rest
    try:
        header = json.loads(about)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise RunError(f"{path} was not written by cnnlab: its header says nothing.")
    # The first files of 0.1.0 have no checksum.
    if checksum and checksum != _checksum(tensors, about):
        raise RunError(f"{path} is damaged: its checksum is not that of what was written.")
    return tensors, header


def _checksum(tensors: Mapping[str, torch.Tensor], about: str) -> str:
    """Return what stands before the JSON of a header: the SHA-256 of all that is in the file."""
    names = sorted(tensors)
    kinds = [(name, str(tensors[name].dtype), list(tensors[name].shape)) for name in names]
    found = hashlib.sha256(json.dumps([about, kinds]).encode())
    for name in names:
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return f"sha256:{found.hexdigest()} "
