"""What a training is made of and with, as a run folder keeps it."""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from cnnlab.data.splits import Splits
from cnnlab.models.catalog import ModelSpec, count_parameters
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.engines.choose import describe_steps


def describe(
    network: ModelSpec, recipe_name: str, config: TrainConfig, splits: Splits, device: torch.device
) -> dict[str, Any]:
    """Return what a training is made of and with, as a run's ``config.json`` keeps it."""
    model = network.build(config.seed)
    return {
        "cnnlab": version("cnnlab"),
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": network.name,
        "source_sha256": network.source and network.source.sha256,
        "parameters": count_parameters(model),
        "recipe": recipe_name,
        "seed": config.seed,
        "config": asdict(config),
        "data_set": describe_data(splits),
        "device": describe_device(device),
        "steps": describe_steps(model, device),
        "versions": versions(),
    }


def describe_data(splits: Splits) -> dict[str, Any]:
    """Return which images a training sees: two runs on the same have the same of these."""
    return {
        "name": splits.data_set.name,
        "title": splits.data_set.title,
        "classes": list(splits.data_set.classes),
        "source": splits.source,
        "sha256": {file.name: file.sha256 for file in splits.data_set.files},
        "train": len(splits.train),
        "validation": len(splits.validation),
        "test": len(splits.test),
    }


def versions() -> dict[str, str]:
    """Return what a result depends on beside the code and the data."""
    return {
        "cnnlab": version("cnnlab"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(),
    }
