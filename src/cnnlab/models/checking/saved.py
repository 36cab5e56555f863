"""Whether what is saved of a network, its weights and buffers, is all that its answers come from.

A run is evaluated by making the network again and loading what was saved.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch

from cnnlab.models.checking.answers import differ
from cnnlab.models.checking.finding import FaultError, Finding
from cnnlab.models.checking.passes import Subject, evaluate
from cnnlab.randomness import seeded


def judge_saved(subject: Subject, images: torch.Tensor) -> Iterator[Finding]:
    """Yield what keeps another network, given the weights of this one, from answering alike."""
    no_tensors = list(_no_tensors(subject))
    if no_tensors:
        yield from no_tensors
        return
    logits = evaluate(subject, images).logits
    if logits is None or differ(logits, evaluate(subject, images).logits):
        return  # what draws at random when it answers is told elsewhere
    try:
        with seeded(1):
            other = subject.make()
    except FaultError as error:
        message = f"Made once more, as for each further run, it fails: {error.finding.message}"
        yield replace(error.finding, message=message)
        return
    try:
        other.load_state_dict(subject.network.state_dict())
    except Exception as error:  # a network may load by code of its own
        said = " ".join(str(error).split(":", 1)[-1].split()) or type(error).__name__
        said = said if said.endswith(".") else f"{said}."
        yield Finding(
            "not-saved",
            "Made once more, the network does not take the weights of the first, so what is saved "
            f"of it could not be loaded: {said} Let it have the same layers each time.",
            subject.forward_line,
        )
        return
    again = evaluate(replace(subject, network=other), images)
    if again.fault:
        message = f"Made once more and given the saved weights, it fails: {again.fault.message}"
        yield replace(again.fault, kind="not-saved", message=message)
    elif differ(logits, again.logits):
        yield _not_saved(subject)


def _no_tensors(subject: Subject) -> Iterator[Finding]:
    for name, value in subject.network.state_dict().items():
        if not isinstance(value, torch.Tensor):
            made_by = "get_extra_state" if name.endswith("_extra_state") else "state_dict"
            yield Finding(
                "not-saved",
                f"{made_by} adds {name}, a value of type {type(value).__name__}, to what is saved "
                "of the network, but cnnlab saves tensors only. Keep its numbers in a buffer, as "
                f'in self.register_buffer("scale", torch.tensor(1.5)), and take {made_by} out.',
                subject.forward_line,
            )


def _not_saved(subject: Subject) -> Finding:
    # Two that no image has passed: what forward keeps of its work is not what they differ by.
    with seeded(0):
        one = subject.make()
    with seeded(1):
        others = dict(subject.make().named_modules())
    for name, module in one.named_modules():
        for attribute, value in vars(module).items():
            twin = getattr(others.get(name), attribute, None)
            if isinstance(value, torch.Tensor) and not _are_equal(value, twin):
                return Finding(
                    "not-saved",
                    f"{f'{name}.{attribute}'.lstrip('.')} is a plain tensor, so it is not saved "
                    "with the weights: loaded again, the network would give other answers. Write "
                    f"self.{attribute} = nn.Parameter(...) for what is to be trained, "
                    f'self.register_buffer("{attribute}", ...) for what is not.',
                    subject.forward_line,
                )
    return Finding(
        "not-saved",
        "Another network that is given the saved weights gives other answers: something that the "
        "answers depend on is not saved, and is drawn or changed by each network for itself. Make "
        "it a layer, an nn.Parameter or a buffer (self.register_buffer), assigned in __init__.",
        subject.forward_line,
    )


def _are_equal(value: torch.Tensor, twin: object) -> bool:
    return (
        isinstance(twin, torch.Tensor)
        and value.shape == twin.shape
        and bool(torch.isclose(value, twin, rtol=0, atol=0, equal_nan=True).all())
    )
