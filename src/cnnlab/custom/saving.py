"""What PyTorch does not train or save: hidden layers, plain tensors, any other state."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.network import MODULE_PREFIX
from cnnlab.custom.passes import Subject, differ, evaluation_pass, forward_pass
from cnnlab.custom.probes import UnregisteredLayer, has_state_beyond, state_ids
from cnnlab.custom.shapes import with_line
from cnnlab.seeding import seeded
from cnnlab.wording import with_article

_UNSEEN = "so PyTorch does not see the weights. They are not trained and not saved with the run."


def find_hidden_layers(
    subject: Subject, unregistered: list[UnregisteredLayer]
) -> Iterator[Finding]:
    """Yield layers that PyTorch cannot see: in attributes, made in a pass, or anywhere else."""
    hidden: set[nn.Module] = set()
    for finding, layers in _in_attributes(subject):
        yield finding
        hidden |= {part for layer in layers for part in layer.modules()}
    left = [each for each in unregistered if each.module not in hidden]
    made_anew = [each for each in left if each.is_made_in_forward]
    if made_anew:
        yield _made_in_forward(subject, made_anew[0])
    elif left:
        yield _outside(subject, left[0])


def _in_attributes(subject: Subject) -> Iterator[tuple[Finding, list[nn.Module]]]:
    state = state_ids(subject.network)
    for name, module in subject.network.named_modules():
        for attribute, value in vars(module).items():
            if attribute.startswith("_") or isinstance(value, nn.Module):
                continue  # a private list may hide layers on purpose, such as a teacher network
            held = [
                (layer, holder)
                for layer, holder in _layers_in(value)
                if any(has_state_beyond(state, part) for part in layer.modules())
            ]
            if held:
                layer, holder = held[0]
                line = subject.made_lines.get(layer)
                place = with_line(f"{name}.{attribute}".lstrip("."), line)
                message = _hidden_by(place, attribute, value, holder)
                yield Finding("plain-list", message, line), [layer for layer, _ in held]


def _layers_in(value: object) -> Iterator[tuple[nn.Module, str | None]]:
    """Yield each layer in lists, dicts and objects, and the class of the innermost such object."""
    waiting: list[tuple[object, str | None]] = [(value, None)]
    visited: set[int] = set()
    while waiting:  # no recursion: a chain of objects may be long
        value, holder = waiting.pop()
        if isinstance(value, nn.Module):
            yield value, holder
            continue
        if id(value) in visited:
            continue
        visited.add(id(value))
        within: Iterable[object] = ()
        if isinstance(value, list | tuple | set):
            within = value
        elif isinstance(value, dict):
            within = value.values()
        elif type(value).__module__.startswith(MODULE_PREFIX):
            holder, within = type(value).__name__, getattr(value, "__dict__", {}).values()
        waiting += [(each, holder) for each in reversed(list(within))]


def _hidden_by(place: str, attribute: str, value: object, holder: str | None) -> str:
    if holder:
        return (
            f"{place} holds layers in {with_article(holder)}, which is not an nn.Module, {_UNSEEN} "
            f"Write class {holder}(nn.Module), with super().__init__() as the first line of its "
            "__init__."
        )
    kind = type(value).__name__
    better = "nn.ModuleDict({...})" if kind == "dict" else "nn.ModuleList([...])"
    return f"{place} is a plain {kind} of layers, {_UNSEEN} Write self.{attribute} = {better}."


def _made_in_forward(subject: Subject, layer: UnregisteredLayer) -> Finding:
    kind = type(layer.block).__name__
    line = layer.block_line or subject.made_lines.get(layer.module) or layer.call_line
    where = f"Line {line}" if line else "The file"
    return Finding(
        "made-in-forward",
        f"{where} makes {with_article(kind)} while forward runs. Its weights are not trained and "
        f"not saved with the run. Make it in __init__: self.layer = {_written(layer.block)}(...). "
        "Only call it in forward: x = self.layer(x).",
        line,
    )


def _outside(subject: Subject, layer: UnregisteredLayer) -> Finding:
    made = subject.made_lines.get(layer.module)
    lines = [
        f"{done} in line {line}"
        for done, line in (("made", made), ("called", layer.call_line))
        if line
    ]
    a_kind = with_article(type(layer.module).__name__).replace("a", "A", 1)
    which = f"{a_kind}, {' and '.join(lines)}," if lines else f"{a_kind} that forward calls"
    return Finding(
        "outside",
        f"{which} is not part of the network, {_UNSEEN} Make it in __init__ and assign it to self: "
        f"self.layer = {_written(layer.module)}(...). Call it in forward: x = self.layer(x).",
        made or layer.call_line,
    )


def _written(module: nn.Module) -> str:
    """Return a layer's class as it is written in a file: PyTorch's with "nn." before it."""
    kind = type(module)
    return f"nn.{kind.__name__}" if kind.__module__.startswith("torch.nn.") else kind.__name__


def find_unregistered_tensors(subject: Subject, logits: torch.Tensor) -> Iterator[Finding]:
    """Yield each attribute whose tensors get gradients from the logits but are not parameters."""
    loose = _leaves(logits) - state_ids(subject.network)
    for name, module in subject.network.named_modules():
        for attribute, value in vars(module).items():
            held = value.values() if isinstance(value, dict) else value
            place = f"{name}.{attribute}".lstrip(".")
            if isinstance(value, torch.Tensor) and id(value) in loose:
                yield Finding(
                    "not-saved",
                    f"{place} is a plain tensor with requires_grad=True, so PyTorch does not train "
                    f"it. Write self.{attribute} = nn.Parameter(...), without requires_grad.",
                    subject.forward_line,
                )
            elif isinstance(value, list | tuple | dict):
                if not any(id(each) in loose for each in held):
                    continue
                kind = type(value).__name__
                better = "ParameterDict({...})" if kind == "dict" else "ParameterList([...])"
                yield Finding(
                    "plain-list",
                    f"{place} is a plain {kind} of parameters, so PyTorch does not train them. "
                    f"Write self.{attribute} = nn.{better}.",
                    subject.forward_line,
                )


def _leaves(logits: torch.Tensor) -> set[int]:
    """Return the identities of the tensors where gradients from the logits end."""
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


def find_unsaved_state(subject: Subject, images: torch.Tensor) -> Iterator[Finding]:
    """Yield why a second network with the saved weights of this one gives other outputs."""
    no_tensors = list(_no_tensors(subject))
    if no_tensors:
        yield from no_tensors
        return
    logits = evaluation_pass(subject, images).logits
    if logits is None or differ(logits, evaluation_pass(subject, images).logits):
        return  # `find_unstable_outputs` reports random outputs
    try:
        with seeded(1):
            other = subject.make()
    except FaultError as error:
        message = f"Each run makes a new network, and the second fails: {error.finding.message}"
        yield replace(error.finding, message=message)
        return
    try:
        other.load_state_dict(subject.network.state_dict())
    except Exception as error:  # a network may have its own code for loading
        said = " ".join(str(error).split(":", 1)[-1].split()) or type(error).__name__
        said = said if said.endswith(".") else f"{said}."
        yield Finding(
            "not-saved",
            "A second network does not accept the saved weights of the first, so cnnlab could not "
            f"load them again: {said} Make the same layers each time.",
            subject.forward_line,
        )
        return
    again = evaluation_pass(replace(subject, network=other), images)
    if again.fault:
        message = f"A second network with the same saved weights fails: {again.fault.message}"
        yield replace(again.fault, kind="not-saved", message=message)
    elif differ(logits, again.logits):
        yield _not_saved(subject)


def _no_tensors(subject: Subject) -> Iterator[Finding]:
    for name, value in subject.network.state_dict().items():
        if not isinstance(value, torch.Tensor):
            made_by = "get_extra_state" if name.endswith("_extra_state") else "state_dict"
            yield Finding(
                "not-saved",
                f"{made_by} adds {name}, {with_article(type(value).__name__)}, to the saved "
                "network, but cnnlab saves tensors only. Keep its numbers in a buffer, as in "
                f'self.register_buffer("scale", torch.tensor(1.5)), and delete {made_by}.',
                subject.forward_line,
            )


def _not_saved(subject: Subject) -> Finding:
    # Two networks without a forward pass: they cannot differ by what forward keeps.
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
                    "with the weights, and the loaded network would give other outputs. Write "
                    f"self.{attribute} = nn.Parameter(...) if training should change it; if not, "
                    f'self.register_buffer("{attribute}", ...).',
                    subject.forward_line,
                )
    return Finding(
        "not-saved",
        "A second network with the same saved weights gives other outputs. They depend on "
        "something that is not saved, such as a random number that each network draws for itself. "
        "Make it a layer, an nn.Parameter or a buffer (self.register_buffer) in __init__.",
        subject.forward_line,
    )


def _are_equal(value: torch.Tensor, twin: object) -> bool:
    return (
        isinstance(twin, torch.Tensor)
        and value.shape == twin.shape
        and bool(torch.isclose(value, twin, rtol=0, atol=0, equal_nan=True).all())
    )


_NAMED = 6


def find_lazy_layer(subject: Subject, images: torch.Tensor) -> Finding | None:
    """Return a finding if a layer has no weights until it runs; a pass tells its sizes."""
    lazy = [
        (name, module, type(module).__name__)
        for name, module in subject.network.named_modules()
        if any(is_lazy(each) for each in module.parameters(recurse=False))
    ]
    if not lazy:
        return None
    with torch.no_grad():
        forward_pass(subject, images)
    name, module, kind = lazy[0]
    write = f"nn.{kind.removeprefix('Lazy')} with its size"
    if type(module) is nn.Linear:
        write = f"nn.Linear({module.in_features}, {module.out_features})"
    elif type(module) is nn.Conv2d:
        write = f"nn.Conv2d({module.in_channels}, {module.out_channels}, ...)"
    message = (
        f"{subject.with_line(module, name)} is {with_article(kind)}, which has no weights until it "
        f"runs. cnnlab needs the sizes now, to draw all weights from the seed. Write {write}."
    )
    return Finding("lazy", message, subject.made_lines.get(module))


def find_untrained_weights(subject: Subject) -> Iterator[Finding]:
    """Yield a finding if some of the weights, or all, cannot be trained."""
    parameters = dict(subject.network.named_parameters())
    frozen = [name for name, each in parameters.items() if not each.requires_grad]
    if not parameters:
        yield Finding(
            "no-parameters",
            "The network has no weights, so there is nothing to train. Make a layer with weights "
            "in __init__, as in self.last = nn.Linear(1024, 10).",
            subject.forward_line,
        )
    elif len(frozen) == len(parameters):
        yield Finding(
            "no-parameters",
            "All weights are frozen (requires_grad=False), so there is nothing to train. Leave at "
            "least one layer unfrozen.",
            subject.forward_line,
        )
    elif frozen:
        them, are = ("it", "is") if len(frozen) == 1 else ("them", "are")
        yield Finding(
            "frozen",
            f"{join_names(frozen)} {are} frozen (requires_grad=False): training does not change "
            f"{them}.",
        )


def join_names(names: list[str]) -> str:
    """Return names joined for a sentence, only the first few if there are many."""
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
