"""The quick way through common bytes and the strict walk agree with each other and with the general decoder."""

from __future__ import annotations

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools import evidence as e
from tools import wire
from tools.strict import NotStrict, check_whole, decode, item_size
from tools.verifier.page import open_page, page_size

NUMBERS = st.integers(-(1 << 64), (1 << 64) - 1)
PLAIN = st.one_of(NUMBERS, st.binary(max_size=300), st.text(max_size=300), st.booleans(), st.none())
MAPS = st.dictionaries(st.integers(0, (1 << 64) - 1), PLAIN, max_size=30)
ITEMS = st.recursive(st.one_of(PLAIN, MAPS), lambda inner: st.lists(inner, max_size=30), max_leaves=40)


def walked(raw: bytes) -> object:
    check_whole(raw)
    return cbor2.loads(raw)


def fault_of(raw: bytes, read) -> str:
    try:
        return repr(read(raw))
    except NotStrict as wrong:
        return wrong.fault


@given(ITEMS)
@settings(max_examples=150, deadline=None)
def test_strict_items_are_decoded_as_by_the_general_decoder(item):
    raw = cbor2.dumps(item, canonical=True)
    assert repr(decode(raw)) == repr(walked(raw))


@given(st.lists(st.one_of(PLAIN, MAPS), max_size=24), st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_spoilt_items_get_the_same_answer_both_ways(items, at, bent):
    raw = bytearray(cbor2.dumps(items, canonical=True))
    raw[at % len(raw)] = bent
    for spoilt in (bytes(raw), bytes(raw[: at % len(raw)]), bytes(raw) + b"\x00"):
        assert fault_of(spoilt, decode) == fault_of(spoilt, walked)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_get_the_same_answer_both_ways(raw):
    assert fault_of(raw, decode) == fault_of(raw, walked)


def test_pages_of_every_size_are_cut_as_the_walk_reads_them():
    maker = e.Maker()
    for count in (1, 2, 22, 23, 24, 25, 255, 256, 300):
        for size_bytes in (0, 1, 19, 20, 21, 100):
            record = e.encode([9, 0, 1, 0, None])
            extra = e.encode(["x" * size_bytes])
            raw = maker.page(raw_records=[extra, *[record] * (count - 1)])
            assert page_size(raw + b"\x83", 0) == len(raw)
            opened = open_page(raw)
            sealed, salt, records = cbor2.loads(raw)
            assert (opened.salt, opened.records) == (salt, records)
            assert opened.envelope == wire.envelope_of(sealed)


def test_a_spoilt_page_is_never_cut_shorter_or_longer_than_the_walk_reads_it():
    raw = e.Maker().page()
    for at in range(len(raw)):
        for flip in (1, 2, 4, 8, 16, 32, 64, 128):
            bent = bytearray(raw)
            bent[at] ^= flip
            found = page_size(bytes(bent) + raw, 0)
            assert not found or found == item_size(bytes(bent) + raw, wire.PAGE_BYTES_MAX, wire.COSE_SIGN1, tag_at=1)
