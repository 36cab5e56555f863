"""Passes of images through a network, a few steps of training, and what goes wrong in them."""

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from math import prod

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.custom.advice import explain, line_of
from cnnlab.custom.finding import Finding
from cnnlab.custom.probes import Stranger, strangers_noted
from cnnlab.custom.shapes import Misfit, misfit_of_function, placed
from cnnlab.models.layers import Call, watched
from cnnlab.wording import with_article

CLASSES = 10


@dataclass(frozen=True)
class Subject:
    """A network under examination, and its source: where the layers are made, if it is known.

    ``path`` and ``text`` are empty where the network is no one's own. ``make`` makes another such.
    """

    network: nn.Module
    make: Callable[[], nn.Module]
    path: str
    text: str
    made_lines: Mapping[nn.Module, int]

    @property
    def forward_line(self) -> int | None:
        """The line where the network's own forward begins."""
        code = getattr(getattr(type(self.network), "forward", None), "__code__", None)
        return code.co_firstlineno if code and code.co_filename == self.path else None

    @property
    def forward(self) -> str:
        """What to call it in a message: "forward (line 12)"."""
        return placed("forward", self.forward_line)

    def placed(self, module: nn.Module, name: str) -> str:
        """Return a layer's name with the line where it is made, if it is known."""
        return placed(name, self.made_lines.get(module))


@dataclass(frozen=True)
class Pass:
    """What a pass gave: the calls of layers, then the logits or a fault; what the code printed."""

    calls: list[Call]
    logits: torch.Tensor | None = None
    fault: Finding | None = None
    changed_its_input: bool = False
    strangers: list[Stranger] = field(default_factory=list)
    printed: str = ""


def train(subject: Subject, images: torch.Tensor) -> Pass:
    """Return a pass in training mode, its logits with a way back for gradients."""
    subject.network.train()
    with torch.enable_grad():
        return run(subject, images)


@torch.inference_mode()
def evaluate(subject: Subject, images: torch.Tensor) -> Pass:
    """Return a pass in evaluation mode, as validation and test have it."""
    subject.network.eval()
    return run(subject, images)


def run(subject: Subject, images: torch.Tensor) -> Pass:
    """Return what the network makes of images (N, 1, 32, 32), in the mode it is in."""
    given = images.clone()
    fault: Finding | None
    with (
        watched(subject.network) as calls,
        strangers_noted(subject.network, subject.path, subject.made_lines) as strangers,
        redirect_stdout(io.StringIO()) as printed,
    ):
        try:
            gave = subject.network(given)
        except (Exception, SystemExit) as error:
            gave, fault = None, _stopped(subject, calls, error, len(images))
        else:
            fault = _wrong_output(subject, calls, gave, len(images))
    return Pass(
        calls,
        logits=None if fault else gave,
        fault=fault,
        changed_its_input=not torch.equal(given, images),
        strangers=strangers,
        printed=printed.getvalue(),
    )


def _stopped(subject: Subject, calls: list[Call], error: BaseException, images: int) -> Finding:
    said, line = str(error), line_of(error, subject.path)
    if isinstance(error, TypeError) and line is None and ".forward() " in said:
        message = (
            f"{subject.forward} cannot be called with images: write def forward(self, x), and give "
            "a default to whatever else it takes."
        )
        return Finding("forward", message, subject.forward_line)
    found = None
    if calls and not calls[-1].is_done:
        found = _misfit(subject, calls, calls[-1], images, line, said)
    if not found and line:
        found = misfit_of_function(said, line, images)
    return found or explain(error, "The pass through the network", subject.path, subject.text)


def _misfit(
    subject: Subject, calls: list[Call], call: Call, images: int, line: int | None, said: str
) -> Finding | None:
    linear = [each for each in calls if isinstance(each.module, nn.Linear)]
    return Misfit(
        call=call,
        images=images,
        is_first_linear=bool(linear) and linear[0] is call,
        made_line=subject.made_lines.get(call.module),
        call_line=line,
        said=said,
    ).finding()


