"""Load a data set and split it as the workshop did: train, validation and test."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalog import DATA_SETS, DataSet, find_data_set
from cnnlab.data.fetch import obtain
from cnnlab.data.idx import read_idx
from cnnlab.data.images import ImageSet
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.errors import DataUnavailableError
from cnnlab.notices import Notify, Progress, print_to_stderr

if TYPE_CHECKING:
    import torch


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

    def on(self, device: "str | torch.device" = "cpu") -> "PreparedSplits":
        """Return the splits with their training and validation images as tensors on the device."""
        return PreparedSplits(self, prepare(self.train, device), prepare(self.validation, device))


@dataclass(frozen=True)
class PreparedSplits:
    """What training sees of a data set, as tensors on one device; the test images stay as they are.

    See `prepare`.
    """

    splits: Splits
    train: TensorSet
    validation: TensorSet

    @property
    def device(self) -> "torch.device":
        """The device that the tensors lie on."""
        return self.train.images.device


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
    return ImageSet(images, labels.astype(np.int64), data_set.classes, data_set.may_mirror)
