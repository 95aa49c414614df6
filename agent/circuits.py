"""The connection and the circuits below it: what each may carry, who measures it, and what is left of it in a tick.

Closed on each circuit's own meter: what it shows is true, what devices say of themselves only tells whose share is
whose. A phase current that a meter does not give is taken as if all that no device explains flowed through it. A
circuit without a meter carries what its devices may draw, and nothing else: what else hangs on it nobody sees.

Source: docs/architecture.md, "Circuits"; imbalance: VDE-AR-N 4100 section 5.5 (single-phase load, 4.6 kVA) as the
case that a site states in its configuration.
"""

from __future__ import annotations

from agent.image import phase_current_ma
from agent.limits import EXPORT, IMPORT, SITE, tightest, tightest_ma
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.claims import Claim
    from agent.state import State
    from agent.unit import Unit

NOMINAL_MV = const(230000)
UNKNOWN_W = const(1 << 30)  # more than anything carries
_BUCKETS = const(5)  # a baseline is the mean of so many minutes
_BUCKET_MS = const(60000)
_PHASES = (0, 1, 2)


class Circuit:
    """Limits of a circuit, and its room in this tick: W in all, mA by phase; negative is excess."""

    def __init__(self, table: dict[str, Any], meter: int | None, scope: int = SITE) -> None:
        name: str = table.get("id") or ""
        self.id = name
        self.scope = scope
        self.parent: int = table.get("parent") or 0  # place in the state's circuits
        self.import_limit_w: int = table["import_limit_w"]
        self.export_limit_w: int = table["export_limit_w"]
        self.fuse_ma: int = table["fuse_ma"]
        self.imbalance_ma: int = table.get("imbalance_ma") or 0  # 0: the phases need not be alike
        self.meter_stale_ms: int = table["meter_stale_ms"]
        self.meter = meter
        behind = " " + name if name else ""
        self.own = "circuit" + behind if name else "connection"
        self.fuses = tuple(["fuse%s L%d" % (behind, phase + 1) for phase in _PHASES])
        self.failsafe = 0  # cause in force, 0 none
        self.meter_bad_ms = 0  # when its meter last gave no headroom
        self.shown_w: int | None = None  # what its meter shows; None: nothing that can be trusted
        self.limit_w = 0  # what all together may draw, and what says so
        self.limit_name = ""
        self.left_w = 0
        self.most_ma = [0, 0, 0]
        self.left_ma = [0, 0, 0]
        self.names = ["", "", ""]  # what binds each phase
        self.aim: Claim | None = None  # the target in force in this tick
        self._means: list[int] = []  # of the last whole minutes
        self._sum = 0
        self._count = 0
        self._minute = 0

    def metered(self) -> bool:
        """Tell whether somebody measures it; the connection without a meter has no headroom."""
        return self.meter is not None or self.scope == SITE

    def open(self, state: State, values: dict[int, int] | None) -> None:
        """Find out what is left above everything that it carries now, its devices' own draw included."""
        self.limit_w, self.limit_name = self.import_limit_w, self.own
        limit = tightest(state.limits, self.scope, IMPORT)
        if limit is not None and limit.value < self.limit_w:
            self.limit_w, self.limit_name = limit.value, limit.name
        self.shown_w = None if values is None else values[q.POWER_W]
        self.left_w = self.limit_w if self.shown_w is None else self.limit_w - self.shown_w
        for phase in _PHASES:
            most_ma, self.names[phase] = self.fuse_ma, self.fuses[phase]
            on_phase = tightest_ma(state.limits, self.scope, IMPORT, phase)
            if on_phase is not None and on_phase.value < most_ma:
                most_ma, self.names[phase] = on_phase.value, on_phase.name
            self.most_ma[phase] = self.left_ma[phase] = most_ma
            if values is not None:
                current = phase_current_ma(values, phase)
                self.left_ma[phase] -= _unseen_ma(self, state, phase) if current is None else current

    def export_floor_w(self, state: State) -> tuple[int, str]:
        """Return the lowest power it may have (negative: feeds in), and what says so."""
        export_w, source = self.export_limit_w, self.own
        limit = tightest(state.limits, self.scope, EXPORT)
        if limit is not None and limit.value < export_w:
            export_w, source = limit.value, limit.name
        return -export_w, source

    def imbalance_left_ma(self, unit: Unit, phase: int) -> int:
        """Return how far a unit may raise a phase before the least loaded one without it lags too far behind."""
        least_ma = min([self.most_ma[other] - self.left_ma[other] for other in _PHASES if other not in unit.phases])
        return self.imbalance_ma + least_ma - (self.most_ma[phase] - self.left_ma[phase])

    def give_back(self, unit: Unit) -> None:
        """Add what `unit` draws: it is served anew. Where nobody measures, it was never taken off."""
        if self.shown_w is None:
            return
        self.left_w += max(0, unit.drawn_w)
        for phase in unit.phases:
            self.left_ma[phase] += max(0, unit.drawn_ma[phase])

    def take(self, unit: Unit, reserved_w: int, granted_w: int, times: int = 1) -> None:
        """Take off what is kept for `unit`, or draws where that is more; where nobody measures, all it may draw.

        `times` -1 undoes it.
        """
        power_w = granted_w if self.shown_w is None else reserved_w
        self.left_w -= max(power_w, unit.drawn_w, 0) * times
        share_ma = unit.share_ma(power_w)
        for phase in unit.phases:
            self.left_ma[phase] -= max(share_ma, unit.drawn_ma[phase], 0) * times

    def relieve(self, unit: Unit, power_w: int) -> None:
        """Add the relief that `unit` was just told to bring."""
        self.left_w += power_w
        for phase in unit.phases:
            self.left_ma[phase] += unit.share_ma(power_w)

    def remember(self, now_ms: int) -> None:
        """Keep the mean of each minute in which the meter could be trusted."""
        minute = now_ms // _BUCKET_MS
        if minute != self._minute:
            if self._count:
                self._means = self._means[1 - _BUCKETS :] + [self._sum // self._count]
            self._minute, self._sum, self._count = minute, 0, 0
        if self.shown_w is None:
            self._means, self._sum, self._count = [], 0, 0
        else:
            self._sum += self.shown_w
            self._count += 1

    def baseline_w(self) -> int | None:
        """Return the mean of the last whole minutes, at most five; None before there was one."""
        return sum(self._means) // len(self._means) if self._means else None


def _unseen_ma(circuit: Circuit, state: State, phase: int) -> int:
    rest_w, known_ma = circuit.shown_w or 0, 0
    for unit in state.powered:
        if circuit in unit.chain:
            rest_w -= unit.drawn_w
            known_ma += unit.drawn_ma[phase]
    return max(0, rest_w) * 1000000 // NOMINAL_MV + known_ma


def room_for(unit: Unit) -> tuple[int, str]:
    """Return the most that `unit` may draw in W, and what binds: of its circuit and all above."""
    power_w, source = UNKNOWN_W, ""
    for circuit in unit.chain:
        if circuit.left_w < power_w:
            power_w, source = circuit.left_w, circuit.limit_name
        for phase in unit.phases:
            fuse_w = unit.watts(circuit.left_ma[phase])
            if fuse_w < power_w:
                power_w, source = fuse_w, circuit.names[phase]
            if circuit.imbalance_ma and len(unit.phases) < 3:
                even_w = unit.watts(circuit.imbalance_left_ma(unit, phase))
                if even_w < power_w:
                    power_w, source = even_w, "imbalance"
    return power_w, source


def limit_of(unit: Unit) -> int:
    """Return the lowest power limit of all circuits that a unit hangs on, W."""
    lowest_w = UNKNOWN_W
    for circuit in unit.chain:
        lowest_w = min(lowest_w, circuit.limit_w)
    return lowest_w


def device_cap(state: State, unit: Unit) -> tuple[int, str]:
    """Return the most that a unit may draw by the limits on itself, W; UNKNOWN_W and no name without one."""
    power_w, source = UNKNOWN_W, ""
    limit = tightest(state.limits, unit.index, IMPORT)
    if limit is not None:
        power_w, source = limit.value, limit.name
    for phase in unit.phases:
        limit = tightest_ma(state.limits, unit.index, IMPORT, phase)
        if limit is not None and unit.watts(limit.value) < power_w:
            power_w, source = unit.watts(limit.value), limit.name
    return power_w, source
