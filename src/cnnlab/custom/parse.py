"""A file of Python as it is written: what is in it, without running it."""

import ast
import warnings

from cnnlab.custom.advice import is_layer, last_name
from cnnlab.custom.finding import FaultError, Finding


def parse(file: str, text: str) -> ast.Module:
    """Return what the text says as Python; raise `FaultError` where it says nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, file)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        fault = Finding(
            "syntax",
            f"{file}{where} is not Python: {_as_sentence(error.msg)}{_quote_line(error)}",
            error.lineno,
        )
    except ValueError as error:
        fault = Finding("syntax", f"{file} is not Python: {error}.")
    except (RecursionError, MemoryError):
        fault = Finding(
            "syntax", f"{file} is not Python that can be read: it is nested too deeply."
        )
    raise FaultError(fault)


def _as_sentence(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _quote_line(error: SyntaxError) -> str:
    read = (error.text or "").strip()
    if read.startswith(("%", "!")):
        return f" The line reads: {read}. That is a notebook's command: take it out."
    return f" The line reads: {read}" if read else ""


def network_classes(tree: ast.Module) -> list[str]:
    """Return the classes that derive from one of PyTorch's, or from another such in the file."""
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            if any(base in found or is_layer(base) for base in bases):
                found.append(node.name)
    return found or _classes_with_forward(tree)


def _classes_with_forward(tree: ast.Module) -> list[str]:
    """Return the classes that were meant as networks, though they derive from none."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(each, ast.FunctionDef) and each.name == "forward" for each in node.body)
    ]


def top_level_names(tree: ast.Module) -> dict[str, int]:
    """Return the lines of all classes and functions that a name may name."""
    return {
        each.name: each.lineno
        for each in tree.body
        if isinstance(each, ast.ClassDef | ast.FunctionDef) and not each.name.startswith("_")
    }
