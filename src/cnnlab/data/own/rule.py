"""The rule that decides which of your own images are for training, validation and the test."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.own.data_set import FEWEST_IMAGES
from cnnlab.errors import DataError

SEED = 42
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.2
"""Of all images, one in five is for the test; of the others, one in five for validation."""

Indices = NDArray[np.int64]


def split_images(
    labels: Indices, groups: Indices, classes: tuple[str, ...], *, has_test: bool
) -> tuple[Indices, Indices, Indices]:
    """Return the indices of the training, validation and test images.

    For each class: its groups of near-twins are shuffled (NumPy's legacy generator, seed 42), then
    the smallest groups come first. They fill the test until it has a fifth of the class, then
    validation until it has a fifth of the rest; all others are for training. Each gets one group
    at least. With ``has_test`` there are test images already: none are taken here. Raises
    `DataError` if a class has too few different images.
    """
    random = np.random.RandomState(SEED)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])  # train, validation, test
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(index)
    label_of_group = {group: int(labels[its[0]]) for group, its in sorted(members.items())}
    fewest = FEWEST_IMAGES - has_test
    for label, name in enumerate(classes):
        own = [group for group, its in label_of_group.items() if its == label]
        if len(own) < fewest:
            raise DataError(
                f"The class {name} has {len(own)} different image{'s' if len(own) != 1 else ''} "
                f"({int((labels == label).sum())} in all); expected at least {fewest}: one to "
                f"train on, one for validation{'' if has_test else ', one for the test'}. Images "
                "that are almost the same count as one. Add more."
            )
        shuffled = [own[each] for each in random.permutation(len(own))]
        shuffled.sort(key=lambda group: len(members[group]))
        total = sum(len(members[group]) for group in own)
        test = 0 if has_test else max(1, round(TEST_SHARE * total))
        validation = max(1, round(VALIDATION_SHARE * (total - test)))
        sizes = {2: test, 1: validation}
        for place in (2, 1):
            taken = 0
            while taken < sizes[place] and len(shuffled) > place:
                group = shuffled.pop(0)
                parts[place].extend(members[group])
                taken += len(members[group])
        for group in shuffled:
            parts[0].extend(members[group])
    train, validation_, test_ = (np.sort(np.array(each, np.int64)) for each in parts)
    return train, validation_, test_
