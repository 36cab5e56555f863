"""A network trained on the sample that comes with cnnlab, in seconds."""

from pathlib import Path

from cnnlab.cli.main import run


def train_on_sample(folder: Path) -> Path:
    """Train LeNet-5 for one epoch into a new folder; return the folder."""
    settings = "--dataset fashion-mnist-sample --recipe sprint --epochs 1 --offline"
    run(["train", *settings.split(), "--output", str(folder)])
    return folder
