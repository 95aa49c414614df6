"""What the registers of a product mean: a table of points, each decoded to an exact integer.

A number is the register's number times num/den, rounded half away from zero; the unit of the wire is the comment
beside the point, the unit of the number is in its quantity's name. What is not implemented, not a number or not
credible is None, never 0.
"""

from __future__ import annotations

from hal.modbus.floats import LARGEST, from_float32, from_float64, rounded, to_float32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Converter = Callable[[Any, int, int], int | None]

SCALE_MAX = 10  # SunSpec: scale factors are -10..10, all else means "not implemented"
_TENS = tuple([10**exponent for exponent in range(SCALE_MAX + 1)])
_SMALL = 1 << 31  # a 32-bit number times less than this fits into 64 bits


class WordType:
    """How one number lies in registers.

    `code` is the letter of struct that reads it in high-word-first order; `absent` is what the raw,
    unsigned bits are when the product has no such number.
    """

    low_first = False
    absent: int | None = None

    def __init__(self, code: str, words: int, low_first: bool = False, absent: int | None = None) -> None:
        self.code = code
        self.words = words
        if low_first:
            self.low_first = True
        if absent is not None:
            self.absent = absent

    def struct_code(self) -> str:
        """Return what struct reads: floats and swapped numbers come as plain bits first."""
        if self.code == "s":
            return str(2 * self.words) + "s"
        return " HI Q"[self.words] if self.low_first or self.code in "fd" else self.code


U16 = WordType("H", 1)
S16 = WordType("h", 1)
U32 = WordType("I", 2)
S32 = WordType("i", 2)
U64 = WordType("Q", 4)
S64 = WordType("q", 4)
F32 = WordType("f", 2)
F64 = WordType("d", 4)
BIT = WordType("?", 1)  # a coil or discrete input


def text(words: int) -> WordType:
    """Return the type of a string of 2 * `words` characters; a point of this type needs `names`."""
    return WordType("s", words)


class Point:
    """One number of a product: where it lies, how it is written, which quantity it is.

    `table` is the function that reads it (0: the device's own). `optional` points may be refused by the product and
    are then asked no more. `scale_at` is the address of a power-of-ten register. `mask` picks bits. `names`
    maps what is read (text or number) to the quantity's numbers; what is not in it is missing.
    A negative quantity is the driver's own and leaves `read` only when the driver lets it.
    What a point leaves at its default stands in the class: a board pays 16 bytes for every attribute of an object.
    """

    num = 1
    den = 1
    table = 0
    optional = False
    scale_at: int | None = None
    mask = 0
    names: dict[Any, int] | None = None

    def __init__(
        self,
        address: int,
        kind: WordType,
        quantity: int,
        num: int = 1,
        den: int = 1,
        table: int = 0,
        optional: bool = False,
        scale_at: int | None = None,
        mask: int = 0,
        names: dict[Any, int] | None = None,
    ) -> None:
        self.address = address
        self.kind = kind
        self.quantity = quantity
        if num != 1:
            self.num = num
        if den != 1:
            self.den = den
        if table:
            self.table = table
        if optional:
            self.optional = True
        if scale_at is not None:
            self.scale_at = scale_at
        if mask:
            self.mask = mask
        if names is not None:
            self.names = names

    def moved(self, offset: int) -> Point:
        """Return the same point `offset` registers further up."""
        scale_at = None if self.scale_at is None else self.scale_at + offset
        return Point(
            self.address + offset,
            self.kind,
            self.quantity,
            self.num,
            self.den,
            self.table,
            self.optional,
            scale_at,
            self.mask,
            self.names,
        )

    def words(self, number: int) -> tuple[int, ...]:
        """Return the registers to write for `number`, in the quantity's unit.

        Raises: ValueError when the product cannot keep exactly that integer (a float keeps the nearest).
        """
        return encode(self.kind, number * self.den, self.num)


