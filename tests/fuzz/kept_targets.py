"""Decoders of what lies on a disk or in a configuration: kept state, journal, tape, SITE.toml and site.json."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from agent import cbor, journal, record
from agent.config import ConfigError, checked
from agent.journal import HEADER_BYTES, MORE, Journal, frame
from agent.kept import dump, load
from agent.ledger import Ledger
from agent.recorder import Recorder
from agent.replay import DAMAGED, DIFFERS, SEGMENT, TORN, Replay
from agent.state import State
from agent.step import step
from boards.startup import Parts, StartError, assemble
from hal.memory import CountingWatchdog, ManualClock, MemoryStore, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from tests.needs import ROOT
from tests.shared.desk import CIVIL_MS, CLAIM, LIMIT, Desk
from tests.shared.house import DSO, OWNER, House
from tests.shared.test_door_seeded import Believer
from tests.shared.test_ledger import AGENT_ID, filled

EXAMPLE = (ROOT / "docs" / "config.md").read_text().split("```toml")[1].split("```")[0]
STORE_BYTES = 1 << 16
SEGMENT_BYTES = 4096


def kept_state(raw: bytes) -> None:
    """A blob is none of ours, or the state that it gives can be kept again."""
    house = House()
    try:
        load(house.state, raw, CIVIL_MS)
    except (cbor.CborError, ValueError):
        return
    dump(house.state)


def kept_seeds() -> list[bytes]:
    """Return the state of a house without and with a clock, with limits, claims and spent budgets."""
    blobs = [dump(House().state)]
    for civil_ms in (0, CIVIL_MS):
        desk = Desk(civil_ms)
        desk.pass_ms(1000)
        desk.want(DSO, LIMIT, ["", 0, 4200, 3600, {3: 50}])
        desk.want(OWNER, CLAIM, ["charger", 8000, 60, 5, {8: 30}])
        desk.want(OWNER, CLAIM, ["heatpump", 1000, 0, 5])
        for _ in range(3):
            desk.pass_ms(1000)
        blobs.append(dump(desk.state))
    blobs.append(cbor.encode([1, [[b"12345678", 5]], 1, [], []]))
    blobs.append(cbor.encode([2, [], 1, [], [], [["heatpump", 3, 5]]]))
    blobs.append(cbor.encode([3, [], 1, [], [], [["heatpump", 3, 5, True, [3599, 60]]]]))
    return blobs


def store_of(raw: bytes, segment_bytes: int) -> MemoryStore:
    """Return a store that holds the bytes, cut into segments."""
    store = MemoryStore(STORE_BYTES)
    for at in range(0, len(raw), segment_bytes):
        store.append(raw[at : at + segment_bytes])
        store.roll()
    return store


def journal_frames(raw: bytes) -> None:
    """Of any bytes only whole frames are believed, in order, and each byte is looked at once."""
    store = store_of(raw[1:], 16 + 4 * (raw[0] if raw else 0))
    ends = {first + size for first, size in store.segments()}
    last = -1
    for kind, payload, at in Journal(store, SEGMENT_BYTES).frames():
        assert at > last
        last = at
        if kind == journal.DAMAGED:
            continue
        assert store.read(at, HEADER_BYTES + len(payload)) in (frame(kind, payload), frame(kind | MORE, payload))
        assert any(at + HEADER_BYTES + len(payload) <= end for end in ends)


def journal_seeds() -> list[bytes]:
    """Return journals of a few pages, and one with a frame torn."""
    store = MemoryStore(STORE_BYTES)
    filled(store, 12, 4)
    whole = b"".join(store.read(first, size) for first, size in store.segments())
    return [b"\xff" + whole, b"\xff" + whole[:-3], b"\x10" + whole]


def reframed(raw: bytes) -> bytes:
    """Return frames with right checksums around what the fuzzer wrote: kind, size, payload, as often as it goes on."""
    framed, at = b"", 0
    while at + 2 < len(raw):
        size = raw[at + 1] | (raw[at + 2] & 3) << 8
        framed += frame(raw[at] or 1, raw[at + 3 : at + 3 + size])
        at += 3 + size
    return framed


def unframed(segment: bytes) -> bytes:
    """Return what `reframed` makes these frames of; those over 1023 bytes are left out."""
    raw, at = b"", 0
    while at < len(segment):
        size = int.from_bytes(segment[at : at + 2], "big")
        payload = segment[at + HEADER_BYTES : at + HEADER_BYTES + size]
        if size < 1024:
            raw += bytes((segment[at + 2], size & 0xFF, size >> 8)) + payload
        at += HEADER_BYTES + size
    return raw


def tape_segment(raw: bytes) -> None:
    """Whatever is in a segment, replay says so and goes on; it never raises."""
    for segment in (raw, reframed(raw)):
        events: list[Any] = []
        replay = Replay(events.append)
        replay.play("fuzz", segment)
        replay.end()
        told = [event[0] for event in events]
        if segment and not replay.ticks and SEGMENT not in told:
            assert DAMAGED in told or TORN in told
        assert replay.differing == told.count(DIFFERS)


def tape_seeds() -> list[bytes]:
    """Return a short tape as it is and without its frames' heads."""
    desk, store = Desk(CIVIL_MS), MemoryStore(1 << 20)
    recorder = Recorder(store, 1 << 20, "test", [DSO, OWNER])
    house = desk.house
    for second in range(12):
        house.now_ms += 1000
        house.civil_ms += 1000
        if second == 3:
            desk.want(DSO, LIMIT, ["", 0, 4200, 3600])
        image = house.measure()
        recorder.begin(house.state, house.now_ms, image, [])
        recorder.end(house.state, *step(house.state, house.now_ms, image, []))
        house.state.must_persist = False
    recorder.close()
    whole = store.read(0, 1 << 20)
    return [whole, unframed(whole)]


