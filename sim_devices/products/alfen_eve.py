"""Alfen Eve NG9xx, a charge point: unit 1 is the socket, unit 200 the station.

Source: Alfen, "Modbus Slave TCP/IP" v2.3 (2020-10-30); addresses as on the wire. At most two clients, idle
ones are put out after 60 s. What a controller must know: the set-point (1210, float32, both words in one
function 16) counts only while the validity (1208, s) has not run out, then the safe current (1212) applies
until the next write; the set-point is gone after a restart and reads 0. Applied maximum is 1206. Phases
(1215) are honoured by function 16 only (a user's note; function 6 is acknowledged and ignored here); a change
pauses charging until the contacts have moved, while the register reads what was written. They outlast a restart.
Not modelled: load balancing over several stations (1400-1431), reactive and apparent energy (not a number).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from struct import Struct

from sim_devices.house import House
from sim_devices.physics.charging import CURRENT_A_MIN, ChargePoint
from sim_devices.physics.flow import Circuit
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32, f64, nan, text, to_f32, u16, u32, u64

READ_HOLDING, WRITE_ONE, WRITE_MANY = 3, 6, 16
STATION_UNIT = 200
SETPOINT, PHASES = 1210, 1215
MEASURED = Struct(">6f4s4f4ff4f4f4f4d")


@dataclass
class Options:
    """What the installer set in the product."""

    validity_s: float = 60.0
    safe_a: float = 6.0
    station_a_max: float = 32.0
    serial: str = "ACE0000001"


class AlfenEve(Product):
    """Turns the set-point into the limit of the house's charge point."""

    model = "alfen-eve"
    bus_kind = "tcp"
    clients_max = 2
    idle_s = 60.0
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        if house.charge_point is None:
            raise ValueError("alfen-eve needs a [charge_point]")
        self.point: ChargePoint = house.charge_point
        self.opts = options
        self.setpoint_a = 0.0
        self.valid_s = 0.0
        self.uptime_s = 0.0
        socket, station = Bank(self._socket()), Bank(self._station())
        self.reading = {(unit, READ_HOLDING): socket, (STATION_UNIT, READ_HOLDING): station}
        self.writing = {(unit, WRITE_ONE): socket, (unit, WRITE_MANY): socket}
        self._apply()

    @property
    def units(self) -> list[int]:
        """Socket, station."""
        return [self.unit, STATION_UNIT]

    @property
    def accounted(self) -> bool:
        """Tell whether the set-point counts (1214)."""
        return self.valid_s > 0

    @property
    def applied_a(self) -> float:
        """Current that the socket allows (1206)."""
        wanted_a = self.setpoint_a if self.accounted else self.opts.safe_a
        return min(max(wanted_a, 0.0), self.opts.station_a_max)

    def write(self, unit: int, function: int, address: int, words: list[int]) -> None:
        """Take a write; see the module for what function 6 cannot do."""
        if function == WRITE_ONE and address == PHASES:
            return
        super().write(unit, function, address, words)

    def step(self, dt_s: float) -> None:
        """Count the validity down."""
        self.uptime_s += dt_s
        self.valid_s = max(self.valid_s - dt_s, 0.0)
        self._apply()

    def due_s(self) -> float:
        """Until the set-point no longer counts."""
        return self.valid_s or inf

    def restart(self) -> None:
        """Forget the set-point."""
        self.setpoint_a = self.valid_s = self.uptime_s = 0.0
        self._apply()

    def trip_watchdog(self) -> None:
        """Let the validity run out now."""
        self.valid_s = 0.0
        self._apply()

    def state(self) -> dict[str, object]:
        """Set-point, what is left of it, what is applied."""
        return {
            "setpoint_a": self.setpoint_a, "valid_s": self.valid_s, "applied_a": self.applied_a,
            "phases": self.point.phases_set,
        }  # fmt: skip

    def _apply(self) -> None:
        applied_a = self.applied_a
        self.point.limit_a = applied_a if applied_a >= CURRENT_A_MIN else 0.0

    def _set(self, words: list[int]) -> None:
        self.setpoint_a, self.valid_s = to_f32(words), self.opts.validity_s
        self._apply()

    def _set_phases(self, words: list[int]) -> None:
        self.point.use_phases(words[0])

    def _station(self) -> list[Cell]:
        opts = self.opts
        return [
            Cell(100, 17, text("ALF_1000", 17)),
            Cell(117, 5, text("Alfen NV", 5)),
            Cell(122, 1, u16(1)),
            Cell(123, 17, text("6.4.0-4210", 17)),
            Cell(140, 17, text("NG910", 17)),
            Cell(157, 11, text(opts.serial, 11)),
            Cell(168, 6, self._clock),
            Cell(174, 4, lambda: u64(self.uptime_s * 1000)),
            Cell(178, 1, u16(60)),
            Cell(1100, 2, lambda: f32(opts.station_a_max)),
            Cell(1102, 2, f32(30.0)),
            Cell(1104, 1, u16(0)),
            Cell(1105, 1, u16(1)),
        ]

    def _clock(self) -> bytes:
        at = self.house.at
        parts = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        return b"".join([u16(part) for part in parts])

    def _socket(self) -> list[Cell]:
        return [
            *_metering(self.house.circuits["charger"]),
            Cell(1200, 1, lambda: u16(0 if self.point.faulty else 1)),
            Cell(1201, 5, lambda: text(self.point.state, 5)),
            Cell(1206, 2, lambda: f32(self.applied_a)),
            Cell(1208, 2, lambda: u32(self.valid_s)),
            Cell(SETPOINT, 2, lambda: f32(self.setpoint_a), self._set, _is_current),
            Cell(1212, 2, lambda: f32(self.opts.safe_a)),
            Cell(1214, 1, lambda: u16(self.accounted)),
            Cell(PHASES, 1, lambda: u16(self.point.phases_set), self._set_phases, lambda words: words[0] in (1, 3)),
        ]


def _is_current(words: list[int]) -> bool:
    return isfinite(to_f32(words)) and to_f32(words) >= 0


def _measured(c: Circuit) -> bytes:
    """Registers 306-377, which everybody reads in one piece: V, V between phases, A, factor, Hz, W, VA, var, Wh."""
    w, var = c.flow
    phases = (0, 1, 2)
    lines_v = [c.line_voltage_v(i) for i in phases]
    currents_a = [c.current_a(i) for i in phases]
    factors = [c.power_factor(i) for i in phases]
    va = [c.apparent_va(i) for i in phases]
    return MEASURED.pack(
        *c.voltage_v, *lines_v, nan(2), *currents_a, sum(currents_a), *factors, factors[0], c.frequency_hz,
        *w, c.flow.total_w, *va, sum(va), *var, sum(var), *c.import_phase_wh, c.import_wh,
    )  # fmt: skip


def _each(address: int, step: int, read: Callable[[int], bytes]) -> list[Cell]:
    """Cells for the three phases, `step` registers apart."""
    return [Cell(address + step * i, step, partial(read, i)) for i in range(3)]


def _metering(c: Circuit) -> list[Cell]:
    """Registers 300-425 of a socket: V, A, W, VA, var, Hz as float32, Wh as float64."""
    return [
        Cell(300, 1, u16(3)),
        Cell(301, 4, u64(500)),
        Cell(305, 1, u16(0)),
        Cell(306, 72, partial(_measured, c)),
        *_each(378, 4, lambda i: f64(c.export_phase_wh[i])),
        Cell(390, 4, lambda: f64(c.export_wh)),
        *[Cell(address, 4, nan(4)) for address in range(394, 426, 4)],
    ]
