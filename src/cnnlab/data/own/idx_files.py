"""A folder of IDX files as a data set, in the names of MNIST, EMNIST, KMNIST and QMNIST."""

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.idx import decompress, read_idx
from cnnlab.data.own.arrays import make_images
from cnnlab.data.own.images import OwnImages
from cnnlab.data.pictures.square import SIDE, to_square
from cnnlab.errors import DataError
from cnnlab.notices import Notify

MOST_BYTES = 1_000_000_000
"""Of one file, unpacked."""
_IMAGES = re.compile(r"(.*)images?[-.]idx3-ubyte(\.gz|\.xz)?")


def read_idx_folder(folder: Path, notify: Notify) -> OwnImages:
    """Return the images of the IDX files in a folder. Raises `DataError`."""
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder. cnnlab looked in {Path.cwd()}. Expected a folder with IDX "
            "files, such as train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz."
        )
    found = {each: match for each in sorted(folder.iterdir()) if (match := _match(each))}
    if not found:
        raise DataError(
            f"{folder} has no IDX files of images; expected names such as "
            "train-images-idx3-ubyte.gz. For pictures write folder:"
            f"{folder}."
        )
    whole = hashlib.sha256()
    images: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.int64]] = []
    splits: list[str] = []
    seen: dict[str, Path] = {}
    is_turned = False
    for path, match in found.items():
        prefix = match[1]
        if prefix in seen:
            notify(f"{path.name} is left out: {seen[prefix].name} is the same file.")
            continue
        seen[prefix] = path
        split = _split_of(prefix)
        if split in splits:
            raise DataError(
                f"{folder} has several files for the same split: {path.name} and another one. Put "
                "each data set into a folder of its own."
            )
        own = _labels(folder, prefix, whole)
        levels = _read(path, whole)
        if levels.ndim != 3 or len(levels) != len(own):
            raise DataError(
                f"{path} has {len(levels):,} images, but its labels are {len(own):,}. The files "
                "belong to different data sets, or one is damaged."
            )
        if prefix.startswith("emnist"):  # its authors stored rows as columns
            levels, is_turned = levels.transpose(0, 2, 1), True
        images.append(
            levels
            if levels.shape[1:] == (SIDE, SIDE)
            else np.stack([to_square(each) for each in levels])
        )
        labels.append(own)
        splits += [split] * len(own)
    if is_turned:
        notify("EMNIST stores its images on their side: cnnlab turned them upright.")
    return make_images(
        str(folder), images, labels, np.array(splits), whole.hexdigest(), _mapping(folder)
    )


def _match(path: Path) -> re.Match[str] | None:
    return _IMAGES.fullmatch(path.name) if path.is_file() else None


def _split_of(prefix: str) -> str:
    if "t10k" in prefix or "test" in prefix:
        return "test"
    return "val" if "val" in prefix else "train"


def _labels(folder: Path, prefix: str, whole: "hashlib._Hash") -> NDArray[np.int64]:
    for name in (f"{prefix}labels{dot}idx1-ubyte" for dot in "-."):
        for ending in ("", ".gz", ".xz"):
            path = folder / f"{name}{ending}"
            if path.is_file():
                labels = _read(path, whole)
                if labels.ndim != 1:
                    raise DataError(f"{path} has {labels.ndim} dimensions; expected 1: labels.")
                return labels.astype(np.int64)
    raise DataError(
        f"{folder} has no labels for {prefix}images; expected {prefix}labels-idx1-ubyte, or the "
        "same with .gz."
    )


def _read(path: Path, whole: "hashlib._Hash") -> NDArray[np.uint8]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is larger than {MOST_BYTES / 1e9:.0f} GB. Use fewer images.")
        content = decompress(path.read_bytes(), MOST_BYTES, str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Copy it again.") from None
    whole.update(hashlib.sha256(content).digest())
    return read_idx(content, str(path))


def _mapping(folder: Path) -> dict[int, str] | None:
    """Return the letter of each number, from EMNIST's file emnist-...-mapping.txt; else None."""
    for path in sorted(folder.glob("emnist-*-mapping.txt")):
        try:
            rows = [list(map(int, line.split())) for line in path.read_text().splitlines()]
            return {row[0]: "/".join(dict.fromkeys(map(chr, row[1:]))) for row in rows if row}
        except (OSError, ValueError, OverflowError):
            raise DataError(
                f"{path} is damaged: expected a number and character codes in each line."
            ) from None
    return None
