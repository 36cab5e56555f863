"""Whether a network can learn, and whether each output depends on its own image only."""

import ast
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.dropout import _DropoutNd

from cnnlab.custom.advice import explain, line_of_call
from cnnlab.custom.finding import Finding, Kind
from cnnlab.custom.passes import (
    Subject,
    TrainingEffect,
    differ,
    evaluation_pass,
    try_training,
)
from cnnlab.custom.saving import join_names
from cnnlab.custom.shapes import with_line
from cnnlab.models.layers import Call
from cnnlab.wording import with_article


def find_unstable_outputs(
    subject: Subject, images: torch.Tensor, logits: torch.Tensor
) -> Iterator[Finding]:
    """Yield what makes the logits (N, 10) of evaluation mode unstable or change the images."""
    again = evaluation_pass(subject, images)
    if again.changed_its_input:
        yield Finding(
            "input-changed",
            f"{subject.forward} changes its input images in place. Look for +=, a function whose "
            "name ends in _, or inplace=True in the first layer. Make a new tensor instead, as in "
            "x = x + 1.",
            subject.forward_line,
        )
    if differ(logits, again.logits):
        yield Finding(
            "random",
            "In evaluation mode the same images get a different output each time. F.dropout needs "
            "training=self.training, and layers must be made in __init__, not in forward.",
            subject.forward_line,
        )
        return
    for image, row in zip(images.split(1), logits.split(1), strict=True):
        alone = evaluation_pass(subject, image)
        if alone.fault:
            message = f"A batch may hold only one image, and that fails. {alone.fault.message}"
            yield replace(alone.fault, kind="batch-size", message=message)
            return
        if differ(row, alone.logits):
            yield Finding(
                "batch-dependent",
                "In evaluation mode the output for an image depends on the other images of its "
                "batch. It must depend on that image only. Look for a mean or softmax over dim=0, "
                "or a batch normalisation with track_running_stats=False.",
                subject.forward_line,
            )
            return


# The percentages: a softmax of one largest and nine smallest numbers: e / (e + 9) = 0.23.
LAST_STEPS: dict[str, tuple[Kind, str]] = {
    "softmax": (
        "softmax",
        "The training loss, cross-entropy, already contains one, and after a second one no class "
        "can get more than 23 %. Delete it: return the numbers before it.",
    ),
    "log-softmax": (
        "log-softmax",
        "The training loss, cross-entropy, already contains one. It does no harm, but you do not "
        "need it: you can delete it.",
    ),
    "sigmoid": (
        "squashed",
        "It puts all numbers between 0 and 1, and then the training loss can give no class more "
        "than 23 %. Delete it.",
    ),
    "tanh": (
        "squashed",
        "It puts all numbers between -1 and 1, and then the training loss can give no class more "
        "than 45 %. Delete it.",
    ),
    "ReLU": (
        "squashed",
        "It cuts every score below 0 to 0, and training cannot improve a score that was cut. "
        "Delete it.",
    ),
}


def find_learning_faults(
    subject: Subject, images: torch.Tensor, calls: list[Call], logits: torch.Tensor
) -> Iterator[Finding]:
    """Yield what is wrong with the logits (N, 10) of training mode and with their gradients."""
    if not any(each.requires_grad for each in subject.network.parameters()):
        return  # `find_untrained_weights` reports that there is nothing to train
    if not logits.requires_grad:
        yield Finding(
            "detached",
            "No gradient can flow back from the output, so the network cannot learn. Delete "
            "torch.no_grad(), .detach(), .data, .numpy() or torch.tensor() from "
            f"{subject.forward}.",
            subject.forward_line,
        )
        return
    step = _last_step(logits)
    if step:
        kind, why = LAST_STEPS[step]
        line = _line_of(step, subject, calls, logits)
        yield Finding(kind, f"The last step is {with_article(with_line(step, line))}. {why}", line)
    try:
        cross_entropy(logits, torch.arange(len(logits))).backward()
    except Exception as error:
        if "modified by an inplace operation" in str(error):
            yield Finding(
                "in-place",
                f"{subject.forward} changes a tensor in place, but the backward pass still needs "
                "its old values. Look for +=, a function whose name ends in _, or inplace=True. "
                "Make a new tensor instead, as in x = x + 1.",
                subject.forward_line,
            )
            return
        yield explain(error, "The backward pass", subject.path, subject.text)
        return
    called = {each.module for each in calls}
    after = try_training(subject, images)
    if after.error:
        yield explain(after.error, "A training step", subject.path, subject.text)
        return
    no_way_through = _no_way_through(subject, called, after)
    if no_way_through:
        yield no_way_through
        return
    yield from _equal_filters(subject, after)
    yield from _without_gradient(subject, called, after)


