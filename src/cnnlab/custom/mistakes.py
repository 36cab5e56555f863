"""The usual mistakes, by the text of the exception that each leads to, and what to write."""

import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches

from cnnlab.custom.finding import Finding, at_line
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
    for pattern, said in _MISTAKES:
        found = re.search(pattern, error_text)
        if not found:
            continue
        message = said.format(*found.groups()) if isinstance(said, str) else said(*found.groups())
        if message:
            return at_line(line, message, "too-large" if said is _no_memory else "mistake")
    return None


def is_layer(name: str) -> bool:
    """Return whether torch.nn has a layer of that name."""
    from torch import nn  # the rules about plain data need no PyTorch

    known = getattr(nn, name, None)
    return isinstance(known, type) and issubclass(known, nn.Module)


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


def _of_other_rows(expected: str, found: str) -> str:
    wanted = ", ".join(found.split(", ")[-len(expected.split(", ")) :])
    return (
        f"nn.LayerNorm([{expected}]) gets the size [{found}] for each image. Write "
        f"nn.LayerNorm([{wanted}])."
    )


def _function_as_layer(name: str) -> str:
    from torch import nn

    layers = [each for each in dir(nn) if each.lower() == name.replace("_", "") and is_layer(each)]
    written = f"nn.{layers[0]}()" if layers else "a layer"
    return f"{name} is a function, and nn.Sequential takes layers only. Write {written}."


_NO_NUMPY = (
    "a tensor becomes a NumPy array here, by .numpy() or a NumPy function, and "
    f"{NO_GRADIENT_THROUGH_NUMPY}"
)
_NO_GPU = (
    "your code puts something on a GPU. Delete .cuda(), .to(...) and device=... here: cnnlab moves "
    "the network and the images itself. Choose the device with cnnlab train --device."
)
_OTHER_GROUPS = (
    "nn.GroupNorm({1}, ...) gets {0} channels, which do not divide into {1} groups. Write "
    "nn.GroupNorm(groups, {0}), with a number of groups that divides {0}."
)
_OTHER_PRECISION = (
    "this combines numbers of two precisions, {0} and {1}. cnnlab's images are float32 (Float). "
    "Delete .double(), .half() and dtype=..., or write .float() after them."
)
_MISTAKES: tuple[tuple[str, str | Callable[..., str | None]], ...] = (
    (r"^module '([\w.]+)' has no attribute '(\w+)'", _unknown_name),
    (
        r"^name 'get_ipython' is not defined",
        "get_ipython() works only in a notebook. It comes from a notebook line that begins with % "
        "or !. Delete this line.",
    ),
    (r"^name '(\w+)' is not defined", _not_imported),
    (
        r"^torch\.nn\.modules\.\w+\.(\w+) is not a Module subclass",
        "nn.{0} needs brackets. Write nn.{0}().",
    ),
    (
        r"^(list|tuple) is not a Module subclass",
        "nn.Sequential takes layers one by one, not a {0} of layers. Write a star before it: "
        "nn.Sequential(*layers).",
    ),
    (r"^(?:torch\.nn\.functional\.|torch\.)?(\w+) is not a Module subclass", _function_as_layer),
    (
        r"^Module \[(\w+)\] is missing the required \"forward\"",
        "an nn.{0} holds layers, but you cannot call it. Write nn.Sequential(...) in its place, or "
        "call its layers one by one: for layer in self.layers: x = layer(x).",
    ),
    (
        r"^Sizes of tensors must match except.* Expected size (\d+) but got size (\d+)",
        "torch.cat joins maps that must have the same size, but these have {0} and {1}. Add "
        "padding to the convolutions, as in padding=1 for a kernel of 3, so that all keep "
        "the size.",
    ),
    (
        r"^The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).* 1$",
        "this combines tensors with {0} and {1} channels, or numbers per image. Their shapes must "
        "be the same: pass the shortcut through nn.Conv2d({1}, {0}, 1) first.",
    ),
    (
        r"^The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).* (\d+)$",
        "this combines tensors with the sizes {0} and {1} in dimension {2}. Their shapes must be "
        "the same: add padding to the convolutions, as in padding=1 for a kernel of 3.",
    ),
    (r"input of shape \[\d+, (\d+).*num_groups=(\d+)", _OTHER_GROUPS),
    (r"num_channels \((\d+)\) must be divisible by num_groups \((\d+)\)", _OTHER_GROUPS),
    (
        r"^Given normalized_shape=\[(.*)\], expected .* got input of size\[\d+, (.*)\]",
        _of_other_rows,
    ),
    (r"must have the same dtype, but got (\w+) and (\w+)", _OTHER_PRECISION),
    (r"expected scalar type (\w+) but found (\w+)", _OTHER_PRECISION),
    (r"Input type \((\w+)\) and \w+ type \((?:c10::)?(\w+)\)", _OTHER_PRECISION),
    (
        r"must be tuple of ints, ?but .*float|'float' object cannot be interpreted",
        "a size is not a whole number: / makes 8.0 of 16 / 2. Write // in place of /, or int(...) "
        "around it.",
    ),
    (
        r"has no attribute 'save_hyperparameters'",
        "save_hyperparameters() is the d2l book's and Lightning's, not PyTorch's. Delete it.",
    ),
    (r"numpy\(\) on Tensor that requires grad", _NO_NUMPY),
    (r"not numpy\.ndarray|got \(numpy\.ndarray", _NO_NUMPY),
    (r"must be Tensor, not (\w+)", _not_applied),
    (r"combination of arguments - got \((\w+),", _not_applied),
    (r"^'(\w+)' object has no attribute '(?:flatten|view|reshape|size|shape)'", _not_applied),
    (r"not compiled with CUDA|no NVIDIA driver|tensors to be on the same device", _NO_GPU),
    (r"tried to allocate (\d+) bytes", _no_memory),
    (
        r"Expected more than 1 value per channel",
        "batch normalisation needs two images or more in a batch, or two values or more in a map: "
        "use --batch-size 2 or more, or pool less before it.",
    ),
    (
        r"^EOF when reading a line",
        "input() asks a question, but nobody can answer while cnnlab checks the file. Write the "
        "answer into the file instead.",
    ),
    (r"^(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", _unknown_argument),
    (r"Expected all tensors to be on|'MPS' backend|CUDA error", _NO_GPU),
)
"""A pattern in an exception's text, and the message, or what makes it of the pattern's groups."""
