"""Labelled images: load a data set, split it as the workshop did, prepare it for a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalog import DATA_SETS, DataSet, find_data_set
from cnnlab.data.fetch import Notify, Progress, obtain, print_to_stderr
from cnnlab.data.idx import read_idx
from cnnlab.errors import DataError, DataUnavailableError

if TYPE_CHECKING:
    import torch

IMAGE_SIZE = 32
"""Height and width in pixels of what a network sees."""
MEAN, STANDARD_DEVIATION = 0.5, 0.5
"""The workshop's normalisation of levels in [0, 1]."""


@dataclass(frozen=True)
class ImageSet:
    """Images as they are stored, with their labels.

    ``images`` is (N, height, width) uint8, 0 black; ``labels`` is (N,) int64, an index into
    ``classes``. Raises `DataError` where counts differ or a label is out of range.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise DataError(
                "Images must be (N, height, width) of uint8; found "
                f"{self.images.dtype} of {self.images.shape}."
            )
        if self.labels.shape != (len(self.images),):
            raise DataError(
                f"{len(self.images):,} images and {self.labels.size:,} labels: their counts "
                "must be the same. The files belong to different sets, or one is damaged."
            )
        wrong = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.classes)))
        if wrong.size:
            raise DataError(
                f"Label {self.labels[wrong[0]]} at index {wrong[0]} is out of range: expected 0 "
                f"to {len(self.classes) - 1}. {wrong.size:,} labels are out of range."
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: NDArray[np.int64]) -> "ImageSet":
        """Return the images at those indices, in that order."""
        return ImageSet(self.images[indices], self.labels[indices], self.classes)


@dataclass(frozen=True)
class Splits:
    """A data set in three parts, and where its files came from.

    ``data_set`` is what was loaded: the sample where only a sample was to be had. ``stored``
    holds the images of the training files in the files' own order, before the split.
    """

    data_set: DataSet
    stored: ImageSet
    train: ImageSet
    validation: ImageSet
    test: ImageSet
    source: str


class TensorSet(NamedTuple):
    """Images (N, 1, 32, 32), grey levels or floats, and labels (N,) int64, on one device."""

    images: "torch.Tensor"
    labels: "torch.Tensor"


def load(
    name: str,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Splits:
    """Return the train, validation and test images of a data set, split as the workshop did.

    Looked for in the folder named by ``data_dir`` or ``CNNLAB_DATA``, the user's cache and
    the Debian package's folder, then fetched. Where MNIST is not to be had at all, a sample
    of it may be: then ``Splits.data_set`` is the sample, and ``notify`` is told. Raises
    `DataError`.
    """
    wanted = find_data_set(name)
    try:
        obtained = obtain(
            wanted, data_dir=data_dir, offline=offline, notify=notify, progress=progress
        )
    except DataUnavailableError as unavailable:
        sample = next((s for s in DATA_SETS.values() if s.sample_of == wanted.name), None)
        if sample is None:
            raise
        try:
            obtained = obtain(
                sample, data_dir=data_dir, offline=offline, notify=notify, progress=progress
            )
        except DataUnavailableError as also:
            raise DataUnavailableError(f"{unavailable}\n{also}") from None
        notify(
            f"{wanted.title} is not to be had: using {sample.title} instead. It is a sample; "
            f"its figures cannot be compared with {wanted.title}'s."
        )
    notify(f"{obtained.data_set.title}: from {obtained.source}.")
    return split(obtained.data_set, obtained.contents, obtained.source)


def split(data_set: DataSet, contents: dict[str, bytes], source: str) -> Splits:
    """Return a data set's parts from the IDX bytes of its files, by file name.

    The permutation is NumPy's legacy generator's: the first indices are the test images
    (only where the data set has no test files), the next the validation images, the rest
    the training images. For MNIST and Fashion-MNIST that is the workshop's own split.
    """
    arrays = [read_idx(contents[file.name], file.name) for file in data_set.files]
    pool = _image_set(arrays[0], arrays[1], data_set)
    rule = data_set.split
    order = np.random.RandomState(rule.seed).permutation(len(pool))
    test, validation, train = np.split(order, [rule.test, rule.test + rule.validation])
    own_test = _image_set(arrays[2], arrays[3], data_set) if data_set.test_images else None
    return Splits(
        data_set=data_set,
        stored=pool,
        train=pool.take(train),
        validation=pool.take(validation),
        test=pool.take(test) if own_test is None else own_test,
        source=source,
    )


def _image_set(images: NDArray[np.uint8], labels: NDArray[np.uint8], data_set: DataSet) -> ImageSet:
    return ImageSet(images, labels.astype(np.int64), data_set.classes)


def resize(images: NDArray[np.uint8], size: int = IMAGE_SIZE) -> NDArray[np.uint8]:
    """Return the images (N, height, width) enlarged to (N, size, size), bilinear, uint8.

    Rows first, then columns, each rounded to a grey level, as Pillow does it: the result is
    within one grey level of Pillow's ``resize(..., BILINEAR)``. Only enlarges.
    """
    height, width = images.shape[1:]
    if size < max(height, width):
        raise DataError(f"resize only enlarges: {height} x {width} to {size} x {size} asked for.")
    across, down = _interpolation(width, size), _interpolation(height, size)
    resized = np.empty((len(images), size, size), np.uint8)
    for start in range(0, len(images), 4096):
        block = images[start : start + 4096].astype(np.float32)
        widened = np.floor((block.reshape(-1, width) @ across.T + 0.5).reshape(-1, height, size))
        resized[start : start + 4096] = np.floor(down @ widened + 0.5)
    return resized


def _interpolation(old: int, new: int) -> NDArray[np.float32]:
    """Return the (new, old) matrix of bilinear weights, pixel centres at half-integers."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)[None, :])
    weights = np.clip(1 - distance, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def prepare(image_set: ImageSet, device: "str | torch.device" = "cpu") -> TensorSet:
    """Return a whole set as tensors on the device; see `prepare_images`."""
    import torch

    labels = torch.from_numpy(image_set.labels).to(device)
    return TensorSet(prepare_images(image_set.images, device), labels)


def prepare_images(
    images: NDArray[np.uint8], device: "str | torch.device" = "cpu"
) -> "torch.Tensor":
    """Return images (N, height, width) as (N, 1, 32, 32), enlarged by `resize`, still uint8.

    A quarter of the memory of floats, and quicker: gathering a batch of bytes and making it
    floats (`as_input`) takes half the time of gathering floats.
    """
    import torch

    return torch.from_numpy(resize(images)).unsqueeze(1).to(device)


def as_input(images: "torch.Tensor") -> "torch.Tensor":
    """Return grey levels (uint8) as a network takes them: floats, (level / 255 - 0.5) / 0.5.

    What is float already stays as it is.
    """
    import torch

    if images.dtype != torch.uint8:
        return images
    return images.float().div_(255).sub_(MEAN).div_(STANDARD_DEVIATION)
