"""Run a board's image in MicroPython with the stand-ins of tests/fakes around it.

    BOARD_WORLD=FOLDER BOARD_TESTS=FOLDER python -m tests.boards.fake_process IMAGE FOLDER HEAP [FIRST.mpy]

FIRST is loaded before the agent, after the stand-ins. See tools/board_process.py for what is done here.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import sys
from pathlib import Path

from tools.board_process import FIRST, START
from tools.link import CORE
from tools.stage import ROOT

BOOT = ROOT / "build" / "fakes" / "tests" / "fakes" / "boot.mpy"


def main(image: str, folder: str, heap: str, *more: str) -> int:
    """Hand this process over to MicroPython; return its exit code."""
    import micropython_run

    with Path(image).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a pty opened here becomes the terminal
    first = "".join(FIRST.format(folder=str(each.parent), module=each.stem) for each in [BOOT, *map(Path, more)])
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    code = START.format(address=address, size=len(mapped), core=CORE, folder=folder, first=first)
    return micropython_run.run_main(["micropython", "-X", f"heapsize={heap}", "-c", code])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
