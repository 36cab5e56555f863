"""An .npz file as a data set: the arrays of MedMNIST (train_images) or of Keras (x_train)."""

import hashlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cnnlab.data.own.data_set import MOST_CLASSES, check_classes, plain_text
from cnnlab.data.own.images import OwnImages
from cnnlab.data.pictures.square import SIDE, preparation_like, to_square
from cnnlab.errors import DataError
from cnnlab.notices import Notify

MOST_BYTES = 4_000_000_000
"""Of one array, unpacked. It is checked before memory is taken."""
_LAYOUTS = (
    {split: (f"{split}_images", f"{split}_labels") for split in ("train", "val", "test")},
    {split: (f"x_{split}", f"y_{split}") for split in ("train", "val", "test")},
)
_CLASS_NAMES = ("classes", "class_names")
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue (ITU-R BT.601), as Pillow's."""


@dataclass(frozen=True)
class ArrayHeader:
    """The shape and the type of an array in a file, before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


def read_npz(path: Path, notify: Notify) -> OwnImages:
    """Return the images of an .npz file; it is never unpickled. Raises `DataError`."""
    headers = _read_headers(path)
    layout = next((each for each in _LAYOUTS if each["train"][0] in headers), None)
    if layout is None:
        raise DataError(
            f"{path} has the arrays {', '.join(map(plain_text, headers)) or 'none'}; expected "
            "train_images and train_labels (as in MedMNIST) or x_train and y_train (as in Keras)."
        )
    images: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.int64]] = []
    splits: list[str] = []
    with _opened(path) as arrays:
        names = _class_names(path, headers, arrays)
        for split, pair in layout.items():
            if not any(each in headers for each in pair):
                continue
            for each in pair:
                if each not in headers:
                    raise DataError(f"{path} has no array {each}; expected {' and '.join(pair)}.")
            _check_pair(path, pair, headers)
            own = _read_labels(path, pair[1], arrays[pair[1]])
            images.append(_read_images(path, pair[0], arrays[pair[0]], notify))
            labels.append(own)
            splits += [split] * len(own)
    return make_images(str(path), images, labels, np.array(splits), _digest(path), names)


@contextmanager
def _opened(path: Path) -> Iterator["np.lib.npyio.NpzFile"]:
    """Yield the arrays of a file, each read when it is asked for, and never unpickled."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            yield arrays
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}). Copy it again.") from None
    except MemoryError:
        raise DataError(
            f"{path} needs more memory than this machine has. Use fewer or smaller images."
        ) from None


def make_images(
    where: str,
    images: list[NDArray[np.uint8]],
    labels: list[NDArray[np.int64]],
    splits: NDArray[np.str_],
    sha256: str,
    names: list[str] | dict[int, str] | None = None,
) -> OwnImages:
    """Return images of several splits as one value; the labels may be any whole numbers.

    Without names, the classes are the numbers that occur, in their order. A list has the name of
    0, 1, 2 ...; a dictionary that of each number.
    """
    every = np.concatenate(labels)
    if not len(every):
        raise DataError(f"{where} has no images.")
    numbers = np.unique(every)
    if isinstance(names, list):
        if numbers[0] < 0 or numbers[-1] >= len(names):
            wrong = int(numbers[0] if numbers[0] < 0 else numbers[-1])
            raise DataError(
                f"{where} has the label {wrong}, but names of {len(names)} classes; expected "
                f"labels from 0 to {len(names) - 1}."
            )
        numbers = np.arange(len(names))
        called = names
    else:
        known = names or {}
        called = [known.get(int(each), str(each)) for each in numbers[: MOST_CLASSES + 1]]
        if len(numbers) > MOST_CLASSES:
            raise DataError(
                f"{where} has {len(numbers):,} different labels; expected 2 to {MOST_CLASSES} "
                "classes. Are the labels class numbers?"
            )
    check_classes(called, where)
    whole = np.concatenate(images)
    test, validation = splits == "test", splits == "val"
    return OwnImages(
        classes=tuple(map(plain_text, called)),
        images=whole,
        labels=np.searchsorted(numbers, every).astype(np.int64),
        sha256=sha256,
        preparation=preparation_like(whole),
        validation=validation if validation.any() else None,
        test=test if test.any() else None,
    )


