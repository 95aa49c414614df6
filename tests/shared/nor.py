"""A NOR flash as MicroPython's block device: programming only clears bits, erasing sets a block; it counts both.

It is stricter than most chips: a unit may be programmed once after an erase and only whole, and what an erase that
was cut left behind may not be programmed even when it reads as erased. `log` holds (block, offset, bytes or None for
an erase) of everything done, so that any moment of a run can be made again: `redo` and `cut`.
"""

GARBAGE = 0x9E3779B1


class Nor:
    once = True  # a unit, after an erase

    def __init__(self, blocks, block_bytes, unit_bytes, image=None):
        self.blocks = blocks
        self.block_bytes = block_bytes
        self.unit_bytes = unit_bytes
        self.image = bytearray(b"\xff" * (blocks * block_bytes)) if image is None else image
        self.erases = [0] * blocks
        self.programs = 0
        self.programmed_bytes = 0
        self.weak = -1  # block whose erase was cut
        self.log = None

    def readblocks(self, block, into, offset=0):
        at = block * self.block_bytes + offset
        assert at + len(into) <= len(self.image)
        into[:] = self.image[at : at + len(into)]

    def writeblocks(self, block, source, offset=0):
        at = block * self.block_bytes + offset
        assert offset % self.unit_bytes == 0 and len(source) % self.unit_bytes == 0, "only whole units"
        assert offset + len(source) <= self.block_bytes and block != self.weak
        erased = self.image[at : at + len(source)] == b"\xff" * len(source)
        assert erased or not self.once, "programmed twice"
        self._did(block, offset, bytes(source))
        if erased:
            self.image[at : at + len(source)] = source
        else:
            for place in range(len(source)):
                self.image[at + place] &= source[place]
        self.programs += 1
        self.programmed_bytes += len(source)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.blocks
        if operation == 5:
            return self.block_bytes
        if operation == 6:
            self._did(argument, 0, None)
            at = argument * self.block_bytes
            self.image[at : at + self.block_bytes] = b"\xff" * self.block_bytes
            self.erases[argument] += 1
            if argument == self.weak:
                self.weak = -1
        return 0

    def _did(self, block, offset, source):
        if self.log is not None:
            self.log.append((block, offset, source))

    def copy(self):
        """Return the same flash with its own log."""
        other = type(self)(self.blocks, self.block_bytes, self.unit_bytes, bytearray(self.image))
        other.weak = self.weak
        other.log = []
        return other

    def redo(self, entry):
        """Do one logged operation once more."""
        block, offset, source = entry
        if source is None:
            self.ioctl(6, block)
        else:
            self.writeblocks(block, source, offset)

    def points_of(self, entry):
        """Return how many cut points an operation has."""
        return 12 if entry[2] is None else len(entry[2])

    def cut(self, entry, point):
        """Do one logged operation as far as `point`.

        A program ends behind a byte (even points) or behind a byte and some bits of all others (odd points). Of an
        erase any bits are set: of the whole block, of a part, or all, and then none of them will hold.
        """
        block, offset, source = entry
        at = block * self.block_bytes + offset
        noise = (point + 1) * GARBAGE
        if source is None:
            self.weak = block
            for place in range(at, at + self.block_bytes):
                noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
                if point % 3 == 0:
                    self.image[place] |= noise >> 16 & 0xFF
                elif point % 3 == 1 or place - at < noise % self.block_bytes:
                    self.image[place] = 0xFF
            return
        for place in range(len(source)):
            noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
            if place < point:
                self.image[at + place] &= source[place]
            elif point % 2:
                self.image[at + place] &= source[place] | (noise >> 16 & 0xFF)
