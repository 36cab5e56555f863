"""An exception of a student's code as a finding: what they most likely wrote."""

import ast
import re
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from torch import nn

from cnnlab.custom.finding import Finding, Kind

_SHORT = {"torch.nn": "nn", "torch.nn.functional": "F"}
_IMPORTS = {
    "nn": "from torch import nn",
    "torch": "import torch",
    "F": "from torch.nn import functional as F",
}

MAKE_SMALLER = "make that layer smaller, as by fewer channels or a pooling before it."
"""What to do with a layer that no laptop has the memory for."""


def explain_mistake(error_text: str, line: int | None) -> Finding | None:
    """Return what an exception of that text comes from, if it is one of the usual mistakes."""
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
        return f"there is no {short}.{name} in PyTorch."
    return f"there is no {short}.{name} in PyTorch. Did you mean {short}.{near[0]}?"


def _not_imported(name: str) -> str | None:
    if name == "get_ipython":
        return (
            "get_ipython() belongs to a notebook, and comes from a line that began with % or ! "
            "there: take it out."
        )
    if name in _IMPORTS:
        return f"{name} is not imported: write {_IMPORTS[name]} at the top of the file."
    return f"{name} is not imported: write nn.{name}." if is_layer(name) else None


def _not_applied(kind: str) -> str | None:
    if not is_layer(kind):
        return None
    return (
        f"an nn.{kind} stands where numbers should, as it was made and not applied to them: make "
        f"it in __init__, as in self.layer = nn.{kind}(...) with its brackets, and write "
        "x = self.layer(x) in forward."
    )


def _not_made(kind: str) -> str:
    return f"an nn.{kind} stands there without its brackets: write nn.{kind}()."


def _out_of_torch() -> str:
    return (
        "numbers leave PyTorch here, as .numpy() or a function of NumPy has it, and no gradient "
        "can follow them: use PyTorch's own functions, such as torch.relu(x) or x.mean()."
    )


def _moved() -> str:
    return (
        "something is moved to a GPU, or made there: take .cuda(), .to(...) and device=... out. "
        "cnnlab moves the network and its images itself; cnnlab train --device says where to."
    )


def _no_memory(size: str) -> str:
    numbers, gigabytes = int(size) // 4, int(size) / 1e9
    return (
        f"{numbers:,} numbers are asked for at once, {gigabytes:.1f} GB, and this machine has less "
        f"memory: {MAKE_SMALLER}"
    )


def _keeps_graph() -> str:
    return (
        "the network keeps a value from the batch before, with all the steps that led to it, in an "
        "attribute such as self.mean. Write .detach() where you keep it, as in "
        "self.mean = x.mean(0).detach()."
    )


def _one_image() -> str:
    return (
        "batch normalisation needs two images or more in a batch, or two values or more in a map: "
        "use --batch-size 2 or more, or pool less before it."
    )


def is_layer(name: str) -> bool:
    """Return whether torch.nn has a layer of that name."""
    known = getattr(nn, name, None)
    return isinstance(known, type) and issubclass(known, nn.Module)


_MISTAKES: tuple[tuple[str, Callable[..., str | None]], ...] = (
    (r"^module '([\w.]+)' has no attribute '(\w+)'", _unknown_name),
    (r"^name '(\w+)' is not defined", _not_imported),
    (r"^torch\.nn\.modules\.\w+\.(\w+) is not a Module subclass", _not_made),
    (r"numpy\(\) on Tensor that requires grad", _out_of_torch),
    (r"not numpy\.ndarray|got \(numpy\.ndarray", _out_of_torch),
    (r"must be Tensor, not (\w+)", _not_applied),
    (r"combination of arguments - got \((\w+),", _not_applied),
    (r"^'(\w+)' object has no attribute '(?:flatten|view|reshape|size|shape)'", _not_applied),
    (r"not compiled with CUDA|no NVIDIA driver|tensors to be on the same device", _moved),
    (r"tried to allocate (\d+) bytes", _no_memory),
    (r"backward through the graph a second time", _keeps_graph),
    (r"Expected more than 1 value per channel", _one_image),
    (r"Expected all tensors to be on|'MPS' backend|CUDA error", _moved),
)


