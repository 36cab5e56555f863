"""Whether a network can learn, and answers each image by itself and the same each time."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.dropout import _DropoutNd

from cnnlab.custom.advice import explain, line_of_call
from cnnlab.custom.finding import Finding, Kind
from cnnlab.custom.saving import join_names
from cnnlab.custom.shapes import with_line
from cnnlab.custom.trial import (
    Subject,
    TrainingEffect,
    differ,
    evaluation_pass,
    seems_stuck,
    try_training,
)
from cnnlab.models.layers import Call
from cnnlab.wording import with_article


def find_unstable_outputs(
    subject: Subject, images: torch.Tensor, logits: torch.Tensor
) -> Iterator[Finding]:
    """Yield what is wrong with the logits (N, 10) that evaluation mode gave of the images."""
    again = evaluation_pass(subject, images)
    if again.changed_its_input:
        yield Finding(
            "input-changed",
            f"{subject.forward} changes the images that it is given: by +=, by a function whose "
            "name ends in _, or by inplace=True in the first layer. Make new values, as in "
            "x = x + 1.",
            subject.forward_line,
        )
    if differ(logits, again.logits):
        yield Finding(
            "random",
            "In evaluation mode the same images get another answer each time: F.dropout needs "
            "training=self.training, and layers must be made in __init__, not in forward.",
            subject.forward_line,
        )
        return
    for image, row in zip(images.split(1), logits.split(1), strict=True):
        alone = evaluation_pass(subject, image)
        if alone.fault:
            message = f"An image alone, as a last batch may be, is refused. {alone.fault.message}"
            yield replace(alone.fault, kind="batch-size", message=message)
            return
        if differ(row, alone.logits):
            yield Finding(
                "batch-dependent",
                "In evaluation mode an image gets another answer alone than among others, but each "
                "must be judged by itself. Look for a mean or softmax over dim=0, or a batch "
                "normalisation with track_running_stats=False.",
                subject.forward_line,
            )
            return


# The shares: a softmax of one largest number and nine smallest, as in e / (e + 9) = 0.23.
_LAST_STEPS: dict[str, tuple[Kind, str]] = {
    "softmax": (
        "softmax",
        "cross-entropy, the loss of training, already contains it, and after a second one no class "
        "can get more than 23 %. Take it out: return the numbers before it.",
    ),
    "log-softmax": (
        "log-softmax",
        "cross-entropy, the loss of training, already contains it. It does no harm, but has no "
        "use either: take it out.",
    ),
    "sigmoid": (
        "squashed",
        "with all numbers between 0 and 1, the loss of training can give no class more than 23 %. "
        "Take it out.",
    ),
    "tanh": (
        "squashed",
        "with all numbers between -1 and 1, the loss of training can give no class more than 45 %. "
        "Take it out.",
    ),
    "ReLU": (
        "squashed",
        "it makes all numbers below 0 the same, and where they are, nothing is learned. Take it "
        "out.",
    ),
}


def find_learning_faults(
    subject: Subject, images: torch.Tensor, calls: list[Call], logits: torch.Tensor
) -> Iterator[Finding]:
    """Yield what is wrong with logits (N, 10) from training mode, and with their gradients."""
    if not any(each.requires_grad for each in subject.network.parameters()):
        return  # said already: there is nothing to learn
    if not logits.requires_grad:
        yield Finding(
            "detached",
            f"No gradient can go back from the output, so nothing can be learned: take "
            f"torch.no_grad(), .detach(), .data, .numpy() or torch.tensor() out of "
            f"{subject.forward}.",
            subject.forward_line,
        )
        return
    step = _last_step(logits)
    if step:
        kind, why = _LAST_STEPS[step]
        line = _line_of(step, subject, calls, logits)
        yield Finding(kind, f"The last step is {with_article(with_line(step, line))}: {why}", line)
    try:
        cross_entropy(logits, torch.arange(len(logits))).backward()
    except Exception as error:
        if "modified by an inplace operation" in str(error):
            yield Finding(
                "in-place",
                f"{subject.forward} changes a value in place that the backward pass still needs: "
                "by +=, by a function whose name ends in _, or by inplace=True. Make new values, "
                "as in x = x + 1.",
                subject.forward_line,
            )
            return
        yield explain(error, "The backward pass", subject.path, subject.text)
        return
    called = {each.module for each in calls}
    stuck: frozenset[nn.Parameter] = frozenset()
    if seems_stuck(subject.network, logits):
        after = try_training(subject, images)
        no_way_through = _no_way_through(subject, called, after)
        if no_way_through:
            yield no_way_through
            return
        stuck = after.stuck
    yield from _without_gradient(subject, called, stuck)


def _last_step(logits: torch.Tensor) -> str | None:
    """Return what made the logits, if it is no fit last step.

    Judged by the operation and by its result: a division may or may not be a softmax by hand.
    """
    made_by = logits.grad_fn.name() if logits.grad_fn else ""
    if made_by in {"SoftmaxBackward0", "DivBackward0"} and _are_shares(logits):
        return "softmax"
    if made_by in {"LogSoftmaxBackward0", "LogBackward0", "SubBackward0"} and _are_shares(
        logits.exp()
    ):
        return "log-softmax"
    return {"SigmoidBackward0": "sigmoid", "TanhBackward0": "tanh", "ReluBackward0": "ReLU"}.get(
        made_by
    )


def _line_of(step: str, subject: Subject, calls: list[Call], logits: torch.Tensor) -> int | None:
    name = step.lower().replace("-", "")
    if calls and calls[-1].output is logits and calls[-1].kind.lower() == name:
        return subject.made_lines.get(calls[-1].module)
    return line_of_call(subject.text, name, subject.forward_line)


def _are_shares(rows: torch.Tensor) -> bool:
    """Return whether the numbers of each row are shares of one whole."""
    return bool((rows >= 0).all() and ((rows.sum(dim=1) - 1).abs() < 1e-4).all())


def _no_way_through(
    subject: Subject, called: set[nn.Module], after: TrainingEffect
) -> Finding | None:
    """Return why nothing of the images can be learned, if it is so; names what lets none pass."""
    parts = [(name, each) for name, each in subject.network.named_modules() if each in called]
    for name, module in parts:
        if isinstance(module, _DropoutNd) and module.p >= 1:
            return Finding(
                "constant",
                f"{subject.with_line(module, name)} drops everything in training, so nothing is "
                "learned of the images. Its number is the share that is dropped: write "
                f"nn.{type(module).__name__}(0.5).",
                subject.made_lines.get(module),
            )
    if not after.is_constant:
        return None
    empty = [
        (name, module)
        for name, module in parts
        if isinstance(getattr(module, "weight", None), nn.Parameter) and not module.weight.any()
    ]
    named = [subject.with_line(module, name) for name, module in empty]
    why = (
        f"all weights of {join_names(named)} are 0. Leave them as PyTorch draws them."
        if empty
        else "look for a multiplication by 0, or a step that makes all numbers the same."
    )
    return Finding(
        "constant",
        "Every image gets the same answer, and some steps of training do not change that, so "
        f"nothing can be learned of the images: {why}",
        subject.made_lines.get(empty[0][1]) if empty else subject.forward_line,
    )


def _without_gradient(
    subject: Subject, called: set[nn.Module], stuck: frozenset[nn.Parameter]
) -> Iterator[Finding]:
    unused: list[str] = []
    cut_off: list[str] = []
    lines: dict[Kind, int | None] = {}
    for name, module in subject.network.named_modules():
        missed = [
            each
            for each, parameter in module.named_parameters(recurse=False)
            if parameter in stuck or (parameter.requires_grad and parameter.grad is None)
        ]
        if not missed:
            continue
        line = subject.made_lines.get(module)
        if module in called or list(module.children()) or not name:
            cut_off += [f"{name}.{each}".lstrip(".") for each in missed]
            lines.setdefault("no-gradient", line)
        else:
            unused.append(subject.with_line(module, name))
            lines.setdefault("unused", line)
    if unused:
        yield Finding(
            "unused",
            f"{join_names(unused)} {'is' if len(unused) == 1 else 'are'} made but never called: "
            f"call {'it' if len(unused) == 1 else 'them'} in forward, or take "
            f"{'it' if len(unused) == 1 else 'them'} out.",
            lines["unused"],
        )
    if cut_off:
        them, get = ("it", "gets") if len(cut_off) == 1 else ("them", "get")
        yield Finding(
            "no-gradient",
            f"{join_names(cut_off)} {get} no gradient, so training leaves {them} as drawn: the "
            f"output does not use {them}, or .detach(), .data, torch.no_grad() or a "
            "multiplication by 0 stands between.",
            lines["no-gradient"],
        )
