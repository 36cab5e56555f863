"""The versions of other packages that cnnlab is tested with."""

from functools import cache
from pathlib import Path

_INSTALLED = Path(__file__).parent / "constraints.txt"
_SOURCES = Path(__file__).parents[3]
CHECKOUT = _SOURCES if (_SOURCES / "pyproject.toml").is_file() else None
"""The folder of cnnlab's sources, if this cnnlab runs from there."""


def constraints() -> str:
    """Return the text of constraints.txt: from the wheel, or from the folder of the sources."""
    path = CHECKOUT / "constraints.txt" if CHECKOUT else _INSTALLED
    return path.read_text(encoding="utf-8")


@cache
def tested_versions() -> dict[str, str]:
    """Return each package's tested version, by its name in small letters with hyphens."""
    lines = [each for each in constraints().splitlines() if "==" in each and each[0] != "#"]
    pairs = [each.split("==") for each in lines]
    return {name.strip().lower().replace("_", "-"): found.strip() for name, found in pairs}
