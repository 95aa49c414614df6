"""A small house for tests of the core on both runtimes: devices that follow their set-points, a meter that adds up.

No protocol here: these stand where drivers stand, so that limits, claims and evidence are tested alone.
"""

from __future__ import annotations

from agent.circuits import Circuit
from agent.command import Authority
from agent.image import Image, Sample
from agent.state import State
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q

CHARGER = Contract(c.CHARGER, q.LIMIT_MA, (6000, 32000, 100), 0, False, 10000)
BATTERY = Contract(c.BATTERY, q.SETPOINT_W, (-5000, 5000, 50), None, False, 10000)
HEAT_PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), None, True, 10000)
METER = Contract(c.METER, 0, (0, 0, 1), None, False, 10000)
SWITCH = Contract(c.SWITCH, q.ON, (0, 1, 1), None, False, 10000)
AGENT_ID = b"agent-01"
DSO = Authority("dso", b"\x04" + b"d" * 64, "grid", 20000)
AGGREGATOR = Authority("agg", b"\x04" + b"a" * 64, "aggregator", 6000)
OWNER = Authority("owner", b"\x04" + b"o" * 64, "owner", 20000)
TABLE = {"import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 25000, "meter_stale_ms": 10000}


def row(device_id: str, **keys: object) -> dict[str, object]:
    """Return a checked device table."""
    table: dict[str, object] = {
        "id": device_id,
        "phases": 7,
        "power_max_w": 0,
        "default": None,
        "fallback": None,
        "priority": 100,
    }
    table.update(keys)
    return table


class House:
    """Grid meter, charger, heat pump, battery; each draws what it is granted and wants."""

    def __init__(self) -> None:
        units = [
            Unit(0, row("grid"), METER),
            Unit(1, row("charger", power_max_w=22080, default=32000, priority=20), CHARGER),
            Unit(2, row("heatpump", power_max_w=5000, default=6000, priority=10), HEAT_PUMP),
            Unit(3, row("battery", power_max_w=5000, priority=30), BATTERY),
        ]
        self.state = State(Circuit(TABLE, 0), units, AGENT_ID, 7, 60, 10000)
        self.base_w = 800
        self.ev_w = 11040
        self.heat_w = 2500
        self.battery_w = 0
        self.now_ms = 0
        self.civil_ms = 0
        self.silent: list[int] = []
        self.samples: list[Sample | None] = [None, None, None, None]
        self.energy_mws = 0

    def drawn(self) -> list[int]:
        """Return the power of charger, heat pump and battery under their present set-points."""
        charger, pump, battery = self.state.units[1], self.state.units[2], self.state.units[3]
        ev_w = min(self.ev_w, charger.power_of(charger.setpoint)) if charger.setpoint is not None else 0
        heat_w = min(self.heat_w, pump.setpoint) if pump.setpoint is not None else self.heat_w
        battery_w = battery.setpoint if battery.setpoint is not None else self.battery_w
        return [ev_w, heat_w, battery_w]

    def grid_w(self) -> int:
        """Return what the connection carries."""
        return self.base_w + sum(self.drawn())

    def measure(self) -> Image:
        """Let every device that is not silent answer."""
        drawn = self.drawn()
        grid_w = self.base_w + sum(drawn)
        current_ma = abs(grid_w) * 1000 // 690
        self.energy_mws += max(0, grid_w)
        readings = [
            {
                q.POWER_W: grid_w,
                q.CURRENT_L1_MA: current_ma,
                q.CURRENT_L2_MA: current_ma,
                q.CURRENT_L3_MA: current_ma,
                q.POWER_L1_W: grid_w // 3,
                q.POWER_L2_W: grid_w // 3,
                q.POWER_L3_W: grid_w // 3,
                q.ENERGY_IMPORT_WH: self.energy_mws // 3600,
                q.ENERGY_EXPORT_WH: 0,
            },
            {q.POWER_W: drawn[0], q.EV_STATE: q.EV_C},
            {q.POWER_W: drawn[1]},
            {q.POWER_W: drawn[2], q.SOC_PM: 500},
        ]
        for index in range(4):
            if index not in self.silent:
                self.samples[index] = Sample(self.now_ms, readings[index])
        quality = q.CLOCK_SYNCHRONISED if self.civil_ms else q.CLOCK_UNKNOWN
        return Image(list(self.samples), self.civil_ms, quality, 0)
