"""A data set split as in the workshop: train, validation and test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalog import DataSet, PublishedDataSet
from cnnlab.data.idx import read_idx
from cnnlab.data.images import ImageSet
from cnnlab.data.tensors import TensorSet, prepare

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Splits:
    """A data set as train, validation and test images, and where its files came from.

    ``stored`` holds the images of the training files in the order of the files, before the
    split.
    """

    data_set: DataSet
    stored: ImageSet
    train: ImageSet
    validation: ImageSet
    test: ImageSet
    source: str

    def on(self, device: "str | torch.device" = "cpu") -> "PreparedSplits":
        """Return the training and validation images as tensors on the device; see `prepare`."""
        return PreparedSplits(self, prepare(self.train, device), prepare(self.validation, device))


@dataclass(frozen=True)
class PreparedSplits:
    """Splits, with their training and validation images also as tensors on one device."""

    splits: Splits
    train: TensorSet
    validation: TensorSet

    @property
    def device(self) -> "torch.device":
        """The device that the tensors are on."""
        return self.train.images.device


def split(data_set: PublishedDataSet, contents: dict[str, bytes], source: str) -> Splits:
    """Return the splits of a data set from the IDX bytes of its files, by file name.

    NumPy's legacy generator draws a permutation. Its first indices are the test images (only
    if the data set has no test files), the next ones the validation images, the rest the
    training images. For MNIST and Fashion-MNIST this is the workshop's own split.
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
