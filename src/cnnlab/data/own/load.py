"""Load a data set of your own: read it, or take what was read before, then split it."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab.data import places
from cnnlab.data.catalog import Preparation
from cnnlab.data.images import ImageSet
from cnnlab.data.library import Library
from cnnlab.data.own.arrays import read_npz
from cnnlab.data.own.data_set import AS_THEY_ARE, OwnDataSet, is_own, plain_text, split_own
from cnnlab.data.own.folder import list_pictures, read_folder
from cnnlab.data.own.idx_files import read_idx_folder
from cnnlab.data.own.images import OwnImages
from cnnlab.data.own.rule import split_images
from cnnlab.data.own.twins import find_twins, group_twins
from cnnlab.data.splits import Splits
from cnnlab.errors import DataError
from cnnlab.files import write_whole
from cnnlab.notices import Notify, Progress, print_to_stderr
from cnnlab.wording import counted

_FEW = 100
"""With fewer validation images one image is more than a point of accuracy."""


def load_splits(library: Library, name: str) -> Splits:
    """Return the splits of a data set: a user's own, or one that the library can have."""
    if is_own(name):
        return load_own(name, library.notify, library.progress)
    return library.load(name)


def load(
    name: str,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Splits:
    """Return the train, validation and test images of a data set; see `Library`, `load_own`."""
    return load_splits(Library(data_dir, offline, notify, progress), name)


def load_own(name: str, notify: Notify, progress: Progress | None = None) -> Splits:
    """Return the splits of a user's own data set, such as ``folder:my-shapes``.

    Raises `DataError` if it cannot be read, or has too few or too many classes or images.
    """
    kind, given = split_own(name)
    if not given:
        raise DataError(f"--dataset {name} names no path. Write it after the colon: {kind}:PATH.")
    path = Path(given).expanduser()
    if kind == "npz":
        own = read_npz(path, notify)
    elif kind == "idx":
        own = read_idx_folder(path, notify)
    else:
        own = _read_pictures(path, kind.endswith(AS_THEY_ARE), notify, progress)
    data_set = OwnDataSet(
        name=name,
        title=plain_text(path.resolve().stem),
        classes=own.classes,
        preparation=own.preparation,
        content_sha256=own.sha256,
    )
    groups = group_twins(len(own.images), find_twins(own.images))
    return _split(data_set, own, groups, str(path), notify)


def find_paths(name: str) -> dict[tuple[int, bytes], str]:
    """Return the files of a folder by label and image bytes; nothing for other data sets."""
    kind, given = split_own(name)
    if not kind.startswith("folder"):
        return {}
    own = _read_pictures(
        Path(given).expanduser(), kind.endswith(AS_THEY_ARE), notify=lambda _: None, progress=None
    )
    found: dict[tuple[int, bytes], str] = {}
    for label, image, path in zip(own.labels.tolist(), own.images, own.paths, strict=True):
        key = label, image.tobytes()
        found[key] = f"{found[key]}, {path}" if key in found else path
    return found


def _split(
    data_set: OwnDataSet, own: OwnImages, groups: NDArray[np.int64], source: str, notify: Notify
) -> Splits:
    whole = ImageSet(own.images, own.labels, own.classes, data_set.may_mirror)
    none = np.zeros(len(whole), bool)
    is_test = none if own.test is None else own.test
    is_validation = none if own.validation is None else own.validation
    rest = np.flatnonzero(~is_test & ~is_validation)
    test, validation = np.flatnonzero(is_test), np.flatnonzero(is_validation)
    if own.test is None or own.validation is None:
        pool = np.flatnonzero(~is_test) if own.validation is None else rest
        train, new_validation, new_test = split_images(
            own.labels[pool], groups[pool], own.classes, has_test=own.test is not None
        )
        rest = pool[train]
        if own.validation is None:
            validation = pool[new_validation]
        else:
            rest = pool[np.sort(np.concatenate([train, new_validation]))]
        if own.test is None:
            test = pool[new_test]
    for label, name in enumerate(own.classes):
        if not (own.labels[rest] == label).any():
            raise DataError(
                f"{source} has no training image of the class {name}. Expected some of each class."
            )
    splits = Splits(
        data_set=data_set,
        stored=whole.take(np.setdiff1d(np.arange(len(whole)), test)),
        train=whole.take(rest),
        validation=whole.take(validation),
        test=whole.take(test),
        source=source,
    )
    twins = len(whole) - len(np.unique(groups))
    are = "is" if twins == 1 else "are"
    of_twins = f" {counted(twins, 'image')} {are} almost the same as another one." if twins else ""
    notify(
        f"{data_set.title}: {counted(len(whole), 'image')} in {len(own.classes)} classes, from "
        f"{source}.{of_twins}"
    )
    if len(validation) < _FEW:
        notify(
            f"There are only {counted(len(validation), 'validation image')}: one image more or "
            f"less changes the accuracy by {100 / len(validation):.1f} points. More images tell "
            "more."
        )
    return splits


def _read_pictures(
    path: Path, are_as_they_are: bool, notify: Notify, progress: Progress | None
) -> OwnImages:
    """Return a folder's pictures: from the cache if no file of it has changed since."""
    pictures = list_pictures(path)
    for note in pictures.notes:
        notify(note)
    preparation: Preparation = "as-they-are" if are_as_they_are else pictures.preparation
    key = f"{path.resolve()}\0{pictures.fingerprint()}\0{preparation}\0{_VERSION}"
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    kept = places.cache_root() / "own" / f"{digest}.npz"
    found = _from_cache(kept, pictures.classes, preparation)
    if found is None:
        told: list[str] = []
        found = read_folder(pictures, preparation, told.append, progress), told
        _to_cache(kept, *found)
    for fault in found[1]:
        notify(fault)
    return found[0]


_VERSION = 1
"""Of what is in the cache: a change of how pictures are prepared must change it."""


def _from_cache(
    path: Path, classes: tuple[str, ...], preparation: Preparation
) -> tuple[OwnImages, list[str]] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            own = OwnImages(
                classes,
                kept["images"],
                kept["labels"],
                about["sha256"],
                preparation,
                paths=tuple(about["paths"]),
            )
            return own, list(about["told"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _to_cache(path: Path, own: OwnImages, told: list[str]) -> None:
    """Keep what was read; a full or locked disk only means that it is read again."""
    packed = io.BytesIO()
    about = json.dumps({"sha256": own.sha256, "told": told, "paths": own.paths})
    np.savez(packed, images=own.images, labels=own.labels, about=np.array(about))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, packed.getvalue())
    except OSError:
        return
