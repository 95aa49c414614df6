"""Read what a SunSpec product tells of itself: every model that is known here, in few and bounded requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from hal.errors import DeviceError
from hal.modbus.points import SCALE_MAX
from hal.modbus.sunspec import HEADER_WORDS, SunSpecDevice
from tools.sunspec_points import PARTS, SPOTS, TITLES, Repeated, Spot

WORDS_MAX = 100  # of one request
PARTS_MAX = 24  # a product with more inputs is shown without the rest
SIZES = {"u": 1, "s": 1, "e": 1, "b": 1, "u32": 2, "s32": 2, "b32": 2, "acc32": 2, "u64": 4, "text8": 8, "text16": 16}
NO_MODEL = 0  # of a product that has no SunSpec map
SIGNED, COUNTED, BITS = ("s", "s32"), ("acc32",), ("b", "b32")

Told = int | float | str | list[str]


class Fact(NamedTuple):
    """One thing that a product tells of itself; `part` is one of several alike, or empty."""

    model: int
    part: str
    name: str
    told: Told
    unit: str

    def said(self) -> str:
        """Return it for people."""
        told = (", ".join(self.told) or "none") if isinstance(self.told, list) else str(self.told)
        return f"{told} {self.unit}".rstrip()


async def facts_of(device: SunSpecDevice) -> list[Fact]:
    """Return what all known models of the product tell. Raises: DeviceError when there is no map."""
    found: list[Fact] = []
    chain = await SunSpecDevice.discover(device)  # the driver's own leaves out models that it has no use for
    for model in sorted(chain.keys() & SPOTS.keys()):
        at, length = chain[model]
        try:
            found += await _of_model(device, model, at, HEADER_WORDS + length)
        except DeviceError as fault:
            found.append(Fact(model, "", "not read", type(fault).__name__, ""))
    return found


async def _of_model(device: SunSpecDevice, model: int, at: int, size: int) -> list[Fact]:
    repeated = PARTS.get(model)
    end = max(_end(spot) for spot in SPOTS[model])
    if repeated is not None:
        end = repeated.begin + PARTS_MAX * repeated.size
    words = await _read(device, at, min(end, size))
    found = list(_told(model, "", SPOTS[model], words, 0))
    if repeated is not None:
        found += _of_parts(model, repeated, words)
    return found


async def _read(device: SunSpecDevice, at: int, count: int) -> tuple[int, ...]:
    words: tuple[int, ...] = ()
    while len(words) < count:
        words += await device.registers(at + len(words), min(WORDS_MAX, count - len(words)))
    return words


def _of_parts(model: int, repeated: Repeated, words: tuple[int, ...]) -> Iterator[Fact]:
    there = (len(words) - repeated.begin) // repeated.size
    for number in range(min(words[repeated.count_at], there)):
        yield from _told(model, f"{repeated.part} {number + 1}", repeated.spots, words, number * repeated.size)


def _told(model: int, part: str, spots: Iterable[Spot], words: tuple[int, ...], moved: int) -> Iterator[Fact]:
    for spot in spots:
        if moved + _end(spot) <= len(words):
            raw = words[moved + spot.offset : moved + spot.offset + SIZES[spot.kind]]
            is_text = spot.kind.startswith("text")
            told = text_of(b"".join(word.to_bytes(2, "big") for word in raw)) if is_text else _number(spot, raw, words)
            if told is not None:
                yield Fact(model, part, spot.name, told, spot.unit)


def _end(spot: Spot) -> int:
    return max(spot.offset + SIZES[spot.kind], 0 if spot.scale_at is None else spot.scale_at + 1)


def text_of(letters: bytes) -> str | None:
    """Return a text as products keep it, None for none."""
    return letters.split(b"\0", 1)[0].strip().decode("ascii", "replace") or None


def _number(spot: Spot, raw: tuple[int, ...], words: tuple[int, ...]) -> Told | None:
    """Return what a point says; None when the product does not implement it."""
    number = 0
    for word in raw:
        number = number << 16 | word
    reach = 1 << 16 * len(raw)
    absent = reach >> 1 if spot.kind in SIGNED else 0 if spot.kind in COUNTED else reach - 1
    if number == absent:
        return None
    if spot.kind in SIGNED and number >= reach >> 1:
        number -= reach
    if spot.kind in BITS:
        return [spot.words.get(bit, f"bit {bit}") for bit in range(16 * len(raw)) if number >> bit & 1]
    if spot.words:
        return spot.words.get(number, f"number {number}")
    return _scaled(number, None if spot.scale_at is None else words[spot.scale_at])


def _scaled(number: int, scale: int | None) -> int | float | None:
    exponent = 0 if scale is None else (scale ^ 0x8000) - 0x8000
    if abs(exponent) > SCALE_MAX:
        return None
    return number * 10**exponent if exponent >= 0 else float(Decimal(number).scaleb(exponent))


def lines_of(facts: list[Fact]) -> list[str]:
    """Return facts for people, model by model."""
    lines: list[str] = []
    heading = ""
    for fact in facts:
        title = "product" if fact.model == NO_MODEL else f"{TITLES[fact.model]} (model {fact.model})"
        title += f", {fact.part}" if fact.part else ""
        if title != heading:
            lines.append(title)
            heading = title
        lines.append(f"  {fact.name:24} {fact.said()}")
    return lines
