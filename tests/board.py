"""MicroPython as the tests use it: a real process that sees only what a board would be given."""

from __future__ import annotations

import functools
from pathlib import Path

from tests.needs import ROOT, needs_program
from tools.stage import StageError, stage, stage_pattern

HEAP = "1M"
BOARD = Path("build/board")
BOARD_TESTS = Path("build/board-tests")


@functools.cache
def board_path() -> str:
    """Compile the shared tree and the shared tests, once a session; return MicroPython's search path from ROOT.

    What does not compile is told by tests/test_stage.py and by whichever test needs it.
    """
    for bring_up_to_date in (
        lambda: stage(ROOT / BOARD),
        lambda: stage_pattern("tests/shared/**/*.py", ROOT / BOARD_TESTS),
    ):
        try:
            bring_up_to_date()
        except StageError as error:
            print(error)
    return f"{BOARD}:{BOARD_TESTS}"


def micropython(script: str, *arguments: str, heap: str = HEAP) -> list[str]:
    """Return the command that runs a script in MicroPython, to be started in ROOT, or end the running test.

    Keep paths short and relative: MicroPython dies of an argument that is longer than 255 bytes.
    """
    return [needs_program("micropython"), "-X", f"heapsize={heap}", script, *arguments]
