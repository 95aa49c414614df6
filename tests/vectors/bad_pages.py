"""Vectors whose records are not what was signed, or not in the one encoding that the format allows."""

from __future__ import annotations

import struct

from tests.vectors.bad_files import flipped
from tests.vectors.case import Case, case, vector
from tests.vectors.maker import Agent, array_head, encode, reading


@vector
def record_edited() -> Case:
    """One digit of a reading is another one."""
    agent = Agent()
    page = agent.page()
    edited = [*page.records[:2], encode(reading(120, measured={1: 480, 12: 1015}))]
    return case(agent, [page.raw(records=edited)], [("wrong_root", agent, 0)])


@vector
def bit_of_a_record_flipped() -> Case:
    """One bit of the boot record is another one."""
    agent = Agent()
    page = agent.page()
    place = page.records[0].index(b"cpython")
    edited = [flipped(page.records[0], place), *page.records[1:]]
    return case(agent, [page.raw(records=edited)], [("wrong_root", agent, 0)])


@vector
def bit_of_the_salt_flipped() -> Case:
    """With another salt the records do not hash to what was signed."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(salt=flipped(page.salt, 0))], [("wrong_root", agent, 0)])


@vector
def root_that_never_fitted() -> Case:
    """The agent signed a root that is not its records'."""
    agent = Agent()
    return case(agent, [agent.page(root=bytes(32))], [("wrong_root", agent, 0)])


@vector
def records_changed_places() -> Case:
    """Two records stand in each other's place."""
    agent = Agent()
    page = agent.page()
    boot, one, two = page.records
    return case(agent, [page.raw(records=[boot, two, one])], [("wrong_root", agent, 0)])


@vector
def last_record_left_out() -> Case:
    """A page shown with fewer records than were signed."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(records=page.records[:-1])], [("wrong_count", agent, 0)])


@vector
def record_added() -> Case:
    """A page shown with a record more than was signed."""
    agent = Agent()
    page = agent.page()
    added = [*page.records, encode(reading(180, measured={12: 9999}))]
    return case(agent, [page.raw(records=added)], [("wrong_count", agent, 0)])


@vector
def last_record_twice() -> Case:
    """The weakness of trees that double an odd leaf: the last record shown twice."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(records=[*page.records, page.records[-1]])], [("wrong_count", agent, 0)])


@vector
def count_that_never_fitted() -> Case:
    """The agent signed a count that is not its records'."""
    agent = Agent()
    return case(agent, [agent.page(count=4)], [("wrong_count", agent, 0)])


@vector
def records_of_another_page() -> Case:
    """The header of one page over salt and records of another."""
    agent = Agent()
    first, second = agent.pages(2)
    swapped = first.raw(salt=second.salt, records=second.records)
    return case(agent, [swapped], [("wrong_count", agent, 0)])


def _record(raw: bytes, fault: str) -> Case:
    """A signed page whose third record is these bytes."""
    agent = Agent()
    return case(agent, [agent.page(agent.boot(), agent.metered(60), raw)], [(fault, agent, 2)])


@vector
def integer_in_a_long_form() -> Case:
    """120 written in three bytes in place of two."""
    return _record(bytes.fromhex("8701190078183c0000a10105a0"), "not_deterministic")


@vector
def small_integer_in_a_long_form() -> Case:
    """5 written in two bytes in place of one."""
    return _record(bytes.fromhex("87011878183c0000a1011805a0"), "not_deterministic")


@vector
def length_in_a_long_form() -> Case:
    """The array's length written in two bytes in place of one."""
    return _record(bytes.fromhex("9807011878183c0000a10105a0"), "not_deterministic")


@vector
def integer_of_eight_bytes_for_none() -> Case:
    """120 written in nine bytes."""
    return _record(bytes.fromhex("87011b0000000000000078183c0000a10105a0"), "not_deterministic")


@vector
def keys_out_of_order() -> Case:
    """Quantity 12 before quantity 1."""
    return _record(bytes.fromhex("87011878183c0000a20c1904000105a0"), "not_deterministic")


@vector
def key_twice() -> Case:
    """Quantity 1 with two answers: readers would take different ones."""
    return _record(bytes.fromhex("87011878183c0000a201050106a0"), "not_deterministic")


@vector
def array_of_no_stated_length() -> Case:
    """An indefinite array."""
    return _record(bytes.fromhex("9f011878183c0000a10105a0ff"), "not_deterministic")


@vector
def map_of_no_stated_length() -> Case:
    """An indefinite map."""
    return _record(bytes.fromhex("87011878183c0000bf0105ffa0"), "not_deterministic")


@vector
def text_in_pieces() -> Case:
    """A text of indefinite length, in pieces."""
    return _record(bytes.fromhex("8505000100") + bytes.fromhex("7f61616162ff"), "not_deterministic")


@vector
def bytes_in_pieces() -> Case:
    """A byte string of indefinite length, in pieces."""
    return _record(bytes.fromhex("8406005f") + b"\x58\x20" + bytes(32) + bytes.fromhex("ff02"), "not_deterministic")


