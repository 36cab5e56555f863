"""Find the line of something in a user's file, by its text."""

import ast
from collections.abc import Callable, Iterator


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


def line_of_attribute(text: str, name: str) -> int | None:
    """Return the line that first assigns an attribute of self: "layers" or "block.layers"."""
    attribute = name.rpartition(".")[2]
    return _first_line(
        text,
        lambda node: (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and node.attr == attribute
            and getattr(node.value, "id", "") == "self"
        ),
    )


def attributes_of_forward(text: str) -> Iterator[tuple[str, int]]:
    """Yield the attributes of self that methods other than __init__ assign, with the lines."""
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef) and function.name != "__init__":
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    yield node.attr, node.lineno


def line_of_variable(text: str, name: str) -> int | None:
    """Return the line that first assigns a variable of that name."""
    return _first_line(
        text,
        lambda node: (
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
        ),
    )


def line_of_function(text: str, name: str) -> int | None:
    """Return the line where the first function or method of that name begins."""
    return _first_line(text, lambda node: isinstance(node, ast.FunctionDef) and node.name == name)


def _first_line(text: str, is_meant: Callable[[ast.AST], bool]) -> int | None:
    nodes = (each for each in ast.walk(ast.parse(text)) if is_meant(each))
    return min((getattr(each, "lineno", 0) for each in nodes), default=None)


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name: "Module" for ``nn.Module``, "" for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def line_of_init(text: str, class_name: str) -> int | None:
    """Return the line where the __init__ of a class begins, or the class if it has none."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            made = [each for each in node.body if getattr(each, "name", "") == "__init__"]
            return made[0].lineno if made else node.lineno
    return None
