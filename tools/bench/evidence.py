"""How many signed bytes a value costs: a quarter of an hour of the demonstration's house, in virtual time.

The real core with the real drivers of the demonstration's gateway asks the simulated products in memory, one reading
a minute, one page a quarter of an hour, nobody commands. The second page is taken: the first also holds what an
agent says when it starts. Bytes are those of the whole signed page, whatever else its records hold; a value is
one number in a reading record.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2

from agent.config import checked
from boards.cpython.signer import FileSigner
from boards.startup import Parts, assemble
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from hal.ports import Store
from sim_devices.home import Home
from sim_devices.wire.bank import Refused
from sim_devices.wire.device import COIL_FUNCTIONS, Device
from tools.demo.layout import Layout
from tools.verifier.page import open_page

READING_S, PAGE_S = 60, 900
CIVIL_MS = 1_790_000_000_000
TURNS = 100  # of the event loop a virtual second, until everything waits again
READING, DELTA = 1, 13


@dataclass
class Evidence:
    """One page."""

    page_bytes: int
    readings: int
    values: int
    other_records: int
    mqtt_bytes: int  # PUBLISH header, topic and packet identifier, and the PUBACK; neither TLS nor TCP

    @property
    def bytes_per_value(self) -> float:
        """Signed bytes for one value."""
        return self.page_bytes / self.values


async def measure(layout: Layout) -> Evidence:
    """Let half an hour pass and weigh the second page."""
    pages, _ = await lived(layout, MemoryStore(), 2 * PAGE_S + 2 * READING_S)
    raw = pages[1]
    records = [cbor2.loads(record) for record in open_page(raw).records]
    readings = [record for record in records if record[0] in (READING, DELTA)]
    values = sum(len(record[5]) if record[0] == READING else len(record) - 3 for record in readings)
    topic_bytes = len(f"siteward/{layout.gateway_id}/page")
    header_bytes = 2 + topic_bytes + 2 + 1 + (3 if len(raw) > 16000 else 2)
    return Evidence(len(raw), len(readings), values, len(records) - len(readings), header_bytes + 4)


async def lived(layout: Layout, store: Store, lived_s: int) -> tuple[list[bytes], int]:
    """Let so many seconds pass over a journal; return the signed pages and how many records there were."""
    home = await Home.start(layout.home, layout.home_folder)
    try:
        return await _lived(layout, home, store, lived_s)
    finally:
        await home.close()


async def _lived(layout: Layout, home: Home, store: Store, lived_s: int) -> tuple[list[bytes], int]:
    clock, uplink = ManualClock(), LoopUplink()
    clock.set_civil(CIVIL_MS)
    tree = tomllib.loads(layout.gateway_site.read_text())
    tree["agent"].update(reading_s=READING_S, page_s=PAGE_S)
    buses = {device.id: device.bus for device in home.config.devices}

    def open_bus(row: dict[str, Any]) -> Bus:
        members = [device for name, device in home.devices.items() if buses[name] == row["id"]]
        return Bus(ScriptedLine(answers_of(members)), Tcp(), clock)

    signer = FileSigner(layout.folder / tree["agent"]["key"])
    parts = Parts("bench", bytes(32), clock, store, signer, uplink, CountingWatchdog(), b"bench", open_bus)
    loop = assemble(checked(tree), hashlib.sha256().digest(), parts)
    running = asyncio.create_task(loop.run())
    uplink.set_connected(True)
    sent: list[tuple[str, bytes]] = []
    for _ in range(lived_s):
        home.advance(1)
        clock.advance(1000)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        sent += uplink.collect()
    loop.stop()
    await running
    pages = list(dict.fromkeys(raw for channel, raw in sent if channel == "page"))  # unconfirmed ones come again
    return pages, loop.ledger.next_seq - 1


def answers_of(devices: list[Device]) -> Callable[[bytes], bytes | None]:
    """Return a function that answers Modbus TCP requests as the simulated products on one bus do."""
    by_unit = {unit: device for device in devices for unit in device.product.units}

    def answer(request: bytes) -> bytes | None:
        unit, function = request[6], request[7]
        if unit not in by_unit:
            return None
        try:
            told = _obey(by_unit[unit], unit, function, request[8:])
        except Refused as refused:
            told = bytes((function | 0x80, refused.code))
        return request[:4] + struct.pack(">HB", len(told) + 1, unit) + told

    return answer


def _obey(device: Device, unit: int, function: int, body: bytes) -> bytes:
    address, count = struct.unpack_from(">HH", body)
    if function <= 4:
        words = device.read(unit, function, address, count)
        if function in COIL_FUNCTIONS:
            packed = bytearray((count + 7) // 8)
            for at, bit in enumerate(words):
                packed[at >> 3] |= bool(bit) << (at & 7)
            return bytes((function, len(packed))) + packed
        return struct.pack(f">BB{count}H", function, 2 * count, *words)
    if function == 16:
        device.write(unit, function, address, list(struct.unpack_from(f">{count}H", body, 5)))
    else:
        device.write(unit, function, address, [int(count == 0xFF00) if function == 5 else count])
    return bytes((function,)) + body[:4]
