"""A library of ``tiny`` in a test: what it is told, and what lies in folders."""

import errno
import gzip

from cnnlab.data.catalog import find_data_set
from cnnlab.data.library import Library

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"

FULL = r"^The disk is full: there is no room for the data in .*raw\. Free some space"


class Told(list):
    """What was told, line by line; also as one text."""

    __call__ = list.append

    def __str__(self):
        return "\n".join(self)


def library(told=None, **settings):
    return Library(notify=Told() if told is None else told, **settings)


def obtain(told=None, **settings):
    return library(told, **settings).obtain(find_data_set("tiny"))


def get(told=None, **settings):
    return library(told, **settings).get(find_data_set("tiny"))


def put(folder, contents, compressed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def names(folder):
    """Return what lies in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")
