"""`make power-cuts`: cut the power at every byte and block operation of each store, on both runtimes.

Prints a line a store and ends with 1 when a promise was broken. `--every N` tries each Nth point only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.board import board_path, micropython
from tests.needs import ROOT
from tests.power_cuts import disk, ring

HEAP = "4M"
SWEEPS = ("ring", "disk", "ring on a board", "littlefs on a board")


def on_board(module: str, every: int) -> int:
    """Run a sweep inside MicroPython; return its points. Raises: AssertionError with what it printed."""
    folders = f"{board_path().partition(':')[0]}:."
    command = micropython("tests/power_cuts/on_board.py", folders, module, str(every), "0", heap=HEAP)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    return int(said)


def run(name: str, every: int) -> int:
    """Run one of SWEEPS at each `every`th point; return how many that were. Raises: AssertionError."""
    if name == "ring":
        return ring.sweep(every)
    if name == "disk":
        return disk.sweep(every)
    return on_board("tests.power_cuts.ring" if name == "ring on a board" else "tests.power_cuts.lfs", every)


def main() -> int:
    """Run all sweeps."""
    parser = argparse.ArgumentParser(prog="python -m tests.power_cuts", description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="cut at each Nth point only")
    parser.add_argument("--only", choices=SWEEPS, action="append", help="this store only; may be given again")
    asked = parser.parse_args()
    broken = 0
    for name in asked.only or SWEEPS:
        began_s = time.monotonic()
        try:
            said = f"{run(name, asked.every)} cuts, each cut again: no promise broken"
        except AssertionError as fault:
            broken, said = 1, f"BROKEN: {fault}"
        print(f"{name:<20} {said}, {time.monotonic() - began_s:.0f} s", flush=True)
    return broken


if __name__ == "__main__":
    sys.exit(main())
