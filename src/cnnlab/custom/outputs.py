"""What all outputs of a network have in common: the step that made them, and their range."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from cnnlab.custom.graph import MOVES
from cnnlab.custom.trial import Outputs

_FAR = 30.0  # what weights are multiplied by, twice
_NEAR = 1e-3


def last_step(logits: torch.Tensor) -> str:
    """Return PyTorch's name of the operation that made the logits, such as "SoftmaxBackward0"."""
    step = _last_but_moves(logits.grad_fn)
    if step is None:
        return ""
    if step.name().startswith("LogBackward"):
        before = _last_but_moves(step.next_functions[0][0])
        return f"Log of {before.name() if before is not None else ''}"
    return str(step.name())


def _last_but_moves(step: Any) -> Any:
    while step is not None and step.name().startswith(MOVES):
        step = step.next_functions[0][0]
    return step


@torch.no_grad()
def range_of_outputs(network: nn.Module, images: torch.Tensor) -> Outputs:
    """Return what all outputs have in common; their range is that of much larger weights.

    A range that stays between two numbers then is so by construction, whatever the last step.
    """
    both, outputs = (images, -images), Outputs()
    network.eval()
    for farther in (1.0, _FAR, _FAR):
        for each in network.parameters():
            if each.is_floating_point():
                each.mul_(farther)
        try:
            rows = torch.cat([network(each) for each in both])
        except (Exception, SystemExit):
            break  # such as numbers that are too large for a check of its own
        if not rows.isfinite().all() or bool((rows == rows[:1, :1]).all()):
            break
        outputs = Outputs(are_shares=_sum_to_1(rows), are_log_shares=_sum_to_1(rows.exp()))
        if farther > 1:
            outputs = replace(outputs, lowest=float(rows.min()), highest=float(rows.max()))
    return outputs


def _sum_to_1(rows: torch.Tensor) -> bool:
    """Return whether the numbers of each row are not negative and sum to 1."""
    return bool((rows >= 0).all() and ((rows.sum(dim=1) - 1).abs() < _NEAR).all())
