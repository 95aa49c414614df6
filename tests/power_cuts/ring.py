"""The ring on a NOR flash, cut at every byte it programs and in every erase."""

from boards.micropython.ring_store import RingStore
from tests.power_cuts import sweep as sweeps
from tests.shared.nor import Nor

BLOCKS, BLOCK_BYTES, UNIT_BYTES = 9, 512, 16
CAPACITY_BYTES = 1 << 20  # the flash is the bound
ROUNDS = 36


class RingMedium(Nor):
    """A flash with a ring on it."""

    def store(self):
        return RingStore(self, UNIT_BYTES, CAPACITY_BYTES)


def new():
    return RingMedium(BLOCKS, BLOCK_BYTES, UNIT_BYTES)


def sweep(every=1, offset=0):
    """Return at how many points the power was cut. Raises: AssertionError."""
    return sweeps.sweep(new, ROUNDS, every, offset)