@vector
def half_float() -> Case:
    """1.5 in two bytes."""
    return _record(bytes.fromhex("87011878183c0000a101f93e00a0"), "forbidden_type")


@vector
def single_float() -> Case:
    """A power in four bytes."""
    raw = bytes.fromhex("87011878183c0000a101fa") + struct.pack(">f", 480.1) + b"\xa0"
    return _record(raw, "forbidden_type")


@vector
def double_float() -> Case:
    """A register in eight bytes."""
    raw = bytes.fromhex("87011878183c0000a10cfb") + struct.pack(">d", 1024.0) + b"\xa0"
    return _record(raw, "forbidden_type")


@vector
def undefined_item() -> Case:
    """A set-point that is undefined in place of null."""
    return _record(bytes.fromhex("85050001f76161"), "forbidden_type")


@vector
def unknown_simple_item() -> Case:
    """Simple value 16, which nobody ever defined."""
    return _record(bytes.fromhex("85050001f06161"), "forbidden_type")


@vector
def simple_item_in_two_bytes() -> Case:
    """Simple value 255, in two bytes."""
    return _record(bytes.fromhex("85050001f8ff6161"), "forbidden_type")


@vector
def tagged_integer() -> Case:
    """A tag before the time."""
    return _record(bytes.fromhex("8701c11878183c0000a10105a0"), "forbidden_type")


@vector
def big_number_tag() -> Case:
    """A number beyond 64 bits as tag 2."""
    return _record(bytes.fromhex("87011878183c0000a101c249010000000000000000a0"), "forbidden_type")


@vector
def key_that_is_text() -> Case:
    """A quantity named by a word."""
    return _record(bytes.fromhex("87011878183c0000a1617005a0"), "forbidden_type")


@vector
def key_that_is_negative() -> Case:
    """Quantity -1."""
    return _record(bytes.fromhex("87011878183c0000a12005a0"), "forbidden_type")


@vector
def text_that_is_not_utf8() -> Case:
    """A source whose bytes are no text."""
    return _record(bytes.fromhex("850500010062c328"), "malformed")


@vector
def text_with_a_surrogate() -> Case:
    """A source with half of a UTF-16 pair in three bytes."""
    return _record(bytes.fromhex("850500010063eda080"), "malformed")


@vector
def text_in_a_longer_spelling() -> Case:
    """A slash spelled in two bytes: what no UTF-8 reader may take."""
    return _record(bytes.fromhex("850500010062c0af"), "malformed")


@vector
def reserved_head() -> Case:
    """A head that CBOR keeps for the future."""
    return _record(bytes.fromhex("8505001c0000"), "malformed")


@vector
def too_deep() -> Case:
    """Nine arrays in one another."""
    return _record(b"\x81" * 9 + b"\x00", "too_deep")


@vector
def deep_as_a_bomb() -> Case:
    """Ten thousand arrays in one another: a reader must not recurse."""
    return _record(b"\x81" * 10_000 + b"\x00", "too_deep")


@vector
def record_cut_short() -> Case:
    """A signed record that ends inside an item."""
    return _record(bytes.fromhex("87011878183c0000a10c1904"), "truncated")


@vector
def record_of_no_bytes() -> Case:
    """A signed record of no bytes."""
    return _record(b"", "truncated")


@vector
def record_with_more_behind_it() -> Case:
    """A whole record and one byte more."""
    return _record(encode(reading(120)) + b"\x00", "trailing_bytes")


@vector
def record_that_claims_a_huge_array() -> Case:
    """Five bytes that claim 2^32 - 1 elements."""
    return _record(bytes.fromhex("9affffffff"), "oversize")


@vector
def record_that_claims_a_huge_text() -> Case:
    """A text of 2^40 bytes that is not there."""
    return _record(bytes.fromhex("85050001007b0000010000000000"), "oversize")


@vector
def header_not_deterministic() -> Case:
    """The signed header itself with its version in two bytes."""
    agent = Agent()
    page = agent.page()
    assert page.payload.startswith(bytes.fromhex("8c0101"))
    longer = bytes.fromhex("8c011801") + page.payload[3:]
    return case(agent, [page.raw(envelope=agent.key.seal(longer))], [("not_deterministic", agent)])


@vector
def header_with_more_behind_it() -> Case:
    """The signed header and one byte more."""
    agent = Agent()
    page = agent.page()
    return case(agent, [page.raw(envelope=agent.key.seal(page.payload + b"\x00"))], [("trailing_bytes", agent)])


@vector
def page_not_deterministic() -> Case:
    """The list of records, which is not signed itself, with its length in two bytes."""
    agent = Agent()
    page = agent.page()
    records = encode(page.records)
    raw = page.raw()[: -len(records)] + b"\x98\x03" + records[1:]
    return case(agent, [raw], ["not_deterministic"])


@vector
def list_of_records_too_long() -> Case:
    """The list claims a record more than there is."""
    agent = Agent()
    page = agent.page()
    records = encode(page.records)
    raw = page.raw()[: -len(records)] + array_head(4) + records[1:]
    return case(agent, [raw], ["truncated"])
