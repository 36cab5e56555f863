"""The weights of a network as they stand before any image: missing, frozen, not drawn."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.passes import Subject, run
from cnnlab.words import with_article

_NAMED = 6


def refuse_lazy(subject: Subject, images: torch.Tensor) -> Finding | None:
    """Return a finding where a layer has no weights until it first runs; it is run to see them."""
    lazy = [
        (name, module, type(module).__name__)
        for name, module in subject.network.named_modules()
        if any(is_lazy(each) for each in module.parameters(recurse=False))
    ]
    if not lazy:
        return None
    with torch.no_grad():
        run(subject, images)
    name, module, kind = lazy[0]
    write = f"nn.{kind.removeprefix('Lazy')} with its size"
    if type(module) is nn.Linear:
        write = f"nn.Linear({module.in_features}, {module.out_features})"
    elif type(module) is nn.Conv2d:
        write = f"nn.Conv2d({module.in_channels}, {module.out_channels}, ...)"
    message = (
        f"{subject.placed(module, name)} is {with_article(kind)}, which has no weights before it "
        f"first runs; cnnlab draws all weights from the seed before that. Write {write}."
    )
    return Finding("lazy", message, subject.made_lines.get(module))


def judge_weights(subject: Subject) -> Iterator[Finding]:
    """Say if nothing, or not all, of the network can be trained."""
    parameters = dict(subject.network.named_parameters())
    frozen = [name for name, each in parameters.items() if not each.requires_grad]
    if not parameters:
        yield Finding(
            "no-parameters",
            "The network has no weights, so there is nothing to train: make a layer that has some "
            "in __init__, as in self.last = nn.Linear(1024, 10).",
            subject.forward_line,
        )
    elif len(frozen) == len(parameters):
        yield Finding(
            "no-parameters",
            "All weights are frozen (requires_grad=False), so there is nothing to train: leave "
            "those of one layer or more as they are made.",
            subject.forward_line,
        )
    elif frozen:
        yield Finding(
            "frozen",
            f"{listed(frozen)} {'is' if len(frozen) == 1 else 'are'} frozen (requires_grad=False): "
            f"training leaves {'it' if len(frozen) == 1 else 'them'} as drawn.",
        )


def listed(names: list[str]) -> str:
    """Return names as a sentence has them; the first few of many."""
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
