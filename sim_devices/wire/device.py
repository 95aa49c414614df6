"""A product on a bus: its maps as the outside sees them, through its faults."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf

from sim_devices.products.product import Product
from sim_devices.wire.bank import ILLEGAL_FUNCTION, Bank, Refused, Silent
from sim_devices.wire.faults import Fault, FaultBox
from sim_devices.wire.words import words_of

RESTART_S = 5.0
COIL_FUNCTIONS = (1, 2, 5, 15)


class Device:
    """One product with its id and its faults."""

    def __init__(self, name: str, product: Product) -> None:
        self.name, self.product = name, product
        self.faults = FaultBox(self._fault_ended)
        self.restarted = False  # the port looks at this to drop connections

    def begin(self, fault: Fault) -> None:
        """Start a fault. Raises: ValueError when the product has no such thing."""
        if fault.kind == "watchdog":
            self.product.trip_watchdog()
        elif fault.kind == "restart":
            self.product.restart()
            self.restarted = True
            self.faults.begin(Fault("silence", RESTART_S if fault.seconds == inf else fault.seconds))
        else:
            self.faults.begin(replace(fault))
            if fault.kind == "stuck":
                self._freeze(True)

    def _fault_ended(self, kind: str) -> None:
        if kind == "stuck":
            self._freeze(False)

    def _freeze(self, frozen: bool) -> None:
        for bank in self.product.reading.values():
            bank.freeze(frozen)

    def step(self, dt_s: float) -> None:
        """Let real time pass for the product's own timers, its faults and whoever else writes to it."""
        self.product.step(dt_s)
        if not self.faults.any:
            return
        foreign = self.faults.foreign_write_due(dt_s)
        if foreign:
            unit = foreign.unit or self.product.units[0]
            self.product.write(unit, 16, foreign.address, list(foreign.words))
        self.faults.step(dt_s)

    def read(self, unit: int, function: int, address: int, count: int) -> list[int]:
        """Answer a read in words. Raises: Silent, Refused."""
        return words_of(self.registers(unit, function, address, count))

    def registers(self, unit: int, function: int, address: int, count: int) -> bytes:
        """Answer a read as on the wire, two bytes a word or coil. Raises: Silent, Refused."""
        if not self.faults.any:
            self.product.asked()
            bank = self.product.reading.get((unit, function))
            if bank is not None:
                return bank.read(address, count)
        self._answers("read", address, count)
        found = self._bank(self.product.reading, unit, function).read(address, count)
        return bytes(len(found)) if self.faults.get("zeros") else found

    def write(self, unit: int, function: int, address: int, words: list[int]) -> None:
        """Take a write. Raises: Silent, Refused."""
        self._answers("write", address, len(words))
        if self.faults.get("lying"):
            self._bank(self.product.writing, unit, function).check(address, words)
            return
        self.product.write(unit, function, address, words)

    def leaving(self, packet: bytes, has_checksum: bool) -> tuple[bytes, float]:
        """Return an answer as its faults have it, and how many seconds late it is."""
        if not self.faults.any:
            return packet, 0.0
        slow = self.faults.get("slow")
        if self.faults.get("crc") and has_checksum:
            packet = packet[:-1] + bytes([packet[-1] ^ 0x5A])
        if self.faults.get("garbage"):
            packet = random.Random(packet).randbytes(len(packet))  # noqa: S311  (noise, the same each time)
        return packet, slow.delay_s if slow else 0.0

    def _answers(self, access: str, address: int, count: int) -> None:
        if self.faults.get("silence"):
            raise Silent
        failing, refusing = self.faults.get("exception"), self.faults.get("refuse")
        if failing:
            raise Refused(failing.code)
        if refusing and refusing.refuses(access, address, count):
            raise Refused(refusing.code)
        self.product.asked()

    def _bank(self, banks: dict[tuple[int, int], Bank], unit: int, function: int) -> Bank:
        bank = banks.get((unit, function))
        if bank is None:
            raise Refused(ILLEGAL_FUNCTION)
        return bank
