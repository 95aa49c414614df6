"""`rp2.Flash` of a board: all of its storage, or a part of it."""

from flash import BLOCK_BYTES, open_flash
from world import WORLD

PAGE_BYTES = 256


class Flash:
    def __init__(self, start=0, len=-1):
        blocks = WORLD["flash_blocks"]
        size_bytes = blocks * BLOCK_BYTES - start if len == -1 else len
        if start % BLOCK_BYTES or size_bytes % BLOCK_BYTES or not 0 < size_bytes <= blocks * BLOCK_BYTES - start:
            raise ValueError
        self._blocks = size_bytes // BLOCK_BYTES
        self._nor = open_flash("storage-%d" % start, self._blocks, PAGE_BYTES) if start else None

    def readblocks(self, block, into, offset=0):
        self._nor.readblocks(block, into, offset)

    def writeblocks(self, block, source, offset=0):
        self._nor.writeblocks(block, source, offset)

    def ioctl(self, operation, argument):
        return self._blocks if operation == 4 else self._nor.ioctl(operation, argument)


def bootsel_button():
    return 0
