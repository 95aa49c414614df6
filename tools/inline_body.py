"""What becomes of a function's body where its call stood: it goes on behind that, instead of returning."""

from __future__ import annotations

import ast

from tools.nodes import placed, walk


def leaves(body: list[ast.stmt]) -> bool:
    """Tell whether nothing behind these statements is ever reached."""
    last = body[-1] if body else None
    if isinstance(last, ast.If):
        return leaves(last.body) and leaves(last.orelse)
    return isinstance(last, (ast.Return, ast.Raise))


def tailed(body: list[ast.stmt]) -> list[ast.stmt] | None:
    """Return statements that do the same, and return where they end only; None: these return from a loop or a try."""
    for at, node in enumerate(body):
        if isinstance(node, ast.Return):
            return body[: at + 1]
        if _returns(node):
            return _branched(body[:at], node, body[at + 1 :])
    return body


def _branched(before: list[ast.stmt], node: ast.stmt, rest: list[ast.stmt]) -> list[ast.stmt] | None:
    if not isinstance(node, ast.If):
        return None
    then, other = node.body, node.orelse
    if leaves(then):
        other = [*other, *rest]
    elif leaves(other):
        then = [*then, *rest]
    elif rest:
        return None
    first, second = tailed(then), tailed(other)
    return None if first is None or second is None else [*before, placed(ast.If(node.test, first, second), node)]


def ended(body: list[ast.stmt], result: str | None) -> list[ast.stmt]:
    """Return what `tailed` gave, with a variable that gets what it would return; None: nobody wants that."""
    last = body[-1] if body else ast.Pass(lineno=1)
    if isinstance(last, ast.Return):
        return [*body[:-1], *_kept(last, last.value, result)]
    if isinstance(last, ast.If) and _returns(last):
        last.body = ended(last.body, result) or [placed(ast.Pass(), last)]
        last.orelse = ended(last.orelse, result)
        return body
    return [*body, *([] if leaves(body) else _kept(last, None, result))]


def _kept(like: ast.stmt, returned: ast.expr | None, result: str | None) -> list[ast.stmt]:
    if result is not None:
        return [placed(ast.Assign([ast.Name(result, ast.Store())], returned or ast.Constant(None)), like)]
    silent = returned is None or isinstance(returned, (ast.Constant, ast.Name))
    return [] if silent or returned is None else [placed(ast.Expr(returned), like)]


def _returns(node: ast.stmt) -> bool:
    return any(isinstance(each, ast.Return) for each in walk(node))
