"""A name to a network: one of cnnlab's own, or one from a file, tried out first."""

from collections.abc import Callable
from difflib import get_close_matches

from torch import nn

from cnnlab.custom.check import CheckReport, examine
from cnnlab.custom.finding import FaultError
from cnnlab.custom.network import is_custom, read_custom
from cnnlab.custom.suggest import notebook_advice, suggest_network
from cnnlab.errors import ModelError
from cnnlab.models.catalog import MODELS, ModelSpec


def find_network(name: str, notify: Callable[[str], None] = lambda _: None) -> ModelSpec:
    """Return the network of that name, or of one's own as ``file.py:Class``, tried out.

    ``notify`` is told where that takes long. Raises `ModelError`, naming the nearest, where there
    is none or it cannot do the job.
    """
    if is_custom(name):
        custom = read_custom(name)
        report = examine(name, custom, notify)
        for finding in report.findings:
            if finding.effect == "stops":
                raise FaultError(finding, custom.path)
        warnings = tuple(each.message for each in report.findings)
        full_name = f"{custom.path}:{custom.class_name}"
        return ModelSpec(full_name, custom.class_name, custom, custom, warnings, report.layers)
    if name not in MODELS:
        raise ModelError(
            f"There is no model {name!r}. {_instead(name)}There are: {', '.join(MODELS)}, or one "
            "of your own as file.py:Class."
        )
    return MODELS[name]


def _instead(name: str) -> str:
    meant = notebook_advice(name)
    if meant:
        return f"{meant} "
    near = suggest_network(name) or next(
        (repr(each) for each in get_close_matches(name.lower(), MODELS, n=1, cutoff=0.4)), None
    )
    return f"Did you mean {near}? " if near else ""


def build(name: str, seed: int = 0) -> nn.Module:
    """Return the network of that name with weights drawn from ``seed``; see `find_network`."""
    return find_network(name).build(seed)


def check_network(name: str, notify: Callable[[str], None] = lambda _: None) -> CheckReport:
    """Return what is known of the network of that name, and all that is wrong with it.

    ``notify`` is told where that takes long. A file that cannot be read, or run, is a finding
    too. Raises `ModelError` where cnnlab has no network of that name.
    """
    if not is_custom(name):
        return examine(name, find_network(name).make)
    try:
        custom = read_custom(name)
    except FaultError as error:
        return CheckReport(name, findings=(error.finding,))
    return examine(f"{custom.path}:{custom.class_name}", custom, notify)
