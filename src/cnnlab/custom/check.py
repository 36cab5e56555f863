"""A network tried out on a few images: what its layers cost, and what is wrong with it."""

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
    """A part of the examination: what it does, and what to do where it does not end."""

    doing: str
    advice: str


_READING = _Stage(
    "running the file from its top",
    f"Put what is to run only when the file is started itself {UNDER_MAIN}",
)
_MAKING = _Stage(
    "making the network",
    "Make its layers smaller, and take out of __init__ what need not be done there.",
)
_TRYING = _Stage(
    "trying the network on a few images",
    "Make its layers smaller, and see that each loop in forward ends.",
)


@dataclass(frozen=True)
class CheckReport:
    """What is known of a network: its layers, its costs for one image, and what was found.

    The layers are as far as the images came. The findings that stop training come first. What the
    network printed is of one pass.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    parameters: int = 0
    multiply_accumulates: int = 0
    findings: tuple[Finding, ...] = ()
    printed: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found that would stop or spoil training."""
        return all(each.effect == "none" for each in self.findings)


def made_up_images() -> torch.Tensor:
    """Return images (4, 1, 32, 32) of random grey levels as a network takes them: in [-1, 1]."""
    levels = torch.randint(256, (_IMAGES, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    return levels.float().div_(255).sub_(0.5).div_(0.5)


def examine(
    name: str, make: Callable[[], nn.Module], notify: Callable[[str], None] = lambda _: None
) -> CheckReport:
    """Make a network and try it out; nothing is printed, and no random generator is moved.

    ``notify`` is told where that takes long.
    """
    checked = _try_out(name, make, notify)
    if isinstance(make, CustomNetwork) and any(each.effect == "stops" for each in checked.findings):
        # It explains a failure, and is none by itself: Python may call such a method after all.
        misspelt = find_misspelt_init(ast.parse(make.text), make.class_name)
        return replace(checked, findings=(misspelt,)) if misspelt else checked
    return checked


def _try_out(
    name: str, make: Callable[[], nn.Module], notify: Callable[[str], None]
) -> CheckReport:
    source = make if isinstance(make, CustomNetwork) else CustomNetwork("", "", "")
    stage = _READING

    def on_waiting() -> None:
        notify(f"Waiting for {name}: {stage.doing}. After {TIME_LIMIT_SECONDS:g} s it is stopped.")

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
            checked = _examine(name, Subject(network, make, source.path, source.text, lines))
        findings = [*checked.findings, *at_top]
        return replace(
            checked,
            findings=tuple(sorted(findings, key=lambda each: _ORDER.index(each.effect))),
            printed=printed.getvalue() + checked.printed,
        )
    except FaultError as error:
        return CheckReport(name, findings=(error.finding,))
    except TooSlowError as error:
        line = line_of_error(error, source.path)
        where = f" in line {line}" if line else ""
        message = (
            f"After {TIME_LIMIT_SECONDS:g} seconds of {stage.doing} it was stopped{where}. "
            f"{stage.advice}"
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
    """Return what stops the passes; the mode is said where it is of one only."""
    if training and (evaluation or training.kind == "mistake"):
        return [training]
    if training:
        message = f"Only in training mode, after network.train(): {training.message}"
        return [replace(training, kind="training-mode", message=message)]
    if evaluation:
        message = f"Only in evaluation mode, after network.eval(): {evaluation.message}"
        return [replace(evaluation, kind="evaluation-mode", message=message)]
    return []


def _not_finite(subject: Subject, training: Pass) -> Finding:
    first = next((each for each in training.calls if not each.is_finite), None)
    where = f", first after {subject.with_line(first.module, first.name)}" if first else ""
    return Finding(
        "not-finite",
        f"Before any training the output already holds NaN or infinity{where}: look for a division "
        "by 0, a logarithm or root of what can be 0 or less, or very large weights.",
        subject.made_lines.get(first.module) if first else subject.forward_line,
    )
