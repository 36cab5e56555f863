"""Methods in a network's class that nobody calls as meant: a misspelt __init__, a hidden name."""

import ast
from collections.abc import Iterator
from difflib import get_close_matches

from cnnlab.custom.finding import Finding, at_line
from cnnlab.custom.lines import last_name
from cnnlab.custom.mistakes import is_layer
from cnnlab.custom.parse import network_classes

_RESULTS_ARE_USED = {
    *("parameters", "named_parameters", "modules", "named_modules", "children", "named_children"),
    *("buffers", "named_buffers", "state_dict"),
}
_CALLED_BY_CNNLAB = _RESULTS_ARE_USED | {
    *("train", "eval", "load_state_dict", "to", "apply", "zero_grad", "requires_grad_"),
    *("register_buffer", "register_parameter", "add_module"),
}


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
                    return at_line(
                        method.lineno,
                        f"Python never calls {method.name}. Write __init__, with two underscores "
                        "on each side.",
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


def find_hiding_name(tree: ast.Module) -> Finding | None:
    """Return a name in a network's class that hides a method of nn.Module, if there is one."""
    networks = network_classes(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name not in networks:
            continue
        for name, line, what in _hiding_names(node):
            return at_line(
                line,
                f"{what} hides {name}(), a method of nn.Module that cnnlab calls. Rename it, as in "
                f"my_{name}.",
                "hidden-name",
            )
    return None


def _hiding_names(owner: ast.ClassDef) -> Iterator[tuple[str, int, str]]:
    from torch import nn  # the rules about plain data need no PyTorch

    for node in owner.body:
        if isinstance(node, ast.FunctionDef) and (_cannot_be_called(node) or _returns_none(node)):
            yield node.name, node.lineno, f"the method {node.name}"
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in _CALLED_BY_CNNLAB
            and not isinstance(node.value, ast.Name)
        ):
            yield node.targets[0].id, node.lineno, node.targets[0].id
    assignments = (each for each in ast.walk(owner) if isinstance(each, ast.Assign | ast.AnnAssign))
    for assignment in assignments:
        targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
        value = assignment.value
        holds_layer = isinstance(value, ast.Call) and is_layer(last_name(value.func))
        for each in targets:
            if (
                isinstance(each, ast.Attribute)
                and isinstance(each.value, ast.Name)
                and each.value.id == "self"
                and (
                    each.attr in _CALLED_BY_CNNLAB
                    or (holds_layer and callable(getattr(nn.Module, each.attr, None)))
                )
            ):
                yield each.attr, assignment.lineno, f"self.{each.attr}"


def _returns_none(method: ast.FunctionDef) -> bool:
    """Return whether a method of a name whose result PyTorch uses returns nothing."""
    returns = ast.Return | ast.Yield | ast.YieldFrom
    return method.name in _RESULTS_ARE_USED and all(
        isinstance(each, ast.Return) and getattr(each.value, "value", each.value) is None
        for each in ast.walk(method)
        if isinstance(each, returns)
    )


def _cannot_be_called(method: ast.FunctionDef) -> bool:
    """Return whether PyTorch's call of a method of that name fails, by its number of arguments."""
    given = method.args
    most = len(given.posonlyargs) + len(given.args) - 1
    least = most - len(given.defaults)
    if method.name == "train":  # train(), and train(False)
        return least > 0 or (most < 1 and not given.vararg)
    wants_none = _CALLED_BY_CNNLAB - {"load_state_dict", "to", "apply", "add_module"}
    return (
        method.name in wants_none
        and not method.name.startswith("register_")
        and not method.decorator_list
        and least > 0
    )
