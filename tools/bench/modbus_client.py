"""One client that polls a meter as fast as it can: `python -m tools.bench.modbus_client WHICH PORT POLLS`.

`agent` is this project's driver, bus, framing and line; `bare` an asyncio protocol that checks nothing; `pymodbus`
its asyncio client. All three read the 76 input registers of an Eastron SDM630, make 13 numbers of them, and print what
it took as one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from collections.abc import Awaitable, Callable

from pymodbus.client import AsyncModbusTcpClient

from boards.cpython.clock import SystemClock
from boards.cpython.tcp_line import TcpLine
from drivers.meters.eastron_sdm630 import Sdm630
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from tools.bench.bare import METER_FLOATS, METER_READS, Device

WARM_POLLS = 50
Poll = Callable[[], Awaitable[object]]


def floats(payload: bytes) -> list[float]:
    """Return the thirteen numbers."""
    return [struct.unpack_from(">f", payload, 2 * at)[0] for at in METER_FLOATS]


async def agents(port: int) -> Poll:
    """Return a poll as the agent does it."""
    meter = Sdm630(Bus(TcpLine("127.0.0.1", port), Tcp(), SystemClock()), 1, {})
    await meter.open()
    return meter.read


async def bare(port: int) -> Poll:
    """Return a poll by the least code that does it."""
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[list[float]]] = []
    device = Device(0, METER_READS, lambda _, payload: waiting.pop().set_result(floats(payload)))
    await loop.create_connection(lambda: device, "127.0.0.1", port)

    def poll() -> Awaitable[list[float]]:
        waiting.append(loop.create_future())
        device.poll()
        return waiting[-1]

    return poll


async def pymodbus(port: int) -> Poll:
    """Return a poll by pymodbus."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()

    async def poll() -> list[float]:
        answer = await client.read_input_registers(0, count=76, device_id=1)
        return floats(struct.pack(">76H", *answer.registers))

    return poll


async def run(which: str, port: int, polls: int) -> dict[str, float]:
    """Poll so often; return what it took."""
    poll = await {"agent": agents, "bare": bare, "pymodbus": pymodbus}[which](port)
    for _ in range(WARM_POLLS):
        await poll()
    began_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(polls):
        await poll()
    return {"wall_s": time.perf_counter() - began_s, "cpu_s": time.process_time() - cpu_s}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))), flush=True)
