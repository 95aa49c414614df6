"""A function of a linked agent that is called in one place stands there instead: a board's heap holds an object for
each function, and a row of a table for its name, some 50 bytes on 64 bits together (docs/decisions/0005).

Only where nothing can tell: where the call is what a statement evaluates first, with arguments by place. What waits,
and what runs the agent, takes only what needs no variable: that would hold what the function had until all ends.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tools.assigned import surely_assigned
from tools.evaluated import first, put
from tools.inline_body import ended, leaves, tailed
from tools.inline_scope import Defined, Scope, own_names
from tools.nodes import Part, mark, placed, walk, was
from tools.spare_names import PROTOCOLS, class_level

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.GeneratorExp)
_STAYS = (ast.Await, ast.Yield, ast.YieldFrom, ast.Import, ast.ImportFrom)  # waits, or loads what is to go again

Key = tuple[str, str]  # class or "", name


class Function(NamedTuple):
    """One in a module or a class."""

    module: str
    place: str  # as the sources call it
    of_class: str
    node: Defined


def inlined(parts: list[Part], others: Iterable[ast.AST], offered: set[str]) -> list[Part]:
    """Return CORE's parts without the functions that are called once in them.

    `others` is the rest of the image, which may call them, too; `offered` is what is called from outside.
    """
    nodes = [*walk(*[each for _, body in parts for each in body]), *others]
    return _Inliner(_called_once(parts, nodes, offered), changing(nodes)).changed(parts)


def changing(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the attributes that are not the same for ever, as methods are: assigned ones, and what is decorated."""
    found = {was(node) for node in nodes if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)}
    return found | {was(node) for node in nodes if isinstance(node, _FUNCTIONS) and node.decorator_list}


def _called_once(parts: list[Part], nodes: list[ast.AST], offered: set[str]) -> dict[Key, Function]:
    names = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    names.update(each.name for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names)
    attributes = Counter(was(node) for node in nodes if isinstance(node, ast.Attribute))
    methods = Counter(was(each) for node in nodes if isinstance(node, ast.ClassDef) for each in _defined(node.body))
    defined = Counter(each.name for _, body in parts for each in _defined(body))
    in_classes = class_level(nodes)  # where a method can be a thing, or be another one
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    once: dict[Key, Function] = {}
    for each in _functions(parts):
        name = was(each.node)
        if each.of_class:
            single = methods[name] == attributes[name] == 1 and name not in texts | PROTOCOLS
            single = single and name[:2] != "__" and each.node.name not in in_classes
        else:
            single = names[each.node.name] == defined[each.node.name] == 1 and each.node.name not in offered
        if single and _can_be_put(each.node):
            once[each.of_class, each.node.name] = each
    return once


def _functions(parts: list[Part]) -> Iterator[Function]:
    for module, body in parts:
        for node in body:
            if isinstance(node, _FUNCTIONS):
                yield Function(module, was(node), "", node)
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, _FUNCTIONS):
                        yield Function(module, f"{was(node)}.{was(each)}", node.name, each)


def _defined(body: Iterable[ast.AST]) -> Iterator[Defined | ast.ClassDef]:
    """Yield what statements define in their own scope, whatever they depend on."""
    for node in body:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node
        else:
            yield from _defined(ast.iter_child_nodes(node))


def _is_plain(node: Defined) -> bool:
    """Tell whether a function is over soon."""
    is_coroutine = isinstance(node, ast.AsyncFunctionDef) or _has(node, _STAYS)
    return not is_coroutine and not any(_runs(each) for each in walk(*node.body))


def _can_be_put(node: Defined) -> bool:
    if node.decorator_list or not _is_given_by_place(node.args) or not _is_plain(node) or _has(node, _SCOPES):
        return False
    parameters = {each.arg for each in node.args.args}
    return not _asks_base(node) and surely_assigned(node.body, own_names(node.body) | parameters, parameters)


def _is_given_by_place(given: ast.arguments) -> bool:
    return not (given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs)


def _runs(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "run" and ast.unparse(node) == "asyncio.run"


def _asks_base(node: Defined) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "super" for each in walk(*node.body))


def _has(node: Defined, kinds: tuple[type[ast.AST], ...]) -> bool:
    return any(isinstance(each, kinds) for each in walk(*node.body))


