"""SunSpec: a product tells where its numbers are.

Source: SunSpec Alliance, "SunSpec Device Information Model Specification" V1.1, chain of models and types.
A map begins with "SunS" at 40000, 50000 or 0; then models follow one another (id, length, length registers) until
id 0xFFFF. Addresses differ between firmwares and with the map type, so the chain is walked and never assumed.
A set-point may end by itself: its revert timer is written with every one, and a product that does not take it is not
said to fall back.
"""

from __future__ import annotations

from hal.capabilities import PERSISTENT, VOLATILE
from hal.compat import const
from hal.errors import NotObeyed, Refused, WrongDevice
from hal.modbus.device import ModbusDevice
from hal.modbus.plan import Block
from hal.modbus.points import Point, WordType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from hal.modbus.bus import Bus

BASES = (40000, 50000, 0)
REVERT_S = const(60)
MODELS_MAX = const(64)
COMMON = const(1)  # the model with maker, product and serial number
_MARKER = (0x5375, 0x6E53)  # "SunS"
_END = const(0xFFFF)
_BUSY = (5, 6)  # exception codes of a product that asks to be asked again

INT16 = WordType("h", 1, absent=0x8000)
UINT16 = WordType("H", 1, absent=0xFFFF)
UINT32 = WordType("I", 2, absent=0xFFFFFFFF)
ACC32 = WordType("I", 2, absent=0)
ACC64 = WordType("Q", 4, absent=0)
FLOAT32 = WordType("f", 2)  # not implemented is a NaN
BITS16 = UINT16
HEADER_WORDS = const(2)  # id and length, before the numbers that a model's table counts from 2


class SunSpecDevice(ModbusDevice):
    """A product whose table is per model: `models` maps model id -> points by offset from the model's id."""

    models: ClassVar[dict[int, tuple[Point, ...]]] = {}
    maker = ""  # as the common model says it; "": any

    def __init__(self, bus: Bus, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        self.at: dict[int, tuple[int, int]] = {}  # model id -> (address of its id, length)
        super().__init__(bus, unit, options)

    def _own_blocks(self) -> list[Block]:
        found: list[Block] = []
        for model in sorted(self.models):
            if model in self.at:
                address, length = self.at[model]
                found += self.blocks_of(_placed(self.models[model], address, length))
        return found

    async def open(self) -> None:
        """Find the models, check the maker, read once. Raises: DeviceError."""
        self.at = await self.discover()
        await self._check_maker()
        await super().open()

    async def discover(self) -> dict[int, tuple[int, int]]:
        """Return model id -> (address of its id, length); of equal ids the first counts.

        Raises: WrongDevice when there is no map or its chain has no end, other DeviceErrors.
        """
        address = await self._base() + len(_MARKER)
        found: dict[int, tuple[int, int]] = {}
        for _ in range(MODELS_MAX):
            if address > _END - HEADER_WORDS:
                break
            model, length = await self.registers(address, HEADER_WORDS)
            if model == _END:
                return found
            if length == 0:
                break
            if model not in found:
                found[model] = (address, length)
            address += HEADER_WORDS + length
        raise WrongDevice(self.model, "a chain of models without end")

    async def _base(self) -> int:
        for base in BASES:
            try:
                if await self.registers(base, len(_MARKER)) == _MARKER:
                    return base
            except Refused:
                continue
        raise WrongDevice(self.model, "no SunSpec map")

    async def _check_maker(self) -> None:
        if COMMON not in self.at:
            raise WrongDevice(self.model, "no common model")
        words = await self.registers(self.at[COMMON][0] + HEADER_WORDS, 16)
        letters = b"".join([bytes((word >> 8, word & 0xFF)) for word in words])
        maker = letters.split(b"\x00", 1)[0].strip()
        if self.maker and maker != self.maker.encode():
            raise WrongDevice(self.model, maker)


class Reverting(ModbusDevice):
    """What the contract of a product promises, with and without a revert timer."""

    fallback_ms = 0
    refresh_ms = 0
    write_cost = PERSISTENT

    def _set_fallback(self, reverts: bool) -> None:
        self.fallback_ms = REVERT_S * 1000 if reverts else 0
        self.refresh_ms = REVERT_S * 400 if reverts else 0
        self.write_cost = VOLATILE if reverts else PERSISTENT  # what reverts by itself is not made to last

    async def _arm(self, timer: int, words: int) -> None:
        """Set the revert timer of so many words, or find out that there is none. Raises: DeviceError."""
        if not self.fallback_ms:
            return
        try:
            await self.write_checked(timer, (0,) * (words - 1) + (REVERT_S,))
        except (NotObeyed, Refused) as fault:
            if isinstance(fault, Refused) and fault.args[1] in _BUSY:
                raise
            await self._check_alive()  # it is the product that does not take it, and no fault of the line
            self._set_fallback(False)

    async def _check_alive(self) -> None:
        """Raise a DeviceError for a dead unit behind a gateway."""
        await self.read()


def _placed(points: tuple[Point, ...], address: int, length: int) -> tuple[Point, ...]:
    """Return the points that a model of that length has, at their addresses."""
    end = HEADER_WORDS + length
    kept = [
        point.moved(address)
        for point in points
        if point.address + point.kind.words <= end and (point.scale_at is None or point.scale_at < end)
    ]
    return tuple(kept)
