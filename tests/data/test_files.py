"""The files of a data set in a folder: found, checked, stored."""

import re

import pytest

from cnnlab.data import files
from cnnlab.data.catalog import find_data_set
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import FULL, IMAGES, LABELS, library, names, no_space, obtain, put

pytestmark = pytest.mark.usefixtures("quick")


def test_a_place_that_lacks_a_file_is_passed_over_and_told(everywhere, cache, told, no_network):
    (cache / f"{LABELS}.gz").unlink()
    assert obtain(told).place.folder == everywhere[2]
    assert told == [f"Skipping the cache ({cache}): it has no {LABELS}."]


def test_a_damaged_file_in_the_named_folder_is_an_error(everywhere, tmp_path, told, no_network):
    damaged = everywhere[0] / f"{IMAGES}.gz"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    said = rf"^{re.escape(str(damaged))} is a truncated gzip file"
    with pytest.raises(DataError, match=said) as caught:
        obtain(told, data_dir=tmp_path / "named")
    assert not isinstance(caught.value, DataUnavailableError)
    assert told == []


def test_check_tells_sound_from_damaged_and_missing(tiny, cache):
    put(cache, tiny[1])
    (cache / IMAGES).write_bytes(tiny[1][IMAGES][:-1])
    (cache / LABELS).unlink()
    faults = {check.path: check.fault for check in library().check(find_data_set("tiny"))}
    assert list(faults) == [cache / name for name in tiny[1]]
    assert faults.pop(cache / IMAGES).startswith(
        f"{cache / IMAGES} is cut off or damaged: its header announces 235,200 bytes"
    )
    assert faults.pop(cache / LABELS) == f"{cache / LABELS} is missing."
    assert set(faults.values()) == {None}


def test_check_looks_in_every_place_that_has_a_file(everywhere, tmp_path):
    checks = library(data_dir=tmp_path / "named").check(find_data_set("tiny"))
    assert [check.path.parent for check in checks[::4]] == everywhere
    assert [check.fault for check in checks] == [None] * 12


def test_check_finds_nothing_where_nothing_is(tiny):
    assert library().check(find_data_set("tiny")) == []


def test_a_disk_full_at_the_end_leaves_nothing(mirrors, cache, monkeypatch):
    monkeypatch.setattr(files, "write_whole", no_space)
    with pytest.raises(DataError, match=FULL) as caught:
        obtain()
    assert not isinstance(caught.value, DataUnavailableError)
    assert names(cache) == []
