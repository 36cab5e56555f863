"""Rules about what PyTorch does not train or save: hidden state, frozen weights, lazy layers."""

from collections.abc import Iterator
from dataclasses import replace

from cnnlab.custom.finding import Finding, join_names, with_line
from cnnlab.custom.lines import line_of_attribute, line_of_function
from cnnlab.custom.passes import fault_of
from cnnlab.custom.trial import HiddenSeen, Trial
from cnnlab.wording import with_article

_UNSEEN = "so PyTorch does not see the weights. They are not trained and not saved with the run."


def hidden_state(trial: Trial) -> Iterator[Finding]:
    """Yield what the gradient reaches but neither trains nor saves: layers and tensors."""
    for seen in trial.hidden:
        if seen.place == "forward":
            yield _made_in_forward(trial, seen)
        elif seen.place == "outside":
            yield _outside(trial, seen)
        elif seen.kind == "tensor":
            yield _tensors_in_attribute(trial, seen)
        else:
            yield Finding("plain-list", _layers_in_attribute(seen), seen.made_line)


def _layers_in_attribute(seen: HiddenSeen) -> str:
    place = with_line(seen.name, seen.made_line)
    if seen.holder:
        return (
            f"{place} holds layers in {with_article(seen.holder)}, which is not an nn.Module, "
            f"{_UNSEEN} Write class {seen.holder}(nn.Module), with super().__init__() as the first "
            "line of its __init__."
        )
    better = "nn.ModuleDict({...})" if seen.container == "dict" else "nn.ModuleList([...])"
    attribute = seen.name.rpartition(".")[2]
    return (
        f"{place} is a plain {seen.container} of layers, {_UNSEEN} Write self.{attribute} = "
        f"{better}."
    )


def _tensors_in_attribute(trial: Trial, seen: HiddenSeen) -> Finding:
    attribute = seen.name.rpartition(".")[2]
    line = line_of_attribute(trial.text, seen.name) or trial.forward_line
    if seen.container in {"list", "tuple", "set", "dict"}:
        better = "ParameterDict({...})" if seen.container == "dict" else "ParameterList([...])"
        return Finding(
            "plain-list",
            f"{seen.name} is a plain {seen.container} of parameters, so PyTorch does not train "
            f"them. Write self.{attribute} = nn.{better}.",
            line,
        )
    return Finding(
        "not-saved",
        f"{seen.name} is a plain tensor with requires_grad=True, so PyTorch does not train it. "
        f"Write self.{attribute} = nn.Parameter(...), without requires_grad.",
        line,
    )


def _made_in_forward(trial: Trial, seen: HiddenSeen) -> Finding:
    line = seen.made_line or seen.call_line
    where = f"Line {line}" if line else trial.forward
    if seen.kind == "tensor":
        return Finding(
            "made-in-forward",
            f"{trial.forward} makes an nn.Parameter. It is not trained and not saved with the run. "
            "Make it in __init__: self.weight = nn.Parameter(...).",
            trial.forward_line,
        )
    return Finding(
        "made-in-forward",
        f"{where} makes {with_article(seen.kind.removeprefix('nn.'))} while forward runs. Its "
        "weights are not trained and not saved with the run. Make it in __init__: self.layer = "
        f"{seen.kind}(...). Only call it in forward: x = self.layer(x).",
        line,
    )


def _outside(trial: Trial, seen: HiddenSeen) -> Finding:
    if seen.kind == "tensor":
        return Finding(
            "outside",
            f"{seen.name} is a parameter outside of the network, so PyTorch does not train it or "
            f"save it with the run. Make it in __init__: self.{seen.name.lower()} = "
            "nn.Parameter(...).",
            trial.forward_line,
        )
    lines = [
        f"{done} in line {line}"
        for done, line in (("made", seen.made_line), ("called", seen.call_line))
        if line
    ]
    a_kind = with_article(seen.kind.removeprefix("nn.")).replace("a", "A", 1)
    which = f"{a_kind}, {' and '.join(lines)}," if lines else f"{a_kind} that forward calls"
    return Finding(
        "outside",
        f"{which} is not part of the network, {_UNSEEN} Make it in __init__ and assign it to self: "
        f"self.layer = {seen.kind}(...). Call it in forward: x = self.layer(x).",
        seen.made_line or seen.call_line,
    )


