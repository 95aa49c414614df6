"""What the site and its devices showed at each whole minute, for the reports that a VTN asks for.

Kept in memory for a day and some hours; after a restart an interval that began before is reported as missing. What was
not read within some seconds of its minute is not there: nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent import record
from agent.claims import aside
from agent.limits import SITE
from agent.sources.peer_desk import OPTED_OUT
from hal import quantities as q

if TYPE_CHECKING:
    from agent.image import Image
    from agent.sources.peer_desk import PeerDesk
    from agent.unit import Unit

MINUTE_MS = 60000
MARKS_MAX = 26 * 60
LATE_MS = 10000
RUNNING_W = 100  # less is standby
KEPT = (q.POWER_W, q.ENERGY_IMPORT_WH, q.SOC_PM, q.VOLTAGE_L1_MV, q.CURRENT_L1_MA)


@dataclass
class Mark:
    """One scope at one minute: its reading, what it is told and does, and its power over the minute that follows."""

    reading: dict[int, int]
    setpoint_w: int | None
    state: str
    sum_w: int = 0
    peak_w: int = -(1 << 40)
    count: int = 0  # samples of power within the minute


@dataclass
class Marks:
    """Looks at the site when it is told to, and remembers."""

    desk: PeerDesk
    scopes: list[int]
    kept: dict[int, dict[int, Mark]] = field(default_factory=dict)  # minute since 1970 -> scope -> mark
    _image: Image | None = None

    def look(self, civil_ms: int) -> None:
        """Take what is known now into the present minute."""
        minute, self._image = civil_ms // MINUTE_MS, self.desk.loop.image()
        if minute not in self.kept:
            late = civil_ms % MINUTE_MS > LATE_MS
            self.kept[minute] = {scope: self._mark(scope, late) for scope in self.scopes}
            for old in [each for each in self.kept if not minute - MARKS_MAX <= each <= minute]:
                del self.kept[old]
        for scope in self.scopes:
            power_w = self._reading(scope).get(q.POWER_W)
            mark = self.kept[minute][scope]
            if power_w is not None:
                mark.sum_w, mark.count, mark.peak_w = mark.sum_w + power_w, mark.count + 1, max(mark.peak_w, power_w)

    def at(self, at_ms: int, scope: int) -> Mark | None:
        """Return the mark of the minute nearest to a moment, None where there is none."""
        return self.kept.get((at_ms + MINUTE_MS // 2) // MINUTE_MS, {}).get(scope)

    def between(self, start_ms: int, end_ms: int, scope: int) -> list[Mark]:
        """Return the marks whose minutes make up a span, as far as there are any."""
        first, last = ((at_ms + MINUTE_MS // 2) // MINUTE_MS for at_ms in (start_ms, end_ms))
        minutes = [self.kept.get(minute, {}).get(scope) for minute in range(max(first, last - MARKS_MAX), last)]
        return [mark for mark in minutes if mark is not None]

    def _mark(self, scope: int, late: bool) -> Mark:
        reading = self._reading(scope)
        setpoint_w = None
        if scope >= 0:
            unit = self.desk.loop.state.units[scope]
            setpoint_w = None if unit.setpoint is None else unit.power_of(unit.setpoint)
        return Mark({} if late else reading, setpoint_w, self._state(scope, reading))

    def _reading(self, scope: int) -> dict[int, int]:
        """Return what the scope's meter says and is fresh; empty where nobody does."""
        state = self.desk.loop.state
        index = state.circuit_of(scope).meter if scope < 0 else scope
        if index is None or self._image is None:
            return {}
        sample = self._image.fresh(index, state.now_ms, state.units[index].contract.stale_ms)
        return {} if sample is None else {key: sample.values[key] for key in KEPT if key in sample.values}

    def _state(self, scope: int, reading: dict[int, int]) -> str:
        """Return the operating state in OpenADR's words."""
        power_w = reading.get(q.POWER_W)
        if power_w is None:
            return "ERROR"
        return ("RUNNING_" if abs(power_w) >= RUNNING_W else "IDLE_") + self._response(scope)

    def _response(self, scope: int) -> str:
        if OPTED_OUT in self.desk.outcomes or aside(self.desk.loop.state.claims, scope) is not None:
            return "OPTED_OUT"
        if record.STARTED not in self.desk.outcomes:
            return "NORMAL"
        unit = self.desk.loop.state.units[scope] if scope != SITE and scope >= 0 else None
        return "HEIGHTENED" if unit is not None and self._is_more(unit) else "CURTAILED"

    def _is_more(self, unit: Unit) -> bool:
        """Tell whether this source lets a device draw more than it would without anybody."""
        ours = self.desk.authority.name in unit.source
        return ours and unit.power_of(unit.setpoint) > unit.power_of(unit.default)
