"""What one network of the collection is: a file's text, and what has to be said of it."""

import re
from dataclasses import dataclass

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
"""What a file begins with that imports nothing by itself."""
MARKED = "# HERE"
"""Ends each line of a broken network that a message may name; no file is written with it."""
_MARK = re.compile(rf" *{MARKED}$", re.MULTILINE)
_LINES = re.compile(r"\blines? (\d+)(?: (?:and|or) (?:line )?(\d+))?", re.IGNORECASE)


def _as_file(body: str) -> str:
    has_imports = re.search(r"^(import|from) ", body, re.MULTILINE)
    return (body if has_imports else IMPORTS + body).lstrip("\n")


@dataclass(frozen=True)
class Sound:
    """A network that trains as it is written, and of which nothing bad is to be said.

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
    """A network with one mistake in it, and what the first finding has to be.

    ``effect`` is that finding's, or several that would do: "stops or spoils". ``says`` is a
    regular expression for its message: the cause in the field's own words, and what to write. The
    lines that end in ``# HERE`` are those that the message may name; it has to name one of them.
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
        """The numbers of the lines that the message may name; none where any will do."""
        marked = _as_file(self.body).split("\n")
        return tuple(number for number, line in enumerate(marked, 1) if _MARK.search(line))

    def is_answered_by(self, effect: str, message: str) -> bool:
        """Return whether a finding says what has to be said of this network."""
        named = {int(each) for pair in _LINES.findall(message) for each in pair if each}
        return (
            effect in self.effect.split(" or ")
            and (not self.lines or bool(named & {*self.lines}))
            and re.search(self.says, message, re.IGNORECASE) is not None
        )


@dataclass(frozen=True)
class Wanted:
    """A way to write or name a network that is not taken today, and has to be.

    ``model`` is what is typed after ``--model``; ``beside`` are other files, by their names.
    """

    body: str
    model: str
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The whole file, which is called mine.py."""
        return _as_file(self.body)
