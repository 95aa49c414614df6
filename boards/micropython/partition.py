"""An ESP32's flash partition as the ring's block device.

Source: MicroPython library reference, `esp32.Partition`: with an offset `writeblocks` erases nothing; ESP-IDF, "Flash
Encryption": an encrypted flash is programmed 16 bytes at a time, others may be.
"""

from __future__ import annotations

from esp32 import Partition

from hal.compat import const

_UNIT_BYTES = const(16)


def open_partition(name: str) -> tuple[Partition, int]:
    """Return the data partition with this label, and the bytes it programs at once. Raises: ValueError: none has it."""
    found = Partition.find(Partition.TYPE_DATA, label=name)
    if not found:
        raise ValueError("[agent] journal = ring:%s: the partition table has no such data partition" % name)
    return found[0], _UNIT_BYTES
