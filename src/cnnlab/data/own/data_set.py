"""A data set of your own: what ``--dataset`` calls it, and the names of its classes."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cnnlab.data.catalog import DataSet
from cnnlab.errors import DataError

Kind = Literal["folder", "npz", "idx", "folder-as-they-are"]
AS_THEY_ARE = "-as-they-are"
FEWEST_CLASSES, MOST_CLASSES = 2, 100
FEWEST_IMAGES = 3
"""Different images of a class: one to train on, one for validation, one for the test."""
_LONGEST_NAME = 40
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class OwnDataSet(DataSet):
    """A data set that only this user has; ``content_sha256`` is that of all that was read."""

    content_sha256: str

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of the whole content."""
        return {"content": self.content_sha256}

    @property
    def slug(self) -> str:
        """The name as part of a file's name, on every system."""
        kind, path = split_own(self.name)
        return f"{kind.removesuffix(AS_THEY_ARE)}-{_slug(Path(path).expanduser().resolve().stem)}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:_LONGEST_NAME].strip("-") or "images"


def is_own(name: str) -> bool:
    """Return whether a data set's name is that of a user's own: ``folder:PATH`` and the like."""
    return name.partition(":")[0] in get_args(Kind) and ":" in name


def split_own(name: str) -> tuple[Kind, str]:
    """Return the kind and the path in the name of a user's own data set."""
    kind, _, path = name.partition(":")
    return kind, path  # type: ignore[return-value]  # `is_own` said so


def as_they_are(name: str) -> str:
    """Return the name of a folder whose pictures are only made 28 x 28; `DataError` for others."""
    if not name.startswith("folder:"):
        raise DataError(
            "--as-they-are is about a folder of pictures: --dataset folder:PATH. The images of "
            f"{name} are always used as they are."
        )
    return name.replace("folder:", f"folder{AS_THEY_ARE}:", 1)


def dataset_words(name: str) -> list[str]:
    """Return the words of a command that name a data set."""
    kind = name.partition(":")[0]
    if is_own(name) and kind.endswith(AS_THEY_ARE):
        return ["--dataset", name.replace(AS_THEY_ARE, "", 1), "--as-they-are"]
    return ["--dataset", name]


def plain_text(name: str) -> str:
    """Return a name as plain text of one line: no control characters, at most 40 letters.

    What turns text around, hides it or moves the cursor becomes a question mark.
    """
    composed = unicodedata.normalize("NFC", name)
    text = "".join(each if each.isprintable() else "?" for each in composed).strip() or "?"
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."


def natural_order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return what sorts names as people do: 2 before 10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", name.casefold())
    return [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts], name


def check_classes(names: Sequence[str], where: str) -> None:
    """Raise `DataError` if there are too few or too many classes, or two have one name."""
    if not FEWEST_CLASSES <= len(names) <= MOST_CLASSES:
        found = f"{len(names)} class{'es' if len(names) != 1 else ''}"
        raise DataError(
            f"{where} has {found}{_named(names)}; expected {FEWEST_CLASSES} to {MOST_CLASSES}."
        )
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", plain_text(name).casefold())
        if key in seen:
            raise DataError(
                f"{where} has two classes that look the same: {seen[key]!r} and {name!r}. On "
                "Windows and on a Mac they would be one folder. Rename one of them."
            )
        seen[key] = name


def _named(names: Iterable[str]) -> str:
    first = [plain_text(each) for each in names][:_NAMED]
    return f" ({', '.join(first)}{', ...' if len(first) == _NAMED else ''})" if first else ""
