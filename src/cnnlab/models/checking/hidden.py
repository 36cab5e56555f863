"""Layers that PyTorch does not see in a network: neither trained, nor saved, nor loaded again."""

from collections.abc import Iterable, Iterator

from torch import nn

from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.misfit import placed
from cnnlab.models.checking.passes import Subject
from cnnlab.models.checking.strangers import Stranger, has_a_state_beyond, state_of
from cnnlab.words import with_article

_UNSEEN = "so PyTorch does not see the weights: they are neither trained nor saved with the run."


def judge_hidden(subject: Subject, strangers: list[Stranger]) -> Iterator[Finding]:
    """Yield where layers hide: in an attribute, in what passes made, or anywhere else."""
    hidden: set[nn.Module] = set()
    for finding, layers in _in_attributes(subject):
        yield finding
        hidden |= {part for layer in layers for part in layer.modules()}
    left = [each for each in strangers if each.module not in hidden]
    made_anew = [each for each in left if each.is_made_by_the_pass]
    if made_anew:
        yield _made_in_forward(subject, made_anew[0])
    elif left:
        yield _outside(subject, left[0])


def _in_attributes(subject: Subject) -> Iterator[tuple[Finding, list[nn.Module]]]:
    state = state_of(subject.network)
    for name, module in subject.network.named_modules():
        for attribute, value in vars(module).items():
            if attribute.startswith("_") or isinstance(value, nn.Module):
                continue  # a private list may hide layers on purpose, such as a teacher's
            held = [
                (layer, holder)
                for layer, holder in _layers_in(value)
                if any(has_a_state_beyond(state, part) for part in layer.modules())
            ]
            if held:
                layer, holder = held[0]
                line = subject.made_lines.get(layer)
                place = placed(f"{name}.{attribute}".lstrip("."), line)
                message = _hidden_by(place, attribute, value, holder)
                yield Finding("plain-list", message, line), [layer for layer, _ in held]


def _layers_in(value: object) -> Iterator[tuple[nn.Module, str | None]]:
    """Yield each layer within lists, dicts and objects, and the class of the last such object."""
    waiting: list[tuple[object, str | None]] = [(value, None)]
    visited: set[int] = set()
    while waiting:  # no recursion: what is linked one to the next may be long
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
        elif type(value).__module__.startswith("cnnlab_own_"):
            holder, within = type(value).__name__, getattr(value, "__dict__", {}).values()
        waiting += [(each, holder) for each in reversed(list(within))]


def _hidden_by(place: str, attribute: str, value: object, holder: str | None) -> str:
    if holder:
        return (
            f"{place} holds layers in {with_article(holder)}, which is no nn.Module, {_UNSEEN} "
            f"Write class {holder}(nn.Module), with super().__init__() as the first line of its "
            "__init__."
        )
    kind = type(value).__name__
    better = "nn.ModuleDict({...})" if kind == "dict" else "nn.ModuleList([...])"
    return f"{place} is a plain {kind} of layers, {_UNSEEN} Write self.{attribute} = {better}."


def _made_in_forward(subject: Subject, stranger: Stranger) -> Finding:
    kind = type(stranger.whole).__name__
    line = stranger.whole_line or subject.made_lines.get(stranger.module) or stranger.call_line
    where = f"Line {line}" if line else "The file"
    return Finding(
        "made-in-forward",
        f"{where} makes {with_article(kind)} while forward runs: its weights are drawn there, and "
        "are neither trained nor saved with the run. Make it in __init__, as in self.layer = "
        f"{_written(stranger.whole)}(...), and only call it in forward: x = self.layer(x).",
        line,
    )


def _outside(subject: Subject, stranger: Stranger) -> Finding:
    made = subject.made_lines.get(stranger.module)
    lines = [
        f"{done} in line {line}"
        for done, line in (("made", made), ("called", stranger.call_line))
        if line
    ]
    a_kind = with_article(type(stranger.module).__name__).replace("a", "A", 1)
    which = f"{a_kind}, {' and '.join(lines)}," if lines else f"{a_kind} that forward calls"
    return Finding(
        "outside",
        f"{which} is no part of the network, {_UNSEEN} Make it in __init__ and assign it to self, "
        f"as in self.layer = {_written(stranger.module)}(...), and call self.layer(x).",
        made or stranger.call_line,
    )


def _written(module: nn.Module) -> str:
    """Return a layer's class as a file has it: PyTorch's with "nn." before it."""
    kind = type(module)
    return f"nn.{kind.__name__}" if kind.__module__.startswith("torch.nn.") else kind.__name__
