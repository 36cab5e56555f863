"""Explain an exception in a student's code: the line, the likely mistake, what to write."""

import ast
import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches

from cnnlab.custom.finding import UNDER_MAIN, Finding, Kind
from cnnlab.custom.trial import Raised

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
    (r"Expected more than 1 value per channel", _one_image),
    (r"^EOF when reading a line", _asks),
    (r"^(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", _unknown_argument),
    (r"Expected all tensors to be on|'MPS' backend|CUDA error", _on_a_gpu),
)


def find_misspelt_init(tree: ast.Module, class_name: str) -> Finding | None:
    """Return the method that should be a class's __init__, but has a misspelt name."""
    called = {
        each.attr
        for each in ast.walk(tree)
        if isinstance(each, ast.Attribute) and not _is_of_super(each)
    }
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            if any(each.name == "__init__" for each in methods):
                return None
            for method in methods:
                if (
                    _resembles_init(method.name)
                    and method.name not in called
                    and any(_initialises(each) for each in ast.walk(method))
                ):
                    return Finding(
                        "mistake",
                        f"Line {method.lineno}: Python never calls {method.name}. Write __init__, "
                        "with two underscores on each side.",
                        method.lineno,
                    )
    return None


def _resembles_init(name: str) -> bool:
    """Return whether a name looks like a misspelt __init__; dataclasses' __post_init__ is not."""
    return name != "__post_init__" and bool(get_close_matches(name, ["__init__"]))


def _initialises(node: ast.AST) -> bool:
    """Return whether a node is ``super().__init__``, spelt right or nearly so."""
    return (
        isinstance(node, ast.Attribute)
        and _is_of_super(node)
        and bool(get_close_matches(node.attr, ["__init__"], cutoff=0.7))
    )


def _is_of_super(node: ast.Attribute) -> bool:
    return (
        isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "super"
    )


def explain(raised: Raised, activity: str, path: str, text: str) -> Finding:
    """Return what made an activity fail, such as "The forward pass", and in which line.

    ``path`` and ``text`` are the user's file; both are empty if the code is cnnlab's own.
    """
    line = raised.line
    error_text = (raised.text.strip() or "no message").splitlines()[0].rstrip(".")
    if "ImportError" in raised.bases:
        return _failed_import(raised, error_text)
    if "Module.__init__() call" in error_text or "of 'super' object needs" in error_text:
        return Finding(
            "super-init",
            f"super().__init__() is missing{f' before line {line}' if line else ''}. Write it as "
            "the first line of __init__.",
            line,
        )
    bare = re.match(r"'(\w+)' object has no attribute '_(modules|parameters|buffers)'", error_text)
    if bare:
        return Finding(
            "super-init",
            f"super().__init__() is missing in {bare[1]}. Write it as the first line of its "
            "__init__.",
            _line_of_init(text, bare[1]),
        )
    if 'missing the required "forward"' in error_text:
        return _no_forward(text)
    mistake = (
        _argparse(raised)
        or _exit(raised, activity)
        or _forgotten_self(error_text, line, text)
        or explain_mistake(error_text, line)
    )
    if mistake:
        return mistake
    where = f" in line {line}" if line else ""
    message = f"{activity} failed{where} with {raised.type}: {error_text}."
    return Finding("error", message, line)


def _forgotten_self(error_text: str, line: int | None, text: str) -> Finding | None:
    """Return that ``self.`` is missing before a name that has it elsewhere, if so."""
    found = re.match(r"name '(\w+)' is not defined", error_text)
    if not found or not re.search(rf"\bself\.{found[1]}\b", text):
        return None
    where = f"Line {line}: " if line else ""
    message = f"{where}{found[1]} is not defined. Did you mean self.{found[1]}?"
    return Finding("mistake", message, line)


def _exit(raised: Raised, activity: str) -> Finding | None:
    if raised.type != "SystemExit" or not raised.line or activity != "Running the file":
        return None
    return Finding(
        "mistake",
        f"Line {raised.line} ends Python (SystemExit: {raised.text}). Delete it, or put it "
        f"{UNDER_MAIN}",
        raised.line,
    )


def _argparse(raised: Raised) -> Finding | None:
    """Return what argparse said before it ended the program, if it did."""
    if not raised.argparse:
        return None
    return Finding(
        "arguments",
        f"{f'Line {raised.line}' if raised.line else 'The file'} reads the command line with "
        f"argparse, which says: {raised.argparse}. cnnlab gives the file no arguments. Give each "
        'one a default, as in add_argument("--width", type=int, default=16), or put this '
        f"{UNDER_MAIN}",
        raised.line,
    )


def line_of_call(text: str, name: str, within: int | None) -> int | None:
    """Return the line that calls a function or class of that name, however it is spelt.

    "logsoftmax" finds ``F.log_softmax`` and ``nn.LogSoftmax``. If there are several calls, it is
    the last one in the function that begins in line ``within``.
    """
    tree = ast.parse(text)
    lines = _lines_calling(tree, name)
    if len(lines) > 1:
        lines = [
            line
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.lineno == within
            for line in _lines_calling(node, name)
        ]
    return max(lines, default=None)


def _lines_calling(tree: ast.AST, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and last_name(node.func).lower().replace("_", "") == name
    ]


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name: "Module" for ``nn.Module``, "" for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _no_forward(text: str) -> Finding:
    advice = (
        "Write def forward(self, x) in its class, indented like __init__, and return 10 numbers "
        "per image, one for each class."
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and get_close_matches(node.name, ["forward"]):
            message = (
                f"The network has no forward, but it has {node.name} (line {node.lineno}). {advice}"
            )
            return Finding("forward", message, node.lineno)
    return Finding("forward", f"The network has no forward. {advice}")


def _failed_import(raised: Raised, error_text: str) -> Finding:
    line = raised.line
    if "attempted relative import" in error_text:
        where = f"Line {line}: " if line else ""
        advice = "cnnlab runs the file alone, not as part of a package. Write the import without"
        return Finding("import", f"{where}{advice} the dot, as in from helper import Block.", line)
    if raised.type != "ModuleNotFoundError" or not raised.name:
        which = f"The import in line {line} of your file" if line else "An import in your file"
        return Finding("import", f"{which} failed: {error_text}.", line)
    module = raised.name.partition(".")[0]
    imports = f"Line {line} of your file imports" if line else "Your file imports"
    message = (
        f"{imports} {raised.name}, which is not installed. Install it (pip install {module}), or "
        "delete that line."
    )
    return Finding("import", message, line)


def _line_of_init(text: str, class_name: str) -> int | None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            made = [each for each in node.body if getattr(each, "name", "") == "__init__"]
            return made[0].lineno if made else node.lineno
    return None