def _wrong_output(subject: Subject, calls: list[Call], gave: object, images: int) -> Finding | None:
    line = subject.forward_line
    wanted = f"expected ({images}, {CLASSES}), a number for each of {CLASSES} classes"
    if gave is None:
        message = (
            f"{subject.forward} gives nothing back: {wanted}. End it with return x, where x holds "
            "those numbers."
        )
        return Finding("output", message, line)
    if not isinstance(gave, torch.Tensor):
        kind = type(gave).__name__
        message = (
            f"{subject.forward} gives {with_article(kind)}; {wanted}. Return that one tensor alone."
        )
        return Finding("output", message, line)
    shape = tuple(gave.shape)
    if shape == (images, CLASSES):
        return None
    maps = [each for each in calls if isinstance(each.module, nn.Linear) and len(each.given) > 2]
    if maps and len(shape) > 2:  # a linear layer takes maps too, row by row, if the width fits
        return _misfit(subject, calls, maps[0], images, line, "")
    last = calls[-1] if calls else None
    if last and isinstance(last.module, nn.Linear) and shape == (images, last.module.out_features):
        line = subject.made_lines.get(last.module, line)
        advice = (
            f"Write nn.Linear({last.module.in_features}, {CLASSES}) for "
            f"{subject.placed(last.module, last.name)}."
        )
    else:
        advice = _advice(shape, images)
    message = f"{subject.forward} gives {shape} for {_images(images)}; {wanted}. {advice}"
    return Finding("output", message, line)


def _advice(shape: tuple[int, ...], images: int) -> str:
    if shape == (images,):
        return "Return all the numbers of an image, not the place of the largest."
    if len(shape) < 2 or shape[0] != images:
        return (
            "A squeeze(), or a view(...) that does not fit, mixes the images: write "
            ".flatten(start_dim=1)."
        )
    numbers = prod(shape[1:])
    if numbers == CLASSES:
        return "End it with .flatten(start_dim=1)."
    flatten = " .flatten(start_dim=1) and" if len(shape) > 2 else ""
    return f"End it with{flatten} nn.Linear({numbers}, {CLASSES})."


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


_TOLERANCE = 1e-4


def differ(logits: torch.Tensor, others: torch.Tensor | None) -> bool:
    """Return whether logits are others by more than rounding, or there are no others."""
    if others is None:
        return True
    largest = max(1.0, float(logits.abs().max()))
    return float((logits - others).abs().max()) > _TOLERANCE * largest


_STEPS = 4
_RATE = 0.1


@dataclass(frozen=True)
class Steps:
    """What training did: parameters that no step moved, and if all images are answered alike."""

    stuck: frozenset[nn.Parameter]
    is_constant: bool


def stuck_at_start(network: nn.Module, logits: torch.Tensor) -> bool:
    """Return whether gradients or logits are such that only steps can tell if it is for good.

    Weights of 0 in the last layer, say, hold up the others for one step, and do no harm.
    """
    return bool(_unmoved(network)) or _are_alike(logits)


def steps(subject: Subject, images: torch.Tensor) -> Steps:
    """Return what a few steps on the images, their negatives and plain grey do to the network."""
    levels = torch.linspace(-1, 1, len(images))
    grey = levels.view(-1, 1, 1, 1).expand_as(images)
    many = torch.cat((images, -images, grey))
    classes = torch.arange(len(many)) % 10
    stuck = set(subject.network.parameters())
    for _ in range(_STEPS):
        subject.network.zero_grad()
        logits = train(subject, many).logits
        if logits is None or not logits.requires_grad:
            break
        cross_entropy(logits, classes).backward()
        stuck &= _unmoved(subject.network)
        with torch.no_grad():
            for each in subject.network.parameters():
                if each.grad is not None:
                    each.sub_(each.grad, alpha=_RATE)
    answers = evaluate(subject, images).logits
    return Steps(frozenset(stuck), answers is not None and _are_alike(answers))


def _unmoved(network: nn.Module) -> set[nn.Parameter]:
    """Return the parameters that are to be trained and whose gradient is 0 throughout."""
    return {
        each
        for each in network.parameters()
        if each.requires_grad and (each.grad is not None and not each.grad.any())
    }


def _are_alike(logits: torch.Tensor) -> bool:
    return bool((logits == logits[:1]).all())
