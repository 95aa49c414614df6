"""`siteward capture`: what a product answers to its driver, written down so that a test can play it again for ever.

The file holds every request and answer of an opening and some readings, as Modbus PDUs, and what the driver made of
them. Serial numbers and the like are scrubbed: in text that is no number of the driver's, whatever follows the first
digit becomes zeros. What is scrubbed is played through the driver once more; a capture that then reads otherwise is not
written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers import catalogue
from hal.errors import DeviceError, FrameError, LineTimeout, Refused
from hal.memory import ManualClock
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.tcp import Tcp
from tools.console import Progress
from tools.errors import UsageError
from tools.one_device import NAMES, told_fault
from tools.place import UNITS, bus_of, host_row, number, port_row

BAUDS, READINGS = range(300, 1000001), range(1, 101)
TIMEOUT_MS = 1000
MBAP_BYTES = 7
LETTERS = re.compile(rb"[\x20-\x7e]{6,}")

if TYPE_CHECKING:
    from hal.modbus.bus import Request

Row = dict[str, Any]
Exchange = list[str]
Capture = dict[str, Any]


class Recording:
    """A bus that writes down what goes over it; a silence is an empty answer. A request is remembered by its PDU."""

    def __init__(self, bus: Bus, exchanges: list[Exchange]) -> None:
        self.framing = bus.framing
        self.exchanges = exchanges
        self._bus = bus
        self._pdus: dict[int, tuple[Request, bytes]] = {}  # by identity, which lasts as long as the request is kept

    def request(self, unit: int, request_pdu: bytes) -> Request:
        """Return a request to be asked as often as one likes."""
        made = self._bus.request(unit, request_pdu)
        self._pdus[id(made)] = (made, request_pdu)
        return made

    async def ask(self, request: Request, urgent: bool = False) -> bytes:
        """Ask as any bus, and remember. Raises: DeviceError."""
        asked = self._pdus[id(request)][1]
        try:
            payload = await self._bus.ask(request, urgent)
        except Refused as refusal:
            self.exchanges.append([asked.hex(), bytes((asked[0] | pdu.EXCEPTION, refusal.args[1])).hex()])
            raise
        except DeviceError:
            self.exchanges.append([asked.hex(), ""])
            raise
        read = asked[0] <= pdu.READ_INPUT
        answer = bytes((asked[0], len(payload))) + payload if read else asked[:5]
        self.exchanges.append([asked.hex(), answer.hex()])
        return payload


class PlayedLine:
    """Answers Modbus TCP requests from a capture, each question's answers in the order in which they came."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._answers: dict[bytes, list[bytes]] = {}
        for asked, answer in exchanges:
            self._answers.setdefault(bytes.fromhex(asked), []).append(bytes.fromhex(answer))

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Return the next answer to this question. Raises: LineTimeout, FrameError for a question never asked."""
        asked = request[MBAP_BYTES:]
        if asked not in self._answers:
            raise FrameError("not in the capture", asked)
        answers = self._answers[asked]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not answer:
            raise LineTimeout(request[6], timeout_ms)
        frame = request[:4] + (len(answer) + 1).to_bytes(2, "big") + request[6:7] + answer
        if missing(frame):
            raise FrameError("truncated", frame)
        return frame

    async def close(self) -> None:
        """There is nothing to give back."""


def run(asked: argparse.Namespace) -> int:
    """Record a product. Raises: UsageError."""
    if bool(asked.port) == bool(asked.host):
        raise UsageError("name one line: --port /dev/ttyUSB0 or --host 192.168.1.40")
    row = host_row(asked.host) if asked.host else port_row(asked, number(asked.baud, BAUDS, "--baud"), asked.parity)
    unit, readings = number(asked.unit, UNITS, "--unit"), number(asked.readings, READINGS, "--readings")
    options = dict(_option(text) for text in asked.option)
    _driver_class(asked.driver)
    capture = asyncio.run(_recorded(row, asked.driver, unit, options, readings))
    capture["seen"] = asked.seen or ""
    scrubbed = {**capture, "exchanges": scrub(capture["exchanges"], covered(asked.driver, capture))}
    if asyncio.run(played(scrubbed)) != capture["readings"]:
        raise UsageError("scrubbed of its texts this capture reads otherwise: it is not written")
    asked.out.write_text(json.dumps(scrubbed, indent=1) + "\n", encoding="utf-8")
    if asked.json:
        print(json.dumps({"file": str(asked.out), "exchanges": len(capture["exchanges"]), "readings": readings}))
        return 0
    print(f"{asked.out}: {len(capture['exchanges'])} exchanges, {readings} readings")
    print("look through it before you give it away")
    return 0


def _option(text: str) -> tuple[str, int | str]:
    key, equals, given = text.partition("=")
    if not equals:
        raise UsageError(f"--option {text!r}: expected KEY=VALUE")
    return key, int(given) if given.lstrip("-").isdecimal() else given


def _driver_class(model: str) -> Any:
    try:
        kind = catalogue.load(model)
    except ValueError as error:
        raise UsageError("driver = {1!r}: expected {2}".format(*error.args)) from error
    if not issubclass(kind, ModbusDevice):
        raise UsageError(f"{model} is not on Modbus: there is nothing to record")
    return kind


async def _recorded(row: Row, model: str, unit: int, options: dict[str, Any], readings: int) -> Capture:
    capture: Capture = {"driver": model, "unit": unit, "options": options, "exchanges": [], "readings": []}
    async with bus_of(row, TIMEOUT_MS) as bus:
        recording = Recording(bus, capture["exchanges"])
        try:
            capture["readings"] = await _read(_driver_class(model)(recording, unit, options), readings)
        except ValueError as error:
            raise UsageError("--option {} = {!r}: expected {}".format(*error.args)) from error
        except DeviceError as fault:
            raise UsageError(told_fault(fault)) from fault
    return capture


async def _read(driver: Any, readings: int) -> list[dict[str, int]]:
    progress = Progress(1)
    try:
        progress.step("opening")
        await driver.open()
        found = []
        for at in range(readings):
            progress.step(f"reading {at + 1} of {readings}")
            values = await driver.read()
            found.append({NAMES[quantity]: values[quantity] for quantity in sorted(values)})
        return found
    finally:
        progress.close()


async def played(capture: Capture) -> list[dict[str, int]]:
    """Return the readings that the driver makes of a capture. Raises: DeviceError."""
    bus = Bus(PlayedLine(capture["exchanges"]), Tcp(), ManualClock())
    driver = catalogue.load(capture["driver"])(bus, capture["unit"], capture["options"])
    return await _read(driver, len(capture["readings"]))


def load(path: Path) -> Capture:
    """Return a capture."""
    capture: Capture = json.loads(path.read_text(encoding="utf-8"))
    return capture


def covered(model: str, capture: Capture) -> set[int]:
    """Return the addresses whose words are numbers of the driver: no text."""
    driver = _driver_class(model)(Bus(PlayedLine([]), Tcp(), ManualClock()), capture["unit"], capture["options"])
    numbers = [point for point in driver.points if point.kind.code != "s"]
    return {at for point in numbers for at in range(point.address, point.address + point.kind.words)}


def scrub(exchanges: list[Exchange], numbers: set[int]) -> list[Exchange]:
    """Return the exchanges without serial numbers: in text, whatever follows the first digit is zeros."""
    return [
        [asked, _scrubbed(bytes.fromhex(asked), bytes.fromhex(answer), numbers).hex()] for asked, answer in exchanges
    ]


def _scrubbed(asked: bytes, answer: bytes, numbers: set[int]) -> bytes:
    if not pdu.READ_HOLDING <= asked[0] <= pdu.READ_INPUT or len(answer) < 3:
        return answer
    first = int.from_bytes(asked[1:3], "big")
    payload = bytearray(answer[2:])
    for match in LETTERS.finditer(bytes(payload)):
        digit = re.search(rb"\d", match.group())
        for at in range(match.start() + digit.start() if digit else match.end(), match.end()):
            if first + at // 2 not in numbers and bytes(payload[at : at + 1]).isalnum():
                payload[at] = ord("0")
    return answer[:2] + bytes(payload)
