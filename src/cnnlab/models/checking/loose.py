"""Weights that the answers use and PyTorch does not see: in plain lists, or plain tensors."""

from collections.abc import Iterator
from typing import Any

import torch

from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.passes import Subject
from cnnlab.models.checking.strangers import state_of

_UNSEEN = "so PyTorch does not see what is to be trained there: no step of training changes it."


def judge_loose(subject: Subject, logits: torch.Tensor) -> Iterator[Finding]:
    """Yield each attribute whose tensors get gradients from the logits and are no parameters."""
    loose = _leaves(logits) - state_of(subject.network)
    for name, module in subject.network.named_modules():
        for attribute, value in vars(module).items():
            held = value.values() if isinstance(value, dict) else value
            place = f"{name}.{attribute}".lstrip(".")
            if isinstance(value, torch.Tensor) and id(value) in loose:
                yield Finding(
                    "not-saved",
                    f"{place} is a plain tensor with requires_grad=True, {_UNSEEN} Write "
                    f"self.{attribute} = nn.Parameter(...), without requires_grad.",
                    subject.forward_line,
                )
            elif isinstance(value, list | tuple | dict):
                if not any(id(each) in loose for each in held):
                    continue
                kind = type(value).__name__
                better = "ParameterDict({...})" if kind == "dict" else "ParameterList([...])"
                yield Finding(
                    "plain-list",
                    f"{place} is a plain {kind} of parameters, {_UNSEEN} Write "
                    f"self.{attribute} = nn.{better}.",
                    subject.forward_line,
                )


def _leaves(logits: torch.Tensor) -> set[int]:
    """Return the identities of the tensors at which gradients from the logits end."""
    found: set[int] = set()
    waiting: list[Any] = [logits.grad_fn]
    visited: set[Any] = {None}
    while waiting:
        step = waiting.pop()
        if step in visited:
            continue
        visited.add(step)
        if hasattr(step, "variable"):
            found.add(id(step.variable))
        waiting += [each for each, _ in step.next_functions]
    return found