def not_saved(trial: Trial) -> Iterator[Finding]:
    """Yield why a second network with the saved weights of this one gives other outputs."""
    second = trial.second
    if trial.hidden or second is None:
        return
    line = trial.forward_line
    if trial.not_tensors:
        for name, kind in trial.not_tensors:
            made_by = "get_extra_state" if name.endswith("_extra_state") else "state_dict"
            yield Finding(
                "not-saved",
                f"{made_by} adds {name}, {with_article(kind)}, to the saved network, but cnnlab "
                "saves tensors only. Keep its numbers in a buffer, as in "
                f'self.register_buffer("scale", torch.tensor(1.5)), and delete {made_by}.',
                line_of_function(trial.text, made_by) or line,
            )
    elif trial.again and trial.again.differs:
        return  # `random_outputs` reports it
    elif second.refused and second.refused.kind == "same-network":
        yield second.refused
    elif second.refused:
        message = f"Each run makes a new network, and the second fails: {second.refused.message}"
        yield replace(second.refused, message=message)
    elif second.loading:
        text = second.loading.text
        said = " ".join(text.split(":", 1)[-1].split()) or second.loading.type
        yield Finding(
            "not-saved",
            "A second network does not accept the saved weights of the first, so cnnlab could not "
            f"load them again: {said.rstrip('.')}. Make the same layers each time.",
            next(
                (each.line for each in trial.modules if each.line and f"{each.name}." in said), line
            ),
        )
    elif second.answer:
        fault = fault_of(trial, second.answer)
        if fault:
            message = f"A second network with the same saved weights fails: {fault.message}"
            yield replace(fault, kind="not-saved", message=message)
        elif second.answer.differs:
            line = line_of_attribute(trial.text, second.attribute) or line
            yield Finding("not-saved", _other_outputs(second.attribute), line)


def _other_outputs(name: str) -> str:
    if not name:
        return (
            "A second network with the same saved weights gives other outputs. They depend on "
            "something that is not saved, such as a random number that each network draws for "
            "itself. Make it a layer, an nn.Parameter or a buffer (self.register_buffer) in "
            "__init__."
        )
    attribute = name.rpartition(".")[2]
    return (
        f"{name} is a plain tensor, so it is not saved with the weights, and the loaded network "
        f"would give other outputs. Write self.{attribute} = nn.Parameter(...) if training should "
        f'change it; if not, self.register_buffer("{attribute}", ...).'
    )


def lazy_layers(trial: Trial) -> Iterator[Finding]:
    """Yield the first layer that has no weights even after a pass."""
    lazy = [each for each in trial.modules if each.is_lazy]
    if lazy and trial.training and trial.training.is_right:
        yield Finding(
            "lazy",
            f"{lazy[0].place} is {with_article(lazy[0].kind)}, which has no weights until it runs. "
            "cnnlab needs the sizes now, to draw all weights from the seed, but forward does not "
            f"call it. Call it, or delete it, or write nn.{lazy[0].kind.removeprefix('Lazy')} with "
            "its size.",
            lazy[0].line,
        )


def nothing_to_train(trial: Trial) -> Iterator[Finding]:
    """Yield that the network has no weights, or that all are frozen."""
    if trial.training is None or trial.hidden or len(trial.frozen) < trial.tensors:
        return
    if any(each.is_lazy for each in trial.modules):
        return
    line = trial.first_line if trial.frozen else trial.forward_line
    message = (
        "All weights are frozen (requires_grad=False), so there is nothing to train. Leave at "
        "least one layer unfrozen."
        if trial.frozen
        else "The network has no weights, so there is nothing to train. Make a layer with weights "
        f"in __init__, as in self.last = nn.Linear(1024, {trial.classes})."
    )
    yield Finding("no-parameters", message, line)


def frozen(trial: Trial) -> Iterator[Finding]:
    """Yield which weights training does not change, if they are only some."""
    if trial.frozen and not trial.hidden and len(trial.frozen) < trial.tensors:
        them, are = ("it", "is") if len(trial.frozen) == 1 else ("them", "are")
        yield Finding(
            "frozen",
            f"{join_names(list(trial.frozen))} {are} frozen (requires_grad=False): training does "
            f"not change {them}.",
        )
