"""What a trial of a network showed, as plain data; and the trial itself, in this process."""

import ast
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from cnnlab.custom.advice import find_misspelt_init, line_of_call
from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.learning import find_learning_faults, find_unstable_outputs
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.parse import find_hiding_name
from cnnlab.custom.passes import Pass, Subject, evaluation_pass, training_pass
from cnnlab.custom.probes import (
    preserve_state,
    record_layer_lines,
    record_seed_lines,
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
class Outputs:
    """The range of the outputs, and of each image's sum, with all weights far from 0."""

    lowest: float
    highest: float
    least_sum: float
    largest_sum: float


@dataclass(frozen=True)
class Trial:
    """What a network did when it was tried on a few images; numbers, strings and tuples only.

    If a pass fails, ``layers`` holds the layers before the failure. ``printed`` is what the network
    printed while it was made and in one pass. ``same_draws`` names the stages, "making" and
    "forward", after which PyTorch's generator is the same although the seed before was another.
    ``straight_pairs`` are layers with nothing between them that bends. ``bytes_per_image`` is what
    a training pass keeps for the backward pass. ``lines`` are those of the file where something
    is, by its name: "softmax", "seed-making", "layer fc1".
    """

    layers: tuple[Layer, ...] = ()
    parameters: int = 0
    findings: tuple[Finding, ...] = ()
    printed: str = ""
    same_draws: tuple[str, ...] = ()
    outputs: Outputs | None = None
    straight_pairs: tuple[tuple[str, str], ...] = ()
    bytes_per_image: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)

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
        outputs = content.pop("outputs")
        return cls(
            layers=tuple(layers),
            findings=tuple(findings),
            outputs=outputs and Outputs(**outputs),
            same_draws=tuple(content.pop("same_draws")),
            straight_pairs=tuple(tuple(each) for each in content.pop("straight_pairs")),
            **content,
        )


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
        with (
            _silent(),
            seeded(0),
            record_layer_lines(source.path) as lines,
            record_seed_lines(source.path) as seed_lines,
        ):
            on_stage("reading")
            with refuse_too_large(source.path), record_side_effects(source.path) as effects:
                source.read()
            hiding = find_hiding_name(ast.parse(source.text))
            if hiding:
                raise FaultError(hiding, source.path)
            on_stage("making")
            torch.manual_seed(0)
            with refuse_too_large(source.path), redirect_stdout(io.StringIO()) as printed:
                seed_lines.stage = "making"
                network = source()
            drawn = torch.get_rng_state()
            on_stage("trying")
            seed_lines.stage = "forward"
            trial = _try(Subject(network, source, source.path, source.text, lines))
            if not any(each.effect == "stops" for each in trial.findings):
                seed_lines.stage = "making"
                same = ["making"] * draws_alike(source, drawn)
                seed_lines.stage = "forward"
                same += ["forward"] * draws_alike_in_forward(network, made_up_images())
                trial = replace(
                    trial, same_draws=tuple(same), lines={**trial.lines, **seed_lines.lines}
                )
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
    outputs: Outputs | None = None
    straight: tuple[tuple[str, str], ...] = ()
    kept = 0
    if not any(each.effect == "stops" for each in findings):
        with preserve_state(network):
            outputs = range_of_outputs(network, images)
            straight, kept = watch_graph(network, images)
    lines = {
        step: line
        for step in ("softmax", "sigmoid", "tanh")
        if (line := line_of_call(subject.text, step, subject.forward_line))
    }
    for pair in straight:
        for name in pair:
            line = subject.made_lines.get(network.get_submodule(name))
            lines.update({f"layer {name}": line} if line else {})
    return Trial(
        outputs=outputs,
        straight_pairs=straight,
        bytes_per_image=kept // IMAGES,
        lines=lines,
        layers=tabulate((training if evaluation.fault else evaluation).calls, IMAGES),
        parameters=sum(each.numel() for each in network.parameters()),
        findings=tuple(findings),
        printed=training.printed,
    )


_FAR = 30.0  # what weights are multiplied by


def range_of_outputs(network: nn.Module, images: torch.Tensor) -> Outputs | None:
    """Return the range of the outputs with weights that are much larger, if that can tell.

    A range that stays between two numbers then is so by construction, whatever the last step.
    """
    many = torch.cat((images, -images))
    try:
        with torch.no_grad():
            for each in network.parameters():
                if each.is_floating_point():
                    each.mul_(_FAR)
            logits = network.eval()(many[: len(images)]), network(many[len(images) :])
    except (Exception, SystemExit):
        return None  # such as numbers that are too large for a check of its own
    rows = torch.cat(logits).double()
    sums = rows.sum(dim=1)
    if not rows.isfinite().all() or bool((rows == rows[:1, :1]).all()):
        return None
    return Outputs(*(float(each) for each in (rows.min(), rows.max(), sums.min(), sums.max())))


def watch_graph(
    network: nn.Module, images: torch.Tensor
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return layers with nothing between them that bends, and the bytes that a pass keeps."""
    names: dict[nn.Module, str] = {
        module: name
        for name, module in network.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d)) and getattr(module, "groups", 1) == 1
    }
    made_by: dict[object, nn.Module] = {}
    pairs: list[tuple[str, str]] = []

    def before(module: nn.Module, given: tuple[Any, ...]) -> None:
        step = getattr(given[0], "grad_fn", None) if given else None
        while step is not None and step not in made_by and _is_straight(step):
            step = step.next_functions[0][0]
        if step in made_by:
            pairs.append((names[made_by[step]], names[module]))

    def after(module: nn.Module, _given: tuple[Any, ...], output: Any) -> None:
        if getattr(output, "grad_fn", None) is not None:
            made_by[output.grad_fn] = module

    own = {each.untyped_storage().data_ptr() for each in network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    handles = [module.register_forward_pre_hook(before) for module in names]
    handles += [module.register_forward_hook(after) for module in names]
    try:
        with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
            network.train()(images)
    except (Exception, SystemExit):
        return (), 0  # hooks are not for every network; its passes have succeeded
    finally:
        for handle in handles:
            handle.remove()
    return tuple(dict.fromkeys(pairs)), sum(kept.values())


def _is_straight(step: Any) -> bool:
    """Return whether a step of the graph only moves numbers to other places, or averages them."""
    name: str = step.name()
    return name.startswith(("View", "Reshape", "UnsafeView", "Permute", "AvgPool2D", "Squeeze"))


def draws_alike(source: CustomNetwork, drawn: torch.Tensor) -> bool:
    """Return whether making a network from another seed leaves the generator in the same state."""
    try:
        with seeded(1), redirect_stdout(io.StringIO()):
            source()
            return torch.equal(torch.get_rng_state(), drawn)
    except FaultError:
        return False


def draws_alike_in_forward(network: nn.Module, images: torch.Tensor) -> bool:
    """Return whether training passes from two seeds leave the generator in the same state."""
    states = []
    with redirect_stdout(io.StringIO()), preserve_state(network):
        for seed in (1, 2):
            with seeded(seed):
                try:
                    network.train()(images)
                except (Exception, SystemExit):
                    return False
                states.append(torch.get_rng_state())
    return torch.equal(*states)


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
