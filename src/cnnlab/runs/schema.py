"""Check JSON before it is used: each value must have its type and be in its range."""

import math
import re
import reprlib
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from cnnlab.data.catalog import Preparation
from cnnlab.data.own.data_set import MOST_CLASSES, is_own
from cnnlab.errors import ConfigError, RunError
from cnnlab.training.config import TrainConfig

Record = TypeVar("Record")

STATUSES = ("running", "finished", "interrupted", "diverged", "failed")
_DESCRIPTION = {
    "cnnlab": str,
    "model": str,
    "parameters": int,
    "status": str,
    "recipe": str,
    "device": str,
    "config": dict,
    "data_set": dict,
    "versions": dict,
}
_DATA_SET = {
    "name": str,
    "title": str,
    "source": str,
    "train": int,
    "validation": int,
    "test": int,
}
_OWN_DATA_SET = {"classes": list, "preparation": str, "sha256": dict}
_VERSIONS = {"torch": str, "python": str}
_RESUMED = {"device": str, "cnnlab": str, "torch": str, "python": str, "epoch": int}
_LAYER = {
    "name": str,
    "kind": str,
    "output_shape": list,
    "parameters": int,
    "multiply_accumulates": int,
}


def check_description(path: Path, description: Mapping[str, Any]) -> None:
    """Raise `RunError` if this cnnlab does not understand a ``config.json``."""
    check_types(path, description, _DESCRIPTION, description)
    check_types(path, description["data_set"], _DATA_SET, description)
    check_types(path, description["versions"], _VERSIONS, description)
    if is_own(description["data_set"]["name"]):
        _check_own_data(path, description["data_set"], description)
    if description["status"] not in STATUSES:
        raise _wrong(path, "status", description["status"], ", ".join(STATUSES), description)
    check_settings(path, description["config"], description)
    _check_list(path, description, "resumed", _RESUMED)
    _check_list(path, description, "layers", _LAYER)
    for each in description.get("layers", []):
        if set(each) != set(_LAYER) or not all(type(size) is int for size in each["output_shape"]):
            raise _wrong(path, "layers", each, f"{', '.join(_LAYER)}", description)


def _check_own_data(
    path: Path, data_set: Mapping[str, Any], description: Mapping[str, Any]
) -> None:
    """Raise `RunError` if a run on a user's own data set does not say what its classes are."""
    check_types(path, data_set, _OWN_DATA_SET, description)
    check_types(path, data_set["sha256"], {"content": str}, description)
    classes = data_set["classes"]
    if not all(type(each) is str for each in classes) or not 2 <= len(classes) <= MOST_CLASSES:
        raise _wrong(path, "classes", classes, f"2 to {MOST_CLASSES} names", description)
    if data_set["preparation"] not in get_args(Preparation):
        expected = ", ".join(get_args(Preparation))
        raise _wrong(path, "preparation", data_set["preparation"], expected, description)


def _check_list(
    path: Path, description: Mapping[str, Any], key: str, types: Mapping[str, type]
) -> None:
    """Raise `RunError` if a key is there, and its value is not a list of such objects."""
    found = description.get(key, [])
    check_types(path, {key: found}, {key: list}, description)
    for each in found:
        check_types(path, {key: each}, {key: dict}, description)
        check_types(path, each, types, description)


def check_settings(path: Path, settings: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    """Raise `RunError` if settings do not make a `TrainConfig`; ``whole`` as in `check_types`."""
    known = {each.name for each in fields(TrainConfig)}
    for name in sorted(set(settings) ^ known):
        fault = "lacks the setting" if name in known else "has the unknown setting"
        raise RunError(
            f"{path} is damaged, or another version of cnnlab wrote it: it {fault} "
            f"{name[:40]!r}.{newer(whole)}"
        )
    try:
        TrainConfig(**settings)
    except ConfigError as error:
        raise RunError(f"{path} is damaged: {error}{newer(whole)}") from None


def check_types(
    path: Path, content: Mapping[str, Any], types: Mapping[str, type], whole: Mapping[str, Any]
) -> None:
    """Raise `RunError` if a key of a JSON object is missing, or its value has another type.

    ``whole`` is the whole file: it says which version wrote it.
    """
    for key, expected in types.items():
        if type(content.get(key)) is not expected:
            raise _wrong(path, key, content.get(key), expected.__name__, whole)


def fill(kind: type[Record], content: object, path: Path) -> Record:
    """Return a dataclass of numbers and text from a JSON object; ignore unknown keys.

    Raises `RunError` if a value without a default is missing, has another type, or is impossible:
    an accuracy is from 0 to 1, and only a loss may be infinite.
    """
    hints, found = get_type_hints(kind), content if isinstance(content, dict) else {}
    known = {
        each.name: found.get(each.name)
        for each in fields(kind)  # type: ignore[arg-type]
        if each.name in found or each.default is MISSING
    }
    for name, value in known.items():
        if not _is_sound(name, value, hints[name]):
            expected = "text" if hints[name] is str else "a possible number"
            raise _wrong(path, name, value, expected, found)
    return kind(**known)


def _is_sound(name: str, value: Any, kind: type) -> bool:
    if kind is str:
        return type(value) is str
    if type(value) is not int and (kind is int or type(value) is not float):
        return False
    if name.endswith("_accuracy"):
        return 0 <= value <= 1
    if name.endswith("_loss") and value == math.inf:
        return True
    return bool(abs(value) <= sys.float_info.max) and (kind is float or 0 <= value < 2**63)


def _wrong(
    path: Path, key: str, found: object, expected: str, whole: Mapping[str, Any]
) -> RunError:
    return RunError(
        f"{path} is damaged, or another version of cnnlab wrote it: {key} is "
        f"{reprlib.repr(found)}; expected {expected}.{newer(whole)}"
    )


def newer(content: object) -> str:
    """Return a sentence that names the version if a later cnnlab wrote this JSON, else ""."""
    if not isinstance(content, dict):
        return ""
    versions = content.get("versions")
    written_by = content.get("cnnlab") or (isinstance(versions, dict) and versions.get("cnnlab"))
    own = version("cnnlab")
    if not isinstance(written_by, str) or _numbers(written_by) <= _numbers(own):
        return ""
    return (
        f" cnnlab {written_by[:40]} wrote it, but this is cnnlab {own}. Update it: "
        "pip install --upgrade cnnlab."
    )


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]{1,9}", text)[:3]]
