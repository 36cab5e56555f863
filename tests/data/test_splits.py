"""The workshop's own split, and splits on a device."""

import dataclasses

import numpy as np
import pytest
import torch

from cnnlab.data.catalog import find_data_set
from cnnlab.data.idx import write_idx
from cnnlab.data.splits import split
from cnnlab.data.tensors import prepare


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
