"""Near-twins, and the rule that keeps them in one split."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnlab.data.own.rule import split_images
from cnnlab.data.own.twins import find_twins, group_twins
from tests.support.own_data import blocks
from tests.support.tiny import tiny_arrays


def saved_as_jpeg(image, quality=90):
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, "JPEG", quality=quality)
    return np.asarray(Image.open(packed))


def test_the_same_image_saved_again_is_a_twin_and_another_is_not():
    images, _ = tiny_arrays(20, 1)
    digit = np.zeros((28, 28), np.uint8)
    digit[6:9, 8:20] = 240
    digit[9:22, 15:18] = 220
    every = np.stack([*images, digit, 255 - digit, saved_as_jpeg(digit), images[3]])
    assert find_twins(every) == [(3, 23), (20, 22)]


def test_blank_images_are_twins_of_each_other_only():
    images = np.concatenate([blocks(1, 2), np.zeros((2, 28, 28), np.uint8)])
    images[1] = blocks(5, 1)[0]
    assert find_twins(images) == [(2, 3)]


def test_pairs_are_found_across_blocks():
    images, _ = tiny_arrays(1200, 1)
    images[1100] = images[7]
    assert find_twins(images) == [(7, 1100)]


def test_twins_of_twins_are_one_group():
    assert group_twins(6, [(1, 4), (4, 5), (0, 2)]).tolist() == [0, 1, 0, 3, 1, 1]


def test_each_class_is_split_and_groups_stay_whole():
    labels = np.repeat([0, 1], [100, 10])
    groups = np.arange(110)
    groups[10:20] = 10
    parts = split_images(labels, groups, ("a", "b"), has_test=False)
    assert [len(each) for each in parts] == [70, 18, 22]
    assert sorted(np.concatenate(parts).tolist()) == list(range(110))
    held = [set(groups[each].tolist()) for each in parts]
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert [int((labels[each] == 1).sum()) for each in parts] == [6, 2, 2]
    again = split_images(labels, groups, ("a", "b"), has_test=False)
    assert all(np.array_equal(*each) for each in zip(parts, again, strict=True))


@pytest.mark.parametrize(("has_test", "counts"), [(False, [1, 1, 1]), (True, [2, 1, 0])])
def test_three_images_are_enough_for_a_class(has_test, counts):
    labels = np.repeat([0, 1], 3)
    parts = split_images(labels, np.arange(6), ("a", "b"), has_test=has_test)
    assert [int((labels[each] == 0).sum()) for each in parts] == counts
