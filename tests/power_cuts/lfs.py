"""Boards' files on littlefs over a NOR flash that is cut in every operation; runs inside MicroPython only.

Two things are kept there: the journal of a board without a ring, and what a rename puts in place of an older file.
"""

import os

import vfs

from boards.micropython.file_store import FileStore
from boards.micropython.whole_file import replace
from tests.power_cuts import sweep as sweeps
from tests.shared.nor import Nor

BLOCKS, BLOCK_BYTES, PROGRAM_BYTES = 40, 1024, 64
CAPACITY_BYTES = 4000
ROUNDS = 36
NAMES = ("/site.json", "/agent.key")
REPLACED = 6
STRIDE = 5  # bytes from one cut point to the next
MOUNTED_MAX = 6
mounted = [f"/lfs{number}" for number in range(MOUNTED_MAX)]  # the oldest first


class LfsMedium(Nor):
    """A flash with littlefs on it. littlefs may program again what a cut left erased."""

    once = False

    def points_of(self, entry):
        return 12 if entry[2] is None else len(entry[2]) // STRIDE

    def cut(self, entry, point):
        Nor.cut(self, entry, point if entry[2] is None else point * STRIDE + point % STRIDE)
        self.weak = -1  # littlefs erases before it programs

    def store(self):
        return FileStore(mount(self) + "/journal", CAPACITY_BYTES)


def mount(medium):
    """Return where the flash is mounted, and unmount the oldest."""
    path = mounted.pop(0)
    if path in ["/" + name for name in os.listdir("/")]:  # noqa: PTH208 - MicroPython
        vfs.umount(path)
    vfs.mount(vfs.VfsLfs2(medium, progsize=PROGRAM_BYTES), path)
    mounted.append(path)
    return path


def new():
    medium = LfsMedium(BLOCKS, BLOCK_BYTES, PROGRAM_BYTES)
    vfs.VfsLfs2.mkfs(medium, progsize=PROGRAM_BYTES)
    return medium


def sweep(every=1, offset=0):
    """Return at how many points the power was cut. Raises: AssertionError."""
    return sweeps.sweep(new, ROUNDS, every, offset) + sweep_files(every, offset)


def sweep_files(every, offset):
    """Replace two files several times: each is found as it was before or after, whole, and can be replaced again."""
    run = new()
    folder = mount(run)
    for name in NAMES:
        replace(folder + name, version(name, 0))
    medium = run.copy()
    run.log = []
    steps = []
    for number in range(1, REPLACED + 1):
        for name in NAMES:
            replace(folder + name, version(name, number))
            steps += [(name, number)] * (len(run.log) - len(steps))
    number = points = 0
    for at, entry in enumerate(run.log):
        for point in range(medium.points_of(entry)):
            number += 1
            if number % every == offset:
                points += 1
                torn = medium.copy()
                torn.cut(entry, point)
                _stand_whole(torn, steps[at][0], steps[at][1])
        medium.redo(entry)
    return points


def version(name, number):
    """Return a file of some hundred bytes that says what it is."""
    return b"%s %d; " % (name.encode(), number) * (20 + 13 * number)


def _stand_whole(medium, name, number):
    folder = mount(medium)
    for each in NAMES:
        newest = number if NAMES.index(each) <= NAMES.index(name) else number - 1
        allowed = [version(each, newest)] + ([version(each, newest - 1)] if each == name else [])
        assert content_of(folder + each) in allowed, (each, number)
        replace(folder + each, version(each, REPLACED + 2))
    folder = mount(medium.copy())
    for each in NAMES:
        assert content_of(folder + each) == version(each, REPLACED + 2)


def content_of(path):
    with open(path, "rb") as file:  # noqa: PTH123 - MicroPython
        return file.read()
