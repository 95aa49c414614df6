"""What every simulated product has: units it answers as, maps by unit and function, timers of its own."""

from __future__ import annotations

from math import inf
from typing import Any

from sim_devices.house import House
from sim_devices.wire.bank import ILLEGAL_FUNCTION, Bank, Refused


class Product:
    """Base of the products. `reading` and `writing` give the map for (unit, function code)."""

    model = ""
    bus_kind = ""  # "rtu" or "tcp"
    clients_max = 0  # TCP connections at a time, 0: any number
    idle_s = 0.0  # idle TCP connections are closed after this, 0: never
    options: type[Any] = object  # dataclass of what the configuration may set

    def __init__(self, house: House, unit: int, options: Any = None) -> None:  # noqa: ARG002  (each product has its own)
        self.house, self.unit = house, unit
        self.reading: dict[tuple[int, int], Bank] = {}
        self.writing: dict[tuple[int, int], Bank] = {}

    @property
    def units(self) -> list[int]:
        """Unit addresses it answers to, its main one first."""
        return [self.unit]

    def asked(self) -> None:
        """Take notice of a request, before it is answered. Raises: Silent when nothing will answer it."""

    def write(self, unit: int, function: int, address: int, words: list[int]) -> None:
        """Take a write that reached the product. Raises: Refused."""
        bank = self.writing.get((unit, function))
        if bank is None:
            raise Refused(ILLEGAL_FUNCTION)
        bank.write(address, words)

    def step(self, dt_s: float) -> None:
        """Let real time pass for its own timers."""

    def due_s(self) -> float:
        """Return how many seconds pass until a timer of its own changes what it does."""
        return inf

    def restart(self) -> None:
        """Lose what is volatile."""

    def trip_watchdog(self) -> None:
        """Act as if the controller had been silent for too long. Raises: ValueError when it has no watchdog."""
        raise ValueError(f"{self.model} has no watchdog of its own")

    def state(self) -> dict[str, object]:
        """Return what it believes, for the control socket."""
        return {}
