"""A board's erasure on littlefs over a block device whose every byte can be looked at; runs inside MicroPython."""

# ruff: noqa: PTH107, PTH123, PTH208  (there is no pathlib)
import json
import os

import vfs

from boards.micropython.erase import erase, wash
from boards.micropython.file_store import FileStore

BLOCK_BYTES, BLOCKS = 4096, 48
SECRET = b"\xc9\xaf\xa9\xd8\x45\xba\x75\x16\x6b\x5c\x21\x57\x67\xb1\xd6\x93"
EVENING = b"a household's evening"
SITE = {
    "site": {"name": "house-of-somebody"},
    "agent": {"key": "agent.key", "next_key": "agent-2.key"},
    "uplink": {"cert_key": "tls.der", "cert": "agent.der", "ca": "ca.der"},
    "wlan": {"ssid": "house", "password": "wlan.key"},
}


class Flash:
    """NOR in RAM."""

    def __init__(self):
        self.image = bytearray(b"\xff" * (BLOCKS * BLOCK_BYTES))

    def readblocks(self, block, into, offset=0):
        at = block * BLOCK_BYTES + offset
        into[:] = self.image[at : at + len(into)]

    def writeblocks(self, block, source, offset=0):
        at = block * BLOCK_BYTES + offset
        self.image[at : at + len(source)] = source

    def ioctl(self, operation, argument):
        if operation == 6:
            at = argument * BLOCK_BYTES
            self.image[at : at + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        return {4: BLOCKS, 5: BLOCK_BYTES}.get(operation, 0)


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def lived(folder, site):
    """Lay down what an agent that was at work has."""
    for name in ("/site.json", "/site-b.json"):  # the second goes with what main.py can go back to
        put(folder + name, json.dumps(site).encode())
    put(folder + "/agent.key", SECRET * 2)
    put(folder + "/agent-2.key", SECRET * 2)
    put(folder + "/wlan.key", SECRET)
    for name in ("/tls.der", "/agent.der", "/ca.der", "/letter.txt"):
        put(folder + name, SECRET + EVENING * 40 if name == "/tls.der" else b"x" * 300)
    for kept in ("/journal", "/recorder"):
        store = FileStore(folder + kept, 1 << 16)
        for _ in range(3):
            store.append(EVENING * 100)
            store.roll()
        store.close()


def mounted(flash):
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/flash")


def test_no_byte_of_keys_journal_and_tape_is_left_in_the_flash():
    flash = Flash()
    mounted(flash)
    try:
        lived("/flash", SITE)
        assert SECRET in flash.image and EVENING in flash.image
        gone = erase("/flash")
        assert gone[:2] == ["/flash/agent.key", "/flash/agent-2.key"]
        assert gone[-1] == "/flash/site.json" and len(gone) == 7 + 8
        assert sorted(os.listdir("/flash")) == ["ca.der", "journal", "letter.txt", "recorder"]
        wash("/flash")
        assert sorted(os.listdir("/flash")) == ["ca.der", "journal", "letter.txt", "recorder"]
    finally:
        vfs.umount("/flash")
    for trace in (SECRET, EVENING, b"house-of-somebody"):
        assert trace not in flash.image


def test_erasing_alone_is_not_enough_on_littlefs():
    flash = Flash()
    mounted(flash)
    lived("/flash", SITE)
    erase("/flash")
    vfs.umount("/flash")
    assert SECRET in flash.image


def test_a_ring_is_erased_block_by_block():
    flash, ring = Flash(), Flash()
    mounted(flash)
    try:
        lived("/flash", dict(SITE, agent={"key": "agent.key", "next_key": "agent-2.key", "journal": "ring:journal"}))
        ring.writeblocks(3, EVENING)
        erase("/flash", lambda name: (ring, 16) if name == "journal" else None)
    finally:
        vfs.umount("/flash")
    assert ring.image == b"\xff" * len(ring.image)


def test_a_watchdog_is_fed_all_the_while():
    flash, ring, fed = Flash(), Flash(), []
    mounted(flash)
    try:
        lived("/flash", dict(SITE, agent={"key": "agent.key", "next_key": "agent-2.key", "journal": "ring:journal"}))
        erase("/flash", lambda name: (ring, 16), lambda: fed.append("erased"))
        assert fed == ["erased"] * BLOCKS
        wash("/flash", lambda: fed.append("washed"))
        assert fed.count("washed") > BLOCK_BYTES * 4 // 32
    finally:
        vfs.umount("/flash")


def test_an_erasure_cut_short_is_finished_by_the_next():
    flash = Flash()
    mounted(flash)
    try:
        lived("/flash", SITE)
        os.remove("/flash/agent.key")
        os.remove("/flash/tls.der")
        assert erase("/flash")[:2] == ["/flash/agent-2.key", "/flash/agent.der"]
        try:
            erase("/flash")
        except OSError as error:
            assert error.errno == 2
        else:
            raise AssertionError("erased what is not there")
    finally:
        vfs.umount("/flash")
