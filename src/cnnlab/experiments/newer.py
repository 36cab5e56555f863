"""Which cnnlab wrote a folder: said where a later one did, whose format this one may not know."""

import re
from importlib.metadata import version


def newer(content: object) -> str:
    """Return a sentence that names the version where a later cnnlab wrote this JSON, else ""."""
    if not isinstance(content, dict):
        return ""
    versions = content.get("versions")
    written_by = content.get("cnnlab") or (isinstance(versions, dict) and versions.get("cnnlab"))
    own = version("cnnlab")
    if not isinstance(written_by, str) or _numbers(written_by) <= _numbers(own):
        return ""
    return (
        f" It was written by cnnlab {written_by[:40]}, and this is {own}: update it with "
        "pip install --upgrade cnnlab."
    )


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]{1,9}", text)[:3]]
