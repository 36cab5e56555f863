"""Whether a network's answer to an image is of that image alone, and the same each time."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.passes import Subject, evaluate

_TOLERANCE = 1e-4


def judge_answers(
    subject: Subject, images: torch.Tensor, logits: torch.Tensor
) -> Iterator[Finding]:
    """Yield what is wrong with the logits (N, 10) that evaluation mode gave of the images."""
    again = evaluate(subject, images)
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
        alone = evaluate(subject, image)
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


def differ(logits: torch.Tensor, others: torch.Tensor | None) -> bool:
    """Return whether logits are others by more than rounding, or there are no others."""
    if others is None:
        return True
    largest = max(1.0, float(logits.abs().max()))
    return float((logits - others).abs().max()) > _TOLERANCE * largest
