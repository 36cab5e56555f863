"""Send images through a network, train it for a few steps, and explain what fails."""

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from math import prod

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.custom.advice import explain, line_of_error
from cnnlab.custom.finding import Finding
from cnnlab.custom.probes import UnregisteredLayer, record_unregistered_layers
from cnnlab.custom.shapes import ShapeMismatch, mismatch_in_function, with_line
from cnnlab.models.layers import Call, record_calls
from cnnlab.training.config import RECIPES
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.optimizers import Optimizer
from cnnlab.wording import with_article

CLASSES = 10


@dataclass(frozen=True)
class Subject:
    """The network that is checked, its source, and the lines that make its layers, if known.

    ``path`` and ``text`` are the user's file; both are empty for a network that cnnlab includes.
    ``make`` makes another network of the same kind.
    """

    network: nn.Module
    make: Callable[[], nn.Module]
    path: str
    text: str
    made_lines: Mapping[nn.Module, int]

    @property
    def forward_line(self) -> int | None:
        """The line where the user's forward begins, if it is in the file."""
        code = getattr(getattr(type(self.network), "forward", None), "__code__", None)
        return code.co_firstlineno if code and code.co_filename == self.path else None

    @property
    def forward(self) -> str:
        """Its name in a message: "forward (line 12)"."""
        return with_line("forward", self.forward_line)

    def with_line(self, module: nn.Module, name: str) -> str:
        """Return a layer's name with the line that makes it, if that is known."""
        return with_line(name, self.made_lines.get(module))


@dataclass(frozen=True)
class Pass:
    """The record of a pass: the calls of layers, the logits or a fault, the printed text."""

    calls: list[Call]
    logits: torch.Tensor | None = None
    fault: Finding | None = None
    changed_its_input: bool = False
    unregistered_layers: list[UnregisteredLayer] = field(default_factory=list)
    printed: str = ""


def training_pass(subject: Subject, images: torch.Tensor) -> Pass:
    """Return a pass in training mode; its logits have gradients."""
    subject.network.train()
    with torch.enable_grad():
        return forward_pass(subject, images)


@torch.inference_mode()
def evaluation_pass(subject: Subject, images: torch.Tensor) -> Pass:
    """Return a pass in evaluation mode, as in validation and test."""
    subject.network.eval()
    return forward_pass(subject, images)


def forward_pass(subject: Subject, images: torch.Tensor) -> Pass:
    """Return a pass of images (N, 1, 32, 32) in the network's present mode."""
    given = images.clone()
    fault: Finding | None
    with (
        record_calls(subject.network) as calls,
        record_unregistered_layers(
            subject.network, subject.path, subject.made_lines
        ) as unregistered,
        redirect_stdout(io.StringIO()) as printed,
    ):
        try:
            output = subject.network(given)
        except (Exception, SystemExit) as error:
            output, fault = None, _stopped(subject, calls, error, len(images))
        else:
            fault = _wrong_output(subject, calls, output, len(images))
    return Pass(
        calls,
        logits=None if fault else output,
        fault=fault,
        changed_its_input=not torch.equal(given, images),
        unregistered_layers=unregistered,
        printed=printed.getvalue(),
    )


def _stopped(subject: Subject, calls: list[Call], error: BaseException, images: int) -> Finding:
    error_text, line = str(error), line_of_error(error, subject.path)
    if isinstance(error, TypeError) and line is None and ".forward() " in error_text:
        message = (
            f"{subject.forward} must take the images and nothing else. Write def forward(self, x), "
            "and give each further argument a default."
        )
        return Finding("forward", message, subject.forward_line)
    found = None
    if calls and not calls[-1].is_done:
        found = _shape_mismatch(subject, calls, calls[-1], images, line, error_text)
    if not found and line:
        found = mismatch_in_function(error_text, line, images)
    return found or explain(error, "The forward pass", subject.path, subject.text)


def _shape_mismatch(
    subject: Subject, calls: list[Call], call: Call, images: int, line: int | None, error_text: str
) -> Finding | None:
    linear = [each for each in calls if isinstance(each.module, nn.Linear)]
    return ShapeMismatch(
        call=call,
        images=images,
        is_first_linear=bool(linear) and linear[0] is call,
        made_line=subject.made_lines.get(call.module),
        call_line=line,
        error_text=error_text,
    ).finding()


def _wrong_output(
    subject: Subject, calls: list[Call], output: object, images: int
) -> Finding | None:
    line = subject.forward_line
    wanted = (
        f"cnnlab expected the shape ({images}, {CLASSES}): {CLASSES} numbers per image, one for "
        "each class"
    )
    if output is None:
        message = (
            f"{subject.forward} returns nothing, but {wanted}. End it with return x, where x holds "
            "those numbers."
        )
        return Finding("output", message, line)
    if not isinstance(output, torch.Tensor):
        kind = type(output).__name__
        message = (
            f"{subject.forward} returns {with_article(kind)}, but {wanted}. Return only that "
            "tensor."
        )
        return Finding("output", message, line)
    shape = tuple(output.shape)
    if shape == (images, CLASSES):
        return None
    linear = [each for each in calls if isinstance(each.module, nn.Linear)]
    of_maps = [each for each in linear if len(each.input_shape) > 2]
    if of_maps and len(shape) > 2:  # a linear layer also takes maps, row by row, if the width fits
        return _shape_mismatch(subject, calls, of_maps[0], images, line, "")
    last = calls[-1] if calls else None
    if last and isinstance(last.module, nn.Linear) and shape == (images, last.module.out_features):
        line = subject.made_lines.get(last.module, line)
        advice = (
            f"Write nn.Linear({last.module.in_features}, {CLASSES}) for "
            f"{subject.with_line(last.module, last.name)}."
        )
    else:
        advice = _advice(shape, images)
    message = f"{subject.forward} returns the shape {shape}, but {wanted}. {advice}"
    return Finding("output", message, line)


