"""Every way of spoiling one page is found under its own name."""

from __future__ import annotations

import cbor2
import pytest

from tests.tools import evidence as e
from tests.tools.judging import closed, judged, only_fault, open_parts, sealed_again
from tools.verifier import Verifier

BOOT = e.encode(e.boot())


def test_an_edited_byte_of_the_payload_breaks_the_signature():
    maker = e.Maker()
    raw = maker.page()
    parts = open_parts(raw)
    payload = bytearray(parts[2])
    payload[-1] ^= 1
    assert only_fault(closed(raw, [parts[0], {}, bytes(payload), parts[3]]), maker) == "bad_signature"


def test_every_single_bit_of_a_page_is_covered():
    maker = e.Maker()
    raw = maker.page(e.boot(), e.gap(1))
    assert Verifier([maker.public]).add(raw).ok
    for bit in range(len(raw) * 8):
        bent = bytearray(raw)
        bent[bit // 8] ^= 1 << (bit % 8)
        assert not Verifier([maker.public]).add(bytes(bent)).ok, bit


@pytest.mark.parametrize("scalar", [0, 1, 2**256 - 1])
def test_degenerate_signatures_are_refused(scalar):
    maker = e.Maker()
    raw = maker.page()
    signature = scalar.to_bytes(32, "big") * 2
    assert only_fault(closed(raw, [*open_parts(raw)[:3], signature]), maker) == "bad_signature"


def test_a_stranger_s_page_is_refused():
    assert only_fault(e.Maker(5).page(), e.Maker(6)) == "unknown_key"


def test_a_page_of_one_agent_replayed_under_another_key_is_refused():
    victim, thief = e.Maker(5), e.Maker(6)
    raw = victim.page()
    assert only_fault(sealed_again(raw, open_parts(raw)[2], thief), victim, thief) == "wrong_agent"


def test_another_algorithm_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert (
        only_fault(sealed_again(raw, open_parts(raw)[2], maker, header={1: -8, 4: maker.agent}), maker)
        == "wrong_algorithm"
    )


@pytest.mark.parametrize("header", [{1: -7}, {1: -7, 4: b"short"}, {1: -7, 4: bytes(8), 5: 1}, {}])
def test_another_protected_header_is_refused(header):
    maker = e.Maker()
    raw = maker.page()
    assert only_fault(sealed_again(raw, open_parts(raw)[2], maker, header=header), maker) == "envelope_shape"


def test_an_unprotected_header_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert only_fault(sealed_again(raw, open_parts(raw)[2], maker, unprotected={4: b"x"}), maker) == "envelope_shape"


def test_a_der_signature_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert only_fault(closed(raw, [*open_parts(raw)[:3], bytes(70)]), maker) == "envelope_shape"


def test_a_missing_tag_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert only_fault(raw[:1] + raw[2:], maker) == "envelope_shape"


def test_an_envelope_or_part_of_a_page_by_itself_is_refused():
    maker = e.Maker()
    raw = maker.page()
    envelope, salt, records = cbor2.loads(raw)
    for bent in ([envelope, salt], [envelope, salt[1:], records], [envelope, salt, []], [envelope, salt, [[1]]]):
        assert judged([b"" + e.encode(bent)], maker).counts in ({"page_shape": 1}, {"disclosure_shape": 1})
    assert only_fault(e.encode(envelope), maker) == "forbidden_type"


def test_bytes_after_a_page_are_refused():
    maker = e.Maker()
    assert only_fault(maker.page() + b"\x00", maker) == "trailing_bytes"


def test_another_encoding_of_the_same_envelope_is_refused():
    maker = e.Maker()
    raw = maker.page()
    assert raw[:4] == b"\x83\xd2\x84\x4d"
    assert only_fault(b"\x83\xd2\x84\x58\x0d" + raw[4:], maker) == "not_deterministic"
    assert only_fault(b"\x9f" + raw[1:] + b"\xff", maker) == "not_deterministic"


def test_a_signed_payload_in_another_encoding_is_refused():
    maker = e.Maker()
    raw = maker.page()
    payload = open_parts(raw)[2]
    assert payload[:3] == b"\x8c\x01\x01"
    assert only_fault(sealed_again(raw, b"\x8c\x18\x01" + payload[2:], maker), maker) == "not_deterministic"


def test_map_keys_out_of_order_in_a_signed_record_are_refused():
    maker = e.Maker()
    unsorted = bytes.fromhex("87 01 18 3c 18 3c 00 00 a2 0c 01 01 02 a0")
    assert judged([maker.page(raw_records=[BOOT, unsorted])], maker).counts == {"not_deterministic": 1}


def test_a_map_key_twice_in_a_signed_record_is_refused():
    maker = e.Maker()
    twice = bytes.fromhex("87 01 18 3c 18 3c 00 00 a2 0c 01 0c 02 a0")
    assert judged([maker.page(raw_records=[BOOT, twice])], maker).counts == {"not_deterministic": 1}


def test_a_float_in_a_signed_record_is_refused():
    maker = e.Maker()
    record = e.encode([1, 60, 60, 0, 0, {12: 1.5}, {}])
    assert judged([maker.page(raw_records=[BOOT, record])], maker).counts == {"forbidden_type": 1}


def test_a_tag_inside_a_signed_payload_is_refused():
    maker = e.Maker()
    assert only_fault(maker.page(epoch=cbor2.CBORTag(2, b"\x01")), maker) == "forbidden_type"


def test_cut_off_bytes_are_refused():
    maker = e.Maker()
    raw = maker.page()
    for size in range(len(raw)):
        assert only_fault(raw[:size], maker) == "truncated"


def test_a_signed_receipt_is_not_taken_for_a_page():
    maker = e.Maker()
    raw = sealed_again(maker.page(), e.encode([4, 1, maker.agent, 1, bytes(32), 0]), maker)
    assert only_fault(raw, maker) == "wrong_type"


def test_a_later_version_is_not_guessed_at():
    maker = e.Maker()
    assert only_fault(maker.page(version=2), maker) == "unknown_version"


@pytest.mark.parametrize(
    ("name", "bend"),
    [
        ("agent", b"short"),
        ("epoch", -1),
        ("epoch", True),
        ("first_seq", 2**64 - 1),
        ("prev", b""),
        ("root", None),
        ("base_s", "0"),
        ("civil_s", 2**63),
        ("clock_quality", 4),
        ("count", 0),
        ("count", None),
    ],
)
def test_a_field_of_another_shape_is_refused(name, bend):
    maker = e.Maker()
    assert only_fault(maker.page(**{name: bend}), maker) == "header_shape"


def test_a_missing_field_is_refused():
    maker = e.Maker()
    raw = maker.page()
    fields = cbor2.loads(open_parts(raw)[2])
    assert only_fault(sealed_again(raw, e.encode(fields[:-1]), maker), maker) == "header_shape"


def test_records_that_are_not_the_signed_ones_are_refused():
    maker = e.Maker()
    envelope, salt, records = cbor2.loads(maker.page())
    for bent, name in (
        ([salt, records[:-1]], "wrong_count"),
        ([salt, [*records, records[0]]], "wrong_count"),
        ([salt, [records[0], records[2], records[1]]], "wrong_root"),
        ([salt, [*records[:-1], records[-1][:-1] + b"\x01"]], "wrong_root"),
        ([bytes(16), records], "wrong_root"),
    ):
        assert only_fault(e.encode([envelope, *bent]), maker) == name


@pytest.mark.parametrize(
    "record",
    [
        [99, 0],
        [],
        "text",
        [9, 0, 1, 0],
        [9, 0, 9, 1, None],
        [9, 0, 2, -1, None],
        [9, 0, 1, 1, None],
        [9, 0, 3, 0, None],
        [9, 0, 1, 0, 0],
        [1, 60, 60, 0, 4, {1: 1}, {}],
        [1, 60, 60, 0, 0, {}, {}],
        [1, 60, 60, 0, 3, {}, {}],
        [1, 60, 60, 0, 0, {12: -1}, {}],
        [1, 60, 60, 0, 0, {12: None}, {}],
        [1, 60, 60, 0, 0, {1: 1}],
        [1, 60, 60, 0, 0, {1: 1}, {4: 1}],
        [1, 60, 60, 0, 0, {1: 1}, {1: "x"}],
        [1, 60, 60, 0, 0, {1: 1}, {2: None}],
        [1, 60, 60, 0, 0, {1: 1}, {3: False}],
        [13],
        [13, 1],
        [13, 1, 0, None],
        [14, 0, 0, bytes(31), "vpp", 0, 0],
        [14, 0, 0, bytes(32), "vpp", 0, None],
        [15, 0, 3, bytes(65), None],
        [15, 0, 1, bytes(64), None],
        [15, 0, 1, bytes(65), bytes(63)],
        [16, 0, bytes(32), "agg", "", [1], 2, 500, 0, 0],
        [17, 0, bytes(31), 0],
        [17, 0, bytes(32), -1],
        [3, 0, b"short", None, None, 0],
        [3, 0, bytes(32), None, None, 17],
        [4, 0, 0, 6000, 0, 2, "6000", "x"],
        [6, 0, bytes(32), 8],
        [10, 0, None, 1, 1],
        [2, 0, "v", "r", bytes(32), bytes(32), 1, [["a", "m"], ["a", "m"]]],
        [2, 0, "v", "r", bytes(32), bytes(32), 1, [["a"]]],
        [2, 0, "v", "r", bytes(32), bytes(32), [["a", "m"]]],
        [8, 0, 2**63, 2, 0],
    ],
)
def test_a_record_of_another_shape_is_refused(record):
    maker = e.Maker()
    assert judged([maker.page(e.boot(), record)], maker).counts == {"record_shape": 1}
