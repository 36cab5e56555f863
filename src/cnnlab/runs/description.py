"""What a run folder records about a run: network, settings, data set, device, versions."""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

from cnnlab.data.own.data_set import OwnDataSet
from cnnlab.data.splits import Splits
from cnnlab.models.catalog import count_parameters, layers_of
from cnnlab.runs.job import Job
from cnnlab.training.device import describe_device
from cnnlab.training.engines.choose import engine_for


def describe(job: Job, model: nn.Module, splits: Splits, device: torch.device) -> dict[str, Any]:
    """Return the content of a run's ``config.json``.

    ``model`` is a network of the job's kind. Its weights do not matter.
    """
    source = job.network.source
    return {
        "cnnlab": version("cnnlab"),
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": job.network.name,
        "source_sha256": source and source.sha256,
        "parameters": count_parameters(model),
        "layers": [asdict(layer) for layer in layers_of(job.network)],
        "recipe": job.recipe_name,
        "seed": job.config.seed,
        "config": asdict(job.config),
        "data_set": describe_data(splits),
        "device": describe_device(device),
        "steps": str(engine_for(model, device)),
        "versions": versions(),
    }


def describe_data(splits: Splits) -> dict[str, Any]:
    """Return a description of the images of a run; it is equal for runs on the same images."""
    data_set = splits.data_set
    # What a published data set needs is in the catalogue.
    own = {"preparation": data_set.preparation} if isinstance(data_set, OwnDataSet) else {}
    return {
        "name": data_set.name,
        "title": data_set.title,
        "classes": list(data_set.classes),
        **own,
        "source": splits.source,
        "sha256": data_set.sha256,
        "train": len(splits.train),
        "validation": len(splits.validation),
        "test": len(splits.test),
    }


def versions() -> dict[str, str]:
    """Return the versions of everything else that a result depends on."""
    return {
        "cnnlab": version("cnnlab"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(),
    }
