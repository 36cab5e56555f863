"""Only the published bytes pass; for all others the message says what they are."""

import errno
import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from cnnlab.data.idx import write_idx
from cnnlab.data.verify import read_sound
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import IMAGES, LABELS, obtain, put

pytestmark = pytest.mark.usefixtures("quick")


def test_an_altered_file_in_the_named_folder_is_an_error(tiny, tmp_path, no_network):
    put(tmp_path, tiny[1])
    altered = bytearray(tiny[1][LABELS])
    altered[-1] ^= 1
    (tmp_path / LABELS).write_bytes(altered)
    found = hashlib.sha256(altered).hexdigest()
    said = rf"{LABELS} does not hold the bytes that its authors published: .* found {found}"
    with pytest.raises(DataError, match=said):
        obtain(data_dir=tmp_path)


def test_files_of_another_data_set_are_called_that(tiny, tmp_path, no_network):
    put(tmp_path, tiny[1])
    (tmp_path / IMAGES).write_bytes(write_idx(np.zeros((2, 28, 28), np.uint8)))
    said = rf"{IMAGES} has the dimensions 2 x 28 x 28; expected 300 x 28 x 28\. It belongs to"
    with pytest.raises(DataError, match=said):
        obtain(data_dir=tmp_path)


USUAL = {
    "7-Zip": lambda name, ending: name.replace(f"-{ending}", f".{ending}"),
    "Kaggle's folders": lambda name, ending: f"{name}/{name}",
    "7-Zip in folders": lambda name, ending: f"{name}/{name.replace('-idx', '.idx')}",
    "twice": lambda name, ending: f"{name}.{ending}",
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("usual", USUAL.values(), ids=USUAL)
@pytest.mark.parametrize("below", [".", "raw", "Tiny/raw"])
def test_the_names_that_unpackers_and_kaggle_give_are_found(
    tiny, tmp_path, no_network, usual, below, packed
):
    for name, content in tiny[1].items():
        put(
            (tmp_path / below / usual(name, name.split("-")[2][:4])).parent,
            {usual(name, name.split("-")[2][:4]).rsplit("/", 1)[-1]: content},
            packed,
        )
    found = obtain(data_dir=tmp_path)
    assert found.contents == tiny[1]
    assert found.place.folder == tmp_path / below


def test_a_file_far_too_long_is_refused_unread(tiny, tmp_path, monkeypatch, no_network):
    put(tmp_path, tiny[1])
    with (tmp_path / IMAGES).open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match=rf"{IMAGES} is 1,099,511,627,776 bytes long; expected"):
        obtain(data_dir=tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tiny, tmp_path, monkeypatch, no_network):
    put(tmp_path, tiny[1])

    def fail(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(
        DataError, match=rf"{IMAGES} cannot be read \(Permission denied\)\. Check its"
    ):
        obtain(data_dir=tmp_path)


def test_a_folder_that_may_not_be_searched_is_passed_over(mirror, tmp_path, monkeypatch):
    def fail(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", fail)
    with pytest.raises(DataUnavailableError, match="Tiny is not on this machine"):
        obtain(data_dir=tmp_path, offline=True)


def test_damaged_copies_are_read_one_at_a_time(tiny, tmp_path):
    size = 10_000_000
    copies = (IMAGES, IMAGES.replace("-idx3", ".idx3"), f"{IMAGES}.idx3")
    put(tmp_path, dict.fromkeys(copies, b"\0" * size))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="has element type 0x00") as caught:
            read_sound(tmp_path, tiny[0].train_images)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(str(caught.value).splitlines()) == 3
    assert peak < 1.5 * size
