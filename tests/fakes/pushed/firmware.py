"""What a board's firmware has and MicroPython's unix port has not; run by it, with the bytes of ROMFS as argument.

A watchdog that notes each meal in `fed`, a reset that ends the process at once, a ROMFS partition in the file `rom`.
"""

import os
import sys

ROM_BYTES = int(sys.argv[1])
BLOCK_BYTES = 4096


class Machine:
    def __init__(self):
        self.fed = 0

    def WDT(self, timeout):  # noqa: N802
        assert timeout <= 8388  # MicroPython, ports/rp2/machine_wdt.c
        return self

    def feed(self):
        self.fed += 1

    def reset(self):
        os.system("kill -9 $PPID")


class Rom(bytearray):
    """A flash partition that is mapped: what is programmed is in the file at once."""

    def ioctl(self, operation, block):
        if operation == 4:
            return len(self) // BLOCK_BYTES
        if operation == 5:
            return BLOCK_BYTES
        assert operation == 6
        self.put(block * BLOCK_BYTES, b"\xff" * BLOCK_BYTES)
        return 0

    def writeblocks(self, block, content, offset):
        assert len(content) % 256 == 0
        at = block * BLOCK_BYTES + offset
        assert self[at : at + len(content)] == b"\xff" * len(content), "programmed twice"
        self.put(at, content)

    def put(self, at, content):
        for index in range(len(content)):
            self[at + index] = content[index]
        with open("rom", "r+b") as file:
            file.seek(at)
            file.write(content)


class Vfs:
    def __init__(self, real, rom):
        self.VfsRom = real.VfsRom
        self.mount = real.mount
        self.rom = rom

    def rom_ioctl(self, operation, segment=0):
        return 1 if operation == 1 else self.rom


def partition():
    try:
        with open("rom", "rb") as file:
            return Rom(file.read())
    except OSError:
        with open("rom", "wb") as file:
            file.write(b"\xff" * ROM_BYTES)
        return Rom(b"\xff" * ROM_BYTES)


sys.modules["machine"] = Machine()
if ROM_BYTES:
    import vfs

    sys.modules["vfs"] = Vfs(vfs, partition())
try:
    os.stat("main.py")
    there = True
except OSError:
    there = False
if there:
    with open("main.py") as file:
        exec(file.read())
