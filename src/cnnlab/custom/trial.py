"""What a trial of a network showed, as plain data; and the trial itself, in this process."""

import ast
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import torch

from cnnlab.custom.advice import find_misspelt_init
from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.learning import find_learning_faults, find_unstable_outputs
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.parse import find_hiding_name
from cnnlab.custom.passes import Pass, Subject, evaluation_pass, training_pass
from cnnlab.custom.probes import (
    preserve_state,
    record_layer_lines,
    record_side_effects,
    refuse_too_large,
)
from cnnlab.custom.saving import (
    find_hidden_layers,
    find_lazy_layer,
    find_unregistered_tensors,
    find_unsaved_state,
    find_untrained_weights,
)
from cnnlab.models.layers import Layer, tabulate
from cnnlab.seeding import seeded

IMAGES = 4
Stage = Literal["reading", "making", "trying"]


@dataclass(frozen=True)
class Trial:
    """What a network did when it was tried on a few images; numbers, strings and tuples only.

    If a pass fails, ``layers`` holds the layers before the failure. ``printed`` is what the network
    printed while it was made and in one pass.
    """

    layers: tuple[Layer, ...] = ()
    parameters: int = 0
    findings: tuple[Finding, ...] = ()
    printed: str = ""

    def to_json(self) -> str:
        """Return the trial as text, to be read by `from_json` in another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Trial":
        """Return the trial that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        layers = (
            Layer(**each | {"output_shape": tuple(each["output_shape"])})
            for each in content.pop("layers")
        )
        findings = (Finding(**each) for each in content.pop("findings"))
        return cls(layers=tuple(layers), findings=tuple(findings), **content)


def made_up_images() -> torch.Tensor:
    """Return images (4, 1, 32, 32) of random grey levels, in [-1, 1] as for training."""
    levels = torch.randint(256, (IMAGES, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    return levels.float().div_(255).sub_(0.5).div_(0.5)


def observe_here(
    source: CustomNetwork, on_stage: Callable[[Stage], None] = lambda _: None
) -> Trial:
    """Read a user's file, make its network, and try it, in this process.

    ``on_stage`` hears what begins. This replaces streams and functions of the process for that
    time, and runs the user's code: `cnnlab.custom.sandbox.observe` does it in a child process.
    """
    try:
        with _silent(), seeded(0), record_layer_lines(source.path) as lines:
            on_stage("reading")
            with refuse_too_large(source.path), record_side_effects(source.path) as effects:
                source.read()
            hiding = find_hiding_name(ast.parse(source.text))
            if hiding:
                raise FaultError(hiding, source.path)
            on_stage("making")
            torch.manual_seed(0)
            with refuse_too_large(source.path), redirect_stdout(io.StringIO()) as printed:
                network = source()
            on_stage("trying")
            trial = _try(Subject(network, source, source.path, source.text, lines))
    except FaultError as error:
        trial = Trial(findings=(error.finding,))
    else:
        trial = replace(
            trial,
            findings=(*trial.findings, *effects.findings()),
            printed=printed.getvalue() + trial.printed,
        )
    if any(each.effect == "stops" for each in trial.findings):
        # Only together with a failure: by itself such a method may be right.
        misspelt = find_misspelt_init(ast.parse(source.text), source.maker)
        return replace(trial, findings=(misspelt,)) if misspelt else trial
    return trial


@contextmanager
def _silent() -> Iterator[None]:
    """Run the block with no output, no warnings, and no input: input() raises EOFError."""
    standard_input, sys.stdin = sys.stdin, io.StringIO()
    try:
        with (
            redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")),
            redirect_stderr(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdin = standard_input


def _try(subject: Subject) -> Trial:
    images, network = made_up_images(), subject.network
    lazy = find_lazy_layer(subject, images)
    if lazy:
        return Trial(findings=(lazy,))
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
    return Trial(
        layers=tabulate((training if evaluation.fault else evaluation).calls, IMAGES),
        parameters=sum(each.numel() for each in network.parameters()),
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
