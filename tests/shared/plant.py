"""Any number of devices behind one connection, for tests of the core: each follows its set-point in its own way."""

from __future__ import annotations

from agent.circuits import Circuit
from agent.image import Image, Sample
from agent.state import State
from agent.step import step
from agent.unit import Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import AGENT_ID, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.step import Item

VOLT = 230


class Load:
    """What stands behind one controllable unit."""

    def __init__(self, wants_w: int = 0, lag_s: int = 0, phases: tuple[int, ...] = (0, 1, 2)) -> None:
        self.wants_w = wants_w  # what it would draw by itself
        self.lag_s = lag_s  # seconds until a new set-point is followed
        self.phases = phases  # that it really uses
        self.gain_pm = 1000  # what it really draws of its set-point
        self.obeys = True
        self.reports = True
        self.says_w: int | None = None  # in place of the truth
        self.old_s = 0  # seconds by which what it says is late
        self.power_w = 0
        self.soc_pm: int | None = 500  # what a battery says of its charge
        self._asked: list[int | None] = []
        self._said: list[dict[int, int]] = []

    def follow(self, unit: Unit) -> None:
        """Let one second pass under the unit's set-point."""
        self._asked.append(unit.setpoint if unit.source else None)
        asked = self._asked[0]
        if len(self._asked) > self.lag_s:
            self._asked.pop(0)
        if not self.obeys or asked is None:
            self.power_w = self.wants_w
        elif unit.contract.kind == c.BATTERY:
            self.power_w = asked * self.gain_pm // 1000
        else:
            self.power_w = min(self.wants_w, unit.power_of(asked) * self.gain_pm // 1000)

    def reading(self) -> dict[int, int]:
        """Return what the device says."""
        self._said.append(self._measured())
        return self._said[0] if len(self._said) <= self.old_s else self._said.pop(0)

    def _measured(self) -> dict[int, int]:
        values = {q.EV_STATE: q.EV_C}
        if self.soc_pm is not None:
            values[q.SOC_PM] = self.soc_pm
        if self.reports:
            values[q.POWER_W] = self.power_w if self.says_w is None else self.says_w
            for phase in (0, 1, 2):
                here = phase in self.phases
                values[q.CURRENT_L1_MA + phase] = abs(self.power_w) * 1000 // (VOLT * len(self.phases)) if here else 0
                values[q.POWER_L1_W + phase] = self.power_w // len(self.phases) if here else 0
        return values


class Plant:
    """The grid meter is unit 0; `loads[i]` belongs to unit i + 1."""

    def __init__(self, units: list[Unit], loads: list[Load], table: dict[str, int] = TABLE) -> None:
        self.state = State(Circuit(table, 0), units, AGENT_ID, 7, 60, 10000)
        self.loads = loads
        self.base_w = [0, 0, 0]  # by phase; negative is PV
        self.phase_currents = True  # whether the grid meter gives them
        self.silent: list[int] = []
        self.meter_says_w: int | None = None
        self.samples: list[Sample | None] = [None] * len(units)
        self.now_ms = 0
        self.civil_ms = 0
        self.seen_w: list[int] = []  # what the connection carried, tick by tick
        self.facts: list[list[object]] = []

    def phase_w(self, phase: int) -> int:
        """Return what one phase of the connection carries."""
        shares = [load.power_w // len(load.phases) for load in self.loads if phase in load.phases]
        return self.base_w[phase] + sum(shares)

    def grid_w(self) -> int:
        """Return what the connection carries."""
        return self.phase_w(0) + self.phase_w(1) + self.phase_w(2)

    def setpoints(self) -> list[int | None]:
        """Return what the units were told."""
        return [unit.setpoint for unit in self.state.units[1:]]

    def measure(self) -> Image:
        """Let every device that is not silent answer."""
        meter = {q.POWER_W: self.grid_w() if self.meter_says_w is None else self.meter_says_w}
        if self.phase_currents:
            for phase in (0, 1, 2):
                meter[q.CURRENT_L1_MA + phase] = abs(self.phase_w(phase)) * 1000 // VOLT
                meter[q.POWER_L1_W + phase] = self.phase_w(phase)
        readings = [meter] + [load.reading() for load in self.loads]
        for index, reading in enumerate(readings):
            if index not in self.silent:
                self.samples[index] = Sample(self.now_ms, reading)
        quality = q.CLOCK_SYNCHRONISED if self.civil_ms else q.CLOCK_UNKNOWN
        return Image(list(self.samples), self.civil_ms, quality, 0)

    def tick(self, inbox: list[Item]) -> list[list[object]]:
        """Let one second pass; return the records."""
        self.now_ms += 1000
        self.civil_ms += 1000 if self.civil_ms else 0
        for at, load in enumerate(self.loads):
            load.follow(self.state.units[at + 1])
        _, facts = step(self.state, self.now_ms, self.measure(), inbox)
        self.seen_w.append(self.grid_w())
        return facts

    def run(self, seconds: int, inbox: list[Item] | None = None) -> list[list[object]]:
        """Let `seconds` pass; return the records."""
        facts: list[list[object]] = []
        for _ in range(seconds):
            facts += self.tick(inbox or [])
            inbox = None
        self.facts += facts
        return facts
