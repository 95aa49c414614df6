"""The flash ring beside a twin in memory, and what only flash can do to it."""

from __future__ import annotations

from boards.micropython.ring_chunks import FIRST_HEAD_BYTES, HEAD_BYTES
from boards.micropython.ring_store import RingStore
from hal.memory import MemoryStore
from tests.shared.nor import Nor
from tests.shared.seeded import Lcg

ENOSPC = 28
EIO = 5


def errno_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0


def ring(nor, capacity_bytes=1 << 20):
    return RingStore(nor, nor.unit_bytes, capacity_bytes)


def content_of(store):
    return [(first, store.read(first, size_bytes)) for first, size_bytes in store.segments()]


def act(lcg, stores):
    """Do the same to all stores."""
    choice = lcg.below(10)
    if choice < 6:
        chunk = bytes([1 + lcg.below(255)]) * lcg.below(90)
        answers = [errno_of(store.append, chunk) for store in stores]
        if answers[0]:  # the ring is full sooner: it is padded
            assert answers[0] == ENOSPC
            stores[1].crash(stores[1].unsynced_bytes() - len(chunk))
            drop_oldest(stores)
    elif choice < 8:
        for store in stores:
            store.sync()
    elif choice == 8:
        assert len({store.roll() for store in stores}) == 1
    elif lcg.chance(3):
        segments = stores[1].segments()
        first, size_bytes = segments[lcg.below(len(segments))]
        offset = first + lcg.below(size_bytes + 1)
        for store in stores:
            store.release(offset)


def drop_oldest(stores):
    segments = stores[1].segments()
    if len(segments) == 1:
        for store in stores:
            store.roll()
        segments = stores[1].segments()
    for store in stores:
        store.release(segments[0][0] + segments[0][1])


def test_whatever_is_done_to_it_reads_like_the_twin_also_when_opened_again():
    for seed, unit_bytes, blocks in ((1, 64, 6), (2, 256, 9), (3, 32, 4), (4, 16, 5)):
        lcg = Lcg(seed)
        nor = Nor(blocks, 2 * unit_bytes if unit_bytes == 256 else 512, unit_bytes)
        store, twin = ring(nor), MemoryStore()
        for _ in range(900):
            act(lcg, [store, twin])
            assert store.segments() == twin.segments()
            first, size_bytes = lcg.pick(twin.segments())
            begin = first + lcg.below(size_bytes + 1)
            count = lcg.below(200)
            assert store.read(begin, count) == twin.read(begin, count)
            if twin.segments()[-1][1] and lcg.chance(20):  # that a segment was begun is durable with its first bytes
                store.close()
                store = ring(nor)
                assert content_of(store) == content_of(twin)
        assert nor.erases[0] > 5


def test_a_sync_programs_what_was_appended_rounded_up_to_units():
    nor = Nor(8, 4096, 256)
    store = ring(nor)
    payload_bytes = 256 - HEAD_BYTES
    for count, units in ((1, 1), (payload_bytes, 1), (payload_bytes + 1, 2), (3 * payload_bytes, 3)):
        before = nor.programs
        store.append(bytes(count))
        store.sync()
        store.sync()
        assert nor.programs - before == units


def test_all_blocks_wear_alike():
    nor = Nor(16, 512, 64)
    store = ring(nor)
    for number in range(3000):
        store.append(b"record %6d, as long as they are" % number)
        store.sync()
        if number % 20 == 19:
            store.release(store.roll() - 1500)
    assert min(nor.erases) > 20 and max(nor.erases) - min(nor.erases) <= 1


def test_the_next_block_is_erased_before_it_is_needed():
    nor = Nor(8, 512, 64)
    store = ring(nor)
    store.append(b"a")
    store.sync()
    nor.log = []
    for _ in range(8):
        store.append(bytes(40))
        store.sync()
    order = [entry[0] if entry[2] is None else -1 for entry in nor.log]
    assert order == [-1] * 7 + [-1, 2]  # block 1 was erased with the first sync, 2 follows once 1 has begun


def test_a_full_ring_refuses_drops_and_goes_on_for_ever():
    nor = Nor(6, 512, 64)
    store = ring(nor)
    kept = b""
    for number in range(400):
        chunk = b"%04d" % number * 8
        while errno_of(store.append, chunk) == ENOSPC:
            segments = store.segments()
            assert len(segments) > 1
            store.release(segments[1][0])
        store.sync()
        kept += chunk
        if number % 5 == 4:
            store.roll()
    first, size_bytes = store.segments()[0]
    whole = b"".join([piece for _, piece in content_of(store)])
    assert kept.endswith(whole) and len(whole) > 700
    assert content_of(ring(nor))[0] == (first, whole[:size_bytes])


def test_a_flash_that_held_something_else_is_an_empty_ring():
    nor = Nor(8, 512, 64)
    for at in range(len(nor.image)):
        nor.image[at] = at * 37 & 0xFF
    store = ring(nor)
    assert store.segments() == [(0, 0)]
    store.append(b"abc")
    store.sync()
    assert content_of(ring(nor)) == [(0, b"abc")]


def test_a_chunk_that_rots_reads_as_zeros_and_moves_nothing():
    nor = Nor(8, 512, 64)
    store = ring(nor)
    for number in range(30):
        store.append(bytes([65 + number]) * 20)
        store.sync()
    for lost in (3, 8, 16):  # the last two are the first chunks of their blocks
        rotten = Nor(8, 512, 64, bytearray(nor.image))
        rotten.image[64 * lost + FIRST_HEAD_BYTES] ^= 1
        whole = content_of(ring(rotten))[0][1]
        expected = [b"\0" * 20 if at == lost else bytes([65 + at]) * 20 for at in range(30)]
        assert whole == b"".join(expected)


def test_what_an_earlier_lap_left_is_never_read():
    """A torn erase may leave whole old chunks behind the new beginning of a block."""
    nor = Nor(4, 512, 64)
    store = ring(nor)
    laps = []
    for number in range(75):
        store.append(b"record %d" % number)
        store.sync()
        laps.append(bytes(nor.image))
        if number % 8 == 7:
            store.release(store.roll())
    expected = content_of(store)
    for at in range(0, len(nor.image), 64):
        if nor.image[at : at + 64] == b"\xff" * 64:
            older = [lap[at : at + 64] for lap in laps if lap[at : at + 64] != b"\xff" * 64]
            nor.image[at : at + 64] = older[-1]
    assert content_of(ring(nor)) == expected


class Worn(Nor):
    """Does not keep one byte."""

    def writeblocks(self, block, source, offset=0):
        super().writeblocks(block, source, offset)
        self.image[block * self.block_bytes + offset + 30] |= 0xFF


def test_a_chunk_that_the_flash_did_not_keep_ends_the_store():
    store = RingStore(Worn(8, 512, 64), 64, 1000)
    store.append(b"promised and long enough")
    assert errno_of(store.sync) == EIO
    assert [errno_of(call) for call in (store.sync, store.roll, store.close)] == [EIO, EIO, EIO]
    assert errno_of(store.append, b"more") == EIO


def test_a_device_that_does_not_fit_is_refused_with_its_numbers():
    for blocks, block_bytes, unit_bytes, said in (
        (8, 512, 48, "units of 48 bytes in blocks of 512"),
        (3, 512, 64, "3 blocks: expected at least 4"),
    ):
        try:
            RingStore(Nor(blocks, block_bytes, unit_bytes), unit_bytes, 1000)
            refusal = ""
        except ValueError as error:
            refusal = error.args[0]
        assert refusal == said
