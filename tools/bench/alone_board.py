"""The core by itself as a board runs it: `python -m tools.bench.alone_board IMAGE bare|unsigned|signed READINGS`.

MicroPython's unix port takes over this process. Bytecode lies in a mapped image and the heap is collected as often as
on a board, because collecting takes a board longer than most of its work.
"""

from __future__ import annotations

import ctypes
import mmap
import subprocess
import sys
import tempfile
from pathlib import Path

import micropython_run

from tools.stage import ROOT, StageError, compile_text, leaned, stage

HEAP = "320K"
SCRIPT = """
import gc, sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
sys.path[:] = ["/rom", ".frozen"]
gc.threshold(4096)
from alone import NoSigner, run
from boards.micropython.signer import SoftSigner
from boards.micropython.site import Board
from boards.micropython_unix import STEPS_A_TURN
signer = None
if {way!r} == "unsigned":
    signer = NoSigner()
elif {way!r} == "signed":
    signer = SoftSigner(bytes(31) + b"x", 3, Board("", 8, None, None, STEPS_A_TURN).turn)
run(signer, {readings})
"""


def build(image: Path) -> None:
    """Make the image of the tree and of the core by itself. Raises: StageError."""
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        compile_text(leaned(ROOT / "tools" / "bench" / "alone.py", "alone.py", {}), Path(folder) / "alone.mpy", "alone")
        command = [sys.executable, "-m", "mpremote", "romfs", "-o", str(image), "build", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StageError(f"the ROMFS image could not be built: {(done.stderr or done.stdout).strip()}")


def main(image: str, way: str, readings: int) -> int:
    """Hand this process over to MicroPython; return its exit code."""
    with Path(image).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    code = SCRIPT.format(address=address, size=len(mapped), way=way, readings=readings)
    return micropython_run.run_main(["micropython", "-X", f"heapsize={HEAP}", "-c", code])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
