"""A disk as a power cut leaves it: what was flushed is there, what was not may be or not."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Folder = dict[str, bytes]


@dataclass
class Disk:
    """Watches the steps of writes into one folder, and knows each state they may leave.

    ``sure`` are the names that are on the disk, ``pending`` the renames since the folder itself
    was flushed. A file's content is sure once it was flushed; before, it may be empty, half or
    whole.
    """

    folder: Path
    states: list[Folder] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    flushed: set[int] = field(default_factory=set)
    sure: dict[str, int] = field(default_factory=dict)
    pending: list[tuple[str, str, int]] = field(default_factory=list)
    most_pending: int = 0

    def __call__(self, name: str, *arguments) -> None:
        """Take note of a step that is about to happen, and of the states before it."""
        self.states += self.after_a_cut()
        match name:
            case "write":
                self.contents[os.fstat(arguments[0]).st_ino] = bytes(arguments[1])
            case "fsync":
                self.flush(os.fstat(arguments[0]).st_ino)
            case "replace":
                old, new = map(Path, arguments)
                assert new.parent == self.folder
                self.pending.append((old.name, new.name, old.stat().st_ino))
                self.most_pending = max(self.most_pending, len(self.pending))

    def flush(self, inode: int) -> None:
        if self.folder.exists() and inode == self.folder.stat().st_ino:
            for rename in self.pending:
                _rename(self.sure, rename)
            self.pending = []
        else:
            self.flushed.add(inode)

    def after_a_cut(self) -> Iterator[Folder]:
        """Each renaming since the last flush happened or not, each unflushed file is cut or not."""
        for happened in itertools.product([False, True], repeat=len(self.pending)):
            names = dict(self.sure)
            for rename in itertools.compress(self.pending, happened):
                _rename(names, rename)
            unsure = sorted(set(names.values()) - self.flushed)
            for shares in itertools.product([0, 2, 1], repeat=len(unsure)):
                cut = dict(zip(unsure, shares, strict=True))
                yield {name: _cut(self.contents[i], cut.get(i, 1)) for name, i in names.items()}


def _rename(names: dict[str, int], rename: tuple[str, str, int]) -> None:
    old, new, inode = rename
    names.pop(old, None)
    names[new] = inode


def _cut(content: bytes, share: int) -> bytes:
    return content[: len(content) // share] if share else b""
