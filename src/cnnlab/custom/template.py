"""The file that a student starts from: a small network, explained line by line."""

import keyword
from pathlib import Path

from cnnlab.errors import ModelError
from cnnlab.files import write_whole

_STARTING_FILE = '''\
"""My own network. Change it, then check that it still works: cnnlab check FILE"""

import torch
from torch import nn


class Net(nn.Module):
    """Takes N grey images of 32 x 32 pixels; returns 10 numbers per image, one for each class."""

    def __init__(self):
        super().__init__()  # must come first, so that PyTorch finds the layers below

        # This part looks at the image. Sizes: maps x height x width.
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5),  # 1 x 32 x 32 -> 8 x 28 x 28: 8 filters of 5 x 5
            nn.ReLU(),  # numbers below 0 become 0
            nn.MaxPool2d(2),  # -> 8 x 14 x 14: the largest of each 2 x 2 pixels
            nn.Conv2d(8, 16, kernel_size=5),  # -> 16 x 10 x 10: 16 filters, each over all 8 maps
            nn.ReLU(),
            nn.MaxPool2d(2),  # -> 16 x 5 x 5
        )

        # This part decides. It takes one row of 16 * 5 * 5 = 400 numbers per image.
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 64),  # 400 -> 64
            nn.ReLU(),
            nn.Linear(64, 10),  # -> 10: the largest number is the prediction; no softmax here
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)  # N x 1 x 32 x 32 -> N x 16 x 5 x 5
        x = x.flatten(start_dim=1)  # -> N x 400: one row per image
        return self.classifier(x)  # -> N x 10


# Try this, one thing at a time:
# - Use 32 filters in the second convolution, not 16. Which other line must change too?
# - Use nn.Tanh() instead of each nn.ReLU(), like LeNet-5 in 1998. Does it learn more slowly?
# - Put nn.Dropout(0.25) before the last nn.Linear. Is it better on images it has not seen?
'''


def starting_file(name: str = "mine.py") -> str:
    """Return the text of a complete network ``Net``, for a file of that name."""
    return _STARTING_FILE.replace("FILE", name)


def is_file_name(path: Path) -> bool:
    """Return whether Python can import a file of that name."""
    return path.suffix == ".py" and path.stem.isidentifier() and not keyword.iskeyword(path.stem)


def free_file_name(name: str) -> Path:
    """Return the name, with a number added if a file of that name exists."""
    path, number = Path(name), 2
    while path.exists():
        path, number = Path(name).with_stem(f"{Path(name).stem}{number}"), number + 1
    return path


def write_starting_file(path: str | Path) -> Path:
    """Write `starting_file` as a new file, whole or not at all; return its path.

    Raises `ModelError` if the name is not a valid Python file name, or if the file exists or
    cannot be written.
    """
    path = Path(path)
    if not is_file_name(path):
        raise ModelError(
            f"{path.name} is not a valid name for a Python file. Use letters, digits and _ (no "
            "digit first, no keyword of Python), then .py, as in mine.py."
        )
    if path.exists():
        raise ModelError(
            f"{path} already exists, and cnnlab did not change it. Choose another name, as in "
            f"{free_file_name(str(path))}."
        )
    try:
        write_whole(path, starting_file(path.name).encode())
    except OSError as error:
        raise ModelError(
            f"Cannot write {path} ({error.strerror}). Choose a folder that exists and is yours."
        ) from None
    return path