def _read_headers(path: Path) -> dict[str, ArrayHeader]:
    """Return the header of each array of the file; raise `DataError` if it cannot be one."""
    if not path.is_file():
        raise DataError(
            f"{path} is a folder; expected an .npz file. For pictures write folder:{path}."
            if path.is_dir()
            else f"There is no file {path}. cnnlab looked in {Path.cwd()}. Check the name."
        )
    found: dict[str, ArrayHeader] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".npy"):
                    with archive.open(member) as stream:
                        name = member.filename.removesuffix(".npy")
                        found[name] = _read_header(path, name, stream, member.file_size)
    except (zlib.error, zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        raise DataError(
            f"{path} is not an .npz file that can be read ({error}). Make it with "
            "numpy.savez_compressed."
        ) from None
    return found


def _read_header(path: Path, name: str, stream: IO[bytes], size: int) -> ArrayHeader:
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except (ValueError, SyntaxError, TypeError, MemoryError) as error:
        raise DataError(f"{path}: the array {plain_text(name)} is damaged ({error}).") from None
    if dtype.hasobject:
        raise DataError(
            f"{path}: the array {plain_text(name)} holds Python objects (a pickle), which can run "
            "code when they are read. cnnlab never reads them. Save plain numbers, as in "
            "array.astype(numpy.uint8)."
        )
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > MOST_BYTES:
        raise DataError(
            f"{path}: the array {plain_text(name)} needs {wanted / 1e9:,.1f} GB of memory; "
            f"expected at most {MOST_BYTES / 1e9:.0f} GB. Make its images smaller, or use fewer."
        )
    if wanted > size:
        raise DataError(
            f"{path}: the array {plain_text(name)} is cut off: its header announces {wanted:,} "
            f"bytes, but the file has {size:,}. Copy it again."
        )
    return ArrayHeader(shape, dtype)


def _check_pair(path: Path, pair: tuple[str, str], headers: dict[str, ArrayHeader]) -> None:
    """Raise `DataError` if images and labels do not have the shapes of a data set."""
    images, labels = (headers[each].shape for each in pair)
    is_grey = len(images) == 3 or (len(images) == 4 and images[3] in (1, 3))
    if not is_grey or min(images[1:3], default=0) < 1:
        raise DataError(
            f"{path}: {pair[0]} has the shape {images}; expected (images, height, width) for grey "
            "images or (images, height, width, 3) for coloured ones."
        )
    if len(labels) == 2 and labels[1] == 1:
        labels = labels[:1]
    if len(labels) != 1:
        advice = " Write numpy.argmax(labels, axis=1)." if len(labels) == 2 else ""
        raise DataError(
            f"{path}: {pair[1]} has the shape {headers[pair[1]].shape}; expected one class number "
            f"for each image.{advice}"
        )
    if labels[0] != images[0]:
        raise DataError(
            f"{path}: {pair[0]} has {images[0]:,} images, but {pair[1]} has {labels[0]:,} labels. "
            "Expected one label for each image."
        )


def _read_labels(path: Path, name: str, labels: NDArray[np.generic]) -> NDArray[np.int64]:
    flat = labels.reshape(-1)
    if flat.dtype.kind in "iub":
        return flat.astype(np.int64)
    if flat.dtype.kind == "f" and np.isfinite(flat).all() and (flat == np.rint(flat)).all():
        return flat.astype(np.int64)
    raise DataError(
        f"{path}: {name} holds {flat.dtype}; expected whole numbers, one class number for each "
        "image."
    )


def _read_images(
    path: Path, name: str, images: NDArray[np.generic], notify: Notify
) -> NDArray[np.uint8]:
    """Return images of any size and number type as (N, 28, 28) grey bytes."""
    if images.dtype.kind not in "iufb":
        raise DataError(f"{path}: {name} holds {images.dtype}; expected numbers from 0 to 255.")
    if not len(images):
        return np.empty((0, SIDE, SIDE), np.uint8)
    if not np.isfinite(images).all():
        raise DataError(f"{path}: {name} holds NaN or infinity; expected numbers from 0 to 255.")
    low, high = float(images.min()), float(images.max())
    scale, shift = _scale(path, name, low, high, is_whole=images.dtype.kind in "iu")
    if (scale, shift) != (1.0, 0.0):
        notify(f"{name}: {low:g} to {high:g} became 0 to 255.")
    if images.ndim == 4 and images.shape[3] == 3:
        notify(f"{name}: colours became grey.")
    if images.shape[1:3] != (SIDE, SIDE):
        notify(f"{name}: {images.shape[1]} x {images.shape[2]} pixels became {SIDE} x {SIDE}.")
    found = np.empty((len(images), SIDE, SIDE), np.uint8)
    for place, image in enumerate(images):
        levels = np.asarray(image, np.float32)
        if levels.ndim == 3:
            levels = levels @ _GREY if levels.shape[2] == 3 else levels[..., 0]
        found[place] = to_square(levels * scale + shift)
    return found


def _scale(
    path: Path, name: str, low: float, high: float, *, is_whole: bool
) -> tuple[float, float]:
    """Return what numbers must be multiplied by, and what is added, to become 0 to 255."""
    if low >= 0 and high <= 1 and not (is_whole and high == 0):
        return 255.0, 0.0
    if low >= 0 and high <= 255:
        return 1.0, 0.0
    if low >= -1 and high <= 1:
        return 127.5, 127.5
    raise DataError(
        f"{path}: {name} holds numbers from {low:g} to {high:g}; expected 0 to 255, 0 to 1 or "
        "-1 to 1. Change them before you save them."
    )


def _class_names(
    path: Path, headers: dict[str, ArrayHeader], arrays: "np.lib.npyio.NpzFile"
) -> list[str] | None:
    name = next((each for each in _CLASS_NAMES if each in headers), None)
    if name is None:
        return None
    header = headers[name]
    if header.dtype.kind != "U" or len(header.shape) != 1:
        raise DataError(
            f"{path}: {name} holds {header.dtype} of shape {header.shape}; expected the names of "
            "the classes as text, one after the other."
        )
    return [str(each) for each in arrays[name]]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
