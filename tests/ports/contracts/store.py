"""What every store promises (hal/ports.py, Store).

Bench: `open()` gives the store over the same medium again, `cut(size_bytes)` leaves only so many bytes of the newest
segment, as a power cut does, and opens it; `smear()` does the same after putting bytes behind the oldest segment, as
a failed write leaves them. `capacity_bytes` is what the store was made with.
"""

ENOSPC = 28


def errno_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0


def test_a_new_store_is_one_empty_segment(bench):
    store = bench.open()
    assert store.segments() == [(0, 0)]
    assert store.read(0, 10) == b""
    store.close()


def test_offsets_count_on_and_what_was_appended_is_read_before_any_sync(bench):
    store = bench.open()
    assert [store.append(piece) for piece in (b"abc", b"", b"defg")] == [0, 3, 3]
    assert store.segments() == [(0, 7)]
    assert store.read(0, 7) == b"abcdefg"
    assert store.read(2, 3) == b"cde"
    store.sync()
    assert store.append(b"h") == 7
    store.close()


def test_reading_ends_with_the_segment_and_outside_there_is_nothing(bench):
    store = bench.open()
    store.append(b"abcde")
    assert store.roll() == 5
    store.append(b"fgh")
    assert store.read(3, 100) == b"de"
    assert store.read(5, 100) == b"fgh"
    assert store.read(8, 1) == b""
    assert store.read(1000, 1) == b""
    store.close()


def test_an_empty_segment_is_not_rolled(bench):
    store = bench.open()
    assert store.roll() == 0
    store.append(b"abc")
    assert [store.roll(), store.roll()] == [3, 3]
    assert store.segments() == [(0, 3), (3, 0)]
    store.close()


def test_release_drops_whole_segments_and_keeps_the_newest(bench):
    store = bench.open()
    for piece in (b"aaaa", b"bbbb", b"cccc"):
        store.append(piece)
        store.roll()
    store.release(7)
    assert store.segments() == [(4, 4), (8, 4), (12, 0)]
    assert store.read(0, 4) == b""
    assert store.read(5, 9) == b"bbb"
    store.release(1000)
    assert store.segments() == [(12, 0)]
    assert store.append(b"d") == 12
    store.close()


def test_a_full_store_says_so_writes_nothing_and_has_room_after_a_release(bench):
    store = bench.open()
    half = bytes(bench.capacity_bytes // 2)
    store.append(half)
    store.roll()
    store.append(half[:-1])
    before = store.segments()
    assert errno_of(store.append, b"xy") == ENOSPC
    assert store.segments() == before
    assert store.append(b"x") == bench.capacity_bytes - 1
    store.release(len(half))
    assert store.append(b"more") == bench.capacity_bytes
    assert store.read(bench.capacity_bytes - 1, 9) == b"xmore"
    store.close()


def test_a_closed_store_opens_as_it_was(bench):
    store = bench.open()
    for number in range(12):
        store.append(b"segment %d" % number)
        store.roll()
    store.append(b"last")
    store.release(10)
    segments = store.segments()
    store.close()
    again = bench.open()
    assert again.segments() == segments
    assert len(segments) == 12
    assert again.read(segments[5][0], 99) == b"segment 6"
    end = segments[-1][0] + segments[-1][1]
    assert again.append(b"!") == end
    assert again.read(segments[-1][0], 99) == b"last!"
    again.close()


def test_a_torn_tail_stays_and_writing_goes_on_in_a_new_segment(bench):
    store = bench.open()
    store.append(b"before")
    store.roll()
    store.append(b"kept")
    store.sync()
    store.append(b"unsynced")
    store = bench.cut(6)
    assert store.segments() == [(0, 6), (6, 6)]
    assert store.read(6, 99) == b"keptun"
    assert store.roll() == 12
    assert store.append(b"after") == 12
    store.close()
    again = bench.open()
    assert again.segments() == [(0, 6), (6, 6), (12, 5)]
    assert again.read(12, 99) == b"after"
    again.close()


def test_a_cut_that_takes_all_that_was_not_synced_leaves_the_rest(bench):
    store = bench.open()
    store.append(b"kept")
    store.sync()
    store.append(b"lost")
    store = bench.cut(4)
    assert store.segments() == [(0, 4)]
    assert store.append(b"new") == 4
    assert store.read(0, 99) == b"keptnew"
    store.close()


def test_what_a_failed_write_left_behind_an_older_segment_is_not_part_of_it(bench):
    store = bench.open()
    store.append(b"first")
    store.roll()
    store.append(b"second")
    store = bench.smear()
    assert store.segments() == [(0, 5), (5, 6)]
    assert store.read(0, 99) == b"first"
    assert store.read(5, 99) == b"second"
    store.close()
