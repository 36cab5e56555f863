"""Mini-batches: every image once an epoch, in an order that the seed alone decides."""

import re
from dataclasses import replace

import pytest
import torch

from cnnlab.data.batches import ShuffledBatches, check_mirroring
from cnnlab.data.tensors import TensorSet
from cnnlab.errors import ConfigError

REFUSED = (
    "augmentation is 'flip', but these images must not be mirrored: a mirrored 2 is not a 2. "
    "Set augmentation to 'none' (--augmentation none)."
)


def numbered(count):
    """Return a set whose images and labels both hold the index."""
    numbers = torch.arange(count)
    return TensorSet(numbers.float().reshape(-1, 1, 1, 1), numbers)


def epoch(batches):
    return torch.cat([labels for _, labels in batches]).tolist()


def test_the_workshops_epoch_has_94_batches_and_the_last_is_smaller():
    batches = ShuffledBatches(numbered(48_000), batch_size=512, seed=42)
    assert [len(labels) for _, labels in batches] == [512] * 93 + [384]
    assert len(batches) == 94


def test_sizes_that_divide_the_set_leave_no_smaller_batch():
    batches = ShuffledBatches(numbered(20), batch_size=5, seed=1)
    assert [len(labels) for _, labels in batches] == [5] * 4
    assert len(batches) == 4


def test_every_image_comes_once_an_epoch():
    batches = ShuffledBatches(numbered(100), batch_size=7, seed=3)
    assert sorted(epoch(batches)) == list(range(100))
    assert sorted(epoch(batches)) == list(range(100))


def test_images_keep_their_own_labels():
    for images, labels in ShuffledBatches(numbered(100), batch_size=7, seed=3):
        assert images.shape == (len(labels), 1, 1, 1)
        assert torch.equal(images.flatten(), labels.float())


def test_the_order_is_shuffled_anew_at_every_epoch():
    batches = ShuffledBatches(numbered(100), batch_size=7, seed=3)
    orders = [epoch(batches) for _ in range(3)]
    assert list(range(100)) not in orders
    assert len({tuple(order) for order in orders}) == 3


def test_the_same_seed_gives_the_same_orders():
    one, other = (ShuffledBatches(numbered(100), batch_size=7, seed=3) for _ in range(2))
    assert [epoch(one), epoch(one)] == [epoch(other), epoch(other)]


def test_the_order_is_independent_of_the_global_generator():
    torch.manual_seed(1)
    one = epoch(ShuffledBatches(numbered(100), batch_size=7, seed=3))
    torch.manual_seed(2)
    assert epoch(ShuffledBatches(numbered(100), batch_size=7, seed=3)) == one


def test_another_seed_gives_another_order():
    orders = [epoch(ShuffledBatches(numbered(100), batch_size=7, seed=seed)) for seed in (3, 4)]
    assert orders[0] != orders[1]


def test_flip_mirrors_about_half_and_leaves_the_set_as_it_was():
    images = torch.arange(400.0).view(200, 1, 1, 2)
    tensors = TensorSet(images.clone(), torch.arange(200))
    batches = ShuffledBatches(tensors, batch_size=64, seed=5, flip=True)
    drawn = [mirrored_places(batches, images), mirrored_places(batches, images)]
    assert all(70 < len(places) < 130 for places in drawn)
    assert drawn[0] != drawn[1]
    assert torch.equal(tensors.images, images)


def test_flip_refuses_images_that_must_not_be_mirrored():
    digits = replace(numbered(10), may_mirror=False)
    with pytest.raises(ConfigError, match=f"^{re.escape(REFUSED)}$"):
        ShuffledBatches(digits, batch_size=5, seed=1, flip=True)
    assert len(epoch(ShuffledBatches(digits, batch_size=5, seed=1))) == 10


@pytest.mark.parametrize(
    ("flip", "may_mirror", "is_refused"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_only_flip_of_what_must_not_be_mirrored_is_refused(flip, may_mirror, is_refused):
    refusal = ""
    try:
        check_mirroring(flip, may_mirror)
    except ConfigError as error:
        refusal = str(error)
    assert refusal == (REFUSED if is_refused else "")


def mirrored_places(batches, images):
    places = set()
    for batch, labels in batches:
        is_mirrored = (batch == images[labels].flip(3)).flatten(1).all(dim=1)
        is_own = (batch == images[labels]).flatten(1).all(dim=1)
        assert (is_own ^ is_mirrored).all()
        places |= set(labels[is_mirrored].tolist())
    return places


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (10, 4, [4, 4, 2]),
        (9, 4, [4, 5]),
        (8, 4, [4, 4]),
        (1, 4, [1]),
        (4, 4, [4]),
        (5, 4, [5]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_one_image_alone_joins_the_batch_before(count, size, sizes):
    tensors = TensorSet(torch.zeros(count, 1, 32, 32), torch.arange(count))
    batches = ShuffledBatches(tensors, size, seed=0)
    found = list(batches)
    assert [len(batch.labels) for batch in found] == sizes
    assert len(batches) == len(sizes)
    assert sorted(torch.cat([batch.labels for batch in found]).tolist()) == list(range(count))
