"""Words for a person: singular and plural, shares in percent, commands to paste."""

import os
import re
import shlex
import subprocess

# Names that are spelled letter by letter count too: an nn.ReLU, an LSTM; but a ReLU, a UNet.
_AN = re.compile(r"[AEIOaeio8]|[Uu][a-z]|nn\.|[FHLMNRSX][B-DF-HJ-NP-TV-Z]")


def command_line(*words: str) -> str:
    """Return a cnnlab command, quoted for this system's terminal."""
    quoted = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return quoted(["cnnlab", *words])


def times(count: int) -> str:
    """Return how often, in words: once, 2 times."""
    return "once" if count == 1 else f"{count} times"


def counted(count: int, noun: str) -> str:
    """Return a number and its noun: 1 epoch, 2 epochs."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(share: float, digits: int = 2) -> str:
    """Return a share in [0, 1] as percent: 84.74 %."""
    return f"{100 * share:.{digits}f} %"


def with_article(name: str) -> str:
    """Return the name of a class after "a" or "an"."""
    return f"{'an' if _AN.match(name) else 'a'} {name}"
