"""A network's weights as a safetensors file whose header says how to rebuild it."""

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


def save_model(
    path: Path, weights: Mapping[str, torch.Tensor], description: dict[str, Any]
) -> None:
    """Write the weights, with a JSON description in the file's header; whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    write_whole(path, safetensors.torch.save(tensors, {_HEADER_KEY: json.dumps(description)}))


def load_model(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the weights and the description in a file; raise `RunError` where it is no such."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}).") from None
    except safetensors.SafetensorError as error:
        raise RunError(f"{path} is not a sound safetensors file ({error}).") from None
    try:
        return tensors, json.loads(header[_HEADER_KEY])
    except (KeyError, ValueError):
        raise RunError(f"{path} was not written by cnnlab: its header has no model.") from None
