"""Walks syntax trees: linking an image looks at two million nodes, for which `ast.walk` takes four times as long."""

from __future__ import annotations

import ast
from typing import TypeVar

Part = tuple[str, list[ast.stmt]]  # module, its statements
Statement = TypeVar("Statement", bound=ast.stmt)

# What these fields hold is never a node, or one without names: an operator, Load, Store.
_PLAIN = {"arg", "asname", "attr", "ctx", "id", "kind", "level", "module", "name", "op", "ops", "type_comment"}


_NODES_IN = {
    name: [field for field in kind._fields if field not in _PLAIN]
    for name, kind in vars(ast).items()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Constant
}


def walk(*roots: ast.AST) -> list[ast.AST]:
    """Return every node of some trees that may hold a name or a constant, each root before what is below it."""
    found = list(roots)
    for node in found:  # it grows meanwhile
        for field in _NODES_IN.get(type(node).__name__, ()):
            below = getattr(node, field, None)
            if isinstance(below, list):
                found += [each for each in below if isinstance(each, ast.AST)]
            elif isinstance(below, ast.AST):
                found.append(below)
    return found


def was(node: ast.AST) -> str:
    """Return the name that a class, a function or an attribute has in the sources; "" of anything else."""
    return str(getattr(node, "was", getattr(node, "name", getattr(node, "attr", ""))))


def placed(made: Statement, like: ast.stmt) -> Statement:
    """Give a statement that stands for another one, or for a part of it, its place in the sources."""
    ast.copy_location(made, like)
    if hasattr(like, "came"):
        made.came = like.came  # type: ignore[attr-defined]  # a mark of our own, read by `came_from`
    return made


def mark(body: list[ast.stmt], module: str, function: str) -> None:
    """Remember where statements come from that will stand in another function."""
    for node in walk(*body):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)) and not hasattr(node, "came"):
            node.came = (module, function)  # type: ignore[union-attr]  # a mark of our own, read by `came_from`


def came_from(node: ast.AST, otherwise: tuple[str, str]) -> tuple[str, str]:
    """Return module and function of a statement's source, if it was put where it is now."""
    found: tuple[str, str] = getattr(node, "came", otherwise)
    return found