def encode(kind: WordType, numerator: int, denominator: int) -> tuple[int, ...]:
    """Return the registers that hold numerator/denominator. Raises: ValueError when they cannot."""
    if kind.code == "f":
        bits = to_float32(numerator, denominator)
    else:
        bits = numerator // denominator
        reach = 1 << (16 * kind.words)
        low = -(reach >> 1) if kind.code in "hiq" else 0
        if kind.code not in "HhIiQq" or bits * denominator != numerator or not low <= bits < low + reach:
            raise ValueError("register", (numerator, denominator), "a number of type " + kind.code)
        bits %= reach
    words = [(bits >> shift) & 0xFFFF for shift in range(16 * kind.words - 16, -1, -16)]
    if kind.low_first:
        words.reverse()
    return tuple(words)


def _swapped(bits: int, words: int) -> int:
    turned = 0
    for _ in range(words):
        turned = (turned << 16) | (bits & 0xFFFF)
        bits >>= 16
    return turned


def converter(point: Point) -> Converter | None:
    """Return what makes the quantity's number of (what struct read, num, den); None when they are the same."""
    kind = point.kind
    if kind.code == "s":
        return _text_converter(point.names or {})
    inner = _plain_converter(point)
    return inner if kind.absent is None and not kind.low_first else _screened(kind, inner)


def _plain_converter(point: Point) -> Converter | None:
    """Return the converter of high-word-first numbers that are always there: the same function for many points."""
    kind, num, den = point.kind, point.num, point.den
    if kind.code == "f":
        return from_float32
    if kind.code == "d":
        return from_float64
    if point.names is not None or point.mask:
        return _bits_converter(point.mask, point.names)
    if kind.words > 2 or num >= _SMALL:
        return _long
    if den == 1:
        return None if num == 1 else _times
    return _ratio


def _times(raw: int, num: int, _den: int) -> int:
    return raw * num


def _ratio(raw: int, num: int, den: int) -> int:
    return rounded(raw * num, den)


def _long(raw: int, num: int, den: int) -> int | None:
    number = rounded(raw * num, den)
    return number if -LARGEST <= number <= LARGEST else None


def _screened(kind: WordType, inner: Converter | None) -> Converter:
    """Turn swapped words round and let no number that stands for "absent" through to `inner`."""
    words, low_first, absent = kind.words, kind.low_first, kind.absent
    reach = 1 << (16 * words)
    sign_from = reach >> 1 if kind.code in "hiq" and low_first else reach

    def convert(raw: int, num: int, den: int) -> int | None:
        if low_first:
            raw = _swapped(raw, words)
        if raw == absent or raw + reach == absent:
            return None
        if raw >= sign_from:
            raw -= reach
        return raw if inner is None else inner(raw, num, den)

    return convert


def _text_converter(names: dict[Any, int]) -> Converter:
    by_bytes = {}
    for name in names:
        by_bytes[name.encode()] = names[name]

    def convert(raw: bytes, _num: int, _den: int) -> int | None:
        return by_bytes.get(raw.split(b"\x00", 1)[0].strip())

    return convert


def _bits_converter(mask: int, names: dict[Any, int] | None) -> Converter:
    shift = 0
    while mask and not (mask >> shift) & 1:
        shift += 1

    def convert(raw: int, _num: int, _den: int) -> int | None:
        number = (raw & mask) >> shift if mask else raw
        return number if names is None else names.get(number)

    return convert


def scaled(raw: int | None, exponent: int, num: int, den: int) -> int | None:
    """Return raw * 10^exponent * num/den, or None when the exponent is not -10..10."""
    if raw is None or not -SCALE_MAX <= exponent <= SCALE_MAX:
        return None
    if exponent < 0:
        return rounded(raw * num, den * _TENS[-exponent])
    number = rounded(raw * num * _TENS[exponent], den)
    return number if -LARGEST <= number <= LARGEST else None
