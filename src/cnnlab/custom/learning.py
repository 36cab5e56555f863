"""Rules about whether a network can learn: its last step, its gradients, its seeds."""

import ast
import math
from collections.abc import Iterator

from cnnlab.custom.advice import explain
from cnnlab.custom.finding import Finding, Kind, join_names, with_line
from cnnlab.custom.lines import line_of_call
from cnnlab.custom.trial import ModuleSeen, Trial
from cnnlab.wording import percent, with_article

# ``most`` is the most that a class can get after another softmax: one largest number and else
# smallest ones, e / (e + 9) = 23 % for 10 classes.
_LAST_STEPS: dict[str, tuple[Kind, str, str]] = {
    "softmax": (
        "softmax",
        "The {classes} numbers of each image sum to 1",
        "The training loss, cross-entropy, already contains one, and after a second one no class "
        "can get more than {most}. Delete it: return the numbers before it.",
    ),
    "log-softmax": (
        "log-softmax",
        "The exponentials of the {classes} numbers of each image sum to 1",
        "The training loss, cross-entropy, already contains one. It does no harm, but you do not "
        "need it: you can delete it.",
    ),
    "sigmoid": (
        "squashed",
        "All outputs are between 0 and 1",
        "It puts all numbers between 0 and 1, and then the training loss can give no class more "
        "than {most}. Delete it.",
    ),
    "tanh": (
        "squashed",
        "All outputs are between -1 and 1",
        "It puts all numbers between -1 and 1, and then the training loss can give no class more "
        "than {most}. Delete it, or multiply its result by a scale, as in 10 * x.",
    ),
    "ReLU": (
        "squashed",
        "No output is below 0",
        "It cuts every score below 0 to 0, and training cannot improve a score that was cut. "
        "Delete it.",
    ),
}


def detached(trial: Trial) -> Iterator[Finding]:
    """Yield that no gradient flows back from the output."""
    seen = trial.training
    if trial.again and seen and not seen.has_gradient and len(trial.frozen) < trial.tensors:
        yield Finding(
            "detached",
            "No gradient can flow back from the output, so the network cannot learn. Delete "
            f"torch.no_grad(), .detach(), .data, .numpy() or torch.tensor() from {trial.forward}.",
            trial.forward_line,
        )


def failing_step(trial: Trial) -> Iterator[Finding]:
    """Yield why a training step fails although a pass does not."""
    raised = trial.steps.raised if trial.steps else None
    if not trial.steps or not raised:
        return
    if "modified by an inplace operation" in raised.text:
        yield Finding(
            "in-place",
            f"{trial.forward} changes a tensor in place, but the backward pass still needs its old "
            "values. Look for +=, a function whose name ends in _, or inplace=True. Make a new "
            "tensor instead, as in x = x + 1.",
            trial.forward_line,
        )
        return
    doing = "The backward pass" if trial.steps.raised_in == "backward" else "A training step"
    yield explain(raised, doing, trial.path, trial.text)


def last_step(trial: Trial) -> Iterator[Finding]:
    """Yield what keeps all outputs between two numbers, even with weights that are much larger."""
    step = _bounding_step(trial)
    if step and step != "log-softmax":
        yield _of_last_step(trial, step)


def log_softmax(trial: Trial) -> Iterator[Finding]:
    """Yield that a log-softmax is not needed."""
    is_sum = trial.last_step.startswith("Log of") and "Softmax" not in trial.last_step
    if _bounding_step(trial) == "log-softmax" and not is_sum:
        yield _of_last_step(trial, "log-softmax")


def _bounding_step(trial: Trial) -> str | None:
    """Return the step that the outputs look like, by their values; a ReLU by its name."""
    outputs = trial.outputs
    if trial.last_step.startswith("Relu"):
        return "ReLU"
    if outputs is None or _is_constant(trial):
        return None
    if outputs.are_shares or outputs.are_log_shares:
        return "softmax" if outputs.are_shares else "log-softmax"
    if outputs.lowest >= 0 and outputs.highest <= 1:
        return "sigmoid"
    return "tanh" if outputs.lowest >= -1 and outputs.highest <= 1 else None


def _of_last_step(trial: Trial, step: str) -> Finding:
    kind, values, why = _LAST_STEPS[step]
    largest = math.exp(2 if step == "tanh" else 1)  # in relation to the smallest
    most = percent(largest / (largest + trial.classes - 1), 0)
    values, why = values.format(classes=trial.classes), why.format(most=most)
    name = step.lower().replace("-", "")
    last = trial.training.calls[-1:] if trial.training else ()
    is_layer = bool(last) and last[0].kind.lower() == name
    line = last[0].line if is_layer else line_of_call(trial.text, name, trial.forward_line)
    is_last = trial.last_step.lower().startswith(name)
    what = "The last step is" if is_last else f"{values}, as after"
    message = f"{what} {with_article(with_line(step, line))}. {why}"
    return Finding(kind, message, line or trial.forward_line)


def dropout_of_outputs(trial: Trial) -> Iterator[Finding]:
    """Yield that the last step drops scores of classes."""
    last = trial.training.calls[-1:] if trial.training else ()
    drops = (
        bool(last)
        and last[0].kind.startswith("Dropout")
        and last[0].output_shape == (trial.classes,)
    )
    if drops and not _is_constant(trial) and trial.last_step.startswith(("NativeDropout", "Mul")):
        yield Finding(
            "dropout",
            f"The last step, {last[0].place}, is a dropout: in training it sets scores of classes "
            "to 0 at random. Delete it, or put it before the last linear layer.",
            last[0].line,
        )


