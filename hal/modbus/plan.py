"""Few requests for many points: computed once, so that a poll only sends bytes and unpacks them.

Points that lie close together are read in one request. Optional points never share one with others, so that a product
which refuses them still gives the rest. Points with a scale register are read together with it: scale factors may move.
"""

from __future__ import annotations

from struct import unpack_from

from hal.modbus import pdu
from hal.modbus.points import BIT, S16, Point, WordType, converter, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.points import Converter

    Field = tuple[int, int, Converter | None, int, int]
    ScaledField = tuple[int, int, int, Converter | None, int, int]


class Limits:
    """What a product allows in one request; `even` products want even addresses and counts."""

    def __init__(self, table: int, registers_max: int, gap_max: int, even: bool) -> None:
        self.table = table
        self.registers_max = registers_max
        self.gap_max = gap_max
        self.even = even


class Block:
    """One read request and what its answer means."""

    def __init__(self, function: int, address: int, count: int, points: list[Point]) -> None:
        self.function = function
        self.address = address
        self.count = count
        self.optional = points[0].optional
        self.points = points if self.optional else []  # to be asked one by one when the block is refused
        self._fields: list[Field] = []
        self._scaled: list[ScaledField] = []
        if function <= pdu.READ_DISCRETE:
            self._fields = [_field(point, point.address - address) for point in points]
            self._format = ""
        else:
            self._compile(points)

    def pdu(self) -> bytes:
        """Return the request."""
        return pdu.read(self.function, self.address, self.count)

    def decode(self, payload: bytes, into: dict[int, int]) -> None:
        """Put what the answer's payload holds into `into`; what is missing stays absent."""
        raws: Any
        raws = unpack_from(self._format, payload) if self._format else _Bits(payload)
        for quantity, index, convert, num, den in self._fields:
            number = raws[index] if convert is None else convert(raws[index], num, den)
            if number is not None:
                into[quantity] = number
        for quantity, index, scale_index, convert, num, den in self._scaled:
            raw = raws[index] if convert is None else convert(raws[index], 1, 1)
            number = scaled(raw, raws[scale_index], num, den)
            if number is not None:
                into[quantity] = number

    def _compile(self, points: list[Point]) -> None:
        slots = _slots(points)
        index = {}
        formats = [">"]
        end = self.address
        for number, address in enumerate(sorted(slots)):
            kind = slots[address]
            if address < end:
                raise ValueError("address", address, "points that do not overlap")
            if address > end:
                formats.append(str(2 * (address - end)) + "x")
            formats.append(kind.struct_code())
            index[address] = number
            end = address + kind.words
        self._format = "".join(formats)
        for point in points:
            at = index[point.address]
            if point.scale_at is None:
                self._fields.append(_field(point, at))
            else:
                bare = Point(0, point.kind, 0, mask=point.mask, names=point.names)
                scale = index[point.scale_at]
                self._scaled.append((point.quantity, at, scale, converter(bare), point.num, point.den))


def _slots(points: list[Point]) -> dict[int, WordType]:
    slots: dict[int, WordType] = {}
    for point in points:
        wanted = [(point.address, point.kind)]
        if point.scale_at is not None:
            wanted.append((point.scale_at, S16))
        for address, kind in wanted:
            kept = slots.setdefault(address, kind)
            if kept.struct_code() != kind.struct_code():
                raise ValueError("address", address, "one type per address")
    return slots


def _field(point: Point, index: int) -> Field:
    return point.quantity, index, converter(point), point.num, point.den


class _Bits:
    """The bits of an answer to function 1 or 2, by index."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def __getitem__(self, index: int) -> int:
        return (self._payload[index >> 3] >> (index & 7)) & 1


def blocks(points: tuple[Point, ...], limits: Limits) -> list[Block]:
    """Return the requests that read `points`, in order of function and address.

    Raises: ValueError when points overlap or do not fit.
    """
    spans = sorted([_span(point, limits) + (number,) for number, point in enumerate(points)])
    made: list[Block] = []
    gathered: list[Point] = []
    optional, function, start, end = 0, 0, 0, 0
    for new_optional, new_function, low, high, number in spans:
        bits = new_function <= pdu.READ_DISCRETE
        most = pdu.BITS_READ_MAX if bits else limits.registers_max
        together = (new_optional, new_function) == (optional, function) and low <= end + limits.gap_max
        if not (gathered and together and max(high, end) - start <= most):
            if gathered:
                made.append(Block(function, start, end - start, gathered))
            gathered, optional, function, start, end = [], new_optional, new_function, low, high
        gathered.append(points[number])
        end = max(high, end)
        if end - start > most:
            raise ValueError("registers", end - start, "at most " + str(most))
    if gathered:
        made.append(Block(function, start, end - start, gathered))
    return made


def _span(point: Point, limits: Limits) -> tuple[int, int, int, int]:
    function = point.table or limits.table
    if (point.kind is BIT) != (function <= pdu.READ_DISCRETE):
        raise ValueError("type", point.address, "BIT in bit tables and only there")
    low, high = point.address, point.address + point.kind.words
    if point.scale_at is not None:
        low, high = min(low, point.scale_at), max(high, point.scale_at + 1)
    if limits.even:
        low, high = low & ~1, (high + 1) & ~1
    return (1 if point.optional else 0, function, low, high)