def _last_step(logits: torch.Tensor) -> str | None:
    """Return the operation that made the logits, if it is a bad last step.

    It must match by its name and by its result: a division may be a softmax by hand, or not.
    """
    made_by = logits.grad_fn.name() if logits.grad_fn else ""
    if made_by in {"SoftmaxBackward0", "DivBackward0"} and _are_probabilities(logits):
        return "softmax"
    if made_by in {"LogSoftmaxBackward0", "LogBackward0", "SubBackward0"} and _are_probabilities(
        logits.exp()
    ):
        return "log-softmax"
    return {"SigmoidBackward0": "sigmoid", "TanhBackward0": "tanh", "ReluBackward0": "ReLU"}.get(
        made_by
    )


def names_under_condition(tree: ast.Module) -> set[str]:
    """Return the attributes that a function with a condition uses: it may call them at times."""
    return {
        each.attr
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name != "__init__"
        if any(isinstance(part, ast.If | ast.IfExp | ast.While) for part in ast.walk(function))
        for each in ast.walk(function)
        if isinstance(each, ast.Attribute)
    }


def _line_of(step: str, subject: Subject, calls: list[Call], logits: torch.Tensor) -> int | None:
    name = step.lower().replace("-", "")
    if calls and calls[-1].output is logits and calls[-1].kind.lower() == name:
        return subject.made_lines.get(calls[-1].module)
    return line_of_call(subject.text, name, subject.forward_line)


def _are_probabilities(rows: torch.Tensor) -> bool:
    """Return whether the numbers of each row are not negative and sum to 1."""
    return bool((rows >= 0).all() and ((rows.sum(dim=1) - 1).abs() < 1e-4).all())


def _no_way_through(
    subject: Subject, called: set[nn.Module], after: TrainingEffect
) -> Finding | None:
    """Return why the network cannot learn from the images, if so, and which layer is the cause."""
    parts = [(name, each) for name, each in subject.network.named_modules() if each in called]
    for name, module in parts:
        if isinstance(module, _DropoutNd) and module.p >= 1:
            return Finding(
                "constant",
                f"{subject.with_line(module, name)} drops every number in training, so the network "
                "cannot learn from the images. The number in its brackets is the fraction to drop: "
                f"write nn.{type(module).__name__}(0.5).",
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
        f"All weights of {join_names(named)} are 0. Keep the random weights that PyTorch draws."
        if empty
        else "Look for a multiplication by 0, or a step that makes all numbers the same."
    )
    return Finding(
        "constant",
        "Every image gets the same output, even after some training steps, so the network cannot "
        f"learn from the images. {why}",
        subject.made_lines.get(empty[0][1]) if empty else subject.forward_line,
    )


def _equal_filters(subject: Subject, after: TrainingEffect) -> Iterator[Finding]:
    names = {module: name for name, module in subject.network.named_modules()}
    for module, filters in after.equal_filters:
        what = "neurons" if isinstance(module, nn.Linear) else "filters"
        yield Finding(
            "equal-filters",
            f"All {filters} {what} of {subject.with_line(module, names[module])} are equal, and "
            f"training keeps them equal: the layer works as if it had only one of its {what}. "
            "Delete what sets its weights to one number: PyTorch draws random weights by itself.",
            subject.made_lines.get(module),
        )


def _without_gradient(
    subject: Subject, called: set[nn.Module], after: TrainingEffect
) -> Iterator[Finding]:
    conditional = names_under_condition(ast.parse(subject.text))
    unused: list[str] = []
    cut_off: list[str] = []
    lines: dict[Kind, int | None] = {}
    for name, module in subject.network.named_modules():
        missed = [
            each
            for each, parameter in module.named_parameters(recurse=False)
            if parameter in after.stuck or (parameter.requires_grad and parameter not in after.used)
        ]
        if not missed or (module not in called and conditional & {*name.split(".")}):
            continue
        line = subject.made_lines.get(module)
        if module in called or list(module.children()) or not name:
            cut_off += [f"{name}.{each}".lstrip(".") for each in missed]
            lines.setdefault("no-gradient", line)
        else:
            unused.append(subject.with_line(module, name))
            lines.setdefault("unused", line)
    if unused:
        them, are = ("it", "is") if len(unused) == 1 else ("them", "are")
        yield Finding(
            "unused",
            f"{join_names(unused)} {are} made but never used. Call {them} in forward, or delete "
            f"{them}.",
            lines["unused"],
        )
    if cut_off:
        them, get = ("it", "gets") if len(cut_off) == 1 else ("them", "get")
        yield Finding(
            "no-gradient",
            f"{join_names(cut_off)} {get} no gradient, so training does not change {them}. Either "
            f"the output does not use {them}, or .detach(), .data, torch.no_grad() or a "
            "multiplication by 0 blocks the gradient.",
            lines["no-gradient"],
        )
