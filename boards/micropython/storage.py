"""The end of an RP2's storage as the ring's block device.

Source: MicroPython, ports/rp2: `rp2.Flash` reaches all storage behind the firmware, and the frozen `_boot.py` makes it
one file system, anew if it finds one of another size. A board with a ring needs a `_boot.py` that leaves the end free.
Flash is programmed in pages of 256 bytes (RP2040 Datasheet, 2.8.3.1.1 flash_range_program).
"""

from __future__ import annotations

import os

from rp2 import Flash

from hal.compat import const

_BLOCKS = const(4)
_BLOCK_BYTES = const(4096)
_PAGE_BYTES = const(256)


def open_storage(name: str, size_bytes: int) -> tuple[Flash, int]:
    """Return the last `size_bytes` of the storage, and the bytes it programs at once.

    Raises: ValueError where the file system lies there.
    """
    start = Flash().ioctl(_BLOCKS, 0) * _BLOCK_BYTES - size_bytes
    files = os.statvfs("/")
    if files[0] * files[2] > start:
        raise ValueError("[agent] journal = ring:%s: the file system leaves no %d bytes for it" % (name, size_bytes))
    return Flash(start=start, len=size_bytes), _PAGE_BYTES
