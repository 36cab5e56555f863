"""What the user most likely meant, if a name is not the name of a network."""

import re
from difflib import get_close_matches
from pathlib import Path

from cnnlab.custom.finding import FaultError
from cnnlab.custom.parse import network_classes, parse, top_level_names

_ENDINGS = {"py", "txt", "pyc", "ipynb"}
_SEPARATORS = r"[:.\s]+"
_NAMED = 3


def suggest_network(name: str) -> str | None:
    """Return ``file.py:Class`` of an existing file for ``mine``, ``mine.Net`` and the like."""
    folder, _, last = name.replace("\\", "/").rpartition("/")
    words = [each for each in re.split(_SEPARATORS, last) if each and each.lower() not in _ENDINGS]
    try:
        files = sorted(Path(folder or ("/" if name.startswith("/") else ".")).glob("*.py"))
    except (OSError, ValueError):  # not a possible name of a folder
        return None
    if not words or not files:
        return None
    first, wanted = words[0], words[-1]
    by_stem = {each.stem: each for each in files}
    # A single word may also be a misspelt network of cnnlab: then only an exact match counts.
    stem = _closest(first, list(by_stem), is_near_enough=re.search(_SEPARATORS, last) is not None)
    if stem:
        classes = _classes(by_stem[stem])
        named = _closest(wanted, classes, is_near_enough=True) if len(words) > 1 else None
        if not named and len(classes) == 1:
            named = classes[0]
        return f"{by_stem[stem]}:{named}" if named else str(by_stem[stem])
    having = [f"{each}:{wanted}" for each in files if wanted in _classes(each)]
    return " or ".join(having[:_NAMED]) or None


def notebook_advice(name: str) -> str | None:
    """Return what to do with a notebook, if the name is a notebook's."""
    file, ending, _ = name.partition(".ipynb")
    if not ending:
        return None
    return (
        f"{file}.ipynb is a notebook, but cnnlab needs a Python file. Export it with File > Save "
        "and Export Notebook As > Executable Script, or with jupyter nbconvert --to script "
        f"{file}.ipynb. Then name the class in {file}.py, as in {file}.py:Net."
    )


def _closest(wanted: str, names: list[str], *, is_near_enough: bool) -> str | None:
    for each in names:
        if each == wanted:
            return each
    near = [each for each in names if each.lower() == wanted.lower()]
    if not near and is_near_enough:
        near = get_close_matches(wanted, names, n=1)
    return near[0] if near else None


def _classes(file: Path) -> list[str]:
    """Return a file's networks, or all its classes and functions; none if it is not Python."""
    try:
        tree = parse(str(file), file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, FaultError):
        return []
    return network_classes(tree) or list(top_level_names(tree))
