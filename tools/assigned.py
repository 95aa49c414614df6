"""Whether a function has surely given a variable something before it asks for it: tools/inline.py.

Where it has not, its own variable raises NameError; put into another function, it could hold what a round before left.
"""

from __future__ import annotations

import ast

from tools.inline_body import leaves
from tools.nodes import walk

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
_PERHAPS = (ast.BoolOp, ast.IfExp, ast.Compare, *_COMPREHENSIONS)
_FIELDS = ("body", "orelse", "finalbody", "handlers")


class _Unsure(Exception):
    """A variable is asked for that may have nothing."""


def surely_assigned(body: list[ast.stmt], own: set[str], given: set[str]) -> bool:
    """Tell whether statements ask for `own` variables only behind what assigns them; `given` have something."""
    try:
        _Walk(own).block(body, given)
    except _Unsure:
        return False
    return True


class _Walk:
    def __init__(self, own: set[str]) -> None:
        self._own = own

    def block(self, body: list[ast.stmt], given: set[str]) -> set[str]:
        """Return what has something behind these statements."""
        for statement in body:
            given = self._behind(statement, given)
        return given

    def _behind(self, node: ast.stmt, given: set[str]) -> set[str]:
        heads = [each for field, each in ast.iter_fields(node) if field not in _FIELDS]
        parts = [each for head in heads for each in (head if isinstance(head, list) else [head])]
        stored = self._met(parts, given, isinstance(node, ast.AugAssign))
        if isinstance(node, ast.If):
            ways = [(way, self.block(way, given | stored)) for way in (node.body, node.orelse)]
            left = [after for way, after in ways if not leaves(way)]
            return set.intersection(*left) if left else self._own
        if isinstance(node, ast.Try):
            return self._tried(node, given)
        if isinstance(node, (ast.For, ast.While)):
            self.block(node.body, given | stored)
            self.block(node.orelse, given)
            return given
        if isinstance(node, ast.With):
            self.block(node.body, given | stored)
            return given
        return given | stored  # what `del` takes away is gone there, too

    def _tried(self, node: ast.Try, given: set[str]) -> set[str]:
        ways = [([*node.body, *node.orelse], self.block([*node.body, *node.orelse], given))]
        for each in node.handlers:
            self._met([each.type], given)
            named = {each.name} if each.name else set()
            ways.append((each.body, self.block(each.body, given | named) - (named - given)))
        left = [after for way, after in ways if not leaves(way)]
        after = set.intersection(*left) if left else self._own
        return after | self.block(node.finalbody, given)

    def _met(self, parts: list[object], given: set[str], changes: bool = False) -> set[str]:
        """Return what expressions assign. Raises: _Unsure."""
        nodes = walk(*[each for each in parts if isinstance(each, ast.AST)])
        names = [each for each in nodes if isinstance(each, ast.Name) and each.id in self._own]
        inside = {
            each.id
            for whole in nodes
            if isinstance(whole, _COMPREHENSIONS)
            for part in whole.generators
            for each in walk(part.target)
            if isinstance(each, ast.Name)
        }
        asked = {each.id for each in names if changes or not isinstance(each.ctx, ast.Store)} - inside
        if asked - given:
            raise _Unsure
        perhaps = walk(*[each for each in nodes if isinstance(each, _PERHAPS)])  # where := may be passed by
        stored = {each.id for each in names if isinstance(each.ctx, ast.Store)} - inside
        return stored - {each.id for each in perhaps if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
