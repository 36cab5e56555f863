"""The page of a data set: its classes, near-twins, and labels that may be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.data.own.twins import find_twins
from cnnlab.data.splits import Splits
from cnnlab.experiments.labels import FOLDS, Doubts
from cnnlab.views.figures.markup import tag
from cnnlab.views.figures.pictures import labelled, picture, row_of
from cnnlab.views.page import Chapter, Drawing, Report, Table
from cnnlab.views.run_facts import split_text
from cnnlab.wording import counted, percent

SPLITS = ("train", "validation", "test")
_SAMPLES = 8
_MOST_SHOWN = 24


@dataclass(frozen=True)
class Twin:
    """Two images that are almost the same, each as its split and its index there."""

    one: tuple[str, int]
    other: tuple[str, int]


@dataclass(frozen=True)
class DataLook:
    """What is known of a data set: its splits, its near-twins, its doubtful labels.

    ``pool`` has the training images, then the validation images: ``doubts`` are about these.
    ``paths`` are files by their label and the bytes of their image.
    """

    splits: Splits
    twins: tuple[Twin, ...]
    pool: ImageSet
    doubts: Doubts | None
    paths: Mapping[tuple[int, bytes], str]

    @property
    def counts(self) -> dict[str, NDArray[np.int64]]:
        """The images of each class, by split."""
        classes = len(self.splits.data_set.classes)
        return {
            name: np.bincount(split_of(self.splits, name).labels, minlength=classes)
            for name in SPLITS
        }

    def path_of(self, images: ImageSet, index: int) -> str:
        """Return the file of an image, or nothing if it does not come from a folder."""
        return self.paths.get((int(images.labels[index]), images.images[index].tobytes()), "")


def split_of(splits: Splits, name: str) -> ImageSet:
    """Return the images of a split by its name."""
    found: ImageSet = getattr(splits, name)
    return found


def twins_of(splits: Splits) -> tuple[tuple[Twin, ...], list[tuple[int, int]]]:
    """Return the near-twins of all splits; and those of the pool, as indices in it."""
    places = [(name, at) for name in SPLITS for at in range(len(split_of(splits, name)))]
    pairs = find_twins(np.concatenate([split_of(splits, name).images for name in SPLITS]))
    pool = len(splits.train) + len(splits.validation)
    twins = tuple(Twin(places[one], places[other]) for one, other in pairs)
    return twins, [pair for pair in pairs if pair[1] < pool]


def data_sentences(look: DataLook) -> dict[str, list[str]]:
    """Return what was found, in sentences: for the terminal, the page and JSON."""
    return {
        "classes": _class_sentences(look),
        "twins": _twin_sentences(look),
        "labels": _label_sentences(look),
    }


def _class_sentences(look: DataLook) -> list[str]:
    counts = np.sum(list(look.counts.values()), axis=0)
    names = look.splits.data_set.classes
    most, fewest = int(np.argmax(counts)), int(np.argmin(counts))
    found = [
        f"{counted(int(counts.sum()), 'image')} in {len(names)} classes: {_splits_text(look)}."
    ]
    if counts[most] > 1.5 * counts[fewest]:
        share = counts[most] / counts.sum()
        found.append(
            f"{names[most]} has the most images ({counts[most]:,}), {names[fewest]} the fewest "
            f"({counts[fewest]:,}). A network that always says {names[most]} would be correct for "
            f"{percent(share, 0)}. Compare your accuracy with that."
        )
    return found


def _splits_text(look: DataLook) -> str:
    return split_text({name: len(split_of(look.splits, name)) for name in SPLITS})


def _twin_sentences(look: DataLook) -> list[str]:
    if not look.twins:
        return ["No two images are almost the same."]
    across = [each for each in look.twins if each.one[0] != each.other[0]]
    mixed = [each for each in look.twins if _label(look, each.one) != _label(look, each.other)]
    found = [f"{counted(len(look.twins), 'pair')} of images are almost the same."]
    if len(look.twins) == 1:
        found = ["1 pair of images is almost the same."]
    if across:
        found.append(
            f"{counted(len(across), 'pair')} in two different splits: the network may have learned "
            "the answer by heart. Then its accuracy looks better than it is on new images."
        )
    else:
        found.append("Each pair is in one split, so none makes the accuracy look better.")
    if mixed:
        found.append(
            f"{counted(len(mixed), 'pair')} with two different labels: one of the two is wrong."
        )
    return found


def _label_sentences(look: DataLook) -> list[str]:
    doubts = look.doubts
    if doubts is None:
        return ["The labels were not checked (--no-labels)."]
    method = (
        f"A quick network learned from two thirds of the {len(look.pool):,} training and "
        f"validation images and predicted the others, {FOLDS} times: {percent(doubts.accuracy, 1)} "
        "of its predictions are the label."
    )
    if not doubts.has_learned:
        return [method, "That is too few to doubt a label because of them."]
    if not len(doubts.doubtful):
        return [method, "It doubts no label."]
    count = len(doubts.doubtful)
    doubtful = "1 label is" if count == 1 else f"{count:,} labels are"
    return [
        method,
        f"{doubtful} doubtful: the network is sure of another class. Look at each image. Some "
        "labels are wrong, others are correct but hard.",
    ]


def data_report(look: DataLook, command: str) -> Report:
    """Return the page of a data set."""
    data_set, said = look.splits.data_set, data_sentences(look)
    facts = [("Data set", data_set.title), ("Split", _splits_text(look))]
    facts += [(f"SHA-256 ({name})", value) for name, value in data_set.sha256.items()]
    return Report(
        title=data_set.title,
        subtitle="A look at the data set",
        facts=facts,
        lead=said["classes"],
        made_with=[command],
        chapters=[
            _classes_chapter(look),
            Chapter(
                "Images that are almost the same",
                said["twins"],
                drawings=_twin_drawings(look),
                wide=True,
            ),
            Chapter("Labels to look at", said["labels"], drawings=_doubt_drawings(look), wide=True),
        ],
    )


def counts_table(look: DataLook) -> Table:
    """Return how many images of each class each split has."""
    counts = look.counts
    rows = [
        [name, *(f"{counts[split][label]:,}" for split in SPLITS)]
        for label, name in enumerate(look.splits.data_set.classes)
    ]
    return Table(["Class", "Training", "Validation", "Test"], rows)


def _classes_chapter(look: DataLook) -> Chapter:
    train = look.splits.train
    rows: list[Markup] = []
    for label, name in enumerate(train.classes):
        found = np.flatnonzero(train.labels == label)[:_SAMPLES]
        shown = [picture(train.images[each], name) for each in found]
        rows.append(tag("h3", name))
        rows.append(row_of(shown, _SAMPLES, 4))
    return Chapter(
        "The classes",
        [f"The first {_SAMPLES} training images of each class, as the network gets them."],
        counts_table(look),
        [Drawing(tag("div", *rows))],
        wide=True,
    )


def _label(look: DataLook, place: tuple[str, int]) -> int:
    return int(split_of(look.splits, place[0]).labels[place[1]])


def _twin_drawings(look: DataLook) -> Sequence[Drawing]:
    """Return pairs, one image after the other: those in two splits or with two labels first."""

    def rank(twin: Twin) -> tuple[bool, bool]:
        same_label = _label(look, twin.one) == _label(look, twin.other)
        return same_label, twin.one[0] == twin.other[0]

    shown = sorted(look.twins, key=rank)[: _MOST_SHOWN // 2]
    pairs = [_twin_picture(look, place) for twin in shown for place in (twin.one, twin.other)]
    if not pairs:
        return []
    more = len(look.twins) - len(shown)
    caption = f"{counted(more, 'more pair')} not shown." if more else ""
    return [Drawing(row_of(pairs, 6, 2), caption)]


def _twin_picture(look: DataLook, place: tuple[str, int]) -> Markup:
    images = split_of(look.splits, place[0])
    name = images.classes[images.labels[place[1]]]
    return labelled(
        picture(images.images[place[1]], name), f"{name}, {place[0]}", _file(look, images, place[1])
    )


def _file(look: DataLook, images: ImageSet, index: int) -> Markup:
    path = look.path_of(images, index)
    return tag("div", path) if path else Markup()


def _doubt_drawings(look: DataLook) -> Sequence[Drawing]:
    if look.doubts is None or not len(look.doubts.doubtful):
        return []
    predictions = look.doubts.predictions
    names = look.pool.classes
    shown = [
        labelled(
            picture(look.pool.images[each], names[look.pool.labels[each]]),
            f"label {names[look.pool.labels[each]]}, network: {names[predictions.predicted[each]]} "
            f"({percent(float(predictions.confidence[each]), 0)})",
            _file(look, look.pool, each),
        )
        for each in look.doubts.doubtful[:_MOST_SHOWN].tolist()
    ]
    more = len(look.doubts.doubtful) - len(shown)
    return [Drawing(row_of(shown, 6), f"{more:,} more not shown." if more else "")]


def doubt_rows(look: DataLook, most: int) -> list[list[str]]:
    """Return the most doubtful labels as rows: image, label, prediction, its probability."""
    if look.doubts is None:
        return []
    predictions, names, train = look.doubts.predictions, look.pool.classes, len(look.splits.train)
    rows = []
    for each in look.doubts.doubtful[:most].tolist():
        split, at = ("training", each) if each < train else ("validation", each - train)
        rows.append(
            [
                look.path_of(look.pool, each) or f"{split} image no. {at}",
                names[look.pool.labels[each]],
                names[predictions.predicted[each]],
                percent(float(predictions.confidence[each]), 0),
            ]
        )
    return rows
