"""Equal seeds give equal traces of the core on both runtimes: every grant, every record, every tick."""

from __future__ import annotations

import subprocess

from tests.board import board_path
from tests.needs import ROOT, needs_program
from tests.shared.traces import trace

SEEDS = (1, 2, 3, 4, 5, 6)
TICKS = 400
ON_BOARD = """
import sys
sys.path[:] = %r.split(":") + [".frozen"]
from tests.shared.traces import trace
for seed in %r:
    print(trace(seed, %d))
"""


def test_traces_of_the_same_seeds_are_the_same_on_both_runtimes() -> None:
    here = [trace(seed, TICKS) for seed in SEEDS]
    command = [needs_program("micropython"), "-X", "heapsize=4M", "-c", ON_BOARD % (board_path(), SEEDS, TICKS)]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert there.returncode == 0, there.stdout + there.stderr
    assert len(set(here)) == len(SEEDS)
    assert there.stdout.split() == here
