"""Pages from facts: what is told as a difference, how leaves are salted, what a page costs on the wire."""

from __future__ import annotations

import hashlib

from agent import cbor, record
from agent.merkle import MerkleTree
from agent.page import NO_PAGE, Header, Page, page_message, salt_of
from hal import quantities as q
from tests.shared.paged import Opened

SALT = bytes(range(16))
AGENT_ID = b"agent-01"
METERED = {q.POWER_W: 3000, q.ENERGY_IMPORT_WH: 1000000}


def opened(base_s: int = 100) -> Page:
    return Page(Header(3, 41, NO_PAGE, base_s, (1700000000, q.CLOCK_SYNCHRONISED, 10), SALT))


def reading(end_s, values, device=0, quality=q.GOOD, span_s=60, context=None):
    return [record.READING, end_s, span_s, device, quality, values, context or {}]


def told(page, fact):
    return cbor.decode(page.add(fact))


def test_a_reading_after_another_is_told_by_what_differs():
    page = opened()
    assert told(page, reading(160, METERED)) == [1, 60, 60, 0, q.GOOD, METERED, {}]
    assert told(page, reading(220, {q.ENERGY_IMPORT_WH: 1000050, q.POWER_W: 2990})) == [13, 1, 0, -10, 50]
    assert told(page, reading(280, METERED)) == [13, 2, 0, 0, 0]


def test_each_device_has_a_base_of_its_own_and_times_stand_against_it():
    page = opened()
    told(page, reading(160, METERED))
    assert told(page, reading(160, {q.SOC_PM: 500}, 1))[0] == record.READING
    page.add([record.EVENT, 161000, bytes(32), record.STARTED])
    assert told(page, reading(220, {q.SOC_PM: 490}, 1)) == [13, 1, 1, -10]
    assert told(page, reading(220, METERED)) == [13, 1, 0, 0, 0]


def test_what_differs_in_more_than_numbers_is_told_in_full_and_is_the_next_base():
    steered = {record.SETPOINT: 6000, record.SOURCE: "claim agg"}
    other = {q.POWER_W: 3000, q.ENERGY_EXPORT_WH: 5}
    for change in (
        reading(220, METERED, quality=q.ESTIMATED),
        reading(220, METERED, span_s=30),
        reading(221, METERED),
        reading(160, METERED),
        reading(220, METERED, context=steered),
        reading(220, {q.POWER_W: 3000}),
        reading(220, other),
        reading(220, {q.POWER_W: 3000, q.ENERGY_IMPORT_WH: (1 << 63) - 1}),
        reading(160, METERED, span_s=0),
    ):
        page = opened()
        told(page, reading(160, METERED))
        assert told(page, change)[0] == record.READING, change
        again = list(change)
        again[1] += change[2]
        if change[2]:
            assert told(page, again)[:3] == [13, 1, 1], change


def test_missing_readings_in_a_row_are_deltas_without_numbers():
    page = opened()
    told(page, reading(160, {}, quality=q.MISSING))
    assert told(page, reading(220, {}, quality=q.MISSING)) == [13, 1, 0]


def test_a_new_page_begins_with_readings_in_full():
    page = opened()
    told(page, reading(160, METERED))
    assert told(opened(), reading(220, METERED))[0] == record.READING


def test_the_root_is_over_salted_leaves_and_the_header_counts_them():
    page = opened()
    for number in range(5):
        page.add([record.EVENT, 100000 + number, bytes(32), record.STARTED])
    tree = MerkleTree()
    for place, raw in enumerate(page.records):
        tree.add(hashlib.sha256(SALT + place.to_bytes(4, "big")).digest()[:16] + raw)
    header = cbor.decode(page.signed_bytes(AGENT_ID))
    assert header == [1, 1, AGENT_ID, 3, 41, 5, NO_PAGE, tree.root(), 100, 1700000000, 2, 10]
    assert salt_of(SALT, 0) != salt_of(SALT, 1) and len(salt_of(SALT, 7)) == 16


def test_a_page_read_from_its_bytes_is_the_same_page():
    page, again = opened(), opened()
    for number in range(4):
        again.add_raw(page.add(reading(160 + 60 * number, METERED)))
    assert again.signed_bytes(AGENT_ID) == page.signed_bytes(AGENT_ID)
    assert again.last_seq == page.last_seq == 44


def test_a_message_holds_envelope_salt_and_records():
    page = opened()
    for number in range(300):
        page.add([record.EVENT, 100000 + number, bytes(number % 30), record.STARTED])
    signed = page.signed_bytes(AGENT_ID)
    protected = b"\xa2\x01\x26\x04\x48" + b"kid-kid-"
    envelope = b"\xd2\x84\x4d" + protected + b"\xa0\x58" + bytes((len(signed),)) + signed + b"\x58\x40" + bytes(64)
    raw = page_message(envelope, SALT, page.records)
    sent = Opened(raw)
    assert (sent.envelope, sent.salt, sent.records) == (envelope, SALT, page.records)
    assert len(raw) <= page.size_bytes


def test_ten_channels_a_minute_cost_less_than_six_bytes_a_number():
    page = opened(0)
    for minute in range(15):
        wave = (minute * 7919) % 211 - 105
        values = {q.ENERGY_IMPORT_WH: 34567890 + 55 * minute, q.POWER_W: 3300 + 3 * wave}
        for phase in range(3):
            values[q.POWER_L1_W + phase] = 1100 + wave
            values[q.CURRENT_L1_MA + phase] = 4800 + 4 * wave
        for phase in range(2):
            values[q.VOLTAGE_L1_MV + phase] = 231000 + 9 * wave
        page.add(reading(60 + 60 * minute, values))
    size_bytes = len(page_message(bytes(186), SALT, page.records))
    assert size_bytes <= 6 * 150, size_bytes