def find_misspelt_init(tree: ast.Module, class_name: str) -> Finding | None:
    """Return where a class's __init__ is written otherwise, so that nothing calls it."""
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
                        f"Line {method.lineno}: {method.name} is never called by Python: write "
                        "__init__, with two underscores on either side.",
                        method.lineno,
                    )
    return None


def _resembles_init(name: str) -> bool:
    """Return whether a method was meant as __init__; a dataclass's __post_init__ was not."""
    return name != "__post_init__" and bool(get_close_matches(name, ["__init__"]))


def _initialises(node: ast.AST) -> bool:
    """Return whether a part of a method is ``super().__init__``, or that misspelt alike."""
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


def explain(error: BaseException, doing: str, path: str, text: str) -> Finding:
    """Return what stopped ``doing``, such as "The forward pass", and in which line of the file.

    ``path`` and ``text`` are the file's, both empty where the code is not the user's own.
    """
    line = line_of_error(error, path)
    error_text = (str(error).strip() or "no message").splitlines()[0].rstrip(".")
    if isinstance(error, ImportError):
        return _failed_import(error, error_text, line, path)
    if "Module.__init__() call" in error_text or "of 'super' object needs" in error_text:
        return Finding(
            "super-init",
            f"super().__init__() is missing{f' before line {line}' if line else ''}: write it as "
            "the first line of __init__.",
            line,
        )
    bare = re.match(r"'(\w+)' object has no attribute '_(modules|parameters|buffers)'", error_text)
    if bare:
        return Finding(
            "super-init",
            f"super().__init__() is missing in {bare[1]}: write it as the first line of its "
            "__init__.",
            _line_of_init(text, bare[1]),
        )
    if 'missing the required "forward"' in error_text:
        return _no_forward(text)
    mistake = explain_mistake(error_text, line)
    if mistake:
        return mistake
    where = f" in line {line}" if line else ""
    message = f"{doing} stops{where} with {type(error).__name__}: {error_text}."
    return Finding("error", message, line)


def line_of_error(error: BaseException, path: str) -> int | None:
    """Return the line of the file that was running when the error was raised, innermost."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno for frame in frames if frame.filename == path), None)


def line_of_call(text: str, name: str, within: int | None) -> int | None:
    """Return the line that calls a function or class of that name, in any spelling.

    "logsoftmax" is ``F.log_softmax`` and ``nn.LogSoftmax``. Of several it is the last in the
    function that begins in line ``within``.
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
    """Return the last part of a dotted name: "Module" of ``nn.Module``; "" of anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _no_forward(text: str) -> Finding:
    advice = (
        "write def forward(self, x) in its class, indented as __init__ is, and return the numbers "
        "of the 10 classes from it."
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and get_close_matches(node.name, ["forward"]):
            message = f"The network has no forward, but {node.name} (line {node.lineno}): {advice}"
            return Finding("forward", message, node.lineno)
    return Finding("forward", f"The network has no forward: {advice}")


def _failed_import(error: ImportError, error_text: str, line: int | None, path: str) -> Finding:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        which = (
            f"Line {line}, an import of your own file," if line else "An import of your own file"
        )
        return Finding("import", f"{which} fails: {error_text}.", line)
    module = error.name.partition(".")[0]
    imports = f"Line {line} imports" if line else "Your file imports"
    beside = Path(path).with_name(f"{module}.py")
    if beside.exists():
        message = (
            f"{imports} {module}, another file of yours: cnnlab takes one file alone. "
            f"Copy what you need from {beside.name} into {Path(path).name}."
        )
    else:
        message = (
            f"{imports} {error.name}, which is not installed here. It is an import of "
            f"your own file: install it (pip install {module}), or remove that line."
        )
    return Finding("import", message, line)


def _line_of_init(text: str, class_name: str) -> int | None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            made = [each for each in node.body if getattr(each, "name", "") == "__init__"]
            return made[0].lineno if made else node.lineno
    return None
