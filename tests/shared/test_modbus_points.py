"""Registers to exact integers and back, in integer arithmetic."""

from __future__ import annotations

from hal.modbus import low_first
from hal.modbus import points as p
from hal.modbus.floats import from_float32, from_float64, rounded, to_float32
from hal.modbus.plan import Limits, blocks
from hal.modbus.points import Point

HOLDING = Limits(3, 125, 0, False)


def refuses(call, *arguments):
    try:
        call(*arguments)
    except ValueError:
        return True
    return False


def decoded(point, payload, limits=HOLDING):
    (block,) = blocks((point,), limits)
    numbers = {}
    block.decode(payload, numbers)
    return numbers.get(point.quantity)


def test_floats_that_makers_print():
    assert from_float32(0x43663334, 1000, 1) == 230200  # 230.2 V
    assert from_float32(0x44598000, 1000, 1) == 870000
    assert from_float32(0xC3F84000, 1, 1) == -497  # -496.5 W, half away from zero
    assert from_float32(0x43F84000, 1, 1) == 497
    assert from_float64(0x405EDD2F1A9FBE77, 1000, 1) == 123456  # 123.456


def test_a_board_counts_the_same_watt_hours_as_a_gateway():
    assert from_float64(0x419D6F3454000000, 1, 1) == 123456789
    # 123456.773 kWh is 0x47F12063 in single floats: what is kept is exactly what the four bytes say.
    assert from_float32(0x47F12063, 1000, 1) == 123456773


def test_not_a_number_infinity_and_the_incredible_are_missing():
    for bits in (0x7FC00000, 0xFFFFFFFF, 0x7F800000, 0xFF800000, 0x7F7FFFFF):
        assert from_float32(bits, 1, 1) is None
    for bits in (0x7FF8000000000000, 0xFFFFFFFFFFFFFFFF, 0x7FF0000000000000, 0x7FEFFFFFFFFFFFFF):
        assert from_float64(bits, 1, 1) is None
    assert from_float32(0x5F000000, 1, 1) is None  # 2**63
    assert from_float32(0x5EFFFFFF, 1, 1) == 0xFFFFFF << 39


def test_zero_negative_zero_and_the_tiniest():
    for bits in (0, 0x80000000, 1, 0x80000001, 0x00800000):
        assert from_float32(bits, 1000000, 1) == 0
    for bits in (0, 1 << 63, 1, 1 << 52):
        assert from_float64(bits, 1000000, 1) == 0
    assert from_float32(0x3F000000, 1, 1) == 1  # 0.5
    assert from_float32(0xBF000000, 1, 1) == -1
    assert from_float32(0x3EFFFFFF, 1, 1) == 0


def test_rounding_is_half_away_from_zero():
    for numerator, denominator, expected in ((5, 10, 1), (-5, 10, -1), (4, 10, 0), (-4, 10, 0), (15, 10, 2), (0, 7, 0)):
        assert rounded(numerator, denominator) == expected


def test_integers_of_every_width_sign_and_word_order():
    for kind, payload, expected in (
        (p.U16, b"\xff\xfe", 0xFFFE),
        (p.S16, b"\xff\xfe", -2),
        (p.U32, b"\x01\x02\x03\x04", 0x01020304),
        (p.S32, b"\xff\xff\xff\xfe", -2),
        (p.U64, b"\x01\x02\x03\x04\x05\x06\x07\x08", 0x0102030405060708),
        (p.S64, b"\xff" * 7 + b"\xfe", -2),
        (low_first.U32, b"\x03\x04\x01\x02", 0x01020304),
        (low_first.S32, b"\xff\xfe\xff\xff", -2),
        (low_first.S32, b"\x00\x02\x00\x00", 2),
        (low_first.U64, b"\x07\x08\x05\x06\x03\x04\x01\x02", 0x0102030405060708),
        (low_first.S64, b"\xff\xfe" + b"\xff" * 6, -2),
        (low_first.F32, b"\x33\x34\x43\x66", 230),
        (low_first.F64, b"\x00\x00\x54\x00\x6f\x34\x41\x9d", 123456789),
    ):
        assert decoded(Point(100, kind, 1), payload) == expected, (kind.code, payload)


