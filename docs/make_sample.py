"""Write the sample that comes with cnnlab from Fashion-MNIST: python docs/make_sample.py."""

import lzma

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalog import find_data_set
from cnnlab.data.idx import read_idx, write_idx
from cnnlab.data.library import Library
from cnnlab.data.places import SAMPLE_FOLDER

TRAIN_IMAGES_EACH = 1_000
TEST_IMAGES_EACH = 200
# A dictionary of 8 MiB holds all images; a larger one would only need more memory to unpack.
_XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 23}]


def first_of_each(labels: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Return the indices of the first ``count`` labels of each class, in the labels' order."""
    classes = np.unique(labels)
    return np.sort(np.concatenate([np.flatnonzero(labels == each)[:count] for each in classes]))


def sample() -> dict[str, bytes]:
    """Return the IDX bytes of the sample's files, by name."""
    whole = find_data_set("fashion-mnist")
    contents = Library().obtain(whole).contents
    arrays = [read_idx(contents[file.name]) for file in whole.files]
    made: list[NDArray[np.uint8]] = []
    for (images, labels), count in (
        (arrays[:2], TRAIN_IMAGES_EACH),
        (arrays[2:], TEST_IMAGES_EACH),
    ):
        chosen = first_of_each(labels, count)
        made += [images[chosen], labels[chosen]]
    return {file.name: write_idx(array) for file, array in zip(whole.files, made, strict=True)}


if __name__ == "__main__":
    for name, content in sample().items():
        path = SAMPLE_FOLDER / "fashion-mnist" / f"{name}.xz"
        path.write_bytes(lzma.compress(content, filters=_XZ))