def configuration(raw: bytes) -> None:
    """A configuration is refused with a sentence, or an agent can be made of it."""
    try:
        config = checked(json.loads(raw) if raw[:1] == b"{" else tomllib.loads(raw.decode()))
    except (ConfigError, ValueError, RecursionError):  # the last two: neither JSON nor TOML, and not ours to say
        return
    clock = ManualClock()
    parts = Parts(
        "fuzz", bytes(32), clock, MemoryStore(1 << 20), Believer(), None, CountingWatchdog(), b"secret",
        lambda row: Bus(ScriptedLine(lambda request: None), Tcp(), clock),
    )  # fmt: skip
    try:
        made: State = assemble(config, bytes(32), parts).state
    except StartError:
        return
    assert len(made.units) == len(config.devices)


def configuration_seeds() -> list[bytes]:
    """Return the documented example in both spellings, and a small one."""
    tree = tomllib.loads(EXAMPLE)
    for row in tree["authority"]:
        row["public_key"] = "04" + "11" * 64
    small = {"site": tree["site"], "agent": {"key": "k"}, "bus": tree["bus"][:1], "device": tree["device"][:1]}
    small["site"] = dict(small["site"], meter="grid")
    return [EXAMPLE.encode(), json.dumps(tree).encode(), json.dumps(small).encode()]


def written() -> list[bytes]:
    """Return the segments of a journal of 24 records in six pages, three epochs."""
    store = MemoryStore(STORE_BYTES)
    for _ in range(3):
        filled(store, 8, 4)
    return [store.read(first, size_bytes) for first, size_bytes in store.segments()]


WRITTEN = written()


def ledger(raw: bytes) -> None:
    """Damage a good journal, five bytes a time: an agent starts on it, counts on, and each page read is whole.

    Bytes are changed, zeroed, cut off or put in. What has a right checksum is believed, so none is made up here.
    """
    segments = [bytearray(segment) for segment in WRITTEN]
    for place in range(0, len(raw) - 4, 5):
        damage(segments, *raw[place : place + 5])
    store = MemoryStore(STORE_BYTES)
    for segment in segments:
        store.append(bytes(segment))
        store.roll()
    stood = Ledger(Journal(store, SEGMENT_BYTES), AGENT_ID, ManualClock(), 1024, 900, b"secret")
    stood.recover()
    assert stood.damaged >= 0
    before_seq = stood.next_seq
    stood.begin_epoch()
    stood.add([record.EVENT, 0, bytes(32), record.STARTED])
    stood.close_page()
    assert stood.next_seq == before_seq + 1
    at: int | None = stood.backlog_at
    pages = 0
    while at is not None and pages < 100:
        page = stood.read_page(at)
        if page is None:
            break
        assert page.next_at > at
        at, pages = page.next_at, pages + 1
    assert 0 < pages < 100


def damage(segments: list[bytearray], how: int, which: int, place: int, amount: int, byte: int) -> None:
    """Do one kind of harm to one segment."""
    segment = segments[which % len(segments)]
    at = place * 4 % (len(segment) + 1)
    if how & 3 == 0:
        segment[at : at + 1] = bytes((byte,))
    elif how & 3 == 1:
        segment[at : at + amount] = bytes(min(amount, len(segment) - at))
    elif how & 3 == 2:
        del segment[max(at, 1) :]
    else:
        segment[at:at] = bytes((byte,)) * amount


def ledger_seeds() -> list[bytes]:
    """Return no harm, and one of each kind."""
    return [b"", *(bytes((how, 1, 30, 8, 2)) for how in range(4))]