def test_a_counter_that_does_not_fit_is_missing():
    assert decoded(Point(0, p.U64, 1), b"\xff" * 8) is None
    assert decoded(Point(0, p.U64, 1), b"\x7f" + b"\xff" * 7) == (1 << 63) - 1
    assert decoded(Point(0, p.U64, 1, num=2), b"\x7f" + b"\xff" * 7) is None


def test_factors_are_exact():
    assert decoded(Point(0, p.S16, 1, num=100), b"\xff\xff") == -100
    assert decoded(Point(0, p.U32, 1, den=10), b"\x00\x00\x00\x0f") == 2
    assert decoded(Point(0, p.S16, 1, den=10), b"\xff\xf1") == -2
    assert decoded(Point(0, p.U32, 1, num=1000, den=3), b"\xff\xff\xff\xff") == rounded(0xFFFFFFFF * 1000, 3)


def test_what_a_product_does_not_implement_is_missing():
    for code, words, absent, payload, neighbour in (
        ("H", 1, 0xFFFF, b"\xff\xff", b"\xff\xfe"),
        ("h", 1, 0x8000, b"\x80\x00", b"\x80\x01"),
        ("I", 2, 0xFFFFFFFF, b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe"),
        ("i", 2, 0x80000000, b"\x80\x00\x00\x00", b"\x80\x00\x00\x01"),
        ("I", 2, 0, b"\x00\x00\x00\x00", b"\x00\x00\x00\x01"),
    ):
        kind = p.WordType(code, words, absent=absent)
        assert decoded(Point(0, kind, 1), payload) is None
        assert decoded(Point(0, kind, 1), neighbour) is not None
    swapped = p.WordType("i", 2, True, 0x80000000)
    assert decoded(Point(0, swapped, 1), b"\x00\x00\x80\x00") is None
    assert decoded(Point(0, swapped, 1), b"\x00\x01\x80\x00") == -0x7FFFFFFF


def test_scale_factors_lie_in_registers():
    point = Point(0, p.S16, 1, num=1000, scale_at=1)
    for payload, expected in (
        (b"\x00\x17\xff\xff", 2300),
        (b"\xff\xe9\xff\xff", -2300),
        (b"\x00\x17\x00\x0a", 23 * 1000 * 10**10),
        (b"\x00\x17\xff\xf6", 0),
        (b"\x00\x17\x00\x0b", None),
        (b"\x00\x17\xff\xf5", None),
        (b"\x00\x17\x80\x00", None),
    ):
        assert decoded(point, payload) == expected
    before = Point(3, p.U16, 1, scale_at=0)
    assert decoded(before, b"\x00\x02\x55\x55\x55\x55\x00\x07") == 700


def test_strings_masks_and_names():
    states = {"A": 1, "C2": 3}
    point = Point(0, p.text(5), 1, names=states)
    assert decoded(point, b"C2\x00\x00\x00\x00\x00\x00\x00\x00") == 3
    assert decoded(point, b"A         ") == 1
    assert decoded(point, b"Z\x00\x00\x00\x00\x00\x00\x00\x00\x00") is None
    assert decoded(Point(0, p.U16, 1, mask=0x30), b"\xff\xef") == 2
    assert decoded(Point(0, p.U16, 1, names={7: 1}), b"\x00\x07") == 1
    assert decoded(Point(0, p.U16, 1, names={7: 1}), b"\x00\x08") is None


def test_bits_of_a_coil_block():
    limits = Limits(1, 125, 0, False)
    (block,) = blocks((Point(19, p.BIT, 1), Point(20, p.BIT, 2), Point(27, p.BIT, 3)), Limits(1, 125, 8, False))
    assert (block.function, block.address, block.count) == (1, 19, 9)
    numbers = {}
    block.decode(b"\xcd\x00", numbers)
    assert numbers == {1: 1, 2: 0, 3: 0}
    assert decoded(Point(0, p.BIT, 1), b"\x01", limits) == 1


def test_numbers_go_back_into_registers():
    assert Point(1210, p.F32, 1, num=1000).words(6000) == (0x40C0, 0x0000)
    assert Point(0, p.F32, 1, num=1000).words(0) == (0, 0)
    assert Point(0, p.F32, 1, num=1000).words(-100) == (0xBDCC, 0xCCCD)
    assert Point(0, low_first.F32, 1, num=1000).words(230200) == (0x3333, 0x4366)
    assert Point(0, p.U16, 1, num=100).words(21500) == (215,)
    assert Point(0, p.S16, 1, num=100).words(-500) == (0xFFFB,)
    assert Point(0, p.U32, 1).words(0x12345) == (1, 0x2345)
    assert Point(0, low_first.U32, 1).words(0x12345) == (0x2345, 1)
    assert Point(0, p.S32, 1).words(-1) == (0xFFFF, 0xFFFF)


def test_what_does_not_fit_is_not_written():
    for kind, number in ((p.U16, -1), (p.U16, 65536), (p.S16, 32768), (p.S16, -32769), (p.U32, -1), (p.U32, 1 << 32)):
        assert refuses(Point(0, kind, 1).words, number), (kind.code, number)
    for point, number in ((Point(0, p.U16, 1, num=100), 21550), (Point(0, p.F32, 1), 1 << 129)):
        assert refuses(point.words, number), number


def test_every_milliampere_comes_back_from_a_float():
    state = 6000
    for _ in range(300):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        limit_ma = state % 80001
        bits = to_float32(limit_ma, 1000)
        assert from_float32(bits, 1000, 1) == limit_ma


def test_decoding_inverts_encoding_for_any_32_bits():
    state = 1
    for _ in range(300):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        number = (state >> 20) & 0xFFFFFFFF
        for kind in (p.U32, low_first.U32):
            high, low = p.encode(kind, number, 1)
            payload = bytes((high >> 8, high & 255, low >> 8, low & 255))
            assert decoded(Point(0, kind, 1), payload) == number


def test_points_close_together_share_a_request():
    table = (Point(0, p.F32, 1), Point(2, p.F32, 2), Point(12, p.F32, 3), Point(30, p.F32, 4))
    assert spans(table, Limits(4, 80, 8, False)) == [(4, 0, 14), (4, 30, 2)]
    assert spans(table, Limits(4, 80, 40, False)) == [(4, 0, 32)]
    assert spans(table, Limits(4, 10, 40, False)) == [(4, 0, 4), (4, 12, 2), (4, 30, 2)]
    assert spans(table, Limits(4, 80, 0, False)) == [(4, 0, 4), (4, 12, 2), (4, 30, 2)]


def test_products_that_want_even_addresses_get_them():
    table = (Point(3, p.U16, 1), Point(6, p.U16, 2))
    assert spans(table, Limits(4, 80, 0, True)) == [(4, 2, 2), (4, 6, 2)]
    (block,) = blocks((Point(3, p.U16, 1),), Limits(4, 80, 0, True))
    numbers = {}
    block.decode(b"\x11\x11\x00\x05", numbers)
    assert numbers == {1: 5}


def test_optional_points_and_other_tables_get_requests_of_their_own():
    table = (Point(0, p.U16, 1), Point(1, p.U16, 2, optional=True), Point(2, p.U16, 3), Point(1, p.U16, 4, table=4))
    assert spans(table, Limits(3, 125, 8, False)) == [(3, 0, 3), (4, 1, 1), (3, 1, 1)]


def test_tables_that_contradict_themselves_are_refused():
    for table in (
        (Point(0, p.U32, 1), Point(1, p.U16, 2)),
        (Point(0, p.U16, 1), Point(0, p.S16, 2)),
        (Point(0, p.U16, 1, scale_at=200),),
        (Point(0, p.BIT, 1),),
        (Point(0, p.U16, 1, table=1),),
    ):
        assert refuses(blocks, table, HOLDING), table[0].address


def spans(table, limits):
    return [(block.function, block.address, block.count) for block in blocks(table, limits)]
