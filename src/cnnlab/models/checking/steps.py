"""A few steps of training: which weights they never move, and if answers come to differ."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.models.checking.passes import Subject, evaluate, train

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
