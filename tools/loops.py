"""Comprehensions of a linked agent become loops: MicroPython makes a function of each, and its head stays in the heap
with the function around it, some 50 bytes on 64 bits (docs/decisions/0005).

Only where nothing can tell: what the statement has looked at before must not be what the comprehension changes, and the
comprehension must be evaluated exactly once. Others stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.nodes import walk

Place = tuple[ast.AST, str, int | None]  # node, field, and where in its list

# They change nothing.
_PURE = {"abs", "bytes", "int", "len", "max", "min", "range", "sorted", "str", "sum", "tuple"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FIRST: dict[type[ast.stmt], str] = {  # what each evaluates first, and once
    ast.Assign: "value",
    ast.AugAssign: "value",
    ast.Expr: "value",
    ast.For: "iter",
    ast.If: "test",
    ast.Return: "value",
}
_FOUND = {"any": True, "all": False}


class Loops:
    """Changes the bodies of functions, in which no comprehension may have a name of its own twice."""

    def __init__(self) -> None:
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
            while (place := _first(statement)) is not None:
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
        node, field, at = place
        found = getattr(node, field)
        whole: ast.expr = found if at is None else found[at]
        self._made += 1
        name = f"_l{self._made}"
        made = _loop(whole, name)
        put = ast.copy_location(ast.Name(name, ast.Load()), whole)
        if at is None:
            setattr(node, field, put)
        else:
            found[at] = put
        return [_placed(each, statement) for each in made]


def _placed(made: ast.stmt, statement: ast.stmt) -> ast.stmt:
    for node in walk(made):
        if isinstance(node, ast.stmt):
            ast.copy_location(node, statement)
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


def _first(statement: ast.stmt) -> Place | None:
    """Return where a statement evaluates a comprehension before anything else that could matter."""
    field = _FIRST.get(type(statement))
    if field is None or getattr(statement, field) is None:
        return None
    seen: list[ast.AST] = []
    if isinstance(statement, ast.AugAssign):
        seen.append(statement.target)
    for place, node in _evaluated(statement, field, None):
        if _is_ours(node):
            return place if all(_stands_still(each, node) for each in seen) else None
        seen.append(node)
    return None


def _evaluated(node: ast.AST, field: str, at: int | None) -> Iterator[tuple[Place, ast.AST]]:
    """Yield what is surely evaluated, in order: comprehensions whole, all others without what is inside them."""
    found = getattr(node, field)
    expression = found if at is None else found[at]
    if not _is_ours(expression):
        for inner, where in _parts(expression):
            yield from _evaluated(expression, inner, where)
    if not (field == "func" and isinstance(expression, ast.Attribute)):  # looking up a method is nothing
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


def _stands_still(node: ast.AST, comprehension: ast.AST) -> bool:
    """Tell whether what was evaluated before gives the same after the comprehension, as where that calls nothing."""
    if isinstance(node, (ast.Constant, ast.Name, ast.Tuple, ast.List)):
        return True
    if isinstance(node, ast.Call) and not _is_pure(node):
        return False
    return isinstance(node, ast.expr) and _calls_nothing(comprehension)


def _calls_nothing(node: ast.AST) -> bool:
    return all(_is_pure(part) for part in walk(node) if isinstance(part, ast.Call))


def _is_pure(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _PURE
