"""What goes upstream and when: fresh pages first, the backlog paced, all of it again until a receipt is in."""

from __future__ import annotations

from agent import cbor, cose, record
from tests.shared.paged import Opened
from tests.shared.upstream import Upstream


def firsts(pages: list[Opened]) -> list[int]:
    """Return the number of each page's first record."""
    return [page.first_seq for page in pages]


async def test_fresh_page_goes_before_the_backlog_though_the_queue_was_full_when_it_was_closed():
    upstream = Upstream()
    await upstream.backlog(40)
    await upstream.turn()
    for _ in range(3):
        await upstream.session.turn()  # nobody takes anything: the queue is full
    assert len(upstream.uplink.sent) == 2
    fresh = upstream.page()
    upstream.clock.advance(5000)
    await upstream.session.turn()
    assert fresh not in firsts(upstream.pages())
    assert firsts(await upstream.turn())[0] == fresh
    following = firsts(await upstream.turn(1000)) + firsts(await upstream.turn(1000))
    assert fresh not in following, "and once, until it is its turn"


async def test_several_fresh_pages_wait_in_their_order_and_nothing_older_goes_before_them():
    upstream = Upstream()
    await upstream.backlog(40)
    await upstream.turn()
    await upstream.session.turn()
    fresh = [upstream.page() for _ in range(4)]
    await upstream.session.turn()
    upstream.pages()
    assert firsts(await upstream.turn(1000)) + firsts(await upstream.turn(1000)) == fresh


async def test_pages_that_found_no_room_are_bounded_and_the_oldest_come_with_the_backlog():
    upstream = Upstream()
    await upstream.backlog(1)
    await upstream.turn()
    upstream.uplink.publish("session", b"")
    upstream.uplink.publish("session", b"")
    fresh = [upstream.page() for _ in range(20)]
    await upstream.session.turn()
    upstream.pages()
    sent = firsts(await upstream.turn()) + firsts(await upstream.turn())
    assert sent == fresh[-4:]
    for _ in range(200):
        for page in await upstream.turn(1000):
            upstream.confirm(page)
    assert upstream.ledger.released_seq == upstream.ledger.next_seq and upstream.counted()[0] == 0


async def test_page_in_its_turn_goes_at_once_and_only_once():
    upstream = Upstream()
    await upstream.backlog(0)
    await upstream.turn()
    for _ in range(4):  # as many as may be without a receipt
        fresh = upstream.page()
        assert firsts(await upstream.turn()) == [fresh]
    assert await upstream.turn(5000) == []


async def test_backlog_is_paced_whatever_the_loop_does():
    upstream = Upstream(queue_max=16)
    await upstream.backlog(60)
    sent = []
    for _ in range(200):  # turns in 10 s, each page confirmed at once
        for page in await upstream.turn(50):
            sent.append(page.first_seq)
            upstream.confirm(page)
    assert sent == list(range(1, 1 + len(sent))) and 20 <= len(sent) <= 4 + 20


async def test_backlog_keeps_its_times():
    upstream = Upstream()
    for second in range(5):
        upstream.page()
        upstream.clock.advance(1000 * second)
    await upstream.session.turn()
    upstream.clock.advance(7 * 86400000)
    upstream.uplink.set_connected(True)
    times = []
    for _ in range(20):
        for page in await upstream.turn(1000):
            times.append(page.base_s * 1000 + int(page.facts[0][1]))
            upstream.confirm(page)
    assert times == [0, 0, 1000, 3000, 6000]


async def test_journal_is_not_looked_at_while_there_is_nothing_to_send():
    upstream = Upstream()
    await upstream.backlog(2)
    await upstream.turn()
    await upstream.turn()
    upstream.ledger.add([record.EVENT, upstream.clock.now_ms(), bytes(32), record.STARTED])
    upstream.ledger.flush()
    looked = []
    upstream.store.read = lambda offset, size_bytes: looked.append(offset)
    for _ in range(5):
        assert await upstream.turn(1000) == []
    assert looked == []


async def test_unconfirmed_page_is_tried_ever_more_rarely_and_alone():
    upstream = Upstream(queue_max=16)
    await upstream.backlog(10)
    assert len(await upstream.turn()) == 4
    tries = []
    for _ in range(3600):
        pages = await upstream.turn(1000)
        if pages:
            assert firsts(pages) == [1]
            tries.append(upstream.clock.now_ms() // 1000)
    assert tries[:5] == [10, 30, 70, 150, 310]
    assert 14 <= len(tries) <= 16 and tries[-1] - tries[-2] == 300
    fresh = upstream.page()
    assert firsts(await upstream.turn()) == [fresh], "what is new is sent all the same"


async def test_first_receipt_opens_the_window_again():
    upstream = Upstream(queue_max=16)
    await upstream.backlog(10)
    (page, *_) = await upstream.turn()
    for _ in range(100):
        await upstream.turn(1000)
    upstream.confirm(page)
    assert len(await upstream.turn(1000)) == 4


async def test_genuine_receipt_of_a_fresh_page_brings_the_backlog_again():
    upstream = Upstream(queue_max=16)
    await upstream.backlog(10)
    for _ in range(1800):
        await upstream.turn(1000)
    upstream.page()
    (page,) = await upstream.turn()
    upstream.confirm(page)
    assert upstream.counted() == (0, 1)
    assert firsts(await upstream.turn(1000))[:1] == [1]


async def test_silence_upstream_is_told_once_after_ten_minutes_and_once_when_it_is_over():
    upstream = Upstream()
    await upstream.backlog(3)
    first = (await upstream.turn())[0]
    for _ in range(598):
        await upstream.turn(1000)
    assert upstream.silences == [] and not upstream.session.silent
    for _ in range(3600):
        await upstream.turn(1000)
    assert upstream.silences == [True] and upstream.session.silent
    upstream.uplink.set_connected(False)
    await upstream.turn(1000)
    upstream.uplink.set_connected(True)
    for _ in range(3600):
        await upstream.turn(1000)
    assert upstream.silences == [True]
    upstream.confirm(first)
    assert upstream.silences == [True, False] and not upstream.session.silent
    upstream.confirm(first)
    assert upstream.silences == [True, False]


async def test_link_that_is_away_or_has_nothing_to_carry_is_not_silent():
    upstream = Upstream()
    for _ in range(1000):
        await upstream.turn(1000)
    await upstream.backlog(1)
    for page in await upstream.turn():
        upstream.confirm(page)
    for _ in range(1000):
        await upstream.turn(1000)
    assert upstream.silences == []


async def test_session_message_that_nobody_answers_comes_ever_more_rarely():
    upstream = Upstream()
    await upstream.backlog(0)
    sent = []
    for second in range(600):
        await upstream.session.turn()
        sent += [second for channel, _ in upstream.uplink.collect() if channel == "session"]
        upstream.clock.advance(1000)
    assert sent[:6] == [0, 10, 30, 70, 130, 190] and len(sent) == 12


async def test_session_message_says_what_is_released():
    upstream = Upstream()
    await upstream.backlog(2)
    for page in await upstream.turn():
        upstream.confirm(page)
    upstream.session.announce = True
    await upstream.session.turn()
    (raw,) = [raw for channel, raw in upstream.uplink.collect() if channel == "session"]
    fields = cbor.decode(cose.open_envelope(raw)[1])
    assert fields[7:9] == [3, upstream.ledger.released_seq]
