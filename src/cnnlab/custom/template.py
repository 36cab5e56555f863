"""The file that a student starts from: a small network of their own, explained line by line."""

import keyword
from pathlib import Path

from cnnlab.errors import ModelError
from cnnlab.files import write_whole

_STARTING_FILE = '''\
"""My own network. Change it, then see whether it still fits: cnnlab check FILE"""

import torch
from torch import nn


class Net(nn.Module):
    """Takes N grey images of 32 x 32 pixels; gives 10 numbers an image, one for each class."""

    def __init__(self):
        super().__init__()  # must come first: it lets PyTorch find the layers below

        # What looks at the image. Sizes are: maps x height x width.
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5),  # 1 x 32 x 32 -> 8 x 28 x 28: 8 filters of 5 x 5
            nn.ReLU(),  # what is below 0 becomes 0
            nn.MaxPool2d(2),  # -> 8 x 14 x 14: of each 2 x 2 pixels, the largest
            nn.Conv2d(8, 16, kernel_size=5),  # -> 16 x 10 x 10: 16 filters, each over all 8 maps
            nn.ReLU(),
            nn.MaxPool2d(2),  # -> 16 x 5 x 5
        )

        # What decides. It takes a row of 16 * 5 * 5 = 400 numbers an image.
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 64),  # 400 -> 64
            nn.ReLU(),
            nn.Linear(64, 10),  # -> 10: the largest number is the answer; no softmax here
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)  # N x 1 x 32 x 32 -> N x 16 x 5 x 5
        x = x.flatten(start_dim=1)  # -> N x 400: each image's maps in one row
        return self.classifier(x)  # -> N x 10


# Try this, one thing at a time:
# - 32 filters in the second convolution in place of 16. Which other line must change too?
# - nn.Tanh() in place of each nn.ReLU(): LeNet-5 of 1998 had it. Does it learn slower?
# - nn.Dropout(0.25) before the last nn.Linear: does it do better on images it has not seen?
'''


def starting_file(name: str = "mine.py") -> str:
    """Return the text of a complete network ``Net`` that a student can change; ``name`` is its."""
    return _STARTING_FILE.replace("FILE", name)


def is_file_name(path: Path) -> bool:
    """Return whether Python could import a file of that name."""
    return path.suffix == ".py" and path.stem.isidentifier() and not keyword.iskeyword(path.stem)


def free_file_name(name: str) -> Path:
    """Return the name, or with a number behind it where a file has it already."""
    path, number = Path(name), 2
    while path.exists():
        path, number = Path(name).with_stem(f"{Path(name).stem}{number}"), number + 1
    return path


def write_starting_file(path: str | Path) -> Path:
    """Write `starting_file` where no file is yet, whole or not at all; return where.

    Raises `ModelError` where the name is no Python file's, or the file is there already or cannot
    be written.
    """
    path = Path(path)
    if not is_file_name(path):
        raise ModelError(
            f"{path.name} is no name for a file of Python: expected letters, digits and _, not a "
            "digit first, then .py, as in mine.py."
        )
    if path.exists():
        raise ModelError(
            f"{path} is there already, and is left as it is. Give another name, as in "
            f"{free_file_name(str(path))}."
        )
    try:
        write_whole(path, starting_file(path.name).encode())
    except OSError as error:
        raise ModelError(
            f"Cannot write {path} ({error.strerror}). Name a folder that is there and is yours."
        ) from None
    return path
