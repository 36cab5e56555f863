"""Explain an exception in a student's code: the line, the likely mistake, what to write."""

import ast
import re
from difflib import get_close_matches
from operator import itemgetter

from cnnlab.custom.finding import UNDER_MAIN, Finding, at_line
from cnnlab.custom.lines import (
    attributes_of_forward,
    line_of_function,
    line_of_init,
    line_of_variable,
)
from cnnlab.custom.mistakes import explain_mistake
from cnnlab.custom.trial import Raised


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
            line_of_init(text, bare[1]),
        )
    container = "ModuleList" in error_text or "ModuleDict" in error_text
    if 'missing the required "forward"' in error_text and not container:
        return _no_forward(text)
    mistake = (
        _argparse(raised)
        or _exit(raised, activity)
        or _unknown_name(error_text, line, text)
        or _without_self(error_text, text)
        or _keeps_graph(error_text, text)
        or explain_mistake(error_text, line)
    )
    if mistake:
        return mistake
    where = f" in line {line}" if line else ""
    message = f"{activity} failed{where} with {raised.type}: {error_text}."
    return Finding("error", message, line)


def _unknown_name(error_text: str, line: int | None, text: str) -> Finding | None:
    """Return what a name or attribute that is not defined should be, by the names of the file."""
    found = re.match(
        r"(?:'(\w+)' object has no attribute|name) '(\w+)'(?: is not defined|$)", error_text
    )
    if not found or (found[1] and not re.search(rf"\bclass {found[1]}\b", text)):
        return None
    name, is_attribute = found[2], bool(found[1])
    names = re.findall(r"\bself\.(\w+)", text)
    variables = [
        each.arg if isinstance(each, ast.arg) else each.id
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.Name | ast.arg)
    ]
    if not is_attribute:
        alike = [each for each in variables if each.lower() == name.lower() and each != name]
        meant = f"self.{name}" if name in names else alike[0] if alike else ""
    elif made := line_of_variable(text, name):
        message = f"Line {made} makes {name} without self. Write self.{name} = ... there."
        return Finding("mistake", message, made)
    else:
        near = get_close_matches(name, [each for each in names if each != name], n=1)
        meant, name = f"self.{near[0]}" if near else "", f"self.{name}"
    return at_line(line, f"{name} is not defined. Did you mean {meant}?") if meant else None


def _without_self(error_text: str, text: str) -> Finding | None:
    """Return that a method has no self among its arguments, if so."""
    found = re.match(r"\w+\.(\w+)\(\) takes 0 positional arguments but", error_text)
    if not found:
        return None
    name = found[1]
    return at_line(
        line_of_function(text, name),
        f"{name} has no self. Write def {name}(self, ...), with self first.",
    )


def _keeps_graph(error_text: str, text: str) -> Finding | None:
    """Return which attribute keeps a value from the batch before, if an error is due to that."""
    if not re.search(
        "backward through the graph a second time|Inference tensors cannot be saved", error_text
    ):
        return None
    name, line = max(attributes_of_forward(text), key=itemgetter(1), default=("mean", None))
    return at_line(
        line,
        "the network keeps a value from the batch before, with all the steps that led to it, in an "
        f"attribute such as self.{name}. Write .detach() where you keep it, as in self.{name} = "
        f"{name}.detach(), or start each batch without it.",
    )


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


def _no_forward(text: str) -> Finding:
    advice = (
        "Write def forward(self, x) in its class, indented like __init__, and return "
        "one number for each class, for each image."
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
        return at_line(
            line,
            "cnnlab runs the file alone, not as part of a package. Write the import without the "
            "dot, as in from helper import Block.",
            "import",
        )
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
