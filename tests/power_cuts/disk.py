"""The gateway's store on a disk that keeps of unsynced things what it likes, cut at every byte and call.

Modelled is what POSIX leaves open. Until fdatasync each write may be there, be there up to a byte, read as zeros or be
missing while a later one is there; until the folder is synced each new name may be missing and each removed one back,
whatever became of the others. `log` holds the calls that change something.
"""

import os
from collections import namedtuple
from unittest import mock

from boards.cpython import file_store
from tests.power_cuts import sweep as sweeps

CAPACITY_BYTES = 4000
ROUNDS = 36
FOLDER = "journal"
CALLS = 4  # cut points of a call that writes nothing: as many draws of what was kept


Stat = namedtuple("Stat", "st_size")


class File:
    """What is durable, and the writes that are not: (offset, bytes)."""

    def __init__(self, durable=b""):
        self.durable = durable
        self.pending = []

    def whole(self):
        held = bytearray(self.durable)
        for offset, piece in self.pending:
            put(held, offset, piece)
        return bytes(held)


def put(held, offset, piece):
    held.extend(bytes(max(0, offset + len(piece) - len(held))))
    held[offset : offset + len(piece)] = piece


class Draws:
    """Numbers from a seed."""

    def __init__(self, seed):
        self._at = seed * 0x9E3779B1 + 1

    def below(self, bound):
        self._at = (self._at * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self._at >> 8) % bound


class DiskMedium:
    """Files by name; `durable` is the folder as a power cut would leave it at the least."""

    def __init__(self):
        self.names = {}
        self.durable = {}
        self.log = []

    # What the sweep wants.

    def store(self):
        system = System(self)
        with mock.patch.multiple(file_store, os=system, fcntl=mock.MagicMock(), Path=system.path):
            store = file_store.FileStore(FOLDER, CAPACITY_BYTES)
        return Held(store, system)

    def copy(self):
        other = DiskMedium()
        made = {}
        for file in [*self.names.values(), *self.durable.values()]:
            if id(file) not in made:
                made[id(file)] = File(file.durable)
                made[id(file)].pending = list(file.pending)
        other.names = {name: made[id(file)] for name, file in self.names.items()}
        other.durable = {name: made[id(file)] for name, file in self.durable.items()}
        return other

    def points_of(self, entry):
        return len(entry[3]) if entry[0] == "write" else CALLS

    def redo(self, entry):
        getattr(self, entry[0])(*entry[1:])

    def cut(self, entry, point):
        """Do a part of one call, then decide for everything that is not durable whether it was kept."""
        draws = Draws(point + 7 * len(self.names) + sum(len(file.pending) for file in self.names.values()))
        if entry[0] == "write":
            _, name, offset, piece = entry
            self.write(name, offset, piece[:point])
        elif draws.below(2):
            self.redo(entry)
        names = dict(self.durable)
        for name in sorted({*self.names, *self.durable}):
            if self.names.get(name) is not self.durable.get(name) and draws.below(2):
                names.pop(name, None)
                if name in self.names:
                    names[name] = self.names[name]
        for file in names.values():
            _settle(file, draws, point)
        self.names, self.durable, self.log = names, dict(names), []

    # The calls.

    def create(self, name):
        self.names[name] = File()

    def write(self, name, offset, piece):
        self.names[name].pending.append((offset, piece))

    def unlink(self, name):
        del self.names[name]

    def fdatasync(self, name):
        file = self.names[name]
        file.durable, file.pending = file.whole(), []

    def fsync_folder(self):
        self.durable = dict(self.names)


def _settle(file, draws, point):
    """Make one outcome of a file's unsynced writes durable."""
    held = bytearray(file.durable)
    whole_bytes = len(file.whole())
    last = len(file.pending) - 1
    kind = point % 4  # 0 all of it, 1 up to a length, 2 and 3 each by itself
    for at, (offset, piece) in enumerate(file.pending):
        fate = 0 if kind == 0 or (kind != 1 and at == last) else draws.below(4)
        if fate == 0:
            put(held, offset, piece)
        elif kind == 1:
            put(held, offset, piece[: draws.below(len(piece) + 1)])
            break
        elif fate == 1:
            put(held, offset, bytes(len(piece)))
        elif fate == 2:
            put(held, offset, piece[: len(piece) // 2] + bytes(len(piece) - len(piece) // 2))
    if point % 8 == 3:
        put(held, len(held), bytes(max(0, whole_bytes + 100 - len(held))))  # a size that was taken, and never filled
    file.durable, file.pending = bytes(held), []


class System:
    """The part of `os` and `pathlib` that the store uses, on a disk. A handle is a name's number."""

    O_RDWR, O_CREAT, O_RDONLY, O_CLOEXEC, O_DIRECTORY = os.O_RDWR, os.O_CREAT, os.O_RDONLY, os.O_CLOEXEC, os.O_DIRECTORY

    def __init__(self, disk):
        self.disk = disk
        self._handles = []

    def path(self, name):
        return Name(self, name)

    def did(self, *entry):
        self.disk.log.append(entry)
        self.disk.redo(entry)

    def open(self, path, flags, mode=0):
        name = path.name
        if flags & os.O_CREAT and name not in self.disk.names:
            self.did("create", name)
        self._handles.append(name)
        return len(self._handles) - 1

    def close(self, handle):
        pass

    def fsync(self, handle):
        assert self._handles[handle] == FOLDER
        self.did("fsync_folder")

    def fdatasync(self, handle):
        self.did("fdatasync", self._handles[handle])

    def pwrite(self, handle, piece, offset):
        self.did("write", self._handles[handle], offset, bytes(piece))
        return len(piece)

    def pread(self, handle, count, offset):
        return self.disk.names[self._handles[handle]].whole()[offset : offset + count]


class Name:
    """A path in the one folder."""

    def __init__(self, system, name):
        self.name = str(name)
        self.stem = self.name.partition(".")[0]
        self._system = system

    def __truediv__(self, name):
        return Name(self._system, name)

    def mkdir(self, **_):
        pass

    def chmod(self, mode):
        pass

    def unlink(self):
        self._system.did("unlink", self.name)

    def stat(self):
        return Stat(len(self._system.disk.names[self.name].whole()))

    def glob(self, pattern):
        return [Name(self._system, name) for name in self._system.disk.names if name.endswith(pattern[1:])]


class Held:
    """A store whose calls go to its own disk: several are open at once, one a life."""

    def __init__(self, store, system):
        self._store = store
        self._system = system

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def on_disk(*arguments):
            file_store.os = self._system
            try:
                return call(*arguments)
            finally:
                file_store.os = os

        return on_disk


def new():
    return DiskMedium()


def sweep(every=1, offset=0):
    """Return at how many points the power was cut. Raises: AssertionError."""
    return sweeps.sweep(new, ROUNDS, every, offset)
