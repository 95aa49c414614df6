"""`siteward scan`: who answers on a serial line or at TCP hosts, before there is a configuration. It only reads.

Asked is holding register 0, of every unit address at every baud rate and parity that is named, and of a refusal or a
number alike that somebody is there. Of each that answers SunSpec's map is walked, and every meter's driver is tried and
where there is a map those of any SunSpec product, which open without a write: one that finds its product credible is
named. A line that answered at one speed is not tried at another.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from drivers import catalogue
from hal.errors import DeviceError, FrameError, LineDown, Refused
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.sunspec import COMMON, SunSpecDevice
from tools.console import Progress, table
from tools.errors import UsageError
from tools.place import UNITS, bus_of, host_row, number, numbers, port_row, said

ON_PORT, AT_HOST = "1-32", "1-3,10,71,100,126,200,240,247,255"
BAUD_RANGE = range(300, 1000001)
TIMEOUTS = range(20, 5001)
QUESTIONS_MAX = 20000
GATEWAY_CODES = (10, 11)  # path unavailable, target failed to respond
TEXTS = ((2, 16, "maker"), (18, 16, "product"), (42, 8, "version"))  # of the common model: offset, words
HEADS = ("where", "unit", "answers with", "maker", "product", "version", "SunSpec models", "drivers that understand it")

Row = dict[str, Any]


@dataclass
class Found:
    """One unit that answers."""

    where: str
    unit: int
    answer: str  # "a register", "a refusal", or "noise"
    maker: str = ""
    product: str = ""
    version: str = ""
    models: list[int] = field(default_factory=list)
    drivers: list[str] = field(default_factory=list)


def run(asked: argparse.Namespace) -> int:
    """Walk along all lines; print who answers. Raises: UsageError."""
    rows = list(_rows(asked))
    timeout_ms = number(asked.timeout_ms, TIMEOUTS, "--timeout-ms")
    plan = [
        (row, numbers(asked.units or (AT_HOST if row["kind"] == "tcp" else ON_PORT), UNITS, "--units")) for row in rows
    ]
    questions = sum(len(units) for _, units in plan)
    if not plan:
        raise UsageError("name a line: --port /dev/ttyUSB0 or --host 192.168.1.40")
    if questions > QUESTIONS_MAX:
        raise UsageError(f"{questions} questions: {QUESTIONS_MAX} are the most; name fewer speeds or --units")
    found: list[Found] = []
    walk = _Walk(found, questions, timeout_ms)
    try:
        asyncio.run(walk.along(plan, go_on=asked.all))
    finally:
        walk.progress.close()
        _print(found, walk, as_json=asked.json)
    return 0 if found else 1


def _rows(asked: argparse.Namespace) -> Iterator[Row]:
    if asked.port:
        for baud in asked.baud.split(","):
            for parity in asked.parity.split(","):
                if parity not in ("N", "E", "O"):
                    raise UsageError(f"--parity {parity!r}: expected N, E or O")
                yield port_row(asked, number(baud, BAUD_RANGE, "--baud"), parity)
    for host in asked.host:
        yield host_row(host)


class _Walk:
    """Asks, and remembers who answered and which lines are down."""

    def __init__(self, found: list[Found], questions: int, timeout_ms: int) -> None:
        self.down: dict[str, str] = {}
        self.progress = Progress(1)
        self.asked, self.questions = 0, questions
        self._found, self._timeout_ms = found, timeout_ms

    async def along(self, plan: list[tuple[Row, list[int]]], *, go_on: bool) -> None:
        """Ask every address of every line."""
        answered: set[str] = set()
        for row, units in plan:
            line = row.get("port") if row["kind"] != "tcp" else said(row)
            if line in answered and not go_on:
                self.asked += len(units)
                continue
            before = len(self._found)
            try:
                async with bus_of(row, self._timeout_ms) as bus:
                    await self._ask(bus, said(row), units)
            except LineDown as fault:
                self.down[said(row)] = " ".join(str(part) for part in fault.args[1:])
            if len(self._found) > before:
                answered.add(str(line))

    async def _ask(self, bus: Bus, where: str, units: list[int]) -> None:
        for unit in units:
            self.asked += 1
            self.progress.step(f"{where} unit {unit}  {self.asked} of {self.questions}, found {len(self._found)}")
            if not bus.framing.unit_min <= unit <= bus.framing.unit_max:
                continue
            answer = await _answer(bus, unit)
            if answer:
                self._found.append(Found(where, unit, answer))
                if answer != "noise":
                    await _identify(bus, self._found[-1])


async def _answer(bus: Bus, unit: int) -> str:
    """Return what came back, nothing for silence. Raises: LineDown."""
    try:
        await bus.probe(bus.request(unit, pdu.read(pdu.READ_HOLDING, 0, 1)))
    except Refused as refusal:
        return "" if refusal.args[1] in GATEWAY_CODES else "a refusal"
    except FrameError:
        return "noise"
    except LineDown:
        raise
    except DeviceError:
        return ""
    return "a register"


async def _identify(bus: Bus, found: Found) -> None:
    """Add what the unit tells of itself, and whose driver takes it for its own."""
    walker = SunSpecDevice(bus, found.unit, {})
    with contextlib.suppress(DeviceError):
        walker.at = await walker.discover()
        found.models = sorted(walker.at)
        for offset, words, name in TEXTS:
            setattr(found, name, await _text(walker, walker.at[COMMON][0] + offset, words))
    for model, _, _, kind, _, _ in catalogue.PRODUCTS:
        if not found.models if model.startswith("sunspec-") else kind != "meter":
            continue
        driver = catalogue.load(model)
        if issubclass(driver, ModbusDevice):
            with contextlib.suppress(DeviceError, ValueError):
                await driver(bus, found.unit, {}).open()
                found.drivers.append(model)


async def _text(walker: SunSpecDevice, address: int, count: int) -> str:
    words = await walker.registers(address, count)
    letters = b"".join(word.to_bytes(2, "big") for word in words)
    return letters.split(b"\0", 1)[0].strip().decode("ascii", "replace")


def _print(found: list[Found], walk: _Walk, *, as_json: bool) -> None:
    if as_json:
        told = {"found": [asdict(each) for each in found], "down": walk.down}
        print(json.dumps(told | {"asked": walk.asked, "of": walk.questions}, indent=2))
        return
    cells = [
        [each.where, each.unit, each.answer, each.maker, each.product, each.version,
         " ".join(map(str, each.models)), " ".join(each.drivers)]
        for each in found
    ]  # fmt: skip
    print(table(HEADS, cells) if cells else "nobody answers")
    if walk.asked < walk.questions:
        print(f"{walk.asked} of {walk.questions} addresses were asked")
    for where, why in walk.down.items():
        print(f"{where}: {why}")
