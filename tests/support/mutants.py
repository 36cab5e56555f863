"""Mutants of a program: each differs from it in one small way, as a slip of the hand would."""

import ast
import copy
import random
from collections.abc import Callable, Iterator

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)
_COMPARE = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def mutants(code: str, count: int, seed: int = 0) -> list[str]:
    """Return so many different mutants of a program.

    First those that differ in one place; if they are too few, those that differ in more.
    """
    draw = random.Random(seed)
    known = {ast.unparse(ast.parse(code))}
    found: list[str] = []
    waiting = [code]
    while len(found) < count:
        made = distinct(one_change(waiting.pop(0)), known)
        draw.shuffle(made)
        wanted = made if not found else made[: max(4, count // 10)]
        known |= {*wanted}
        found += wanted
        waiting += wanted
    return found[:count]


def distinct(programs: Iterator[str], known: set[str]) -> list[str]:
    found = dict.fromkeys(programs)
    return [each for each in found if each not in known]


def one_change(code: str) -> Iterator[str]:
    """Yield every program that differs from one in one place."""
    tree = ast.parse(code)
    nodes = [*ast.walk(tree)]
    for place in range(len(nodes)):
        for change in changes(nodes[place], tree):
            mutated = copy.deepcopy(tree)
            change([*ast.walk(mutated)][place])
            text = ast.unparse(ast.fix_missing_locations(mutated))
            yield text


Change = Callable[[ast.AST], None]


def changes(node: ast.AST, tree: ast.Module) -> Iterator[Change]:
    """Yield functions, each of which changes a copy of the node in place."""
    for kinds, made in _CHANGES:
        if isinstance(node, kinds):
            yield from made(node, tree)
    for name in ("body", "orelse"):
        body = getattr(node, name, None)
        if isinstance(body, list) and not isinstance(node, ast.Module):
            for place in range(len(body)):
                yield lambda each, name=name, place=place: delete(each, name, place)


def operators(node: ast.BinOp | ast.AugAssign, _: ast.Module) -> Iterator[Change]:
    for other in _ARITHMETIC:
        if not isinstance(node.op, other):
            yield lambda each, other=other: setattr(each, "op", other())
    if isinstance(node, ast.BinOp):
        yield swap_operands


def comparisons(node: ast.Compare, _: ast.Module) -> Iterator[Change]:
    for other in _COMPARE:
        if not isinstance(node.ops[0], other):
            yield lambda each, other=other: setattr(each, "ops", [other()])


def names(node: ast.Name, tree: ast.Module) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load):
        for name in variables_beside(node, tree):
            yield lambda each, name=name: setattr(each, "id", name)


def conditions(_: ast.If | ast.IfExp, __: ast.Module) -> Iterator[Change]:
    yield lambda each: setattr(each, "test", ast.UnaryOp(ast.Not(), each.test))
    yield lambda each: setattr(each, "test", ast.Constant(True))
    yield lambda each: setattr(each, "test", ast.Constant(False))


def signs(node: ast.UnaryOp, _: ast.Module) -> Iterator[Change]:
    if isinstance(node.op, ast.USub):
        yield lambda each: setattr(each, "op", ast.UAdd())


def junctions(node: ast.BoolOp, _: ast.Module) -> Iterator[Change]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield lambda each: setattr(each, "op", other())


def arguments(node: ast.Call, _: ast.Module) -> Iterator[Change]:
    if len(node.args) == 2:
        yield lambda each: each.args.reverse()


def pairs(node: ast.Tuple, _: ast.Module) -> Iterator[Change]:
    if len(node.elts) == 2:
        yield lambda each: each.elts.reverse()


def constants(node: ast.Constant, tree: ast.Module) -> Iterator[Change]:
    value = node.value
    others: list[object] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int | float):
        others = [value + 1, value - 1, 0, -value, 2 * value, value / 10, 10 * value]
        others = [each for each in others if each != value]
    elif isinstance(value, str):
        texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        others = sorted(each for each in texts if isinstance(each, str) and each != value)
    for other in others:
        yield lambda each, other=other: setattr(each, "value", other)


def variables_beside(node: ast.Name, tree: ast.Module) -> list[str]:
    """Return the other variables of the same function."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and node in ast.walk(function):
            names = {each.arg for each in function.args.args}
            names |= {
                each.id
                for each in ast.walk(function)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            }
            return sorted(names - {node.id}) if node.id in names else []
    return []


def swap_operands(each: ast.BinOp) -> None:
    each.left, each.right = each.right, each.left


def delete(each: ast.AST, name: str, place: int) -> None:
    getattr(each, name)[place] = ast.Pass()


_CHANGES = (
    (ast.Constant, constants),
    ((ast.BinOp, ast.AugAssign), operators),
    (ast.Compare, comparisons),
    (ast.Name, names),
    ((ast.If, ast.IfExp), conditions),
    (ast.UnaryOp, signs),
    (ast.BoolOp, junctions),
    (ast.Call, arguments),
    (ast.Tuple, pairs),
)
