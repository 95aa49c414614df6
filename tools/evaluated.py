"""What a statement evaluates before everything else, and so could as well be evaluated in a statement before it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator

from tools.nodes import was

Place = tuple[ast.AST, str, int | None]  # node, field, and where in its list
Ours = Callable[[ast.AST], bool]

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FIRST: dict[type[ast.stmt], str] = {  # what each evaluates first, and once
    ast.Assign: "value",
    ast.AugAssign: "value",
    ast.Expr: "value",
    ast.For: "iter",
    ast.If: "test",
    ast.Return: "value",
}


def first(
    statement: ast.stmt, is_ours: Ours, changing: Container[str] = ()
) -> tuple[Place, ast.AST, list[ast.AST]] | None:
    """Return the first expression of a statement that is looked for, its place, and what is evaluated before it.

    `changing`: attributes that may be something else after a call.
    """
    field = _FIRST.get(type(statement))
    if field is None or getattr(statement, field) is None:
        return None
    seen: list[ast.AST] = [statement.target] if isinstance(statement, ast.AugAssign) else []
    for place, node in _evaluated(statement, field, None, is_ours, changing):
        if is_ours(node):
            return place, node, seen
        seen.append(node)
    return None


def put(place: Place, made: ast.expr) -> ast.expr:
    """Put an expression in a place; return what stood there."""
    node, field, at = place
    found = getattr(node, field)
    stood: ast.expr = found if at is None else found[at]
    ast.copy_location(made, stood)
    if at is None:
        setattr(node, field, made)
    else:
        found[at] = made
    return stood


def _evaluated(
    node: ast.AST, field: str, at: int | None, is_ours: Ours, changing: Container[str]
) -> Iterator[tuple[Place, ast.AST]]:
    """Yield what is surely evaluated, in order: what is looked for whole, all others without what is inside them."""
    found = getattr(node, field)
    expression = found if at is None else found[at]
    if not is_ours(expression):
        for inner, where in _parts(expression):
            yield from _evaluated(expression, inner, where, is_ours, changing)
    is_method = field == "func" and isinstance(expression, ast.Attribute) and was(expression) not in changing
    if not is_method:  # looking up one is nothing
        yield (node, field, at), expression


def _parts(node: ast.AST) -> list[tuple[str, int | None]]:
    if isinstance(node, _SCOPES):
        return []
    if isinstance(node, ast.BoolOp):
        return [("values", 0)]
    if isinstance(node, ast.IfExp):
        return [("test", None)]
    if isinstance(node, ast.Compare):
        return [("left", None), ("comparators", 0)]
    if isinstance(node, ast.Call) and any(isinstance(each, ast.Starred) for each in node.args):
        return []
    if isinstance(node, ast.Dict):
        return []
    parts: list[tuple[str, int | None]] = []
    for field, found in ast.iter_fields(node):
        if isinstance(found, ast.expr):
            parts.append((field, None))
        elif isinstance(found, list):
            parts += [(field, at) for at, each in enumerate(found) if isinstance(each, ast.expr)]
    return parts
