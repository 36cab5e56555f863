"""IDX files as a data set: MNIST's and EMNIST's names; and what is refused."""

import gzip
from pathlib import Path

import numpy as np

from cnnlab.data.idx import write_idx
from tests.support.tiny import tiny_arrays

FOLDER = Path("idx")
NAME = "idx:idx"


def put(prefix, count, seed, labels=True):
    FOLDER.mkdir(exist_ok=True)
    images, numbers = tiny_arrays(count, seed)
    (FOLDER / f"{prefix}images-idx3-ubyte.gz").write_bytes(gzip.compress(write_idx(images)))
    if labels:
        (FOLDER / f"{prefix}labels-idx1-ubyte").write_bytes(write_idx(numbers))
    return images


def test_mnists_names_keep_their_test_images(load, told):
    put("train-", 60, 1)
    test = put("t10k-", 20, 2)
    splits = load(NAME)
    assert [len(each) for each in (splits.train, splits.validation, splits.test)] == [50, 10, 20]
    assert np.array_equal(splits.test.images, test)
    assert told[0] == "idx: 80 images in 10 classes, from idx."


def test_emnist_is_turned_upright_and_its_letters_are_named(load, told):
    put("emnist-letters-train-", 60, 1)
    test = put("emnist-letters-test-", 20, 2)
    rows = [f"{number} {65 + number} {97 + number}" for number in range(10)]
    (FOLDER / "emnist-letters-mapping.txt").write_text("\n".join(rows))
    splits = load(NAME)
    assert splits.data_set.classes[:2] == ("A/a", "B/b")
    assert np.array_equal(splits.test.images, test.transpose(0, 2, 1))
    assert told[0] == "EMNIST stores its images on their side: cnnlab turned them upright."


def test_what_is_not_such_a_folder_is_refused(refusal, tmp_path):
    assert refusal(NAME) == (
        f"idx is not a folder. cnnlab looked in {tmp_path}. Expected a folder with IDX files, such "
        "as train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz."
    )
    FOLDER.mkdir()
    assert refusal(NAME) == (
        "idx has no IDX files of images; expected names such as train-images-idx3-ubyte.gz. For "
        "pictures write folder:idx."
    )
    put("train-", 60, 1, labels=False)
    assert refusal(NAME) == (
        "idx has no labels for train-images; expected train-labels-idx1-ubyte, or the same with "
        ".gz."
    )
    (FOLDER / "train-labels-idx1-ubyte").write_bytes(write_idx(np.zeros(59, np.uint8)))
    assert refusal(NAME) == (
        f"{FOLDER / 'train-images-idx3-ubyte.gz'} has 60 images, but its labels are 59. The files "
        "belong to different data sets, or one is damaged."
    )
    (FOLDER / "emnist-x-mapping.txt").write_text("1 -5")
    (FOLDER / "train-labels-idx1-ubyte").write_bytes(write_idx(np.zeros(60, np.uint8)))
    assert refusal(NAME) == (
        f"{FOLDER / 'emnist-x-mapping.txt'} is damaged: expected a number and character codes in "
        "each line."
    )


def test_two_data_sets_in_one_folder_are_refused(refusal):
    put("emnist-letters-train-", 60, 1)
    put("emnist-digits-train-", 60, 2)
    assert refusal(NAME) == (
        "idx has several files for the same split: emnist-letters-train-images-idx3-ubyte.gz and "
        "another one. Put each data set into a folder of its own."
    )
