"""Fast Modbus TCP devices for the bench: `python -m tools.bench.devices METERS`, a port each, and two chargers.

Prints where everything is as one JSON line, then one for every write with the kernel's monotonic time; a line on
standard input is answered with the requests so far by port. pymodbus' server would cost more than what is measured.
The registers are those of two real products, so that the agent runs its real drivers: Eastron SDM630 (input
registers 0-75, float32) and Alfen Eve (holding registers 306-377 and 1201-1213). Every value changes with each request.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time

READ_HOLDING, READ_INPUT, WRITE_REGISTERS = 3, 4, 16
ILLEGAL_ADDRESS = 2
APPLIED, SETPOINT, SAFE = 1206, 1210, 1212
METER_STARTS = {0x00: 230.0, 0x02: 231.0, 0x04: 229.0, 0x06: 4.0, 0x08: 5.0, 0x0A: 6.0, 0x0C: 900.0, 0x0E: 1100.0,
    0x10: 1300.0, 0x34: 3300.0, 0x46: 50.0, 0x48: 4321.0, 0x4A: 87.0}  # fmt: skip
CHARGER_STARTS = {306: 230.0, 308: 231.0, 310: 229.0, 320: 0.1, 322: 0.1, 324: 0.1, 336: 50.0, 338: 7.0, 340: 8.0,
    342: 9.0, 344: 24.0}  # fmt: skip


def float_words(number: float) -> list[int]:
    """Return a float32 as two registers, high word first."""
    return list(struct.unpack(">HH", struct.pack(">f", number)))


class Registers:
    """One device's registers; `turn` makes every value another one."""

    def __init__(self, starts: dict[int, float], size: int) -> None:
        self.words = [0] * size
        self.reads = 0
        self._starts = starts

    def turn(self) -> None:
        """Move all values by up to 1 %, energy registers upwards."""
        self.reads += 1
        for address, start in self._starts.items():
            moved = start + self.reads / 100 if start > 4000 else start * (1 + (self.reads * 7 + address) % 100 / 10000)
            self.words[address : address + 2] = float_words(moved)


def meter() -> Registers:
    """Return an SDM630."""
    return Registers(METER_STARTS, 76)


def charger() -> Registers:
    """Return an Alfen Eve with a vehicle that takes little."""
    made = Registers(CHARGER_STARTS, 1220)
    made.words[374:378] = struct.unpack(">HHHH", struct.pack(">d", 1234567.0))
    made.words[1201:1206] = struct.unpack(">HHHHH", b"C2".ljust(10, b"\0"))
    made.words[1208:1210] = [0, 60]
    for address in (APPLIED, SETPOINT, SAFE):
        made.words[address : address + 2] = float_words(6.0)
    return made


class Port(asyncio.Protocol):
    """One connection; a request comes in one segment, as both clients of the bench send it."""

    def __init__(self, registers: Registers, port: int) -> None:
        self._registers = registers
        self._port = port
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer one request."""
        heard_ns = time.monotonic_ns()
        assert self._transport is not None
        function, address, count = struct.unpack_from(">BHH", data, 7)
        if address + count > len(self._registers.words):
            answer = bytes((function | 0x80, ILLEGAL_ADDRESS))
        elif function == WRITE_REGISTERS:
            answer = self._written(address, count, data, heard_ns)
        else:
            answer = self._read(function, address, count)
        self._transport.write(data[:4] + struct.pack(">HB", len(answer) + 1, data[6]) + answer)

    def _read(self, function: int, address: int, count: int) -> bytes:
        self._registers.turn()
        return struct.pack(f">BB{count}H", function, 2 * count, *self._registers.words[address : address + count])

    def _written(self, address: int, count: int, frame: bytes, heard_ns: int) -> bytes:
        words = struct.unpack_from(f">{count}H", frame, 13)
        self._registers.words[address : address + count] = words
        if address == SETPOINT:
            self._registers.words[APPLIED : APPLIED + 2] = words
        print(json.dumps({"port": self._port, "words": words, "at_ns": heard_ns}), flush=True)
        return frame[7:12]


async def serve(meters: int) -> None:
    """Open the ports and answer until standard input ends."""
    loop = asyncio.get_running_loop()
    ports: dict[int, Registers] = {}
    for registers in [*(meter() for _ in range(meters)), charger(), charger()]:
        ports[await _listen(registers)] = registers
    numbers = list(ports)
    print(json.dumps({"ready": True, "meters": numbers[:-2], "chargers": numbers[-2:]}), flush=True)
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    while await asked.readline():
        print(json.dumps({"reads": [registers.reads for registers in ports.values()]}), flush=True)


async def _listen(registers: Registers) -> int:
    port = 0
    server = await asyncio.get_running_loop().create_server(lambda: Port(registers, port), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    return port


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
