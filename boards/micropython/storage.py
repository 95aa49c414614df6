"""The end of an RP2's storage as the ring's block device.

Source: MicroPython, ports/rp2: `rp2.Flash` reaches all storage behind the firmware, and the frozen `_boot.py` makes it
one file system, anew if it finds one of another size. A board with a ring needs a `_boot.py` that leaves the end free.
Flash is programmed in pages of 256 bytes (RP2040 Datasheet, 2.8.3.1.1 flash_range_program).
"""

from __future__ import annotations

import os

from rp2 import Flash

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCKS = const(4)
_BLOCK_BYTES = const(4096)
_PAGE_BYTES = const(256)


def end_of_storage(size_bytes: int) -> Callable[[str], tuple[Flash, int]]:
    """Return what opens the last `size_bytes` of the storage, by any name, and says the bytes it programs at once.

    It raises ValueError where the file system lies there.
    """

    def open_flash(name: str) -> tuple[Flash, int]:
        start = Flash().ioctl(_BLOCKS, 0) * _BLOCK_BYTES - size_bytes
        files = os.statvfs("/")
        if files[0] * files[2] > start:
            raise ValueError("[agent] journal = ring:%s: the file system leaves no %d bytes" % (name, size_bytes))
        return Flash(start=start, len=size_bytes), _PAGE_BYTES

    return open_flash
