"""Rules about the passes: one that fails, and outputs that depend on more than their image."""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from cnnlab.custom.advice import explain
from cnnlab.custom.finding import Finding
from cnnlab.custom.mistakes import NO_GRADIENT_THROUGH_NUMPY
from cnnlab.custom.shapes import explain_function, explain_layer
from cnnlab.custom.trial import PassSeen, Raised, Shape, Trial
from cnnlab.models.classes import CLASSES
from cnnlab.wording import counted, with_article


def fault_of(trial: Trial, seen: PassSeen) -> Finding | None:
    """Return why a pass has no output of the right shape, if it has none."""
    if seen.raised:
        return _explain_raised(trial, seen, seen.raised)
    return None if seen.is_right else _explain_output(trial, seen)


def failing_pass(trial: Trial) -> Iterator[Finding]:
    """Yield what stops the passes; if it stops only one mode, the message names the mode."""
    training = fault_of(trial, trial.training) if trial.training else None
    evaluation = fault_of(trial, trial.evaluation) if trial.evaluation else training
    if training and (evaluation or training.kind == "mistake"):
        yield training
    elif training:
        message = f"Only in training mode (after network.train()): {training.message}"
        yield replace(training, kind="training-mode", message=message)
    elif evaluation:
        message = f"Only in evaluation mode (after network.eval()): {evaluation.message}"
        yield replace(evaluation, kind="evaluation-mode", message=message)


def _explain_raised(trial: Trial, seen: PassSeen, raised: Raised) -> Finding:
    if raised.type == "TypeError" and raised.line is None and ".forward() " in raised.text:
        message = (
            f"cnnlab calls forward with the images only, but {trial.forward} does not accept that. "
            "Write def forward(self, x), and give each further argument a default."
        )
        return Finding("forward", message, trial.forward_line)
    found = None
    if seen.calls and not seen.calls[-1].is_done:
        found = explain_layer(seen, seen.calls[-1], raised)
    if not found and raised.line:
        found = explain_function(seen, raised)
    return found or explain(raised, "The forward pass", trial.path, trial.text)


def _explain_output(trial: Trial, seen: PassSeen) -> Finding | None:
    wanted = (
        f"cnnlab expected the shape ({seen.images}, {seen.classes}) for "
        f"{counted(seen.images, 'image')}: {seen.classes} numbers per image, one for each class"
    )
    shape, line, last = seen.output_shape, trial.forward_line, seen.calls[-1:]
    if shape is None:
        found, advice = "nothing", "End it with return x, where x holds those numbers."
        if seen.output_type != "NoneType":
            found, advice = with_article(seen.output_type), "Return only that tensor."
        if seen.output_type == "ndarray":
            found, advice = "a NumPy array", f"Return a tensor: {NO_GRADIENT_THROUGH_NUMPY}"
        return Finding("output", f"{trial.forward} returns {found}, but {wanted}. {advice}", line)
    of_maps = [each for each in seen.calls if each.family == "linear" and len(each.input_shape) > 2]
    if of_maps and len(shape) > 2:  # a linear layer also takes maps, row by row, if the width fits
        return explain_layer(seen, of_maps[0])
    if last and last[0].family == "linear" and shape == (seen.images, last[0].makes):
        line = last[0].line or line
        advice = f"Write nn.Linear({last[0].takes}, {seen.classes}) for {last[0].place}."
        if seen.classes != CLASSES:
            advice += (
                " Or give __init__ an argument num_classes and write that: cnnlab passes the "
                "number of classes of the data set."
            )
    else:
        advice = _advice(shape, seen, has_cat="cat(" in trial.text)
    message = f"{trial.forward} returns the shape {shape}, but {wanted}. {advice}"
    return Finding("output", message, line)


def _advice(shape: Shape, seen: PassSeen, *, has_cat: bool) -> str:
    images = seen.images
    if shape == (images,):
        return f"Return all {seen.classes} numbers of each image, not the position of the largest."
    if has_cat and len(shape) == 2 and shape[0] in range(2 * images, 9 * images, images):
        return "torch.cat(..., dim=0) puts images below images. Write dim=1 to join their numbers."
    if len(shape) < 2 or shape[0] != images:
        return (
            "A squeeze(), or a view(...) of the wrong size, mixes the images. Write "
            ".flatten(start_dim=1) instead."
        )
    numbers = prod(shape[1:])
    if numbers == seen.classes:
        return "End it with .flatten(start_dim=1)."
    flatten = " .flatten(start_dim=1) and" if len(shape) > 2 else ""
    return f"End it with{flatten} nn.Linear({numbers}, {seen.classes})."


