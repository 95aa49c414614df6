"""Binary floating point to exact integers and back, in integer arithmetic.

Source: IEEE 754-2019 section 3.4 (binary32, binary64).
A board has single floats: the same four bytes gave 123456773 Wh on one runtime and 123456776 Wh on the other. Here the
bits are a fraction: mantissa times a power of two, times num/den, rounded half away from zero. NaN, infinity
and whatever does not fit into 64 bits with sign are missing.
"""

from __future__ import annotations

from hal.compat import const

LARGEST = (1 << 63) - 1
_FLOOR_BITS = const(128)  # mantissa (53 bits) times num (32 bits) shifted this far is nothing


def rounded(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero; `denominator` is positive."""
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def from_float32(bits: int, num: int, den: int) -> int | None:
    """Return the number times num/den as an integer, or None; `num` has 32 bits at most."""
    exponent = (bits >> 23) & 0xFF
    fraction = bits & 0x7FFFFF
    if 86 < exponent < 150:  # nearly every number that a product tells; as `_scaled` has it, at half the cost
        number = (((fraction | 0x800000) * num << 1) + (den << (150 - exponent))) // (den << (151 - exponent))
        return -number if bits >> 31 else number
    if exponent == 0xFF:
        return None
    if exponent:
        return _scaled(bits >> 31, fraction | 0x800000, exponent - 150, num, den)
    return _scaled(bits >> 31, fraction, -149, num, den)


def from_float64(bits: int, num: int, den: int) -> int | None:
    """Return the number times num/den as an integer, or None."""
    exponent = (bits >> 52) & 0x7FF
    fraction = bits & 0xFFFFFFFFFFFFF
    if exponent == 0x7FF:
        return None
    if exponent:
        return _scaled(bits >> 63, fraction | (1 << 52), exponent - 1075, num, den)
    return _scaled(bits >> 63, fraction, -1074, num, den)


def _scaled(negative: int, mantissa: int, exponent: int, num: int, den: int) -> int | None:
    number = mantissa * num
    if exponent > 63:
        return None
    if exponent >= 0:
        number = rounded(number << exponent, den)
    elif exponent < -_FLOOR_BITS:
        return 0
    else:
        number = ((number << 1) + (den << -exponent)) // (den << (1 - exponent))
    if number > LARGEST:
        return None
    return -number if negative else number


def to_float32(numerator: int, denominator: int) -> int:
    """Return the bits of the nearest binary32, ties to even; `denominator` is positive.

    Raises: ValueError for what is too large or too small to be a normal number.
    """
    negative = numerator < 0
    top, bottom, exponent = abs(numerator), denominator, 0
    if top == 0:
        return 0
    while top >= bottom << 24:
        bottom <<= 1
        exponent += 1
    while top < bottom << 23:
        top <<= 1
        exponent -= 1
    mantissa = top // bottom
    rest = 2 * (top - mantissa * bottom)
    if rest > bottom or (rest == bottom and mantissa & 1):
        mantissa += 1
        if mantissa == 1 << 24:
            mantissa >>= 1
            exponent += 1
    if not 1 <= exponent + 150 <= 254:
        raise ValueError("float32", (numerator, denominator), "a normal number")
    return (negative << 31) | ((exponent + 150) << 23) | (mantissa & 0x7FFFFF)
