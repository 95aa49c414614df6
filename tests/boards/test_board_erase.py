"""The board's erasure, run inside MicroPython."""

from __future__ import annotations

import pytest

from tests.board import board_path, micropython, output_of
from tests.conftest import names_of_tests as names_in
from tests.needs import ROOT, needs_program

SOURCE = ROOT / "tests" / "boards" / "board_erase.py"
NAMES = names_in(SOURCE.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_on_a_board(name):
    needs_program("micropython")
    folders = f"{board_path().partition(':')[0]}:."
    said = output_of(micropython("tests/on_micropython.py", folders, "tests.boards.board_erase", name))
    assert said.strip() == f"@@ {name} ok", said
