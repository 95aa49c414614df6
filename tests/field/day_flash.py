"""A flash partition in a file that can lose its power; runs inside MicroPython.

It is a NOR flash: a program only clears bits and must meet erased units, an erase sets a block. A cut in the middle of
one leaves it half done.
"""

from boards.micropython.flash_file import FlashFile

BLOCKS, BLOCK_BYTES, UNIT_BYTES = 64, 4096, 16


class FieldFlash(FlashFile):
    """`fuse` counts operations down: the one that meets 0 is cut, and `cut` is called, which does not return.
    `erase_fuse` cuts the next erase.
    """

    def __init__(self, path, cut):
        super().__init__(path, BLOCKS)
        self.fuse = -1
        self.erase_fuse = False
        self.erases = 0
        self.programmed_bytes = 0
        self._cut = cut

    def writeblocks(self, block, source, offset=0):
        assert offset % UNIT_BYTES == 0 and len(source) % UNIT_BYTES == 0, "only whole units"
        found = bytearray(len(source))
        self.readblocks(block, found, offset)
        assert found == b"\xff" * len(source), "programmed twice"
        if self._blows():
            half = len(source) // 2 + 1
            super().writeblocks(block, bytes(source[:half]) + b"\xff" * (len(source) - half), offset)
            self._cut()
        super().writeblocks(block, source, offset)
        self.programmed_bytes += len(source)

    def ioctl(self, operation, argument):
        if operation != 6:
            return super().ioctl(operation, argument)
        self.erases += 1
        if self._blows() or self.erase_fuse:
            super().writeblocks(argument, b"\xff" * (BLOCK_BYTES // 2), 0)
            self._cut()
        super().writeblocks(argument, b"\xff" * BLOCK_BYTES)
        return 0

    def _blows(self):
        self.fuse -= 1
        return self.fuse == -1
