"""Check a network on a few images: what its layers cost, and what is wrong with it."""

import ast
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace

import torch
from torch import nn

from cnnlab.custom.advice import find_misspelt_init, line_of_error
from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.learning import find_learning_faults, find_unstable_outputs
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.probes import UNDER_MAIN, record_layer_lines, refuse_too_large
from cnnlab.custom.sandbox import TIME_LIMIT_SECONDS, TooSlowError, isolation, preserve_state
from cnnlab.custom.saving import (
    find_hidden_layers,
    find_lazy_layer,
    find_unregistered_tensors,
    find_unsaved_state,
    find_untrained_weights,
)
from cnnlab.custom.trial import Pass, Subject, evaluation_pass, training_pass
from cnnlab.models.layers import Layer, tabulate

_IMAGES = 4
_ORDER = ("stops", "spoils", "none")


@dataclass(frozen=True)
class _Stage:
    """A step of the check: what cnnlab does in it, and what to change if it takes too long."""

    activity: str
    advice: str


_READING = _Stage(
    "running the file",
    f"Put code that should run only when you start the file yourself {UNDER_MAIN}",
)
_MAKING = _Stage(
    "making the network",
    "Make its layers smaller, and do only what is needed in __init__.",
)
_TRYING = _Stage(
    "trying the network on a few images",
    "Make its layers smaller, and check that each loop in forward ends.",
)


@dataclass(frozen=True)
class CheckReport:
    """What a check found out: the layers, their costs for one image, and the findings.

    If a pass fails, ``layers`` holds the layers before the failure. The findings that stop training
    come first. ``printed`` is what the network printed while it was made and in one pass.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    parameters: int = 0
    multiply_accumulates: int = 0
    findings: tuple[Finding, ...] = ()
    printed: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether no finding stops or spoils training."""
        return all(each.effect == "none" for each in self.findings)


def made_up_images() -> torch.Tensor:
    """Return images (4, 1, 32, 32) of random grey levels, in [-1, 1] as for training."""
    levels = torch.randint(256, (_IMAGES, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    return levels.float().div_(255).sub_(0.5).div_(0.5)


def examine(
    name: str, make: Callable[[], nn.Module], notify: Callable[[str], None] = lambda _: None
) -> CheckReport:
    """Make a network and check it; print nothing, and leave every random generator as it was.

    If that takes long, a message goes to ``notify``.
    """
    report = _try_out(name, make, notify)
    if isinstance(make, CustomNetwork) and any(each.effect == "stops" for each in report.findings):
        # Only together with a failure: by itself such a method may be right.
        misspelt = find_misspelt_init(ast.parse(make.text), make.class_name)
        return replace(report, findings=(misspelt,)) if misspelt else report
    return report


def _try_out(
    name: str, make: Callable[[], nn.Module], notify: Callable[[str], None]
) -> CheckReport:
    source = make if isinstance(make, CustomNetwork) else CustomNetwork("", "", "")
    stage = _READING

    def on_waiting() -> None:
        notify(
            f"Waiting for {name}: cnnlab is {stage.activity}. It stops after "
            f"{TIME_LIMIT_SECONDS:g} s."
        )

    try:
        with isolation(on_waiting), record_layer_lines(source.path) as lines:
            with refuse_too_large(source.path):
                at_top = tuple(
                    make.read().side_effects.findings() if isinstance(make, CustomNetwork) else ()
                )
            stage = _MAKING
            torch.manual_seed(0)
            with refuse_too_large(source.path), redirect_stdout(io.StringIO()) as printed:
                network = make()
            stage = _TRYING
            report = _examine(name, Subject(network, make, source.path, source.text, lines))
        findings = [*report.findings, *at_top]
        return replace(
            report,
            findings=tuple(sorted(findings, key=lambda each: _ORDER.index(each.effect))),
            printed=printed.getvalue() + report.printed,
        )
    except FaultError as error:
        return CheckReport(name, findings=(error.finding,))
    except TooSlowError as error:
        line = line_of_error(error, source.path)
        where = f" in line {line}" if line else ""
        message = (
            f"{stage.activity.capitalize()} took more than {TIME_LIMIT_SECONDS:g} seconds, so "
            f"cnnlab stopped it{where}. {stage.advice}"
        )
        return CheckReport(name, findings=(Finding("slow", message, line),))


def _examine(name: str, subject: Subject) -> CheckReport:
    images, network = made_up_images(), subject.network
    lazy = find_lazy_layer(subject, images)
    if lazy:
        return CheckReport(name, findings=(lazy,))
    findings: list[Finding] = []
    with preserve_state(network):
        training, evaluation = training_pass(subject, images), evaluation_pass(subject, images)
        hidden = list(
            find_hidden_layers(
                subject, training.unregistered_layers + evaluation.unregistered_layers
            )
        )
        if training.logits is not None:
            hidden += find_unregistered_tensors(subject, training.logits)
        findings += hidden
        if training.logits is None or evaluation.logits is None:
            findings += _faults(training.fault, evaluation.fault)
        elif not (training.logits.isfinite().all() and evaluation.logits.isfinite().all()):
            findings.append(_not_finite(subject, training))
        else:
            if not hidden:
                findings += find_unstable_outputs(subject, images, evaluation.logits)
            findings += find_learning_faults(subject, images, training.calls, training.logits)
            if not hidden:
                findings += find_unsaved_state(subject, images)
    if not hidden:
        findings += find_untrained_weights(subject)
    layers = tabulate((training if evaluation.fault else evaluation).calls, _IMAGES)
    return CheckReport(
        name=name,
        layers=layers,
        parameters=sum(each.numel() for each in network.parameters()),
        multiply_accumulates=sum(each.multiply_accumulates for each in layers),
        findings=tuple(findings),
        printed=training.printed,
    )


def _faults(training: Finding | None, evaluation: Finding | None) -> list[Finding]:
    """Return what stops the passes; if it stops only one mode, its message names the mode."""
    if training and (evaluation or training.kind == "mistake"):
        return [training]
    if training:
        message = f"Only in training mode (after network.train()): {training.message}"
        return [replace(training, kind="training-mode", message=message)]
    if evaluation:
        message = f"Only in evaluation mode (after network.eval()): {evaluation.message}"
        return [replace(evaluation, kind="evaluation-mode", message=message)]
    return []


def _not_finite(subject: Subject, training: Pass) -> Finding:
    first = next((each for each in training.calls if not each.is_finite), None)
    where = f", first after {subject.with_line(first.module, first.name)}" if first else ""
    return Finding(
        "not-finite",
        f"The output contains NaN or infinity before any training{where}. Look for a division by "
        "0, a logarithm or square root of numbers that can be 0 or negative, or very large "
        "weights.",
        subject.made_lines.get(first.module) if first else subject.forward_line,
    )
