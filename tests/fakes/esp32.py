"""`esp32.Partition` of a board: the world's partition table."""

from flash import open_flash
from world import WORLD

UNIT_BYTES = 16


class Partition:
    TYPE_APP, TYPE_DATA = 0, 1

    @staticmethod
    def find(type=TYPE_APP, subtype=0xFF, label=None, block_size=4096):
        table = WORLD["partitions"] if type == Partition.TYPE_DATA else {}
        return [open_flash(name, table[name], UNIT_BYTES) for name in sorted(table) if label in (None, name)]
