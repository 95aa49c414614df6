"""Deterministic CBOR: one spelling for each item, and a stranger's bytes cannot hurt.

Source: RFC 8949 appendix A (examples), appendix F.1 (not well-formed items), section 4.2.1 (deterministic encoding).
"""

from __future__ import annotations

from agent.cbor import BYTES, CborError, decode, encode, head

SAME_BOTH_WAYS = (
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("18ff", 255),
    ("190100", 256),
    ("1903e8", 1000),
    ("19ffff", 65535),
    ("1a00010000", 65536),
    ("1a000f4240", 1000000),
    ("1affffffff", 4294967295),
    ("1b0000000100000000", 4294967296),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("20", -1),
    ("3863", -100),
    ("3903e7", -1000),
    ("3bffffffffffffffff", -18446744073709551616),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
)

REFUSED = (
    ("", "ends early"),
    ("18", "ends early"),
    ("1b01020304050607", "ends early"),
    ("1817", "not the shortest head"),
    ("190018", "not the shortest head"),
    ("1900ff", "not the shortest head"),
    ("1a0000ffff", "not the shortest head"),
    ("1b00000000ffffffff", "not the shortest head"),
    ("580100", "not the shortest head"),
    ("9800", "not the shortest head"),
    ("1c", "reserved head"),
    ("5f4100ff", "indefinite length"),
    ("7f6100ff", "indefinite length"),
    ("9f00ff", "indefinite length"),
    ("bf0000ff", "indefinite length"),
    ("ff", "indefinite length"),
    ("4100", None),
    ("41", "length exceeds the input"),
    ("5affffffff00", "length exceeds the input"),
    ("81", "length exceeds the input"),
    ("8200", "length exceeds the input"),
    ("a1", "length exceeds the input"),
    ("a20102", "length exceeds the input"),
    ("0000", "bytes after the item"),
    ("a201000100", "map keys are not in order"),
    ("a202000100", "map keys are not in order"),
    ("a12000", "map key is not unsigned"),
    ("a1616100", "map key is not unsigned"),
    ("c000", "tag"),
    ("d28443a10126a0", "tag"),
    ("f7", "float or unknown simple value"),
    ("f0", "float or unknown simple value"),
    ("f820", "float or unknown simple value"),
    ("f97e00", "float or unknown simple value"),
    ("fa47c35000", "float or unknown simple value"),
    ("fb3ff199999999999a", "float or unknown simple value"),
    ("62c328", "text is not UTF-8"),
    ("62c080", "text is not UTF-8"),
    ("63eda080", "text is not UTF-8"),
    ("64f4908080", "text is not UTF-8"),
    ("61c3", "text is not UTF-8"),
    ("6180", "text is not UTF-8"),
)


def fault_of(work, item):
    try:
        work(item)
    except CborError as fault:
        return fault.args[0]
    return None


def test_each_item_has_the_encoding_of_the_standard():
    for as_hex, item in SAME_BOTH_WAYS:
        assert encode(item) == bytes.fromhex(as_hex), as_hex


def test_each_item_is_read_back_with_its_type():
    for as_hex, item in SAME_BOTH_WAYS:
        found = decode(bytes.fromhex(as_hex))
        assert found == item, as_hex
        assert type(found) is type(item), as_hex


def test_every_other_spelling_is_refused_by_name():
    for as_hex, wanted in REFUSED:
        assert fault_of(decode, bytes.fromhex(as_hex)) == wanted, as_hex


def test_a_fault_names_the_offset_of_the_bad_item():
    try:
        decode(b"\x82\x01\x18\x01")
    except CborError as fault:
        assert fault.args[1] == 2
        return
    raise AssertionError("accepted")


def test_nine_bytes_that_ask_for_everything_are_refused_before_anything_is_made():
    for major in (0x40, 0x60, 0x80, 0xA0):
        bomb = bytes([major | 27]) + b"\xff" * 8
        assert fault_of(decode, bomb) == "length exceeds the input"
        assert fault_of(decode, bytes([major | 26]) + b"\x7f\xff\xff\xff") == "length exceeds the input"


def test_depth_is_bounded_both_ways():
    item = []
    for _ in range(7):
        item = [item]
    assert decode(encode(item)) == item
    assert fault_of(encode, [item]) == "too deep"
    assert fault_of(decode, b"\x81" * 8 + b"\x80") == "too deep"
    assert fault_of(decode, b"\x81" * 4000 + b"\x80") == "too deep"
    assert fault_of(decode, b"\xa1\x00" * 2000 + b"\xa0") == "too deep"


def test_a_list_that_holds_itself_is_refused():
    item = []
    item.append(item)
    assert fault_of(encode, item) == "too deep"


def test_items_are_bounded_so_that_a_small_message_cannot_fill_the_heap():
    many = head(0x80, 4000) + b"\x80" * 4000
    assert fault_of(decode, many) == "too many items"
    assert len(decode(many, items_max=4001)) == 4000


def test_map_keys_are_sorted_by_their_encoding():
    assert encode({256: 1, 24: 2, 0: 3, 23: 4}) == bytes.fromhex("a40003170418180219010001")


def test_what_has_no_place_on_the_wire_is_not_encoded():
    assert fault_of(encode, 1 << 64) == "over 64 bits"
    assert fault_of(encode, -(1 << 64) - 1) == "over 64 bits"
    assert fault_of(encode, {-1: 0}) == "map key is not unsigned"
    assert fault_of(encode, {"a": 0}) == "map key is not unsigned"
    assert fault_of(encode, {True: 0}) == "map key is not unsigned"
    assert fault_of(encode, {1 << 64: 0}) == "over 64 bits"
    assert fault_of(encode, chr(0xD800)) == "text is not UTF-8"
    assert fault_of(encode, bytearray(b"a")) == "no such type on the wire"
    assert fault_of(encode, object()) == "no such type on the wire"


def test_a_tuple_is_an_array():
    assert encode((1, (2,))) == encode([1, [2]])


def test_a_head_is_the_shortest():
    assert head(BYTES, 13) == b"\x4d"
    assert head(BYTES, 4096) == b"\x59\x10\x00"
