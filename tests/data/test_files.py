"""The files of a data set in a folder: found, checked, stored."""

import re

import pytest

from cnnlab.data import files
from cnnlab.data.catalog import find_data_set
from cnnlab.data.files import check_files, summarise
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import FULL, IMAGES, LABELS, no_space, obtain, put

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


def test_check_tells_complete_from_damaged_and_missing(tiny, cache):
    put(cache, tiny[1])
    (cache / IMAGES).write_bytes(tiny[1][IMAGES][:-1])
    (cache / LABELS).unlink()
    checks = {check.path: check for check in check_files(find_data_set("tiny"), cache)}
    assert list(checks) == [cache / name for name in tiny[1]]
    damaged, missing = checks.pop(cache / IMAGES), checks.pop(cache / LABELS)
    assert damaged.state == "damaged"
    assert damaged.faults[0].startswith(
        f"{cache / IMAGES} is cut off or damaged: its header announces 235,200 bytes"
    )
    assert (missing.state, missing.faults) == ("missing", ())
    assert {(check.state, check.faults) for check in checks.values()} == {("complete", ())}
    assert summarise([*checks.values(), missing]) == "missing"
    assert summarise([*checks.values(), missing, damaged]) == "damaged"


def test_check_finds_nothing_where_nothing_is(tiny, cache):
    assert check_files(find_data_set("tiny"), cache) == []


@pytest.mark.parametrize("named", [True, False], ids=["named", "cache"])
@pytest.mark.parametrize("cut", ["", ".gz"], ids=["plain cut", "gz cut"])
def test_a_cut_file_beside_a_sound_one_is_named_and_the_sound_one_used(
    tiny, cache, tmp_path, told, cut, named, no_network
):
    folder = tmp_path / "named" if named else cache
    put(folder, tiny[1])
    put(folder, tiny[1], compressed=True)
    broken = folder / f"{IMAGES}{cut}"
    broken.write_bytes(broken.read_bytes()[:5_000])
    assert obtain(told, data_dir=folder if named else None).contents == tiny[1]
    if cut:
        assert told == []  # the plain one was sound: nobody looked at the other
        return
    (said,) = told
    assert said.startswith(f"{broken} is cut off or damaged: its header announces 235,200 bytes")
    assert said.endswith(f"Download it again. cnnlab uses {broken}.gz instead.")
    check = check_files(find_data_set("tiny"), folder)[0]
    assert (check.path, check.state) == (folder / f"{IMAGES}.gz", "complete")
    assert check.faults[0].startswith(f"{broken} is cut off or damaged")


def test_two_damaged_copies_are_both_named(tiny, tmp_path, no_network):
    put(tmp_path, tiny[1])
    (tmp_path / IMAGES).write_bytes(b"\0")
    (tmp_path / f"{IMAGES}.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(DataError) as caught:
        obtain(data_dir=tmp_path)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path / IMAGES} is 1 bytes long: too short for an IDX header")
    assert second.startswith(f"{tmp_path / IMAGES}.gz is a truncated gzip file")


def test_a_damaged_file_in_one_of_the_named_folders_is_no_harm_if_another_is_complete(
    tiny, tmp_path, no_network
):
    put(tmp_path / "Tiny" / "raw", tiny[1] | {IMAGES: b"\0"})
    with pytest.raises(DataError, match="is 1 bytes long: too short"):
        obtain(data_dir=tmp_path)
    put(tmp_path, tiny[1])
    assert obtain(data_dir=tmp_path).place.folder == tmp_path


def test_a_disk_full_at_the_end_leaves_nothing(mirrors, cache, monkeypatch):
    monkeypatch.setattr(files, "write_whole", no_space)
    with pytest.raises(DataError, match=FULL) as caught:
        obtain()
    assert not isinstance(caught.value, DataUnavailableError)
    assert not cache.parent.exists()