class _Inliner:
    def __init__(self, once: dict[Key, Function], changing: set[str]) -> None:
        self._once = once
        self._changing = changing
        self._met: set[int] = set()  # functions whose calls have been looked at, or are now
        self._whole: set[int] = set()  # and those where that is done
        self._gone: set[int] = set()

    def changed(self, parts: list[Part]) -> list[Part]:
        for each in _functions(parts):
            self._look_at(each)
        for _, body in parts:
            for node in body:
                if isinstance(node, ast.ClassDef):
                    node.body = self._left(node.body) or [placed(ast.Pass(), node)]
        return [(module, self._left(body)) for module, body in parts]

    def _left(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [node for node in body if id(node) not in self._gone]

    def _look_at(self, caller: Function) -> None:
        if id(caller.node) not in self._met:
            self._met.add(id(caller.node))
            scope = Scope(caller.node, caller.of_class, stays=not _is_plain(caller.node))
            for statement in caller.node.body:
                _Expressions(self, scope).visit(statement)
            caller.node.body = self._block(caller.node.body, scope)
            self._whole.add(id(caller.node))

    def _block(self, body: list[ast.stmt], scope: Scope) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in body:
            scope.begin()
            is_left = True
            while is_left and (taken := self._taken_out(statement, scope)) is not None:
                before, is_left = taken
                made += before
            if is_left:
                self._inside(statement, scope)
                made.append(statement)
        return made or [placed(ast.Pass(), body[0])]

    def _inside(self, statement: ast.stmt, scope: Scope) -> None:
        if isinstance(statement, _SCOPES):
            return
        for node in (statement, *getattr(statement, "handlers", [])):
            for field in ("body", "orelse", "finalbody"):
                if getattr(node, field, None):
                    setattr(node, field, self._block(getattr(node, field), scope))

    def _taken_out(self, statement: ast.stmt, scope: Scope) -> tuple[list[ast.stmt], bool] | None:
        """Return what a call does, to stand before its statement, and whether that is left; None: there is no such."""
        found = first(statement, lambda node: self.callee(node, scope) is not None, self._changing)
        if found is None or not all(isinstance(each, (ast.Constant, ast.Name)) for each in found[2]):
            return None
        place, call, _ = found
        callee = self.callee(call, scope)
        assert callee is not None and isinstance(call, ast.Call)
        whole = statement if place[0] is statement else None
        body = callee.node.body if isinstance(whole, ast.Return) else tailed(callee.node.body)
        if body is None or (
            scope.stays and not isinstance(whole, (ast.Expr, ast.Return)) and not isinstance(body[-1], ast.Return)
        ):
            return None
        mark(body, callee.module, callee.place)
        given = [placed(each, statement) for each in self.take(call, callee, body, scope)]
        if isinstance(whole, ast.Return):
            return [*given, *body, *([] if leaves(body) else [placed(ast.Return(), statement)])], False
        if isinstance(whole, ast.Expr):
            return [*given, *ended(body, None)], False
        last = body[-1]
        if isinstance(last, ast.Return):
            put(place, last.value or ast.Constant(None))
            return [*given, *body[:-1]], True
        result = scope.variable()
        put(place, ast.Name(result, ast.Load()))
        return [*given, *ended(body, result)], True

    def take(self, call: ast.Call, callee: Function, body: list[ast.stmt], scope: Scope) -> list[ast.stmt]:
        """Give a function's statements the names of where they go; return what gives its arguments their values."""
        self._gone.add(id(callee.node))
        return scope.take(call, callee.node, body)

    def callee(self, call: ast.AST, scope: Scope) -> Function | None:
        callee = self._once.get(scope.key(call) or ("", "")) if isinstance(call, ast.Call) else None
        if callee is None or not isinstance(call, ast.Call) or not scope.fits(call, callee.node):
            return None
        self._look_at(callee)
        return callee if id(callee.node) in self._whole else None  # else it calls itself


class _Expressions(ast.NodeTransformer):
    """Puts functions that are one expression of what is given anywhere, also where it may not be evaluated at all."""

    def __init__(self, inliner: _Inliner, scope: Scope) -> None:
        self._inliner = inliner
        self._scope = scope

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        callee = self._inliner.callee(node, self._scope)
        if callee is None or not all(self._scope.is_still(each) for each in node.args):
            return node
        body = callee.node.body
        if len(body) > 1 or not isinstance(body[0], ast.Return) or body[0].value is None or own_names(body):
            return node
        self._inliner.take(node, callee, body, self._scope)
        return body[0].value
