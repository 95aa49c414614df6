"""The names of a function into which another one is put, which get names that it has not: tools/inline.py."""

from __future__ import annotations

import ast

from tools.nodes import walk

Defined = ast.FunctionDef | ast.AsyncFunctionDef
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Scope:
    """Variables have no name in bytecode: what is put in for another statement may use the same ones again.

    `stays`: the function is not over soon, and takes no variables.
    """

    def __init__(self, node: Defined, of_class: str, *, stays: bool) -> None:
        self.stays = stays
        selves = [each for each in walk(node) if _own_name(each) == "self"]
        self._of_class = of_class if selves and selves == node.args.args[:1] else ""
        self._own = own_names([node])
        numbers = [int(name[1:]) for name in self._own if name[0] == "_" and name[1:].isdigit()]
        self._first = self._next = 1 + max(numbers, default=-1)

    def begin(self) -> None:
        """Begin with a statement."""
        self._next = self._first

    def variable(self) -> str:
        """Return a variable that nothing in this statement has."""
        self._next += 1
        return f"_{self._next - 1}"

    def key(self, call: ast.Call) -> tuple[str, str] | None:
        """Return class and name of what is called, if it is a function of CORE or a method of the same class."""
        if isinstance(call.func, ast.Name):
            return "", call.func.id
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "self" and self._of_class:
            return self._of_class, call.func.attr
        return None

    def fits(self, call: ast.Call, callee: Defined) -> bool:
        """Tell whether arguments are given by place, and nothing here hides what the function asks for."""
        missing = len(_parameters(callee)) - len(call.args) - (isinstance(call.func, ast.Attribute))
        defaults = callee.args.defaults[len(callee.args.defaults) - missing :] if missing > 0 else []
        if not 0 <= missing <= len(callee.args.defaults) or call.keywords:
            return False
        if not all(isinstance(each, ast.Constant) for each in defaults):
            return False
        if any(isinstance(each, (ast.Starred, ast.NamedExpr)) for each in walk(*call.args)):
            return False  # the second would change what is asked for before it
        if self.stays and (own_names(callee.body) or not all(self.is_still(each) for each in call.args)):
            return False
        asked = {node.id for node in walk(*callee.body) if isinstance(node, ast.Name)} - own_names([callee])
        return not asked & self._own

    def take(self, call: ast.Call, callee: Defined, body: list[ast.stmt]) -> list[ast.stmt]:
        """Give a body names of this scope; return what gives its arguments their values."""
        parameters, arguments = _parameters(callee), list(call.args)
        if isinstance(call.func, ast.Attribute):
            arguments.insert(0, call.func.value)
        arguments += callee.args.defaults[len(callee.args.defaults) - len(parameters) + len(arguments) :]
        stored = own_names(callee.body)
        becomes: dict[str, ast.expr] = {}
        given: list[ast.stmt] = []
        for name, argument in zip(parameters, arguments, strict=True):
            if name in stored or not self.is_still(argument):
                variable = self.variable()
                becomes[name] = ast.Name(variable, ast.Load())
                given.append(ast.Assign([ast.Name(variable, ast.Store())], argument))
            else:
                becomes[name] = argument
        for name in sorted(stored - set(parameters)):
            becomes[name] = ast.Name(self.variable(), ast.Load())
        change = _Change(becomes)
        for node in body:
            change.visit(node)
        return given

    def is_still(self, given: ast.expr) -> bool:
        """Tell whether an argument is the same wherever it is asked for: nothing there changes variables here."""
        return isinstance(given, ast.Constant) or (isinstance(given, ast.Name) and given.id in self._own)


class _Change(ast.NodeTransformer):
    def __init__(self, becomes: dict[str, ast.expr]) -> None:
        self._becomes = becomes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        new = self._becomes.get(node.id)
        if isinstance(new, ast.Constant):
            return ast.copy_location(ast.Constant(new.value), node)
        node.id = new.id if isinstance(new, ast.Name) else node.id
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.name is not None:
            node.name = ast.unparse(self._becomes[node.name])
        self.generic_visit(node)
        return node


def _parameters(node: Defined) -> list[str]:
    return [each.arg for each in node.args.args]


def own_names(nodes: list[ast.stmt] | list[Defined]) -> set[str]:
    """Return the names that stand for something of these statements' own."""
    return {_own_name(node) for node in walk(*nodes)} - {""}


def _own_name(node: ast.AST) -> str:
    """Return the name that a node gives something, or ""."""
    if isinstance(node, ast.Name):
        return "" if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.alias):
        return (node.asname or node.name).partition(".")[0]
    if isinstance(node, (ast.ExceptHandler, *_NAMED)):
        return node.name or ""
    return ""
