"""Explain an exception in a student's code: the line, the likely mistake, what to write."""

import ast
import re
from difflib import get_close_matches

from cnnlab.custom.finding import UNDER_MAIN, Finding
from cnnlab.custom.mistakes import explain_mistake
from cnnlab.custom.trial import Raised


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
    if 'missing the required "forward"' in error_text and "[ModuleList]" not in error_text:
        return _no_forward(text)
    mistake = (
        _argparse(raised)
        or _exit(raised, activity)
        or explain_mistake(error_text, line)
        or _misspelt(error_text, line, text)
    )
    if mistake:
        return mistake
    where = f" in line {line}" if line else ""
    message = f"{activity} failed{where} with {raised.type}: {error_text}."
    return Finding("error", message, line)


def _misspelt(error_text: str, line: int | None, text: str) -> Finding | None:
    """Return which name of the file was meant, if a name or an attribute does not exist."""
    found = re.match(r"name '(\w+)' is not defined", error_text)
    attribute = re.match(r"'\w+' object has no attribute '(\w+)'", error_text)
    where = f"Line {line}: " if line else ""
    if found:
        name, others = found[1], set(re.findall(r"\b\w+\b", text))
        meant = [each for each in others if each.lower() == name.lower() and each != name]
        if re.search(rf"\bself\.{name}\b", text):
            meant = [f"self.{name}"]
        advice = f"{name} is not defined. Did you mean {meant[0]}?" if meant else ""
    elif attribute:
        name, made = attribute[1], re.findall(r"\bself\.(\w+)\s*(?:,[^=\n]*)?=", text)
        near = get_close_matches(name, [each for each in made if each != name], n=1)
        if re.search(rf"^\s+{name}\s*=", text, re.MULTILINE):
            advice = f"self.{name} does not exist. Where you make it, write self.{name} = ..."
        else:
            advice = f"self.{name} does not exist. Did you mean self.{near[0]}?" if near else ""
    else:
        return None
    return Finding("mistake", f"{where}{advice}", line) if advice else None


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


def line_of_attribute(text: str, attribute: str) -> int | None:
    """Return the first line that assigns ``self.attribute``."""
    return min(
        (
            node.lineno
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and node.attr == attribute
        ),
        default=None,
    )


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
