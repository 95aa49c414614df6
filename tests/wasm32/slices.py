"""The longest slices of an agent's tasks, in lines of Python: see on_board/slices.py."""

from __future__ import annotations

import json
from pathlib import Path

from tests.wasm32.node import TRACING, image_of_tests, run_jobs

HEAP_KB = 4096


def longest_slices(folder: Path) -> dict[str, int]:
    """Return what is going on -> lines in the longest slice meanwhile."""
    image = image_of_tests(folder / "slices.romfs")
    (ran,) = run_jobs([("tests.wasm32.on_board.slices", "tell")], image, HEAP_KB, wasm=TRACING)
    assert ran.passed, ran.said
    found: dict[str, int] = json.loads(ran.said.splitlines()[-1])
    return found
