"""A folder of pictures, one folder a class, read as ``cnnlab predict`` reads a picture."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnlab.data.catalog import Preparation
from cnnlab.data.own.data_set import check_classes, natural_order, plain_text
from cnnlab.data.own.images import OwnImages
from cnnlab.data.pictures.decode import decode, kind_of, read_start
from cnnlab.data.pictures.normalise import prepare_picture
from cnnlab.data.pictures.square import to_square
from cnnlab.errors import DataError, PictureError
from cnnlab.notices import Notify, Progress
from cnnlab.wording import counted

MOST_PICTURES = 200_000
_NOT_PICTURES = {"thumbs.db", "desktop.ini"}
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}
_NAMED = 5


@dataclass(frozen=True)
class PictureFile:
    """A picture in a folder: its path, and the number of its class."""

    path: Path
    label: int


@dataclass(frozen=True)
class PictureFolder:
    """The classes of a folder, its picture files, and sentences about what was left out."""

    folder: Path
    classes: tuple[str, ...]
    files: tuple[PictureFile, ...]
    notes: tuple[str, ...]

    def fingerprint(self) -> str:
        """Return a digest of the names, sizes and times of all files: equal if none changed."""
        whole = hashlib.sha256()
        for each in self.files:
            about = each.path.stat()
            relative = each.path.relative_to(self.folder).as_posix()
            line = f"{relative}\0{about.st_size}\0{about.st_mtime_ns}\n"
            whole.update(line.encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    @property
    def preparation(self) -> Preparation:
        """How the pictures are prepared: single letters and numbers are drawn with a pen."""
        is_drawn = all(len(name) == 1 or name.isdigit() for name in self.classes)
        return "digit" if is_drawn else "article"


def list_pictures(folder: Path) -> PictureFolder:
    """Return the picture files of a folder; read none of them. Raises `DataError`."""
    _check_folder(folder)
    notes: list[str] = []
    root = folder.resolve()
    below = [each for each in _entries(folder) if each.is_dir()]
    inside = [each for each in below if each.resolve().is_relative_to(root)]
    notes += _left_out([each for each in below if each not in inside], _LEADS_OUT)
    inside.sort(key=lambda each: natural_order(each.name))
    names = [each.name for each in inside]
    if names and all(name.casefold() in _SPLITS for name in names):
        raise DataError(
            f"{folder} has the folders {', '.join(names)}: these are splits, not classes. Name the "
            f"one that has a folder for each class, as in folder:{inside[-1]}. cnnlab splits the "
            "pictures itself."
        )
    if not names:
        raise DataError(
            f"{folder} has no class folders; expected a folder for each class, with its pictures "
            f"in it, as in {Path(folder.name, 'cat', '1.png')}. Make one for each class."
        )
    check_classes(names, str(folder))
    files: list[PictureFile] = []
    for label, each in enumerate(inside):
        found = [path for path in _entries(each) if not path.is_dir()]
        own = [path for path in found if path.resolve().is_relative_to(root)]
        notes += _left_out([path for path in found if path not in own], _LEADS_OUT)
        deeper = [path for path in _entries(each) if path.is_dir()]
        notes += _left_out(deeper, "is a folder inside a class: cnnlab does not look into it")
        if not own:
            raise DataError(
                f"The class folder {each} has no pictures. Put pictures into it, or delete it."
            )
        files += [PictureFile(path, label) for path in own]
    if len(files) > MOST_PICTURES:
        raise DataError(
            f"{folder} has {len(files):,} files; expected at most {MOST_PICTURES:,}. Use fewer."
        )
    return PictureFolder(folder, tuple(map(plain_text, names)), tuple(files), tuple(notes))


_LEADS_OUT = "leads out of the folder, so cnnlab does not read it: copy it into the folder"


def _check_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    if not folder.exists():
        raise DataError(
            f"There is no folder {folder}. cnnlab looked in {Path.cwd()}. Expected a folder that "
            "has a folder for each class. Check the name."
        )
    kind = kind_of(read_start(folder))
    unpack = " Unpack it first, and name the folder." if "ZIP" in kind or "gzip" in kind else ""
    raise DataError(
        f"{folder} is a file ({kind}); expected a folder that has a folder for each class.{unpack}"
    )


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, without what systems hide there."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read ({error.strerror}). Check its permissions."
        ) from None
    return [
        each
        for each in found
        if not each.name.startswith((".", "__")) and each.name.casefold() not in _NOT_PICTURES
    ]


def _left_out(paths: Sequence[Path], why: str) -> list[str]:
    return [f"{path} {why}." for path in paths]


def read_folder(
    pictures: PictureFolder,
    preparation: Preparation,
    notify: Notify,
    progress: Progress | None = None,
) -> OwnImages:
    """Return the pictures of a folder, each 28 x 28; those of a class in the order of their hashes.

    So another name of a file changes nothing. A file that cannot be read is named and left out.
    """
    done, total = 0, len(pictures.files)
    found: list[tuple[int, str, np.ndarray, str]] = []
    faults: list[str] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        made = pool.map(lambda each: _read(each.path, preparation), pictures.files)
        for file, result in zip(pictures.files, made, strict=True):
            done += 1
            if progress and (done % 50 == 0 or done == total):
                progress(f"{pictures.folder.name} (pictures)", done, total)
            if isinstance(result, str):
                faults.append(result)
            else:
                relative = file.path.relative_to(pictures.folder)
                found.append((file.label, *result, plain_path(relative)))
    _tell_faults(faults, notify)
    found.sort(key=lambda each: each[:2])
    whole = hashlib.sha256()
    for label, digest, _, _ in found:
        whole.update(f"{pictures.classes[label]}\0{digest}\n".encode())
    whole.update(preparation.encode())
    _check_each_class(pictures, {label for label, *_ in found})
    return OwnImages(
        classes=pictures.classes,
        images=np.stack([image for _, _, image, _ in found]),
        labels=np.array([label for label, *_ in found], np.int64),
        sha256=whole.hexdigest(),
        preparation=preparation,
        paths=tuple(path for *_, path in found),
    )


def plain_path(path: Path) -> str:
    """Return a path as plain text, whatever its names are."""
    return "/".join("".join(c if c.isprintable() else "?" for c in part) for part in path.parts)


def _check_each_class(pictures: PictureFolder, labels: set[int]) -> None:
    for label, name in enumerate(pictures.classes):
        if label not in labels:
            raise DataError(
                f"No picture of the class {name} can be read. Save its pictures as PNG or JPEG, or "
                "delete its folder."
            )


def _tell_faults(faults: list[str], notify: Notify) -> None:
    for fault in faults[:_NAMED]:
        notify(f"Left out: {fault}")
    if faults:
        more = f" The first {_NAMED} are above." if len(faults) > _NAMED else ""
        notify(
            f"{counted(len(faults), 'file')} of the folder cannot be used and "
            f"{'is' if len(faults) == 1 else 'are'} left out.{more}"
        )


def _read(path: Path, preparation: Preparation) -> tuple[str, np.ndarray] | str:
    """Return the SHA-256 of a file and its picture, or why it cannot be read."""
    try:
        if preparation == "as-they-are":
            image = to_square(decode(path)[0])
        else:
            image = prepare_picture(path, preparation).image
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except PictureError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})."
    return digest, image
