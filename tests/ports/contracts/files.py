"""The bench of contracts/store.py for stores that keep files: the same on both runtimes."""

import os

CAPACITY_BYTES = 1000


class Files:
    def __init__(self, make, folder):
        self.capacity_bytes = CAPACITY_BYTES
        self._make = make
        self._folder = folder
        self._store = None

    def open(self):
        self._store = self._make(self._folder, CAPACITY_BYTES)
        return self._store

    def _paths(self):
        return sorted([self._folder + "/" + name for name in os.listdir(self._folder) if name.endswith(".log")])  # noqa: PTH208 - MicroPython

    def smear(self):
        self._store.close()
        with open(self._paths()[0], "ab") as oldest:  # noqa: PTH123 - MicroPython
            oldest.write(b"half a frame")
        return self.open()

    def cut(self, size_bytes):
        """Shorten the newest file; MicroPython has no truncate."""
        self._store.close()
        path = self._paths()[-1]
        with open(path, "rb") as whole:  # noqa: PTH123 - MicroPython
            kept = whole.read()[:size_bytes]
        with open(path, "wb") as torn:  # noqa: PTH123 - MicroPython
            torn.write(kept)
        return self.open()


class Counter:
    """Appends numbers of 8 bytes, syncs each, and says so: killed at any moment, what it said must be there."""

    def __init__(self, store):
        self._store = store

    def run(self, count=1000000):
        for number in range(count):
            self._store.append(number.to_bytes(8, "big"))
            self._store.sync()
            print(number)
            if number % 50 == 49:
                self._store.roll()
