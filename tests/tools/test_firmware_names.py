"""What a firmware's things have, as the linker knows it, is what MicroPython and the stubs of boards say."""

from __future__ import annotations

import ast

from tests.board import micropython, output_of
from tests.needs import ROOT
from tools.firmware_names import NAMES


def test_the_names_are_those_of_micropython_and_of_the_stubs():
    said = output_of(micropython("tests/tools/names_on_board.py"))
    names = set(said.split())
    for stub in (ROOT / "typings").glob("*.pyi"):
        for node in ast.walk(ast.parse(stub.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign):
                names.add(ast.unparse(node.target))
    assert sorted(name for name in names if name[0] != "_") == sorted(NAMES)