def _advice(shape: tuple[int, ...], images: int) -> str:
    if shape == (images,):
        return f"Return all {CLASSES} numbers of each image, not the position of the largest."
    if len(shape) < 2 or shape[0] != images:
        return (
            "A squeeze(), or a view(...) of the wrong size, mixes the images. Write "
            ".flatten(start_dim=1) instead."
        )
    numbers = prod(shape[1:])
    if numbers == CLASSES:
        return "End it with .flatten(start_dim=1)."
    flatten = " .flatten(start_dim=1) and" if len(shape) > 2 else ""
    return f"End it with{flatten} nn.Linear({numbers}, {CLASSES})."


_TOLERANCE = 1e-4


def differ(logits: torch.Tensor, others: torch.Tensor | None) -> bool:
    """Return whether logits differ by more than rounding, or there are no others."""
    if others is None:
        return True
    largest = max(1.0, float(logits.abs().max()))
    return float((logits - others).abs().max()) > _TOLERANCE * largest


_STEPS, _MORE_STEPS = 2, 4
_APART = 0.5  # of how far filters moved; what breaks their symmetry drives them as far apart
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainingEffect:
    """What a few training steps did: parameters that did not move, constant outputs, an error.

    ``used`` are the parameters that got a gradient in some step; ``equal_filters`` are the layers,
    with their numbers of filters, whose filters were equal and stayed equal.
    """

    stuck: frozenset[nn.Parameter]
    used: frozenset[nn.Parameter]
    is_constant: bool
    equal_filters: tuple[tuple[nn.Module, int], ...] = ()
    error: Exception | SystemExit | None = None


def try_training(subject: Subject, images: torch.Tensor) -> TrainingEffect:
    """Train for a few steps, as training does: its engine, its layout, its optimiser.

    The batch is the images, their negatives and plain grey. Two steps show state that keeps its
    graph. If some gradients are 0 after them, or all outputs alike, more steps tell whether that
    stays: weights of 0 in the last layer, for example, stop the others for one step only.
    """
    levels = torch.linspace(-1, 1, len(images))
    grey = levels.view(-1, 1, 1, 1).expand_as(images)
    effect = _train(subject, torch.cat((images, -images, grey)))
    if effect.error:
        of_few = _train(subject, images)
        return effect if of_few.error else of_few  # else a fixed batch size, which has its finding
    return effect


def _train(subject: Subject, many: torch.Tensor) -> TrainingEffect:
    classes = torch.arange(len(many)) % CLASSES
    parameters = [each for each in subject.network.parameters() if each.requires_grad]
    stuck, used, is_constant = set(parameters), set[nn.Parameter](), False
    equal = [(each, each.weight.detach().clone()) for each in _with_equal_filters(subject.network)]
    try:
        with engine_for(subject.network, _CPU).applied(subject.network, _CPU) as model:
            optimizer = Optimizer(model, RECIPES["workshop"])
            for step in range(_STEPS + _MORE_STEPS):
                if step >= _STEPS and not (stuck or is_constant):
                    break
                model.train()
                cross_entropy(model(many), classes).backward()
                stuck &= _unmoved(model)
                used |= {each for each in parameters if each.grad is not None}
                optimizer.step()
                optimizer.zero_grad()
                model.eval()
                with torch.inference_mode():
                    logits = model(many)
                is_constant = _are_alike(logits)
    except (Exception, SystemExit) as error:
        return TrainingEffect(frozenset(), frozenset(parameters), False, error=error)
    still_equal = tuple(
        (each, len(before))
        for each, before in equal
        if _move_together(before, each.weight.detach())
    )
    return TrainingEffect(frozenset(stuck), frozenset(used), is_constant, still_equal)


def _with_equal_filters(network: nn.Module) -> list[nn.Linear | nn.Conv2d]:
    """Return the trained layers whose filters are all equal, and each sees the same input."""
    return [
        each
        for each in network.modules()
        if isinstance(each, (nn.Linear, nn.Conv2d))
        and isinstance(each.weight, nn.Parameter)
        and each.weight.requires_grad
        and len(each.weight) > 1
        and getattr(each, "groups", 1) == 1
        and _are_alike(each.weight)
    ]


def _move_together(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Return whether filters that were equal have moved, and stayed near each other.

    Small random biases alone keep them from being equal to the last bit.
    """
    moved = float((after - before).abs().max())
    apart = float((after - after.mean(dim=0)).abs().max())
    return moved > 0 and apart < _APART * moved


def _unmoved(network: nn.Module) -> set[nn.Parameter]:
    """Return the parameters that should be trained but whose gradient is 0 everywhere."""
    return {
        each
        for each in network.parameters()
        if each.requires_grad and (each.grad is not None and not each.grad.any())
    }


def _are_alike(logits: torch.Tensor) -> bool:
    return bool((logits == logits[:1]).all())
