"""Enlarged as Pillow does it, and prepared for a network."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from PIL import Image

from cnnlab.custom.find import build
from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare, resize
from cnnlab.errors import DataError
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit
from tests.support.tiny import blank, image_set

SMALL_IMAGES = stn.arrays(
    np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 32), st.integers(1, 32))
)


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
    said = f"too large: found {shape[1]} x {shape[2]} pixels, expected at most 32 x 32"
    with pytest.raises(DataError, match=said):
        resize(np.zeros(shape, np.uint8))


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


def test_a_network_learns_the_same_from_levels_and_from_floats(tiny_folder):
    splits = load("tiny")
    levels = [prepare(part) for part in (splits.train, splits.validation)]
    floats = [dataclasses.replace(each, images=as_input(each.images)) for each in levels]
    config = recipe("workshop", epochs=2, batch_size=64)
    one, other = (fit(build("lenet5"), *sets, config) for sets in (levels, floats))
    assert [r.train_loss for r in one] == [r.train_loss for r in other]
    assert [r.validation_loss for r in one] == [r.validation_loss for r in other]


def test_resize_is_pillows_on_real_images(sample):
    assert greatest_difference(sample.test.images[:1_000]) <= 1
