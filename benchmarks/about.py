"""What every result says about itself: the code, its versions, and the machine."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

from cnnlab.training.device import describe_device


def about() -> dict[str, str]:
    """Return cnnlab's version and commit, PyTorch's version, and the processor."""
    command = ["git", "-C", Path(__file__).parent, "describe", "--always", "--dirty"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return {
        "cnnlab": version("cnnlab"),
        "commit": found.stdout.strip() or "unknown",
        "torch": torch.__version__,
        "device": describe_device(torch.device("cpu")),
    }
