"""Run the board agent inside MicroPython's unix port as a board would hold it: `python -m tools.board_process FOLDER`.

The bytecode lies in a ROMFS image that is mapped into memory, as flash is on a microcontroller, and is executed in
place; only what a board would keep in RAM counts against `--heap`. FOLDER holds site.json and what it names.
MicroPython takes over this process. A board has no orderly end: it is unplugged, so this may be killed at any time.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import signal
import sys
from pathlib import Path

from tools.image import build
from tools.link import CORE
from tools.stage import ROOT, StageError

STAGED = ROOT / "build" / "board"
START = """
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
sys.path[:] = ["/rom", ".frozen"]
{first}from {core} import run
sys.exit(run({folder!r}))
"""
FIRST = "sys.path.append({folder!r})\nimport {module}\n"


def image() -> Path:
    """Return an up-to-date ROMFS image of everything a board runs. Raises: StageError."""
    return build("boards.micropython_unix", STAGED.with_suffix(".romfs"))


def run(folder: Path, heap: str, first: Path | None = None, made: Path | None = None) -> int:
    """Hand this process over to MicroPython, which loads `first` before the agent; return its exit code.

    `made`: an image to run in place of that of all sources.
    """
    import micropython_run  # only here: a gateway has no MicroPython

    with (made or image()).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a serial port opened here becomes the terminal: its end is not ours
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    load = "" if first is None else FIRST.format(folder=str(first.parent), module=first.stem)
    code = START.format(address=address, size=len(mapped), core=CORE, folder=str(folder), first=load)
    return micropython_run.run_main(["micropython", "-X", f"heapsize={heap}", "-c", code])


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tools.board_process", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with site.json")
    parser.add_argument("--heap", default="160K", help="MicroPython heap, default 160K")
    parser.add_argument("--first", type=Path, metavar="MODULE.mpy", help="load this before the agent: to measure it")
    parser.add_argument("--image", type=Path, metavar="FILE.romfs", help="run this image, not one of all sources")
    asked = parser.parse_args()
    try:
        return run(asked.folder, asked.heap, asked.first, asked.image)
    except StageError as error:
        print(f"siteward: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
