"""What every Modbus product has in common: a table that is read in few requests, and writes that are read back.

A driver derives from ModbusDevice first and from its contract second (`class Sdm630(ModbusDevice, Meter)`): MicroPython
looks attributes up depth first, left to right.
"""

from __future__ import annotations

from hal.errors import FrameError, NotObeyed, Refused, WrongDevice
from hal.modbus import pdu
from hal.modbus.plan import Block, Limits, blocks
from hal.options import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.bus import Bus, Request
    from hal.modbus.points import Point

_plans: dict[type, list[Block]] = {}  # a thousand meters of one model share one plan
_singles: dict[type, dict[int, tuple[Point, Block]]] = {}  # address -> a point that is asked alone


class ModbusDevice:
    """One unit on a bus, read by the table in `points`."""

    model = ""
    table = pdu.READ_HOLDING  # function that reads points without a table of their own
    points: tuple[Point, ...] = ()
    registers_max = pdu.REGISTERS_READ_MAX
    gap_max = 0  # registers that may be read for nothing to save a request
    even = False  # only even addresses and counts are answered
    answer_ms = 0  # a slow product may take so long to answer, whatever is usual on its bus
    # Rows of (quantities, lowest, highest): on a product that works at least one of a row is inside. Catches gateways
    # that answer zero for a dead unit, and floats whose words are swapped.
    credible: tuple[tuple[tuple[int, ...], int, int], ...] = ()
    options_known: tuple[tuple[str, Any], ...] = ()

    def __init__(self, bus: Bus, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        lowest, highest = bus.framing.unit_min, bus.framing.unit_max
        if type(unit) is not int or not lowest <= unit <= highest:
            raise ValueError("unit", unit, str(lowest) + ".." + str(highest))
        choose(self, options)
        self.bus = bus
        self.unit = unit
        self._reads: list[tuple[Request, Block]] = []
        self._plan(self._own_blocks())

    def _own_blocks(self) -> list[Block]:
        """Return the blocks of the class; a driver whose points depend on the unit makes its own."""
        kind = type(self)
        if kind not in _plans:
            _plans[kind] = self.blocks_of(self.points)
        return _plans[kind]

    def blocks_of(self, points: tuple[Point, ...]) -> list[Block]:
        """Return the requests that read `points` within the product's limits."""
        return blocks(points, Limits(self.table, self.registers_max, self.gap_max, self.even))

    def forget_points(self) -> None:
        """Free the class's points, 100 bytes each, once planned. No class that builds on them may come later."""
        if type(self) in _plans:
            type(self).points = ()

    def _asking(self, asked: bytes) -> Request:
        """Return a request that waits as long as the product may take."""
        request = self.bus.request(self.unit, asked)
        if request.timeout_ms < self.answer_ms:
            request.timeout_ms = self.answer_ms
        return request

    def _plan(self, made: list[Block]) -> None:
        self._reads = [(self._asking(block.pdu()), block) for block in made]

    async def open(self) -> None:
        """Read once, so that another product or a dead gateway is noticed. Raises: WrongDevice, other DeviceErrors."""
        self._plan(self._own_blocks())
        doubtful = self._doubtful(await self._gather())
        if doubtful:
            raise WrongDevice(self.model, ("not credible", doubtful))

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; what is missing is absent.

        Raises: DeviceError, FrameError also for an answer that is not credible as a whole.
        """
        numbers = await self._gather()
        if self.credible:
            doubtful = self._doubtful(numbers)
            if doubtful:
                raise FrameError("not credible", doubtful)
        return numbers

    async def _gather(self) -> dict[int, int]:
        numbers: dict[int, int] = {}
        for asked in self._reads:
            request, block = asked
            try:
                payload = await self.bus.ask(request)
            except Refused as refusal:
                if not (block.optional and refusal.args[1] == pdu.ILLEGAL_ADDRESS):
                    raise
                self._settle(asked)
            else:
                block.decode(payload, numbers)
        return numbers

    def _settle(self, asked: tuple[Request, Block]) -> None:
        """Ask the points of a refused block one by one next time, and a refused point no more until `open`."""
        points = asked[1].points
        self._reads = [each for each in self._reads if each is not asked]
        if len(points) > 1:
            for point in points:
                self._reads += [(self._asking(one.pdu()), one) for one in self.blocks_of((point,))]

    def _doubtful(self, numbers: dict[int, int]) -> list[tuple[int, int | None]]:
        """Return the first row of `credible` that does not hold, as (quantity, number), or nothing."""
        for quantities, lowest, highest in self.credible:
            for quantity in quantities:
                if lowest <= numbers.get(quantity, lowest - 1) <= highest:
                    break
            else:
                return [(quantity, numbers.get(quantity)) for quantity in quantities]
        return []

    async def registers(self, address: int, count: int, table: int = 0) -> tuple[int, ...]:
        """Return registers as they are, at once. Raises: DeviceError."""
        request = self._asking(pdu.read(table or self.table, address, count))
        payload = await self.bus.ask(request, True)
        return tuple([(payload[at] << 8) | payload[at + 1] for at in range(0, 2 * count, 2)])

    async def coil(self, address: int) -> int:
        """Return 1 for a closed coil. Raises: DeviceError."""
        payload = await self.bus.ask(self._asking(pdu.read(pdu.READ_COILS, address, 1)), True)
        return payload[0] & 1

    async def number(self, point: Point) -> int | None:
        """Return one point's number, at once; None when it is missing. Raises: DeviceError."""
        block = self._single(point)
        numbers: dict[int, int] = {}
        block.decode(await self.bus.ask(self._asking(block.pdu()), True), numbers)
        return numbers.get(point.quantity)

    def _single(self, point: Point) -> Block:
        """Return the block of one point, planned once for a model and address."""
        singles = _singles.setdefault(type(self), {})
        known = singles.get(point.address)
        if known is None or known[0] is not point:
            (block,) = self.blocks_of((point,))
            known = singles[point.address] = (point, block)
        return known[1]

    async def write(self, address: int, words: tuple[int, ...], function: int = pdu.WRITE_REGISTERS) -> None:
        """Write registers in one request; whoever calls this reads back by itself. Raises: DeviceError, ValueError."""
        if function == pdu.WRITE_REGISTER:
            (word,) = words
            asked = pdu.write_register(address, word)
        else:
            asked = pdu.write_registers(address, words)
        await self.bus.ask(self._asking(asked), True)

    async def write_checked(self, address: int, words: tuple[int, ...], function: int = pdu.WRITE_REGISTERS) -> None:
        """Write registers in one request and read them back.

        Raises: NotObeyed(address, wrote, kept), other DeviceErrors; ValueError before anything is sent.
        """
        await self.write(address, words, function)
        kept = await self.registers(address, len(words), pdu.READ_HOLDING)
        if kept != words:
            raise NotObeyed(address, words, kept)

    async def keep_written(self, address: int, words: tuple[int, ...], function: int = pdu.WRITE_REGISTERS) -> None:
        """Like write_checked, but leave registers alone that hold `words` already: they wear out."""
        if await self.registers(address, len(words), pdu.READ_HOLDING) != words:
            await self.write_checked(address, words, function)

    async def write_coil_checked(self, address: int, on: int) -> None:
        """Write one coil (function 5) and read it back. Raises: NotObeyed(address, (wrote,), (kept,)), DeviceError."""
        await self.bus.ask(self._asking(pdu.write_coil(address, on)), True)
        kept = await self.coil(address)
        if kept != on:
            raise NotObeyed(address, (on,), (kept,))
