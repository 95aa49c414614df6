"""What a linked agent's errors say is one long text, cut where it is said: a text of its own would be an object in a
board's heap for ever, some 40 bytes on 64 bits beside its letters, which are in flash (docs/decisions/0005).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from tools.nodes import walk
from tools.spare_names import may_be_interned


class ErrorTexts(ast.NodeTransformer):
    """Changes what stands in `raise` and nowhere else; `name` is the variable that shall hold the long text."""

    def __init__(self, name: str, body: list[ast.stmt]) -> None:
        raised = [node for node in walk(*body) if isinstance(node, ast.Raise)]
        said, every = Counter(_texts(raised)), Counter(_texts(body))
        self._alone = {text for text, times in said.items() if times == every[text]}
        self._name = name
        self._whole = ""

    def variable(self) -> list[ast.stmt]:
        """Return what gives the variable all texts that were found."""
        made = ast.Assign([ast.Name(self._name, ast.Store())], ast.Constant(self._whole), lineno=1)
        return [made] if self._whole else []

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value not in self._alone:
            return node
        if node.value not in self._whole:
            self._whole += node.value
        begin = self._whole.index(node.value)
        piece = ast.Slice(ast.Constant(begin), ast.Constant(begin + len(node.value)))
        return ast.copy_location(ast.Subscript(ast.Name(self._name, ast.Load()), piece, ast.Load()), node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        """Leave f-strings: what stands in one is no constant of its own."""
        return node


def _texts(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    for node in walk(*nodes):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and text.isascii() and not may_be_interned(text):
            yield text
