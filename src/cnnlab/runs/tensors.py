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
_CHECKSUM_KEY = "sha256"


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> None:
    """Write tensors, with a JSON header and, in it, a checksum of both; whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    seen: set[int] = set()
    for name, tensor in plain.items():  # one layer under two names is saved under both
        if tensor.untyped_storage().data_ptr() in seen:
            plain[name] = tensor.clone()
        seen.add(tensor.untyped_storage().data_ptr())
    # In the one key: with two, safetensors writes them in an order that is not always the same.
    about = json.dumps({**header, _CHECKSUM_KEY: _checksum(plain, header)})
    write_whole(path, safetensors.torch.save(plain, {_HEADER_KEY: about}))


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
    try:
        header = json.loads(metadata[_HEADER_KEY])
    except (KeyError, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise RunError(f"{path} was not written by cnnlab: its header says nothing.")
    # The first files of 0.1.0 have no checksum.
    checksum = header.pop(_CHECKSUM_KEY, None)
    if checksum is not None and checksum != _checksum(tensors, header):
        raise RunError(f"{path} is damaged: its checksum is not that of what was written.")
    return tensors, header


def _checksum(tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> str:
    """Return the SHA-256 of all that is in a file."""
    names = sorted(tensors)
    kinds = [(name, str(tensors[name].dtype), list(tensors[name].shape)) for name in names]
    found = hashlib.sha256(json.dumps([header, kinds]).encode())
    for name in names:
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
