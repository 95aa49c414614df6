"""The codec against cbor2, the standard's own lists, and noise; on both runtimes.

Source: RFC 8949 appendices A and F.1 (../shared/data/cbor). cbor2's `canonical` sorts map keys by length first, which
agrees with RFC 8949 section 4.2.1 for the unsigned keys that are allowed here.
"""

from __future__ import annotations

import json
import random
import tracemalloc

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cbor import CborError, decode, encode
from tests.codec.board import ask
from tests.needs import shared_data

WORD = (1 << 64) - 1
SEED = 20260705
# Empty containers, the shortest strings and wide numbers: what takes most memory for its bytes.
UNITS = ("80", "a0", "8180", "4100", "6161", "1bffffffffffffffff", "8181818181818100")

leaves = (
    st.integers(min_value=-WORD - 1, max_value=WORD)
    | st.integers(min_value=-300, max_value=300)
    | st.booleans()
    | st.none()
    | st.binary(max_size=300)
    | st.text(max_size=40)
)
items = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.integers(min_value=0, max_value=WORD), inner, max_size=6)
    ),
    max_leaves=25,
).filter(lambda item: depth(item) <= 8)


def depth(item):
    if type(item) not in (list, dict):
        return 0
    inner = item.values() if type(item) is dict else item
    return 1 + max(map(depth, inner), default=0)


def allowed(item):
    """Tell whether an item that cbor2 read has a place on our wire."""
    if item is None or type(item) in (bool, bytes, str):
        return True
    if type(item) is int:
        return -WORD - 1 <= item <= WORD
    if type(item) is list:
        return all(map(allowed, item))
    return type(item) is dict and all(type(key) is int and key >= 0 and allowed(item[key]) for key in item)


def verdict(raw):
    """Answer as board_answers.py does."""
    try:
        return encode(decode(raw)).hex()
    except CborError as fault:
        return f"{fault.args[0]} @ {fault.args[1]}"


def is_only_spelling(raw):
    """Tell by cbor2 alone whether `raw` is the one encoding of an allowed item."""
    try:
        item = cbor2.loads(raw)
    except Exception:  # noqa: BLE001  (whatever the oracle says no with)
        return False
    return allowed(item) and depth(item) <= 8 and cbor2.dumps(item, canonical=True) == raw


def appendix_a():
    rows = json.loads(shared_data("cbor", "rfc7049_appendix_a.json").read_text())
    return [bytes.fromhex(row["hex"]) for row in rows]


def not_well_formed():
    rows = json.loads(shared_data("cbor", "rfc8949_not_well_formed_a.json").read_text())["items"]
    return [bytes.fromhex(row["hex"]) for row in rows]


def damaged(seed, count):
    """Return encodings with a few bytes changed, dropped or added, and pure noise; the same for the same seed."""
    dice = random.Random(seed)
    page = [1, 1, bytes(8), 7, 3000, {1: -5, 40: 1 << 40, 300: None}, [True, "\u00fcber", [[]]], bytes(range(30))]
    corpus = []
    for _ in range(count):
        raw = bytearray(cbor2.dumps(dice.sample(page, 5), canonical=True))
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(raw))
            raw[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            raw = raw or bytearray(1)
        corpus.append(bytes(raw))
        corpus.append(dice.randbytes(dice.randrange(1, 12)))
    return corpus


def test_appendix_a_is_read_where_it_is_the_one_spelling_and_refused_elsewhere():
    read = 0
    for raw in appendix_a():
        if is_only_spelling(raw):
            assert decode(raw) == cbor2.loads(raw)
            assert encode(cbor2.loads(raw)) == raw
            read += 1
        else:
            with pytest.raises(CborError):
                decode(raw)
    assert read >= 30


def test_nothing_that_is_not_well_formed_is_read():
    rows = not_well_formed()
    assert len(rows) > 40
    for raw in rows:
        with pytest.raises(CborError):
            decode(raw)


def test_a_board_gives_the_same_verdicts_with_the_same_faults():
    corpus = appendix_a() + not_well_formed() + damaged(SEED, 300)
    answers = ask([["decode", raw.hex()] for raw in corpus], heap="160K")
    for raw, answer in zip(corpus, answers, strict=True):
        assert answer == verdict(raw), raw.hex()


@given(items)
@settings(max_examples=300, deadline=None)
def test_bytes_are_those_of_cbor2(item):
    raw = cbor2.dumps(item, canonical=True)
    assert encode(item) == raw
    assert decode(raw) == item
    assert cbor2.loads(encode(item)) == item


def test_a_board_writes_the_bytes_of_cbor2():
    dice = random.Random(SEED)
    corpus = [cbor2.dumps([dice.randrange(-(1 << bits), 1 << bits)] * 2, canonical=True) for bits in range(65)]
    for keys in range(40):
        pairs = {dice.getrandbits(dice.randrange(1, 65)): key for key in range(keys)}
        corpus.append(cbor2.dumps(pairs, canonical=True))
    assert ask([["decode", raw.hex()] for raw in corpus]) == [raw.hex() for raw in corpus]


@given(st.binary(max_size=64))
@settings(max_examples=500, deadline=None)
def test_noise_is_refused_or_is_the_one_spelling(raw):
    try:
        item = decode(raw)
    except CborError:
        assert not is_only_spelling(raw)
        return
    assert encode(item) == raw
    assert cbor2.loads(raw) == item


def test_damage_is_refused_or_is_the_one_spelling():
    for raw in damaged(SEED + 1, 1000):
        try:
            item = decode(raw)
        except CborError:
            assert not is_only_spelling(raw), raw.hex()
        else:
            assert encode(item) == raw


@pytest.mark.parametrize("first", [0x5B, 0x7B, 0x9B, 0xBB, 0xDB, 0x5A, 0x7A, 0x9A, 0xBA])
@pytest.mark.parametrize("size", ["ffffffffffffffff", "0000000100000000", "7fffffffffffffff", "7ffffffff0000000"])
def test_nine_bytes_take_no_memory(first, size):
    bomb = bytes([first]) + bytes.fromhex(size)
    assert peak_of(bomb) < 4096
    assert peak_of(b"\x82" + bomb) < 4096


@pytest.mark.parametrize("unit", UNITS)
def test_four_thousand_hostile_bytes_take_bounded_memory(unit):
    assert peak_of(repeated(unit)) < 150_000


def test_four_thousand_hostile_bytes_cannot_fill_the_heap_of_a_board():
    questions = [["decode", repeated(unit).hex(), 64] for unit in UNITS]
    answers = ask(questions, heap="96K")
    assert [answer.partition(" @")[0] for answer in answers] == ["too many items"] * len(UNITS)


def repeated(unit):
    """Return an array of about 4000 bytes with nothing but `unit` in it."""
    count = 4000 // (len(unit) // 2)
    return b"\x99" + count.to_bytes(2, "big") + bytes.fromhex(unit) * count


def peak_of(raw):
    tracemalloc.start()
    try:
        decode(raw)
    except CborError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak
