"""The curve P-256 in plain integers, cut into short steps.

Source: curve: NIST SP 800-186 section 3.2.1.3; point formulas: Explicit-Formulas Database, short Weierstrass with
a = -3 (dbl-2001-b, madd); comb: Lim and Lee, "More flexible exponentiation with precomputation", CRYPTO '94.

Everything long is a generator that yields about every 30 multiplications, so that a board goes on measuring while
it signs. Points are Jacobian (x, y, z), z = 0 at infinity; a comb table holds affine points.
Python integers do not take constant time: whoever brings a secret brings random numbers to hide it (es256.py).
Not `pow(k, -1, n)`: MicroPython answers it wrongly, and `pow(k, n - 2, n)` holds the loop for 70 ms on a Pico.
"""

from __future__ import annotations

from boards.micropython.p256_table import BASE_COMB
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar

    T = TypeVar("T")
    Steps = Generator[None, None, T]
    Comb = bytes | bytearray

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# A comb cuts a scalar into rows of whole bytes; one table entry sums the rows that have a bit in the same column.
# The base point's has six rows of 48 bits: 32 of the 288 bits are more than a scalar needs, room to add a random
# multiple of N. Its table lies in flash. A key's lies in RAM: four rows of 64 bits take a quarter of that and make a
# verification a fifth longer.
_ROWS = const(6)
_ROW_BYTES = const(6)
_COLUMNS = const(48)
_SCALAR_BYTES = const(36)
_KEY_ROWS = const(4)
_KEY_ROW_BYTES = const(8)
_KEY_COLUMNS = const(64)
_KEY_SCALAR_BYTES = const(32)
_ENTRY_BYTES = const(64)
COMB_BYTES = const(960)  # a key's 15 entries
_EUCLID_ROUNDS_A_STEP = const(8)


def finish(steps: Steps[T]) -> T:
    """Run steps to their end without a pause; return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # has no type of its own


def is_on_curve(x: int, y: int) -> bool:
    """Tell whether (x, y) is a point; P-256 has no small subgroups, so any point is a good one."""
    return x < P and y < P and (y * y - x * x * x + 3 * x - B) % P == 0


def double(x: int, y: int, z: int) -> tuple[int, int, int]:
    """Return 2 * (x, y, z); infinity stays infinity."""
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    twice_x = (alpha * alpha - 8 * beta) % P
    return twice_x, (alpha * (4 * beta - twice_x) - 8 * gamma * gamma) % P, 2 * y * z % P


def add(x: int, y: int, z: int, affine_x: int, affine_y: int) -> tuple[int, int, int]:
    """Return (x, y, z) + (affine_x, affine_y), also when they are equal, opposite, or the first is infinity."""
    if not z:
        return affine_x, affine_y, 1
    zz = z * z % P
    h = (affine_x * zz - x) % P
    r = (affine_y * (zz * z % P) - y) % P
    if not h:
        return (1, 1, 0) if r else double(x, y, z)
    hh = h * h % P
    hhh = h * hh % P
    v = x * hh % P
    sum_x = (r * r - hhh - 2 * v) % P
    return sum_x, (r * (v - sum_x) - y * hhh) % P, z * h % P


def inverse_steps(number: int, modulus: int) -> Steps[int]:
    """Return 1 / number for a prime modulus; extended Euclid, so the caller blinds what is secret."""
    left, right = modulus, number % modulus
    back, forth = 0, 1
    rounds = 0
    while right > 1:
        times = left // right
        left, right = right, left - times * right
        back, forth = forth, back - times * forth
        rounds += 1
        if rounds % _EUCLID_ROUNDS_A_STEP == 0:
            yield
    return forth % modulus


def affine_steps(x: int, y: int, z: int) -> Steps[tuple[int, int]]:
    """Return the affine point of a Jacobian one that is not infinity."""
    inverse = yield from inverse_steps(z, P)
    square = inverse * inverse % P
    return x * square % P, y * (square * inverse % P) % P


def comb_steps(table: bytearray, x: int, y: int) -> Steps[None]:
    """Make `table` (COMB_BYTES) the comb of a point: entry j sums 2**(64 * row) * point over the bits `row` of j."""
    assert len(table) == COMB_BYTES
    _put(table, 1, x, y)
    for row in range(1, _KEY_ROWS):
        z = 1
        for column in range(_KEY_COLUMNS):
            x, y, z = double(x, y, z)
            if column & 1:
                yield
        x, y = yield from affine_steps(x, y, z)
        _put(table, 1 << row, x, y)
        yield from _fill_steps(table, 1 << row, x, y)


def base_point_steps(scalar: int, z: int) -> Steps[tuple[int, int]]:
    """Return the affine scalar * G for a scalar of exactly 288 bits, the same work for each; any z hides the way."""
    digits = scalar.to_bytes(_SCALAR_BYTES, "little")
    # The top bit makes the first digit nonzero: the sum never passes through infinity.
    x, y = _entry(BASE_COMB, _base_digit(digits, _COLUMNS - 1))
    x, y = x * z * z % P, y * z * z * z % P
    for column in range(_COLUMNS - 2, -1, -1):
        yield
        x, y, z = double(x, y, z)
        digit = _base_digit(digits, column)
        added = add(x, y, z, *_entry(BASE_COMB, digit or 1))
        if digit:
            x, y, z = added
    return (yield from affine_steps(x, y, z))


def sum_steps(base_times: int, comb: Comb, times: int) -> Steps[tuple[int, int, int]]:
    """Return the Jacobian base_times * G + times * (point of `comb`); nothing here is secret."""
    base_digits = base_times.to_bytes(_SCALAR_BYTES, "little")
    digits = times.to_bytes(_KEY_SCALAR_BYTES, "little")
    x, y, z = 1, 1, 0
    for column in range(_KEY_COLUMNS - 1, -1, -1):
        x, y, z = double(x, y, z)
        digit = _base_digit(base_digits, column) if column < _COLUMNS else 0
        if digit:
            x, y, z = add(x, y, z, *_entry(BASE_COMB, digit))
        digit = _digit(digits, column, _KEY_ROWS, _KEY_ROW_BYTES)
        if digit:
            x, y, z = add(x, y, z, *_entry(comb, digit))
        yield
    return x, y, z


def _fill_steps(table: bytearray, first: int, x: int, y: int) -> Steps[None]:
    # Entry first + low is entry low plus (x, y). All the divisions of a row share one inverse (Montgomery's trick).
    # No two abscissas meet: that would need a multiple below 2**193 of the point to vanish.
    products = [1]
    for low in range(1, first):
        products.append(products[-1] * (_entry(table, low)[0] - x) % P)
        if not low & 3:
            yield
    inverse = yield from inverse_steps(products[-1], P)
    for low in range(first - 1, 0, -1):
        low_x, low_y = _entry(table, low)
        slope = (low_y - y) * (inverse * products[low - 1] % P) % P
        inverse = inverse * (low_x - x) % P
        sum_x = (slope * slope - low_x - x) % P
        _put(table, first + low, sum_x, (slope * (x - sum_x) - y) % P)
        yield


def _entry(table: Comb, index: int) -> tuple[int, int]:
    at = (index - 1) * _ENTRY_BYTES
    return int.from_bytes(table[at : at + 32], "big"), int.from_bytes(table[at + 32 : at + 64], "big")


def _put(table: bytearray, index: int, x: int, y: int) -> None:
    at = (index - 1) * _ENTRY_BYTES
    table[at : at + 32] = x.to_bytes(32, "big")
    table[at + 32 : at + 64] = y.to_bytes(32, "big")


def _base_digit(digits: bytes, column: int) -> int:
    return _digit(digits, column, _ROWS, _ROW_BYTES)


def _digit(digits: bytes, column: int, rows: int, row_bytes: int) -> int:
    at, bit = column >> 3, column & 7
    digit = 0
    for row in range(rows):
        digit |= (digits[at + row * row_bytes] >> bit & 1) << row
    return digit
