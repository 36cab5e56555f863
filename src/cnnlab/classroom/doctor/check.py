"""What one check of the laptop found, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fix"]
"""``warn``: the workshop works, but something may disturb it. ``fix``: it does not work."""


@dataclass(frozen=True)
class Check:
    """One check: its name, its state, what it found, and what to do.

    ``where`` holds what is private: a path or an address. A shared text leaves it out.
    """

    name: str
    state: State
    found: str
    do: str = ""
    where: str = ""
