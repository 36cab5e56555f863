"""The usual mistakes, by the text of the exception that each leads to, and what to write."""

import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches

from cnnlab.custom.finding import Finding, Kind
from cnnlab.custom.size import MAKE_SMALLER

_SHORT = {"torch.nn": "nn", "torch.nn.functional": "F"}
_IMPORTS = {
    "nn": "from torch import nn",
    "torch": "import torch",
    "F": "from torch.nn import functional as F",
}

NO_GRADIENT_THROUGH_NUMPY = (
    "gradients cannot pass through NumPy. Use PyTorch's own functions, such as torch.relu(x) or "
    "x.mean()."
)


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
        "a tensor becomes a NumPy array here, by .numpy() or a NumPy function, and "
        f"{NO_GRADIENT_THROUGH_NUMPY}"
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


def _unknown_argument(kind: str, name: str) -> str | None:
    if not is_layer(kind):
        return None
    from torch import nn

    known = list(inspect.signature(getattr(nn, kind)).parameters)
    near = get_close_matches(name, known, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}."
    return f"nn.{kind} has no argument {name}. {advice}"


def _of_other_sizes(expected: str, found: str) -> str:
    return (
        f"torch.cat joins maps that must have the same size, but these have {expected} and "
        f"{found}. Add padding to the convolutions, as in padding=1 for a kernel of 3, so that all "
        "keep the size."
    )


def _of_other_shapes(one: str, other: str, dimension: str) -> str:
    if dimension != "1":
        return (
            f"this combines tensors with the sizes {one} and {other} in dimension {dimension}. "
            "Their shapes must be the same: add padding to the convolutions, as in padding=1 for a "
            "kernel of 3."
        )
    return (
        f"this combines tensors with {one} and {other} channels, or numbers per image. Their "
        f"shapes must be the same: pass the shortcut through nn.Conv2d({other}, {one}, 1) first."
    )


def _of_other_groups(channels: str, groups: str) -> str:
    return (
        f"nn.GroupNorm({groups}, ...) gets {channels} channels, which do not divide into {groups} "
        f"groups. Write nn.GroupNorm(groups, {channels}), with a number of groups that divides "
        f"{channels}."
    )


def _of_other_rows(expected: str, found: str) -> str:
    wanted = ", ".join(found.split(", ")[-len(expected.split(", ")) :])
    return (
        f"nn.LayerNorm([{expected}]) gets the size [{found}] for each image. Write "
        f"nn.LayerNorm([{wanted}])."
    )


def _of_other_precision(one: str, other: str) -> str:
    return (
        f"this combines numbers of two precisions, {one} and {other}. cnnlab's images are float32 "
        "(Float). Delete .double(), .half() and dtype=..., or write .float() after them."
    )


def _function_as_layer(name: str) -> str | None:
    from torch import nn

    layers = [each for each in dir(nn) if each.lower() == name.replace("_", "") and is_layer(each)]
    written = f"nn.{layers[0]}()" if layers else "a layer"
    return f"{name} is a function, and nn.Sequential takes layers only. Write {written}."


def _list_as_layer(kind: str) -> str:
    return (
        f"nn.Sequential takes layers one by one, not a {kind} of layers. Write a star before it: "
        "nn.Sequential(*layers)."
    )


def _called_container(kind: str) -> str:
    return (
        f"an nn.{kind} holds layers, but nobody can call it. Write nn.Sequential(...) in its "
        "place, or call its layers one by one: for layer in self.layers: x = layer(x)."
    )


def _not_whole() -> str:
    return (
        "a size is not a whole number: / makes 8.0 of 16 / 2. Write // in place of /, or int(...) "
        "around it."
    )


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
    (r"^(list|tuple) is not a Module subclass", _list_as_layer),
    (r"^(?:torch\.nn\.functional\.|torch\.)?(\w+) is not a Module subclass", _function_as_layer),
    (r"^Module \[(\w+)\] is missing the required \"forward\"", _called_container),
    (
        r"^Sizes of tensors must match except.* Expected size (\d+) but got size (\d+)",
        _of_other_sizes,
    ),
    (
        r"^The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).* (\d+)$",
        _of_other_shapes,
    ),
    (r"input of shape \[\d+, (\d+).*num_groups=(\d+)", _of_other_groups),
    (r"num_channels \((\d+)\) must be divisible by num_groups \((\d+)\)", _of_other_groups),
    (
        r"^Given normalized_shape=\[(.*)\], expected .* got input of size\[\d+, (.*)\]",
        _of_other_rows,
    ),
    (r"must have the same dtype, but got (\w+) and (\w+)", _of_other_precision),
    (r"expected scalar type (\w+) but found (\w+)", _of_other_precision),
    (r"Input type \((\w+)\) and \w+ type \((?:c10::)?(\w+)\)", _of_other_precision),
    (r"must be tuple of ints, ?but .*float|'float' object cannot be interpreted", _not_whole),
    (r"has no attribute 'save_hyperparameters'", _of_d2l),
    (r"numpy\(\) on Tensor that requires grad", _through_numpy),
    (r"not numpy\.ndarray|got \(numpy\.ndarray", _through_numpy),
    (r"must be Tensor, not (\w+)", _not_applied),
    (r"combination of arguments - got \((\w+),", _not_applied),
    (r"^'(\w+)' object has no attribute '(?:flatten|view|reshape|size|shape)'", _not_applied),
    (r"not compiled with CUDA|no NVIDIA driver|tensors to be on the same device", _on_a_gpu),
    (r"tried to allocate (\d+) bytes", _no_memory),
    (r"Expected more than 1 value per channel", _one_image),
    (r"^EOF when reading a line", _asks),
    (r"^(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", _unknown_argument),
    (r"Expected all tensors to be on|'MPS' backend|CUDA error", _on_a_gpu),
)
