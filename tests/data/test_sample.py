"""The sample that comes with cnnlab: what it is, and that it is made by its rule."""

import shutil

import numpy as np
import pytest

from cnnlab.data import places
from cnnlab.data.catalog import find_data_set
from cnnlab.data.own.load import load
from cnnlab.errors import DataUnavailableError
from docs.make_sample import first_of_each
from docs.make_sample import sample as made_again
from tests.support.library import Told, library, names

SAMPLE = find_data_set("fashion-mnist-sample")
FOLDER = places.SAMPLE_FOLDER / "fashion-mnist"


def test_it_is_there_without_a_network_or_a_cache(told, no_network, cache):
    splits = load("fashion-mnist-sample", offline=True, notify=told)
    sizes = [len(each) for each in (splits.train, splits.validation, splits.test)]
    assert sizes == [8_000, 2_000, 2_000]
    assert splits.source == f"the files that come with cnnlab ({FOLDER})"
    assert told == [f"Fashion-MNIST sample (10,000 images): from {splits.source}."]
    assert not cache.parents[1].exists()


def test_it_has_each_class_equally_often(sample):
    assert np.bincount(sample.stored.labels).tolist() == [1_000] * 10
    assert np.bincount(sample.test.labels).tolist() == [200] * 10


def test_its_split_is_the_workshops_rule_80_to_20(sample):
    order = np.random.RandomState(42).permutation(10_000)
    assert np.array_equal(sample.validation.images, sample.stored.images[order[:2_000]])
    assert np.array_equal(sample.train.images, sample.stored.images[order[2_000:]])
    assert np.array_equal(sample.train.labels, sample.stored.labels[order[2_000:]])


def test_its_first_image_is_fashion_mnists_first_an_ankle_boot(sample):
    assert sample.train.classes == find_data_set("fashion-mnist").classes
    assert sample.train.classes[sample.stored.labels[0]] == "Ankle boot"
    assert sample.test.classes[sample.test.labels[0]] == "Ankle boot"


def test_it_is_called_a_sample_and_its_images_may_be_mirrored(sample):
    assert (sample.data_set.sample_of, sample.data_set.may_mirror) == ("fashion-mnist", True)
    assert sample.data_set.title == "Fashion-MNIST sample (10,000 images)"
    assert sample.train.may_mirror


def test_it_takes_at_most_five_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5_000_000


def test_source_licence_rule_and_hashes_lie_beside_it():
    assert names(FOLDER) == ["LICENSE", "README.md", *sorted(f"{f.name}.xz" for f in SAMPLE.files)]
    licence = (FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("The MIT License (MIT) Copyright © 2017 Zalando SE")
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in SAMPLE.files:
        assert f"| {file.name} | {file.byte_count:,} | {file.sha256} |" in readme
    for words in ("1,000 images of each class", "arXiv:1708.07747", "python docs/make_sample.py"):
        assert words in readme


def test_get_copies_it_to_a_folder_where_an_earlier_notebook_finds_it(tmp_path, no_network):
    found = library(data_dir=tmp_path / "stick").get(SAMPLE)
    raw = tmp_path / "stick" / "FashionMNISTSample" / "raw"
    assert found.source == f"copied from the files that come with cnnlab ({FOLDER})"
    assert names(raw) == sorted(file.name for file in SAMPLE.files)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_broken_installation_is_told(tmp_path, monkeypatch, damage, no_network):
    monkeypatch.setattr(places, "SAMPLE_FOLDER", tmp_path / "broken")
    reason = f"{tmp_path / 'broken' / 'fashion-mnist'} is missing."
    if damage == "damaged":
        shutil.copytree(FOLDER, tmp_path / "broken" / "fashion-mnist")
        path = tmp_path / "broken" / "fashion-mnist" / "train-labels-idx1-ubyte.xz"
        path.write_bytes(path.read_bytes()[:1_000])
        reason = f"{path} is a truncated xz file"
    with pytest.raises(DataUnavailableError) as caught:
        library(Told()).obtain(SAMPLE)
    said = str(caught.value)
    assert said.startswith(
        "Fashion-MNIST sample (10,000 images) comes with cnnlab, but cannot be read from there: "
        f"{reason}"
    )
    assert said.endswith("install cnnlab again: pip install --force-reinstall cnnlab")


def test_the_rule_takes_the_first_of_each_class_in_their_order():
    labels = np.array([2, 0, 0, 1, 2, 0, 1, 2, 1], np.uint8)
    assert first_of_each(labels, 2).tolist() == [0, 1, 2, 3, 4, 6]


@pytest.mark.real_data
def test_the_script_makes_the_same_bytes_again_from_fashion_mnist():
    assert made_again() == library().obtain(SAMPLE).contents