def constant(trial: Trial) -> Iterator[Finding]:
    """Yield why the network cannot learn from the images, and which layer is the cause."""
    if not _is_constant(trial):
        return
    all_dropped = _dropping_all(trial)
    if all_dropped:
        seen = all_dropped[0]
        yield Finding(
            "constant",
            f"{seen.place} drops every number in training, so the network cannot learn from the "
            "images. The number in its brackets is the fraction to drop: write "
            f"nn.{seen.kind}(0.5).",
            seen.line,
        )
        return
    empty = [each for each in trial.modules if each.is_called and each.is_zero]
    why = (
        f"All weights of {join_names([each.place for each in empty])} are 0. Keep the random "
        "weights that PyTorch draws."
        if empty
        else "Look for a multiplication by 0, or a step that makes all numbers the same."
    )
    yield Finding(
        "constant",
        "Every image gets the same output, even after some training steps, so the network cannot "
        f"learn from the images. {why}",
        empty[0].line if empty else trial.forward_line,
    )


def _dropping_all(trial: Trial) -> list[ModuleSeen]:
    return [each for each in trial.modules if each.is_called and each.drops >= 1]


def _is_constant(trial: Trial) -> bool:
    return trial.steps is not None and (trial.steps.is_constant or bool(_dropping_all(trial)))


def equal_filters(trial: Trial) -> Iterator[Finding]:
    """Yield each layer whose filters are equal, and that training keeps so."""
    for seen in () if _is_constant(trial) else trial.modules:
        if seen.equal_filters:
            what = "neurons" if seen.family == "linear" else "filters"
            yield Finding(
                "equal-filters",
                f"All {seen.equal_filters} {what} of {seen.place} are equal, and training keeps "
                f"them equal: the layer works as if it had only one of its {what}. Delete what "
                "sets its weights to one number: PyTorch draws random weights by itself.",
                seen.line,
            )


def unused(trial: Trial) -> Iterator[Finding]:
    """Yield the layers that forward does not call."""
    found = [each for each in _without_gradient(trial) if _is_unused(each)]
    if found:
        them, are = ("it", "is") if len(found) == 1 else ("them", "are")
        yield Finding(
            "unused",
            f"{join_names([each.place for each in found])} {are} made but never used. Call {them} "
            f"in forward, or delete {them}.",
            found[0].line,
        )


def no_gradient(trial: Trial) -> Iterator[Finding]:
    """Yield the weights of layers that are used, but that get no gradient."""
    found = [each for each in _without_gradient(trial) if not _is_unused(each)]
    names = [f"{each.name}.{part}".lstrip(".") for each in found for part in each.missed]
    if names:
        them, get = ("it", "gets") if len(names) == 1 else ("them", "get")
        name = found[0].name
        is_dropped = found[0].is_called and all(map(str.isidentifier, name.split(".")))
        use = f" (write x = self.{name}(x))" if is_dropped else ""
        yield Finding(
            "no-gradient",
            f"{join_names(names)} {get} no gradient, so training does not change {them}. Either "
            f"the output does not use {them}{use}, or .detach(), .data, torch.no_grad() or a "
            "multiplication by 0 blocks the gradient.",
            found[0].line,
        )


def _is_unused(seen: ModuleSeen) -> bool:
    return bool(seen.name) and not seen.is_called and not seen.has_parts


def _without_gradient(trial: Trial) -> list[ModuleSeen]:
    """Return the parts without a gradient, but those that forward may call under a condition."""
    if _is_constant(trial) or not any(each.missed for each in trial.modules):
        return []
    conditional = _names_under_condition(ast.parse(trial.text))
    return [
        each
        for each in trial.modules
        if each.missed and (each.is_called or not conditional & {*each.name.split(".")})
    ]


def _names_under_condition(tree: ast.Module) -> set[str]:
    """Return the attributes that a function with a condition uses: it may call them at times."""
    return {
        each.attr
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name != "__init__"
        if any(isinstance(part, ast.If | ast.IfExp | ast.While) for part in ast.walk(function))
        for each in ast.walk(function)
        if isinstance(each, ast.Attribute)
    }


def seeds_set_inside(trial: Trial) -> Iterator[Finding]:
    """Yield where the network sets the seed of PyTorch's random numbers itself."""
    for stage, line in trial.reseeded:
        where = f"Line {line}" if line else "The file"
        if stage == "making":
            message = (
                f"{where} sets the seed when the network is made, so all runs start from the same "
                "weights, and training with several seeds tells no more than with one. Delete it. "
                "cnnlab draws the weights from --seed."
            )
        else:
            message = (
                f"{where} sets the seed in forward, so each batch gets the same random numbers, "
                "such as the same dropout mask. Delete it. cnnlab sets the seed once, before "
                "training."
            )
        yield Finding("seeded", message, line)


def nothing_bends(trial: Trial) -> Iterator[Finding]:
    """Yield two layers with nothing between them that bends a straight line."""
    modules = {each.name: each for each in trial.modules}
    for pair in trial.straight_pairs:
        first, second = (modules[name] for name in pair)
        yield Finding(
            "straight",
            f"Nothing bends between {first.place} and {second.place}: without an activation the "
            "two can compute no more than one layer. Put one between them, such as nn.ReLU().",
            second.line,
        )
