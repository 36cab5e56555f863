"""What PyTorch and Python say when something fails, and the usual mistake behind."""

import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches

from cnnlab.custom.finding import Finding, Kind

_SHORT = {"torch.nn": "nn", "torch.nn.functional": "F"}
_IMPORTS = {
    "nn": "from torch import nn",
    "torch": "import torch",
    "F": "from torch.nn import functional as F",
}

MAKE_SMALLER = "Make that layer smaller: use fewer channels, or put a pooling layer before it."
"""What to do with a layer that needs more memory than a laptop has."""


def explain_mistake(error_text: str, line: int | None) -> Finding | None:
    """Return the usual mistake that leads to an exception with this text, if there is one."""
    for pattern, explained in _MISTAKES:
        found = re.search(pattern, error_text)
        advice = explained(*found.groups()) if found else None
        if advice:
            where = f"Line {line}: " if line else ""
            kind: Kind = "too-large" if explained is _no_memory else "mistake"
            return Finding(kind, f"{where}{advice}", line)
    return None


def _unknown_name(module: str, name: str) -> str | None:
    known = [each for each in dir(sys.modules.get(module)) if not each.startswith("_")]
    if not module.startswith("torch") or not known:
        return None
    short = _SHORT.get(module, module)
    alike = [each for each in known if each.lower() == name.lower()]
    near = alike or get_close_matches(name, known, n=1)
    if not near:
        return f"PyTorch has no {short}.{name}."
    return f"PyTorch has no {short}.{name}. Did you mean {short}.{near[0]}?"


def _not_imported(name: str) -> str | None:
    if name == "get_ipython":
        return (
            "get_ipython() works only in a notebook. It comes from a notebook line that begins "
            "with % or !. Delete this line."
        )
    if name in _IMPORTS:
        return f"{name} is not imported. Add this line at the top of the file: {_IMPORTS[name]}"
    return f"{name} is not imported. Write nn.{name}." if is_layer(name) else None


def _not_applied(kind: str) -> str | None:
    if not is_layer(kind):
        return None
    return (
        f"an nn.{kind} layer is used where a tensor should be. nn.{kind}(...) makes a layer; it "
        f"does not apply it. Make it in __init__, with brackets: self.layer = nn.{kind}(...). "
        "Apply it in forward: x = self.layer(x)."
    )


def _not_made(kind: str) -> str:
    return f"nn.{kind} needs brackets. Write nn.{kind}()."


def _of_d2l() -> str:
    return "save_hyperparameters() is the d2l book's and Lightning's, not PyTorch's. Delete it."


def _through_numpy() -> str:
    return (
        "a tensor becomes a NumPy array here, by .numpy() or a NumPy function, and gradients "
        "cannot pass through NumPy. Use PyTorch's own functions, such as torch.relu(x) or x.mean()."
    )


def _on_a_gpu() -> str:
    return (
        "your code puts something on a GPU. Delete .cuda(), .to(...) and device=... here: cnnlab "
        "moves the network and the images itself. Choose the device with cnnlab train --device."
    )


def _no_memory(size: str) -> str:
    numbers, gigabytes = int(size) // 4, int(size) / 1e9
    return (
        f"this needs {numbers:,} numbers at once ({gigabytes:,.1f} GB), more memory than this "
        f"computer has. {MAKE_SMALLER}"
    )


def _keeps_graph() -> str:
    return (
        "the network keeps a value from the batch before, with all the steps that led to it, in an "
        "attribute such as self.mean. Write .detach() where you keep it, as in "
        "self.mean = x.mean(0).detach()."
    )


def _keeps_state() -> str:
    return (
        "the network keeps a state from the batch before in an attribute, such as self.state. "
        "Start each batch without it, with state = None, or write .detach() where you keep it."
    )


def _no_layer_in_sequential(name: str) -> str | None:
    if name in {"list", "tuple"}:
        return f"nn.Sequential takes layers, not a {name}. Write nn.Sequential(*layers)."
    from torch import nn

    plain = name.rpartition(".")[2]
    alike = [each for each in dir(nn) if each.lower() == plain.replace("_", "") and is_layer(each)]
    if not alike:
        return None
    return f"{plain} is a function, and a layer is needed here. Write nn.{alike[0]}()."


def _list_called() -> str:
    return (
        "nn.ModuleList only holds layers: it cannot be called. Make it nn.Sequential(...), or "
        "write for layer in self.layers: x = layer(x)."
    )


def _sizes_of_cat(one: str, other: str) -> str:
    return (
        f"torch.cat needs tensors of the same size, but found {one} and {other}. Make the sizes "
        "equal, for example with padding in the convolution."
    )


