"""What is in a Python file, from its text alone: the file is not run."""

import ast
import warnings

from cnnlab.custom.advice import is_layer, last_name
from cnnlab.custom.finding import FaultError, Finding


def parse(file: str, text: str) -> ast.Module:
    """Return the syntax tree of a file's text; raise `FaultError` if it is not valid Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, file)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        fault = Finding(
            "syntax",
            f"{file}{where} is not valid Python: {_as_sentence(error.msg)}{_quote_line(error)}",
            error.lineno,
        )
    except ValueError as error:
        fault = Finding("syntax", f"{file} is not valid Python: {error}.")
    except (RecursionError, MemoryError):
        fault = Finding("syntax", f"Python cannot read {file}: the code is nested too deeply.")
    raise FaultError(fault)


def _as_sentence(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _quote_line(error: SyntaxError) -> str:
    read = (error.text or "").strip()
    if read.startswith(("%", "!")):
        return f" The line is: {read}. This is a notebook command: delete it."
    return f" The line is: {read}" if read else ""


def network_classes(tree: ast.Module) -> list[str]:
    """Return the classes that derive from a layer of PyTorch, or from such a class of the file."""
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            if any(base in found or is_layer(base) for base in bases):
                found.append(node.name)
    return found or _classes_with_forward(tree)


def _classes_with_forward(tree: ast.Module) -> list[str]:
    """Return the classes that have a forward, although they do not derive from nn.Module."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(each, ast.FunctionDef) and each.name == "forward" for each in node.body)
    ]


def top_level_names(tree: ast.Module) -> dict[str, int]:
    """Return the public classes and functions at the top level, each with its line."""
    return {
        each.name: each.lineno
        for each in tree.body
        if isinstance(each, ast.ClassDef | ast.FunctionDef) and not each.name.startswith("_")
    }
