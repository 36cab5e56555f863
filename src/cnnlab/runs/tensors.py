"""Tensors in a safetensors file with a header that describes them: weights, checkpoints."""

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
    """Write tensors, a JSON header and a checksum of both; completely or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    seen: set[int] = set()
    for name, tensor in plain.items():  # one layer under two names is saved under both
        if tensor.untyped_storage().data_ptr() in seen:
            plain[name] = tensor.clone()
        seen.add(tensor.untyped_storage().data_ptr())
    # Header and checksum in one key: two keys are not always written in the same order.
    about = json.dumps({**header, _CHECKSUM_KEY: _checksum(plain, header)})
    write_whole(path, safetensors.torch.save(plain, {_HEADER_KEY: about}))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and the header of a file.

    Raises `RunError` if it is not such a file, or if its contents do not match its checksum.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}).") from None
    except safetensors.SafetensorError as error:
        raise RunError(f"{path} is not a valid safetensors file ({error}).") from None
    try:
        header = json.loads(metadata[_HEADER_KEY])
    except (KeyError, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise RunError(f"{path} was not written by cnnlab: it has no header of cnnlab's.")
    # The first files of 0.1.0 have no checksum.
    checksum = header.pop(_CHECKSUM_KEY, None)
    if checksum is not None and checksum != _checksum(tensors, header):
        raise RunError(f"{path} is damaged: its contents do not match its checksum.")
    return tensors, header


def _checksum(tensors: Mapping[str, torch.Tensor], header: dict[str, Any]) -> str:
    """Return the SHA-256 of everything in a file."""
    names = sorted(tensors)
    kinds = [(name, str(tensors[name].dtype), list(tensors[name].shape)) for name in names]
    found = hashlib.sha256(json.dumps([header, kinds]).encode())
    for name in names:
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
