"""A port: pymodbus' server on a TCP socket or behind a pseudo-terminal, with one or more devices on it.

pymodbus 3.16.1 does framing, checksum, function codes and sockets. Its context is replaced by a router to
our devices because its own answers an absent unit with an exception, whatever `ignore_missing_devices`
says. Late and broken answers are made where a frame leaves.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import NoSuchIdException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler

from sim_devices.wire.bank import Refused, Silent
from sim_devices.wire.device import COIL_FUNCTIONS, Device
from sim_devices.wire.pty_line import PtyLine

BITS_PER_BYTE = 10  # start, eight, stop; parity would make it 11
SINGLE_WRITES = (5, 6)


class Router(ModbusServerContext):
    """Finds the device that a unit address belongs to; absent units are silent."""

    def __init__(self, devices: list[Device]) -> None:
        self.old_simulator = True  # tells the server to ask this object as it is
        self.simdevices = []
        self._by_unit = {unit: device for device in devices for unit in device.product.units}
        self._echo: list[int] | None = None

    def find(self, unit: int) -> Device | None:
        """Return the device with this unit address."""
        return self._by_unit.get(unit)

    def device_ids(self) -> list[int]:
        """Return all unit addresses."""
        return list(self._by_unit)

    async def async_getValues(  # noqa: N802  (pymodbus' name)
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """Read, or repeat a single write for its acknowledgement: a product echoes what it was sent."""
        if func_code in SINGLE_WRITES and self._echo is not None:
            words, self._echo = self._echo, None
        else:
            try:
                words = self._present(device_id).read(device_id, func_code, address, count)
            except Refused as refused:
                return ExcCodes(refused.code)
            except Silent:
                raise NoSuchIdException from None
        return [bool(word) for word in words] if func_code in COIL_FUNCTIONS else words

    async def async_setValues(  # noqa: N802  (pymodbus' name)
        self, device_id: int, func_code: int, address: int, values: Any
    ) -> ExcCodes | None:
        """Write."""
        words = [int(word) for word in values]
        try:
            self._present(device_id).write(device_id, func_code, address, words)
        except Refused as refused:
            return ExcCodes(refused.code)
        except Silent:
            raise NoSuchIdException from None
        self._echo = words
        return None

    def _present(self, unit: int) -> Device:
        device = self.find(unit)
        if device is None:
            raise NoSuchIdException(f"no unit {unit} here")
        return device


class Connection(ServerRequestHandler):
    """One client. What leaves may be late or broken; a silent client may be put out."""

    def __init__(self, owner: TcpPort | RtuPort) -> None:
        super().__init__(owner, None, None, None)  # type: ignore[no-untyped-call]  # pymodbus has no types there
        self._port = owner
        self._idle: asyncio.TimerHandle | None = None

    def callback_connected(self) -> None:
        """Refuse the client that is one too many."""
        super().callback_connected()
        if self._port.clients_max and len(self._port.active_connections) > self._port.clients_max:
            self.loop.call_soon(self.close)
        self._watch_idle()

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Stop watching."""
        if self._idle:
            self._idle.cancel()
        super().callback_disconnected(exc)

    def callback_data(self, data: bytes, addr: tuple[Any, ...] | None = None) -> int:
        """Take bytes."""
        self._watch_idle()
        return super().callback_data(data, addr)

    def server_send(self, pdu: ModbusPDU, addr: tuple[Any, ...] | None) -> None:  # noqa: ARG002  (pymodbus calls it so)
        """Send an answer as the device's faults and the line's speed have it."""
        packet, delay_s = self._port.outgoing(pdu.dev_id, self.framer.buildFrame(pdu))
        if delay_s > 0:
            self.loop.call_later(delay_s, self._put, packet)
        else:
            self._put(packet)

    def _put(self, packet: bytes) -> None:
        if self.transport:
            cast(asyncio.WriteTransport, self.transport).write(packet)

    def _watch_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
        if self._port.idle_s:
            self._idle = self.loop.call_later(self._port.idle_s, self.close)


class _Outgoing:
    """What both kinds of port do to an answer."""

    router: Router
    baud = 0
    has_checksum = False
    clients_max = 0
    idle_s = 0.0

    def outgoing(self, unit: int, packet: bytes) -> tuple[bytes, float]:
        """Return the bytes that leave and how much later."""
        delay_s = BITS_PER_BYTE * (len(packet) + 8) / self.baud if self.baud else 0.0
        device = self.router.find(unit)
        if device is None:
            return packet, delay_s
        packet, late_s = device.leaving(packet, self.has_checksum)
        return packet, delay_s + late_s


class TcpPort(_Outgoing, ModbusTcpServer):
    """Modbus TCP on a socket."""

    def __init__(self, devices: list[Device], host: str, port: int) -> None:
        self.router = Router(devices)
        self.clients_max = min((d.product.clients_max for d in devices if d.product.clients_max), default=0)
        self.idle_s = min((d.product.idle_s for d in devices if d.product.idle_s), default=0.0)
        super().__init__(self.router, framer=FramerType.SOCKET, address=(host, port), ignore_missing_devices=True)

    def callback_new_connection(self) -> Connection:
        """Serve another client."""
        return Connection(self)

    @property
    def bound(self) -> tuple[str, int]:
        """Host and port it listens on."""
        host, port = cast(asyncio.Server, self.transport).sockets[0].getsockname()[:2]
        return host, port

    def drop_clients(self) -> None:
        """Close all connections, as a restart does."""
        for connection in list(self.active_connections.values()):
            connection.close()


class RtuPort(_Outgoing, ModbusSerialServer):
    """Modbus RTU behind a pseudo-terminal that clients open like a serial port."""

    has_checksum = True
    framer_type = FramerType.RTU

    def __init__(self, devices: list[Device], link: str, baud: int) -> None:
        self.router = Router(devices)
        self.baud = baud
        self.line = PtyLine(Path(link) if link else None)
        super().__init__(self.router, framer=self.framer_type, port=self.line.path, ignore_missing_devices=True)
        self.call_create = self._attach

    async def _attach(self) -> tuple[asyncio.BaseTransport, Any]:
        connection = self.handle_new_connection()
        self.line.start(cast(asyncio.Protocol, connection))  # pymodbus names only the base class
        return self.line, connection

    def callback_new_connection(self) -> Connection:
        """Serve the line."""
        return Connection(self)

    def drop_clients(self) -> None:
        """Nothing to close: a serial line does not notice a restart."""


class AsciiPort(RtuPort):
    """Modbus ASCII there; its answers begin with '>', as ABL's charging points have it."""

    has_checksum = False
    framer_type = FramerType.ASCII

    def outgoing(self, unit: int, packet: bytes) -> tuple[bytes, float]:
        """Return the bytes that leave and how much later."""
        return super().outgoing(unit, ascii_answer(packet))


def ascii_answer(packet: bytes) -> bytes:
    """Return a frame in ASCII with the mark of an answer."""
    return b">" + packet[1:]
