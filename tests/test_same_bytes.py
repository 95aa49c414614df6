"""The same facts give the same signed pages on both runtimes, byte for byte."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess

from tests.board import board_path
from tests.needs import ROOT, needs_program
from tests.shared.site import busy_minute

ON_BOARD = """
import sys
sys.path[:] = %r.split(":") + [".frozen"]
import asyncio, hashlib
from tests.shared.site import busy_minute
for raw in asyncio.run(busy_minute()):
    print(hashlib.sha256(raw).digest().hex())
"""


def test_pages_of_a_busy_minute_are_the_same_on_both_runtimes() -> None:
    here = [hashlib.sha256(raw).hexdigest() for raw in asyncio.run(busy_minute())]
    command = [needs_program("micropython"), "-X", "heapsize=1M", "-c", ON_BOARD % board_path()]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert there.returncode == 0, there.stdout + there.stderr
    assert len(here) > 3
    assert there.stdout.split() == here