_WHY_NOT_FINITE = {
    "log": "A logarithm needs numbers above 0: add a small number, as in torch.log(x + 1e-6).",
    "sqrt": "A square root needs numbers of 0 or more, and its gradient needs numbers above 0: add "
    "a small number, as in torch.sqrt(x + 1e-6).",
    "std": "A standard deviation divides by the count of numbers minus 1, and its gradient by the "
    "deviation: give it two numbers or more that differ, or write x.var(..., correction=0).",
    "div": "A division needs a number other than 0: add a small number, as in x / (y + 1e-6).",
}
_ANY_NOT_FINITE = (
    "Look for a division by 0, a logarithm or square root of numbers that can be 0 or negative, or "
    "very large weights."
)


def not_finite(trial: Trial) -> Iterator[Finding]:
    """Yield which function or layer first makes NaN or infinity, before any training."""
    seen = trial.not_finite
    why = next((why for name, why in _WHY_NOT_FINITE.items() if seen and name in seen.function), "")
    if trial.steps and not trial.steps.is_finite:
        where = f", first from {seen.function} in line {seen.line}" if seen and seen.line else ""
        yield Finding(
            "not-finite",
            f"The gradient contains NaN or infinity{where}, so a training step makes all weights "
            f"NaN. {why or _ANY_NOT_FINITE}",
            seen.line if seen else trial.forward_line,
        )
        return
    both = trial.training, trial.evaluation
    if trial.works or any(each is None or not each.is_right for each in both):
        return
    calls = trial.training.calls if trial.training else ()
    first = next((each for each in calls if not each.is_finite), None)
    where, line = (f", first after {first.place}", first.line) if first else ("", None)
    if seen and seen.line and why:
        where, line = f", first after {seen.function} in line {seen.line}", seen.line
    yield Finding(
        "not-finite",
        f"The output contains NaN or infinity before any training{where}. {why or _ANY_NOT_FINITE}",
        line or trial.forward_line,
    )


def fixed_batch(trial: Trial) -> Iterator[Finding]:
    """Yield why a batch of one image fails."""
    odd = _odd_alone(trial)
    fault = fault_of(trial, odd) if odd else None
    if fault:
        message = f"The last batch may be one image, and that fails. {fault.message}"
        yield replace(fault, kind="batch-size", message=message)


def batch_dependent(trial: Trial) -> Iterator[Finding]:
    """Yield that an image alone gets another output than in a batch."""
    odd = _odd_alone(trial)
    if odd and odd.is_right:
        second = [each for each in trial.modules if each.is_batch_second]
        advice = (
            f"{second[0].place} takes the images from the second dimension. Write batch_first=True "
            "in its brackets."
            if second
            else "Look for a mean or softmax over dim=0, or a batch normalisation with "
            "track_running_stats=False."
        )
        yield Finding(
            "batch-dependent",
            "In evaluation mode the output for an image depends on the other images of its batch. "
            f"It must depend on that image only. {advice}",
            second[0].line if second else trial.forward_line,
        )


def _odd_alone(trial: Trial) -> PassSeen | None:
    """Return the first pass of one image that fails or differs, if the batch itself is steady."""
    if trial.hidden or (trial.again and trial.again.differs):
        return None
    return next((each for each in trial.alone if each.differs), None)


def input_changed(trial: Trial) -> Iterator[Finding]:
    """Yield that forward changes the images."""
    if trial.again and trial.again.changed_its_input and not trial.hidden:
        yield Finding(
            "input-changed",
            f"{trial.forward} changes its input images in place. Look for +=, a function whose "
            "name ends in _, or inplace=True in the first layer. Make a new tensor instead, as in "
            "x = x + 1.",
            trial.forward_line or trial.first_line,
        )


def random_outputs(trial: Trial) -> Iterator[Finding]:
    """Yield that the same images get other outputs each time."""
    if trial.again and trial.again.differs and not trial.hidden:
        yield Finding(
            "random",
            "In evaluation mode the same images get a different output each time. F.dropout needs "
            "training=self.training, and layers must be made in __init__, not in forward.",
            trial.forward_line,
        )
