"""The files beside a network's file that its code needs: found, kept, and put there again.

A run keeps them with the code, so that its network works when the originals are changed or gone.
"""

import ast
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnlab.custom.finding import FaultError, Finding

KEPT = "source"
"""The folder of a run that holds them; the code itself is ``source.py``, beside it."""
MOST_BYTES = 20_000_000
"""How large they may be, all together: each run has its own copies."""
PREFIX = "cnnlab-network-"
"""How the name of a temporary folder with such files begins."""
_LONGEST_NAME = 200

File = tuple[str, bytes]
"""A file's name below the folder, with "/", and its content."""


def files_beside(path: Path, text: str) -> tuple[File, ...]:
    """Return the files that a Python file imports or names, and that lie beside it or below.

    A name counts if it is in the text, as in ``open("start.txt")``. Code that runs only when the
    user starts the file does not count. Raises `FaultError` if they are too large.
    """
    folder = path.parent / KEPT if path.name == f"{KEPT}.py" else path.parent
    found: dict[Path, bytes] = {}
    waiting = [(path, text)]
    while waiting:
        place, code = waiting.pop()
        for file in _needed(folder, place, _tree(code)):
            if file in found or file == path:
                continue
            if sum(map(len, found.values())) + file.stat().st_size > MOST_BYTES:
                raise FaultError(Finding("file", _too_large(file, place)))
            found[file] = file.read_bytes()
            if file.suffix == ".py":
                waiting.append((file, found[file].decode("utf-8-sig", errors="replace")))
    return tuple(sorted((each.relative_to(folder).as_posix(), found[each]) for each in found))


def _too_large(file: Path, place: Path) -> str:
    return (
        f"{place.name} names {file.name} ({file.stat().st_size / 1e6:,.0f} MB). Each run keeps "
        f"a copy of the files that its network needs, at most {MOST_BYTES / 1e6:.0f} MB. If the "
        'network does not need it, read it under if __name__ == "__main__": at the end of the file.'
    )


def _tree(code: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # running it tells what is wrong with it


def _needed(folder: Path, place: Path, tree: ast.Module) -> Iterator[Path]:
    """Yield the files in a folder, or below, that the code of the file at a place needs."""
    nodes = list(_parts(tree))
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and 0 < len(node.value) < _LONGEST_NAME
        and node.value.isprintable()
    ]
    # A path may be in two texts, as in os.path.join("weights", "start.pt").
    roots = {folder, place.parent, *(folder / each for each in texts if (folder / each).is_dir())}
    named = (root / text for root in roots for text in texts)
    imported = (each for node in nodes for each in _imports(node, folder, place))
    for file in (*named, *imported):
        # Not through ".." or a whole path: the run could not keep it under that name.
        if ".." not in file.parts and file.is_relative_to(folder) and file.is_file():
            yield file


def _parts(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all parts of some code, but not of what it runs only when the user starts it."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "__name__" in ast.unparse(child.test):
            continue
        yield child
        yield from _parts(child)


def _imports(node: ast.AST, folder: Path, place: Path) -> Iterator[Path]:
    """Yield the files that an import may mean, those of the packages around it too."""
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [each.name for each in node.names]
    elif isinstance(node, ast.ImportFrom):
        stem = f"{node.module}." if node.module else ""
        modules = [f"{stem}{each.name}" for each in node.names]
        if node.level:  # as in from .blocks import Block
            folder = place.parents[min(node.level, len(place.parents)) - 1]
    for module in modules:
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            file = folder.joinpath(*parts[:count])
            yield file.with_name(f"{file.name}.py")
            yield file / "__init__.py"


def write_files(folder: Path, files: tuple[File, ...]) -> None:
    """Write the files into a folder, each under its name."""
    for name, content in files:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Run the block as Python runs a file in that folder: it can import and open what lies there.

    Later imports find the folder too: forward may import. What was imported from there is forgotten
    after the block, because another network may have files of the same names.
    """
    before, working = set(sys.modules), Path.cwd()
    _put_first(str(folder))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(working)
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]


def _put_first(folder: str) -> None:
    """Let imports look into a folder before installed packages, and before another network's."""
    if folder in sys.path:
        sys.path.remove(folder)
    after = ("site-packages", "dist-packages")
    places = (Path(each).name for each in sys.path)
    first = next(
        (at for at, name in enumerate(places) if name in after or name.startswith(PREFIX)),
        len(sys.path),
    )
    sys.path.insert(first, folder)