def _sizes_of_sum(one: str, other: str, dimension: str) -> str:
    if dimension == "1":
        return (
            f"one has {one} channels and the other {other}, so they cannot be added. Give both the "
            "same number, for example by a 1 x 1 convolution: nn.Conv2d(.., .., 1)."
        )
    return (
        f"one has the size {one} and the other {other} in dimension {dimension}: the shapes do not "
        "fit. Make them equal, for example with padding."
    )


def _groups(channels: str, groups: str) -> str:
    return (
        f"nn.GroupNorm cannot divide {channels} channels into {groups} groups. Choose a number of "
        f"groups that divides {channels}."
    )


def _layer_norm(wanted: str, found: str) -> str:
    size = found.rsplit(",", maxsplit=1)[-1].strip()
    return (
        f"nn.LayerNorm takes rows of {wanted} numbers but gets {size}. Write nn.LayerNorm({size})."
    )


def _double() -> str:
    return (
        "one tensor is float64 (double), the other float32. Images are float32: delete .double() "
        "and dtype=torch.float64, or write .float() after it."
    )


def _whole_size() -> str:
    return "a size must be a whole number, but this is one with a point. Write // in place of /."


def _no_self() -> str:
    return "a method needs self as its first argument. Write def __init__(self)."


def _unknown_argument(kind: str, name: str) -> str | None:
    if not is_layer(kind):
        return None
    from torch import nn

    known = list(inspect.signature(getattr(nn, kind)).parameters)
    near = get_close_matches(name, known, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}."
    return f"nn.{kind} has no argument {name}. {advice}"


def _asks() -> str:
    return (
        "input() asks a question, but nobody can answer while cnnlab checks the file. Write the "
        "answer into the file instead."
    )


def _one_image() -> str:
    return (
        "batch normalisation needs two images or more in a batch, or two values or more in a map: "
        "use --batch-size 2 or more, or pool less before it."
    )


def is_layer(name: str) -> bool:
    """Return whether torch.nn has a layer of that name."""
    from torch import nn  # the rules about plain data need no PyTorch

    known = getattr(nn, name, None)
    return isinstance(known, type) and issubclass(known, nn.Module)


_MISTAKES: tuple[tuple[str, Callable[..., str | None]], ...] = (
    (r"^module '([\w.]+)' has no attribute '(\w+)'", _unknown_name),
    (r"^name '(\w+)' is not defined", _not_imported),
    (r"^torch\.nn\.modules\.\w+\.(\w+) is not a Module subclass", _not_made),
    (r"has no attribute 'save_hyperparameters'", _of_d2l),
    (r"numpy\(\) on Tensor that requires grad", _through_numpy),
    (r"not numpy\.ndarray|got \(numpy\.ndarray", _through_numpy),
    (r"must be Tensor, not (\w+)", _not_applied),
    (r"combination of arguments - got \((\w+),", _not_applied),
    (r"^'(\w+)' object has no attribute '(?:flatten|view|reshape|size|shape)'", _not_applied),
    (r"not compiled with CUDA|no NVIDIA driver|tensors to be on the same device", _on_a_gpu),
    (r"tried to allocate (\d+) bytes", _no_memory),
    (r"backward through the graph a second time", _keeps_graph),
    (r"Inference tensors cannot be saved for backward", _keeps_state),
    (r"^([\w.]+) is not a Module subclass", _no_layer_in_sequential),
    (r'\[ModuleList\] is missing the required "forward"', _list_called),
    (r"Sizes of tensors must match .* Expected size (\d+) but got size (\d+)", _sizes_of_cat),
    (r"size of tensor a \((\d+)\) must match .* tensor b \((\d+)\) .* (\d+)", _sizes_of_sum),
    (r"divisible by num_groups, but got .* \[\d+, (\d+).*\] and num_groups=(\d+)", _groups),
    (r"normalized_shape=\[(\d+)\].*input of size\[(.+)\]", _layer_norm),
    (r"must have the same dtype|[Dd]ouble.*should be the same|scalar type Double", _double),
    (r"type must be tuple of ints,? ?but got float|'float' object cannot be interpr", _whole_size),
    (r"__init__\(\) takes 0 positional arguments but 1 was given", _no_self),
    (r"Expected more than 1 value per channel", _one_image),
    (r"^EOF when reading a line", _asks),
    (r"^(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", _unknown_argument),
    (r"Expected all tensors to be on|'MPS' backend|CUDA error", _on_a_gpu),
)
