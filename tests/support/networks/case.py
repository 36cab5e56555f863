"""One network of the collection: the text of its file, and what the check must say of it."""

import re
from dataclasses import dataclass
from pathlib import Path

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
"""How a file begins, unless it has imports of its own."""
MARKED = "# HERE"
"""Marks the lines that a message may name; it is not written into the file."""
_MARK = re.compile(rf" *{MARKED}$", re.MULTILINE)
_LINES = re.compile(r"\blines? (\d+)(?: (?:and|or) (?:line )?(\d+))?", re.IGNORECASE)


def _as_file(body: str) -> str:
    has_imports = re.search(r"^(import|from) ", body, re.MULTILINE)
    return (body if has_imports else IMPORTS + body).lstrip("\n")


@dataclass(frozen=True)
class Sound:
    """A network that trains as it is written; the check must find nothing bad in it.

    ``name`` is its class or function in the file.
    """

    body: str
    name: str = "Net"

    @property
    def text(self) -> str:
        """The whole file."""
        return _as_file(self.body)


@dataclass(frozen=True)
class Broken:
    """A network with one mistake in it, and what the first finding must be.

    ``effect`` is the effect of that finding, or the effects that are right: "stops or spoils".
    ``says`` is a regular expression that its message must match: the cause, and what to write. The
    message must also name one of the lines that end in ``# HERE``, if there are any.
    """

    body: str
    effect: str
    says: str
    name: str = "Net"

    @property
    def text(self) -> str:
        """The whole file, without the marks."""
        return _MARK.sub("", _as_file(self.body))

    @property
    def lines(self) -> tuple[int, ...]:
        """The numbers of the lines that the message may name; none if it need not name a line."""
        marked = _as_file(self.body).split("\n")
        return tuple(number for number, line in enumerate(marked, 1) if _MARK.search(line))

    def is_explained_by(self, effect: str, message: str) -> bool:
        """Return whether a finding has the right effect, line, cause and cure."""
        named = {int(each) for pair in _LINES.findall(message) for each in pair if each}
        return (
            effect in self.effect.split(" or ")
            and (not self.lines or bool(named & {*self.lines}))
            and re.search(self.says, message, re.IGNORECASE) is not None
        )


@dataclass(frozen=True)
class Wanted:
    """A way to write or name a network that cnnlab must accept, because students use it.

    ``model`` is what a user types after ``--model``; ``beside`` are other files: name and text.
    """

    body: str
    model: str
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The whole file, which is called mine.py."""
        return _as_file(self.body)


def write(case: Sound | Broken | Wanted, file: str = "mine.py") -> str:
    """Write a network's file, and those beside it; return what a user types after ``--model``."""
    beside = case.beside if isinstance(case, Wanted) else ()
    for name, text in ((file, case.text), *beside):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    return case.model if isinstance(case, Wanted) else f"{file}:{case.name}"
