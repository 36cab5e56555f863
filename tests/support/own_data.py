"""Data sets of one's own, tiny and learnable: folders of pictures, .npz files, IDX files."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.tiny import tiny_arrays

NAMES = ("cat", "dog", "owl", "fox", "bee", "elk", "hen", "pig", "rat", "yak")


def blocks(label: int, count: int, seed: int = 0) -> np.ndarray:
    """Return images of a class: a bright block at the class's own place, and noise."""
    random = np.random.default_rng([seed, label])
    images = random.integers(0, 60, (count, 28, 28), dtype=np.uint8)
    row, column = divmod(label, 6)
    images[:, 2 + 5 * row : 7 + 5 * row, 2 + 4 * column : 6 + 4 * column] = 230
    return images


def write_folder(folder: Path, classes=NAMES[:3], count: int = 30) -> Path:
    """Write a folder of pictures, a folder a class."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number, image in enumerate(blocks(label, count)):
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def arrays(layout: str = "x_{split}/y_{split}", **counts: int) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file; ``counts`` are the images of each split."""
    found = {}
    images_name, labels_name = layout.split("/")
    for seed, (split, count) in enumerate((counts or {"train": 60, "test": 20}).items()):
        images, labels = tiny_arrays(count, seed)
        found[images_name.format(split=split)] = images
        found[labels_name.format(split=split)] = labels
    return found
