"""A journal that fills while nobody confirms: readings become rarer first, and that is said, once, and over once."""

from __future__ import annotations

import asyncio
import gc

from agent import cbor, record, replay, snapshot
from agent.command import Message
from agent.journal import Journal
from agent.ledger import Ledger
from agent.recorder import Recorder
from agent.step import Notice, Thinning, step
from hal.memory import ManualClock, MemoryStore
from tests.shared.house import AGENT_ID, DSO, House
from tests.shared.site import TwinSite, started, stopped
from tests.shared.taped import AUTHORITIES, played, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.step import Item


def ran(house: House, until_s: int, orders: dict[int, bool]) -> list[Any]:
    """Let seconds pass up to `until_s`, with orders in some of them; return the facts."""
    facts = []
    for second in range(house.now_ms // 1000 + 1, until_s + 1):
        house.now_ms = second * 1000
        inbox: list[Item] = [Thinning(orders[second])] if second in orders else []
        facts += step(house.state, house.now_ms, house.measure(), inbox)[1]
    return facts


def spans(facts: list[Any]) -> list[tuple[int, int]]:
    """Return (end, span) of the first device's readings."""
    return [(fact[1], fact[2]) for fact in facts if fact[0] == record.READING and fact[3] == 0]


def gaps(facts: list[Any]) -> list[list[Any]]:
    """Return the records of both causes."""
    kinds = (record.THINNED, record.NO_LONGER_THINNED)
    return [fact for fact in facts if fact[0] == record.GAP and fact[2] in kinds]


def test_thinned_readings_end_at_whole_quarter_hours_and_no_second_is_lost():
    house = House()
    facts = ran(house, 3000, {130: True, 2000: False})
    assert gaps(facts) == [
        [record.GAP, 130000, record.THINNED, 0, None],
        [record.GAP, 2000000, record.NO_LONGER_THINNED, 0, None],
    ]
    found = spans(facts)
    assert found[:5] == [(60, 60), (120, 60), (900, 780), (1800, 900), (2040, 240)]
    assert found[5:] == [(end_s, 60) for end_s in range(2100, 3001, 60)]


def test_order_in_the_second_of_a_reading_makes_no_empty_span_and_no_late_one():
    for entered, left in ((120, 900), (60, 1800), (119, 901), (121, 1799), (899, 960), (900, 905)):
        house = House()
        found = spans(ran(house, 2700, {entered: True, left: False}))
        ends = [0] + [end_s for end_s, _ in found]
        assert [span_s for _, span_s in found] == [ends[at + 1] - ends[at] for at in range(len(found))]
        for end_s, span_s in found:
            assert 0 < span_s <= 900 + 60, (entered, left, found)
            assert end_s % (900 if entered < end_s < left else 60) == 0, (entered, left, found)


def test_reading_longer_than_a_quarter_hour_becomes_whole_quarter_hours():
    for reading_s, thinned_s in ((900, 900), (1000, 1800), (3600, 3600)):
        house = House()
        house.state.reading_s = house.state.next_reading_s = reading_s
        found = spans(ran(house, 8000, {1: True}))
        assert found[0] == (thinned_s, thinned_s)


def test_incident_comes_again_from_the_flight_recorder_bit_by_bit():
    house, store = House(), MemoryStore()
    recorder = Recorder(store, 16384, "test", AUTHORITIES)
    expected = []
    for second in range(1, 2500):
        house.now_ms = second * 1000
        image = house.measure()
        inbox: list[Item] = [Message(bytes(32), record.MALFORMED, DSO)] if second % 100 == 0 else []
        if second in (300, 1300):
            inbox += [Notice(1, record.WRONG_DEVICE), Thinning(second == 300)]
        recorder.begin(house.state, house.now_ms, image, inbox)
        grants, facts = step(house.state, house.now_ms, image, inbox)
        house.state.must_persist = False
        recorder.end(house.state, grants, facts)
        expected += gaps(facts)
        if second == 700:
            assert snapshot.unpack(snapshot.pack(house.state)).thinned is True
    recorder.close()
    segments = [store.read(first, size_bytes) for first, size_bytes in store.segments()]
    assert len(expected) == 2 and recorder.on
    result, events = played(segments)
    assert told(events, replay.DIFFERS) == [] and result.damaged == 0 and len(segments) > 3


def filling(clock: ManualClock, ledger: Ledger, records: int) -> list[bool]:
    """Add records in pages of ten; return how `nearly_full` changed."""
    changes = []
    for number in range(records):
        before = ledger.nearly_full
        clock.advance(1000)
        ledger.add([record.EVENT, clock.now_ms(), bytes([number % 256]) * 32, record.STARTED])
        if number % 10 == 9:
            ledger.close_page()
        ledger.flush()
        if ledger.nearly_full is not before:
            changes.append(ledger.nearly_full)
    return changes


def ledger_of(store: MemoryStore, bytes_max: int) -> tuple[ManualClock, Ledger]:
    """Return a ledger that knows its bound, in a new epoch."""
    clock = ManualClock()
    ledger = Ledger(Journal(store, 4096), AGENT_ID, clock, 1024, 900, b"secret", bytes_max)
    ledger.recover()
    ledger.begin_epoch()
    return clock, ledger


def test_journal_is_nearly_full_above_three_quarters_and_no_longer_below_a_half():
    store = MemoryStore(32768)
    clock, ledger = ledger_of(store, 32768)
    assert filling(clock, ledger, 300) == []
    assert filling(clock, ledger, 250) == [True] and ledger.lost == 0
    assert 24576 < ledger.kept_bytes() < 32768
    assert filling(clock, ledger, 1000) == [] and ledger.lost > 0, "and stays so while whole segments are dropped"
    while ledger.nearly_full:
        page = ledger.read_page(ledger.backlog_at or 0)
        assert page is not None
        ledger.release(page.last_seq)
        assert ledger.nearly_full is (ledger.kept_bytes() >= 16384)
    assert filling(clock, ledger, 100) == []


def test_boot_decides_anew():
    store = MemoryStore(32768)
    clock, ledger = ledger_of(store, 32768)
    assert filling(clock, ledger, 550) == [True]
    assert ledger_of(store, 32768)[1].nearly_full
    while ledger.kept_bytes() > 22000:
        page = ledger.read_page(ledger.backlog_at or 0)
        assert page is not None
        ledger.release(page.last_seq)
    assert ledger.nearly_full and not ledger_of(store, 32768)[1].nearly_full


def test_journal_without_a_known_bound_is_never_nearly_full():
    clock, ledger = ledger_of(MemoryStore(32768), 0)
    assert filling(clock, ledger, 1000) == [] and ledger.lost > 0


async def passing(site: TwinSite, seconds: int, confirming: bool) -> None:
    """Let seconds pass; take what went up, and confirm it if wanted."""
    for second in range(seconds):
        site.clock.advance(1000)
        site.civil_ms += 1000
        for _ in range(30):
            await asyncio.sleep(0)
        for channel, raw in site.uplink.collect():
            if channel == "page" and confirming:
                site.uplink.deliver("receipt", await site.receipt(raw))
        if second % 5 == 0:
            gc.collect()  # as a board does, long before its heap is full


def hear(fact: Any, said: list[Any], ends: list[int]) -> None:
    """Keep what a test asks for and no more: a board's heap is small."""
    if gaps([fact]):
        said.append(fact[2])
    ends += [end_s for end_s, _ in spans([fact])]


async def test_whole_agent_enters_and_leaves_by_itself_once_each_and_its_tape_matches():
    site = TwinSite()
    site.store, site.bytes_max, site.segment_bytes = MemoryStore(24576), 24576, 2048
    task = await started(site)
    said: list[Any] = []
    ends: list[int] = []
    site.loop.tell = lambda fact: hear(fact, said, ends)
    tape = MemoryStore(1 << 17)  # in pieces that a board's heap still has room for
    site.loop.recorder = Recorder(tape, 1 << 17, "twin", site.loop.authorities)
    site.loop.state.reading_s, site.loop.state.next_reading_s = 1, 4  # fills as fast as time passes here
    while not said:
        await passing(site, 10, False)
        assert site.clock.now_ms() < 1000000
    entered_ms = site.clock.now_ms()
    assert site.loop.ledger.kept_bytes() > 18432 and site.loop.ledger.lost == 0
    await passing(site, 30, False)
    assert ends[-1] * 1000 <= entered_ms
    while len(said) < 2:
        await passing(site, 10, True)
        assert site.clock.now_ms() < entered_ms + 200000
    await passing(site, 20, True)
    assert said == [record.THINNED, record.NO_LONGER_THINNED]
    assert site.loop.ledger.lost == 0
    assert ends[-1] - ends[-2] < 30 and site.clock.now_ms() // 1000 - ends[-1] < 60, (ends[-3:], site.clock.now_ms())
    await stopped(site, task)
    assert site.loop.recorder.on
    result, events = played([tape.read(first, size_bytes) for first, size_bytes in tape.segments()])
    assert told(events, replay.DIFFERS) == [] and result.ticks > 400


def test_order_is_plain_on_the_tape():
    from agent.tape import packed_item, unpacked_item

    for on in (True, False):
        packed = cbor.decode(cbor.encode(packed_item(Thinning(on), [])))
        item = unpacked_item(packed, [])
        assert type(item) is Thinning and item.on is on
