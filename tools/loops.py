"""Comprehensions of a linked agent become loops: MicroPython makes a function of each, and its head stays in the heap
with the function around it, some 50 bytes on 64 bits (docs/decisions/0005).

Only where nothing can tell: what the statement has looked at before must not be what the comprehension changes, and the
comprehension must be evaluated exactly once. Others stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Container

from tools.evaluated import Place, first, put
from tools.nodes import placed, walk

# They change nothing.
_PURE = {"abs", "bytes", "int", "len", "max", "min", "range", "sorted", "str", "sum", "tuple"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FOUND = {"any": True, "all": False}


class Loops:
    """Changes the bodies of functions, in which no comprehension may have a name of its own twice."""

    def __init__(self, changing: Container[str]) -> None:
        """`changing`: attributes that may be something else after a call."""
        self._changing = changing
        self._made = 0

    def changed(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Return a module's statements with loops in their functions."""
        for statement in body:
            for node in walk(statement):
                if isinstance(node, _FUNCTIONS):
                    self._made = 0
                    node.body = self._block(node.body)
        return body

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
                made.append(statement)
                continue
            while (place := _place(statement, self._changing)) is not None:
                made += self._block(self._taken_out(place, statement))
            for field in ("body", "orelse", "finalbody"):
                if getattr(statement, field, None):
                    setattr(statement, field, self._block(getattr(statement, field)))
            for handler in getattr(statement, "handlers", []):
                handler.body = self._block(handler.body)
            made.append(statement)
        return made

    def _taken_out(self, place: Place, statement: ast.stmt) -> list[ast.stmt]:
        """Put a name in place of a comprehension; return what gives the name its list."""
        self._made += 1
        name = f"_l{self._made}"
        made = _loop(put(place, ast.Name(name, ast.Load())), name)
        return [_placed(each, statement) for each in made]


def _placed(made: ast.stmt, statement: ast.stmt) -> ast.stmt:
    for node in walk(made):
        if isinstance(node, ast.stmt):
            placed(node, statement)
    return made


def _loop(whole: ast.expr, name: str) -> list[ast.stmt]:
    """Return the statements that give `name` what an expression of _is_ours has."""

    def store() -> ast.Name:
        return ast.Name(name, ast.Store())

    def load() -> ast.Name:
        return ast.Name(name, ast.Load())

    inside: list[ast.stmt]
    start: ast.expr
    if isinstance(whole, ast.Call):  # any or all of a generator
        generator = whole.args[0]
        assert isinstance(generator, ast.GeneratorExp) and isinstance(whole.func, ast.Name)
        found = _FOUND[whole.func.id]
        start, generators = ast.Constant(not found), generator.generators
        test = generator.elt if found else ast.UnaryOp(ast.Not(), generator.elt)
        inside = [ast.If(test, [ast.Assign([store()], ast.Constant(found)), ast.Break()], [])]
    elif isinstance(whole, ast.DictComp):
        start, generators = ast.Dict([], []), whole.generators
        inside = [ast.Assign([ast.Subscript(load(), whole.key, ast.Store())], whole.value)]
    else:
        assert isinstance(whole, ast.ListComp)
        start, generators = ast.List([], ast.Load()), whole.generators
        inside = [ast.Expr(ast.Call(ast.Attribute(load(), "append", ast.Load()), [whole.elt], []))]
    for part in reversed(generators):
        for test in reversed(part.ifs):
            inside = [ast.If(test, inside, [])]
        inside = [ast.For(part.target, part.iter, inside, [])]
    return [ast.Assign([store()], start), *inside]


def _is_ours(node: ast.AST) -> bool:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _FOUND
        and len(node.args) == 1
    ):
        whole = node.args[0]
        return isinstance(whole, ast.GeneratorExp) and len(whole.generators) == 1
    if isinstance(node, ast.DictComp):  # a loop would look at what is kept before its key
        return _calls_nothing(node)
    if not isinstance(node, ast.ListComp):
        return False  # what is evaluated later would see what the names stand for then
    return not any(isinstance(part, (ast.Lambda, ast.GeneratorExp)) for part in walk(node))


def _place(statement: ast.stmt, changing: Container[str]) -> Place | None:
    """Return where a statement evaluates a comprehension before anything else that could matter."""
    found = first(statement, _is_ours, changing)
    if found is None:
        return None
    place, node, seen = found
    return place if all(_stands_still(each, node) for each in seen) else None


def _stands_still(node: ast.AST, comprehension: ast.AST) -> bool:
    """Tell whether what was evaluated before gives the same after the comprehension, as where that calls nothing."""
    if any(isinstance(part, ast.NamedExpr) for part in walk(node)):
        return False  # the comprehension may ask for what that changes
    if isinstance(node, (ast.Constant, ast.Name, ast.Tuple, ast.List)):
        return True
    if isinstance(node, ast.Call) and not _is_pure(node):
        return False
    return isinstance(node, ast.expr) and _calls_nothing(comprehension)


def _calls_nothing(node: ast.AST) -> bool:
    return all(_is_pure(part) for part in walk(node) if isinstance(part, ast.Call))


def _is_pure(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _PURE
