"""What is in a Python file, from its text alone: the file is not run."""

import ast
import warnings
from collections.abc import Iterator

from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.lines import last_name
from cnnlab.custom.mistakes import is_layer


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
    if isinstance(error, TabError):
        return (
            f" The line is: {read}. Some lines begin with tabs, others with spaces: let your "
            "editor convert all tabs to spaces."
        )
    if read.startswith(("%", "!")):
        return f" The line is: {read}. This is a notebook command: delete it."
    return f" The line is: {read}" if read else ""


def network_classes(tree: ast.Module) -> list[str]:
    """Return the classes that derive from a layer of PyTorch, or from such a class of the file."""
    found: list[str] = []
    for node in statements(tree.body):
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            if node.name not in found and any(each in found or is_layer(each) for each in bases):
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


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when the file does: also those inside if, try, with and for."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from statements(handler.body)


def top_level_names(tree: ast.Module) -> dict[str, int]:
    """Return what may make a network, or be one, each with its line; names with "_" are private.

    They are classes, functions, and variables that hold one of these, a lambda, a partial, a layer
    or what a call of a class or function of the file returns.
    """
    found: dict[str, int] = {}
    for node in statements(tree.body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node.lineno
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            makes = (
                isinstance(value, ast.Lambda)
                or (isinstance(value, ast.Name) and value.id in found)
                or (
                    isinstance(value, ast.Call)
                    and (
                        last_name(value.func) in {"partial", *found}
                        or is_layer(last_name(value.func))
                    )
                )
            )
            if makes:
                found[node.targets[0].id] = node.lineno
    return {name: line for name, line in found.items() if not name.startswith("_")}


def functions(tree: ast.Module) -> list[str]:
    """Return the public functions at the top level."""
    return [
        node.name
        for node in statements(tree.body)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def network_variables(tree: ast.Module) -> list[str]:
    """Return the variables that hold a network, such as net = nn.Sequential(...)."""
    return [
        node.targets[0].id
        for node in statements(tree.body)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and is_layer(last_name(node.value.func))
    ]


def imported_names(tree: ast.Module) -> dict[str, int]:
    """Return the names that the file imports from others, each with its line."""
    return {
        alias.asname or alias.name: node.lineno
        for node in statements(tree.body)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def with_classes(class_name: str, tree: ast.Module, classes: int) -> str:
    """Return a class, as in "Net(width=32)", with num_classes if it takes it and needs it.

    It needs it if its default is not the number of classes. What the user wrote stays.
    """
    maker, _, arguments = class_name.partition("(")
    default = _default_of_classes(tree, maker.strip())
    if default in (_NO_SUCH, classes) or "num_classes" in arguments:
        return class_name
    given = arguments.rstrip().removesuffix(")").strip().rstrip(",")
    return f"{maker.strip()}({given}{', ' if given else ''}num_classes={classes})"


_NO_SUCH = "no such argument"


def _default_of_classes(tree: ast.Module, maker: str) -> object:
    """Return the default of the argument num_classes of a class or function of the file."""
    made = {
        node.name: node
        for node in statements(tree.body)
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    node = made.get(maker)
    if isinstance(node, ast.ClassDef):
        own = [
            each
            for each in node.body
            if isinstance(each, ast.FunctionDef) and each.name == "__init__"
        ]
        if not own:  # that of its base, if it is in this file
            bases = [last_name(base) for base in node.bases]
            others = (_default_of_classes(tree, base) for base in bases if base != maker)
            return next((each for each in others if each != _NO_SUCH), _NO_SUCH)
        node = own[0]
    if node is None:
        return _NO_SUCH
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, default in pairs:
        if argument.arg == "num_classes":
            return default.value if isinstance(default, ast.Constant) else None
    return _NO_SUCH
