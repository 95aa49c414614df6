"""The bench of contracts/store.py for the flash ring: the same on both runtimes."""

from boards.micropython.ring_store import RingStore
from tests.shared.nor import Nor

CAPACITY_BYTES = 1000
UNIT_BYTES = 16


class Flash:
    capacity_bytes = CAPACITY_BYTES

    def __init__(self):
        self.nor = Nor(8, 512, UNIT_BYTES)
        self._store = None

    def open(self):
        self._store = RingStore(self.nor, UNIT_BYTES, CAPACITY_BYTES)
        return self._store

    def smear(self):
        """Leave a chunk half programmed behind what is there."""
        self._store.close()
        flat = self.nor.image
        free = -(-flat.find(b"\xff" * 64) // UNIT_BYTES) * UNIT_BYTES
        flat[free : free + 20] = b"\xc0\x05half a chunk and no"[:20]
        return self.open()

    def cut(self, size_bytes):
        """Let chunks hold so much of what was appended: what waits in memory is gone."""
        first, _ = self._store.segments()[-1]
        appended = self._store.read(first, size_bytes)
        store = self.open()
        newest, kept_bytes = store.segments()[-1]
        kept_bytes = kept_bytes if newest == first else 0
        store.append(appended[kept_bytes:])
        store.sync()
        return self.open()
