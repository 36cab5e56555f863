"""A disk after a power cut: what was flushed is there; the rest may be there or not."""

import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

State = dict[str, bytes | None]
"""The contents of a folder: paths of files with their bytes, paths of folders with None."""


class Change(NamedTuple):
    """A new name in a folder, and the old name that it replaces or ""; both of one inode."""

    folder: int
    old: str
    new: str
    inode: int


@dataclass
class Disk:
    """Watches the steps of writes below a folder, and knows each state that they may leave.

    ``folders`` has the names that each folder certainly holds, ``pending`` the changes of folders
    that were not flushed since; folders and files are inodes. A file's content is certain after a
    flush; before, it may be empty, half or whole. Deleted files may stay: their names are hidden.
    """

    folder: Path
    states: list[State] = field(default_factory=list)
    contents: dict[int, bytes] = field(default_factory=dict)
    flushed: set[int] = field(default_factory=set)
    folders: dict[int, dict[str, int]] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)
    most_pending: int = 0
    begun: Path | None = None
    """The folder that the last step was going to make."""

    def __post_init__(self) -> None:
        self.folders[self.folder.stat().st_ino] = {}

    def __call__(self, name: str, *arguments) -> None:
        """Record a step that happens next, and the states before it."""
        self.note_made()
        self.states += self.after_a_cut()
        match name:
            case "mkdir":
                self.begun = Path(arguments[0])
            case "write":
                self.contents[os.fstat(arguments[0]).st_ino] = bytes(arguments[1])
            case "fsync":
                self.flush(os.fstat(arguments[0]).st_ino)
            case "replace":
                old, new = map(Path, arguments)
                assert new.parent == old.parent
                self.change(new.parent, old.name, new.name, old)

    def note_made(self) -> None:
        """Record the folder that the last step made, if it did."""
        made, self.begun = self.begun, None
        if made is not None and made.exists() and made.stat().st_ino not in self.folders:
            self.folders[made.stat().st_ino] = {}
            self.change(made.parent, "", made.name, made)

    def change(self, folder: Path, old: str, new: str, path: Path) -> None:
        self.pending.append(Change(folder.stat().st_ino, old, new, path.stat().st_ino))
        self.most_pending = max(self.most_pending, len(self.pending))

    def flush(self, inode: int) -> None:
        if inode not in self.folders:
            self.flushed.add(inode)
        for change in [each for each in self.pending if each.folder == inode]:
            _happen(self.folders, change)
            self.pending.remove(change)

    def after_a_cut(self) -> Iterator[State]:
        """Yield the states: each unflushed change happened or not, each such file is cut or not."""
        for happened in itertools.product([False, True], repeat=len(self.pending)):
            folders = {inode: dict(names) for inode, names in self.folders.items()}
            for change in itertools.compress(self.pending, happened):
                _happen(folders, change)
            tree = dict(_walk(folders, self.folder.stat().st_ino, ""))
            unsure = sorted(set(tree.values()) - self.flushed - set(folders))
            for shares in itertools.product([0, 2, 1], repeat=len(unsure)):
                cut = dict(zip(unsure, shares, strict=True))
                contents = {i: _cut(each, cut.get(i, 1)) for i, each in self.contents.items()}
                yield {path: contents.get(inode) for path, inode in tree.items()}

    def distinct(self) -> list[State]:
        """Return each state that a cut at any step may leave, once."""
        self.note_made()
        found = [*self.states, *self.after_a_cut()]
        return list({tuple(sorted(state.items())): state for state in found}.values())


def lay_out(state: State, folder: Path) -> None:
    """Make a folder in a state that a power cut left."""
    folder.mkdir()
    for path, content in sorted(state.items()):
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def _happen(folders: dict[int, dict[str, int]], change: Change) -> None:
    names = folders[change.folder]
    names.pop(change.old, None)
    names[change.new] = change.inode


def _walk(folders: dict[int, dict[str, int]], folder: int, above: str) -> Iterator[tuple[str, int]]:
    for name, inode in folders[folder].items():
        yield above + name, inode
        if inode in folders:
            yield from _walk(folders, inode, f"{above}{name}/")


def _cut(content: bytes, share: int) -> bytes:
    return content[: len(content) // share] if share else b""


def wrong(found, check, base):
    """Return what is wrong with each state of a disk that fails the check."""
    faults = []
    for number, state in enumerate(found):
        folder = base / f"state-{number}"
        lay_out(state, folder)
        try:
            check(folder)
        except Exception as error:
            faults.append(f"{sorted(state)}: {type(error).__name__}: {error}")
        shutil.rmtree(folder)
    return faults
