"""A partition of flash in a file of the world, with the manners of tests/shared/nor.py: 1 becomes 0, erasing sets."""

import os

from tests.shared.nor import Nor
from world import path_of

BLOCK_BYTES = 4096


class Image:
    """A file as a bytearray."""

    def __init__(self, path, size_bytes):
        try:
            os.stat(path)
        except OSError:
            with open(path, "wb") as file:
                for _ in range(size_bytes // BLOCK_BYTES):
                    file.write(b"\xff" * BLOCK_BYTES)
        self._file = open(path, "r+b")
        self._size_bytes = size_bytes

    def __len__(self):
        return self._size_bytes

    def __getitem__(self, place):
        if type(place) is int:
            return self[place : place + 1][0]
        self._file.seek(place.start)
        return self._file.read(place.stop - place.start)

    def __setitem__(self, place, source):
        if type(place) is int:
            place, source = slice(place, place + 1), bytes((source,))
        self._file.seek(place.start)
        self._file.write(source)
        self._file.flush()


def open_flash(name, blocks, unit_bytes):
    """Return the block device of `name`, made erased when there is none."""
    path = path_of(name + ".flash")
    return Nor(blocks, BLOCK_BYTES, unit_bytes, Image(path, blocks * BLOCK_BYTES))
