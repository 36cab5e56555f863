"""An exception of a student's code as a finding."""

import ast
import re
import traceback
from difflib import get_close_matches
from pathlib import Path

from cnnlab.models.checking.finding import Finding
from cnnlab.models.checking.mistakes import mistake_behind


def explain(error: BaseException, doing: str, path: str, text: str) -> Finding:
    """Return what stopped ``doing``, such as "The forward pass", and in which line of the file.

    ``path`` and ``text`` are the file's, both empty where the code is not the user's own.
    """
    line = line_of(error, path)
    said = (str(error).strip() or "no message").splitlines()[0].rstrip(".")
    if isinstance(error, ImportError):
        return _failed_import(error, said, line, path)
    if "Module.__init__() call" in said or "of 'super' object needs" in said:
        return Finding(
            "super-init",
            f"super().__init__() is missing{f' before line {line}' if line else ''}: write it as "
            "the first line of __init__.",
            line,
        )
    bare = re.match(r"'(\w+)' object has no attribute '_(modules|parameters|buffers)'", said)
    if bare:
        return Finding(
            "super-init",
            f"super().__init__() is missing in {bare[1]}: write it as the first line of its "
            "__init__.",
            _line_of_init(text, bare[1]),
        )
    if 'missing the required "forward"' in said:
        return _no_forward(text)
    mistake = mistake_behind(said, line)
    if mistake:
        return mistake
    where = f" in line {line}" if line else ""
    return Finding("error", f"{doing} stops{where} with {type(error).__name__}: {said}.", line)


def line_of(error: BaseException, path: str) -> int | None:
    """Return the line of the file that was running when the error was raised, innermost."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno for frame in frames if frame.filename == path), None)


def line_calling(text: str, name: str, within: int | None) -> int | None:
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


def _failed_import(error: ImportError, said: str, line: int | None, path: str) -> Finding:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        which = (
            f"Line {line}, an import of your own file," if line else "An import of your own file"
        )
        return Finding("import", f"{which} fails: {said}.", line)
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
