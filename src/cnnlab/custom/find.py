"""From a name to a network: one that cnnlab includes, or one from your file, checked first."""

from collections.abc import Callable
from difflib import get_close_matches

import torch
from torch import nn

from cnnlab.custom.check import CheckReport, examine
from cnnlab.custom.finding import FaultError
from cnnlab.custom.network import is_custom, read_custom
from cnnlab.custom.suggest import notebook_advice, suggest_network
from cnnlab.errors import ModelError
from cnnlab.models.catalog import MODELS, ModelSpec, count_parameters, layers_of, model_for
from cnnlab.models.classes import CLASSES
from cnnlab.training.engines.choose import engine_for


def find_network(
    name: str, notify: Callable[[str], None] = lambda _: None, classes: int = CLASSES
) -> ModelSpec:
    """Return the network of that name; one from a file, ``file.py:Class``, is checked first.

    It has one output for each of the ``classes``. If the check takes long, a message goes to
    ``notify``. Raises `ModelError` if there is no such network, with the nearest name, or if it
    cannot be trained.
    """
    if is_custom(name):
        custom = read_custom(name, classes)
        report = examine(custom, notify)
        for finding in report.findings:
            if finding.effect == "stops":
                raise FaultError(finding, custom.path)
        warnings = tuple(each.message for each in report.findings)
        full_name = f"{custom.path}:{custom.class_name}"
        return ModelSpec(full_name, custom.class_name, custom, custom, warnings, report.layers)
    if name not in MODELS:
        advice = notebook_advice(name)
        if advice:
            raise ModelError(advice)
        raise ModelError(
            f"There is no model {name!r}. {_suggestion(name)}The models are: {', '.join(MODELS)}; "
            "or name your own as file.py:Class."
        )
    return model_for(name, classes)


def _suggestion(name: str) -> str:
    near = suggest_network(name) or next(
        (repr(each) for each in get_close_matches(name.lower(), MODELS, n=1, cutoff=0.4)), None
    )
    return f"Did you mean {near}? " if near else ""


def build(name: str, seed: int = 0, classes: int = CLASSES) -> nn.Module:
    """Return the network of that name, its weights drawn from ``seed``; see `find_network`."""
    return find_network(name, classes=classes).build(seed)


def check_network(
    name: str, notify: Callable[[str], None] = lambda _: None, classes: int = CLASSES
) -> CheckReport:
    """Check the network of that name, and report its layers and everything that is wrong.

    If that takes long, a message goes to ``notify``. A file that cannot be read or run is a
    finding too. Raises `ModelError` if cnnlab includes no network of that name.
    """
    if not is_custom(name):
        network = find_network(name, classes=classes)
        layers, model = layers_of(network), network.build(seed=0)
        return CheckReport(
            name,
            layers,
            parameters=count_parameters(model),
            multiply_accumulates=sum(each.multiply_accumulates for each in layers),
            engine=str(engine_for(model, torch.device("cpu"))),
        )
    try:
        custom = read_custom(name, classes)
    except FaultError as error:
        return CheckReport(name, findings=(error.finding,))
    return examine(custom, notify)
