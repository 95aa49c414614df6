"""Numbers in registers against Fraction and struct, which know nothing of our integer arithmetic."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hal.errors import FrameError, Refused
from hal.modbus import low_first, pdu
from hal.modbus import points as p
from hal.modbus.floats import LARGEST, from_float32, from_float64, to_float32
from hal.modbus.plan import Limits, blocks
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp

FACTORS = st.sampled_from([(1, 1), (1000, 1), (1, 1000), (100, 1), (1, 10), (3600000, 1), (1000, 3), (1, 3600000)])
KINDS = [
    (p.U16, "H", False), (p.S16, "h", False), (p.U32, "I", False), (p.S32, "i", False),
    (p.U64, "Q", False), (p.S64, "q", False), (low_first.U32, "I", True), (low_first.S32, "i", True),
    (low_first.U64, "Q", True), (low_first.S64, "q", True),
]  # fmt: skip


def half_away(number: Fraction) -> int | None:
    """Round as documented; None beyond 64 bits with sign."""
    size = math.floor(abs(number) + Fraction(1, 2))
    if size > LARGEST:
        return None
    return size if number >= 0 else -size


def expected_of(number: float, num: int, den: int) -> int | None:
    return half_away(Fraction(number) * num / den) if math.isfinite(number) else None


@settings(max_examples=1500)
@given(st.integers(0, 0xFFFFFFFF), FACTORS)
@example(0x7F7FFFFF, (1, 3600000))
@example(0x3F000000, (1, 1))
@example(0x00000001, (3600000, 1))
def test_float32_bits_become_exactly_the_rounded_integer(bits, factor):
    (number,) = struct.unpack(">f", bits.to_bytes(4, "big"))
    assert from_float32(bits, *factor) == expected_of(number, *factor)


@settings(max_examples=1500)
@given(
    st.integers(0, 0xFFFFFFFFFFFFFFFF) | st.floats(-1e15, 1e15).map(lambda x: int.from_bytes(struct.pack(">d", x))),
    FACTORS,
)
@example(0x43E0000000000000, (1, 1))
@example(0x43DFFFFFFFFFFFFF, (1, 1))
def test_float64_bits_become_exactly_the_rounded_integer(bits, factor):
    (number,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    assert from_float64(bits, *factor) == expected_of(number, *factor)


@settings(max_examples=800)
@given(st.integers(-(1 << 40), 1 << 40), st.integers(1, 10**7))
@example(1, 3)
@example(16777217, 1)
@example(16777219, 1)
@example((1 << 25) - 1, 1)
def test_what_is_written_as_float32_is_the_nearest_there_is(numerator, denominator):
    exact = Fraction(numerator, denominator)
    bits = to_float32(numerator, denominator)

    def of(pattern: int) -> Fraction:
        return Fraction(struct.unpack(">f", pattern.to_bytes(4, "big"))[0])

    if numerator == 0:
        assert bits == 0
        return
    error = abs(of(bits) - exact)
    for neighbour in (bits - 1, bits + 1):
        assert error < abs(of(neighbour) - exact) or (error == abs(of(neighbour) - exact) and bits % 2 == 0)


@settings(max_examples=800)
@given(st.sampled_from(KINDS), st.binary(min_size=8, max_size=8), FACTORS)
def test_integers_of_every_kind_agree_with_struct(kind, raw, factor):
    word_type, code, low_first = kind
    payload = raw[: 2 * word_type.words]
    ordered = payload
    if low_first:
        ordered = b"".join(payload[at : at + 2] for at in range(len(payload) - 2, -1, -2))
    (number,) = struct.unpack(">" + code, ordered)
    num, den = factor
    (block,) = blocks((p.Point(7, word_type, 1, num, den),), Limits(3, 125, 0, False))
    found: dict[int, int] = {}
    block.decode(payload, found)
    assert found.get(1) == half_away(Fraction(number) * num / den)


@settings(max_examples=400)
@given(st.integers(-0x8000, 0x7FFF), st.integers(-12, 12))
def test_scale_factors_agree_with_fractions(raw, exponent):
    (block,) = blocks((p.Point(0, p.S16, 1, num=1000, scale_at=1),), Limits(3, 125, 0, False))
    found: dict[int, int] = {}
    block.decode(struct.pack(">hh", raw, exponent), found)
    assert found.get(1) == (half_away(raw * 1000 * Fraction(10) ** exponent) if -10 <= exponent <= 10 else None)


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=25), st.data()
)
def test_any_table_reads_every_point_once_and_in_bounds(rows, data):
    gap_max, even = data.draw(st.integers(0, 40)), data.draw(st.booleans())
    taken: set[int] = set()
    table = []
    for number, (address, (word_type, _, _), optional) in enumerate(rows):
        span = set(range(address, address + word_type.words))
        if span & taken:
            continue
        taken |= span
        table.append(p.Point(address, word_type, number + 1, optional=optional))
    try:
        made = blocks(tuple(table), Limits(3, 80, gap_max, even))
    except ValueError:
        assume(False)
    memory = bytes((at * 7) & 0x7F for at in range(2 * 400))
    found: dict[int, int] = {}
    for block in made:
        assert block.count <= 80
        assert not even or (block.address % 2 == 0 and block.count % 2 == 0)
        block.decode(memory[2 * block.address : 2 * (block.address + block.count)], found)
    assert set(found) == {point.quantity for point in table}
    for point in table:
        (alone,) = blocks((point,), Limits(3, 80, 0, False))
        single: dict[int, int] = {}
        alone.decode(memory[2 * point.address : 2 * (point.address + point.kind.words)], single)
        assert single[point.quantity] == found[point.quantity]


@settings(max_examples=1500)
@given(st.binary(max_size=60), st.integers(1, 10))
def test_whatever_comes_is_an_answer_or_an_error_of_ours(noise, count):
    asked = pdu.read(3, 0, count)
    rtu, tcp = Rtu().request(1, asked), Tcp().request(1, asked)
    head = tcp.begin()[:4]
    for request, frame in (
        (rtu, noise),
        (tcp, noise),
        (tcp, head + noise),
        (tcp, head + bytes((0, 3 + 2 * count, 1)) + noise),
    ):
        try:
            assert request.missing(frame) >= 0
            registers = request.payload(frame)
        except (FrameError, Refused):
            continue
        assert len(registers) == 2 * count
