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
        self.late_w = 0  # taken off for now: nobody falls for it, and nobody rises into it
        self.late_ma = [0, 0, 0]
        self.moved_w = 0  # what batteries were told in this tick and the meter does not show
        self.names = ["", "", ""]  # what binds each phase
        self.binding = ""  # what bound in `room_w`
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
        self.late_w = self.moved_w = 0
        for phase in _PHASES:
            self.late_ma[phase] = 0
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

    def room_w(self, unit: Unit, late: int = 0) -> int:
        """Return the most that `unit` may draw, W; `binding` says why. `late` 1: with what comes free anyway."""
        power_w, self.binding = self.left_w + self.late_w * late, self.limit_name
        for phase in unit.phases:
            fuse_w = unit.watts(self.left_ma[phase] + self.late_ma[phase] * late)
            if fuse_w < power_w:
                power_w, self.binding = fuse_w, self.names[phase]
            if self.imbalance_ma and len(unit.phases) < 3:
                even_w = unit.watts(self._even_ma(unit, phase, late))
                if even_w < power_w:
                    power_w, self.binding = even_w, "imbalance"
        return power_w

    def _even_ma(self, unit: Unit, phase: int, late: int) -> int:
        """Return how far a unit may raise a phase before the least loaded one without it lags too far behind."""
        least_ma = min([self._load_ma(other, late) for other in _PHASES if other not in unit.phases])
        return self.imbalance_ma + least_ma - self._load_ma(phase, late)

    def _load_ma(self, phase: int, late: int) -> int:
        return self.most_ma[phase] - self.left_ma[phase] - self.late_ma[phase] * late

    def give_back(self, unit: Unit) -> None:
        """Add what `unit` draws: it is served anew. Where nobody measures, it was never taken off."""
        if self.shown_w is None:
            return
        self.left_w += max(0, unit.drawn_w)
        for phase in unit.phases:
            self.left_ma[phase] += max(0, unit.drawn_ma[phase])

    def take(self, unit: Unit, reserved_w: int, granted_w: int, stays_w: int, times: int = 1) -> None:
        """Take off what is kept for `unit`, or draws where that is more; where nobody measures, all it may draw.

        What is above `stays_w` of it comes free by itself. `times` -1 undoes it.
        """
        seen = self.shown_w is not None
        taken_w = max(reserved_w, unit.drawn_w, 0) if seen else max(granted_w, unit.said_w)
        share_ma, stays_ma = unit.share_ma(reserved_w if seen else granted_w), unit.share_ma(stays_w)
        self.left_w -= taken_w * times
        if seen:
            self.late_w += max(taken_w - stays_w, 0) * times
        for phase in unit.phases:
            taken_ma = max(share_ma, unit.drawn_ma[phase] if seen else unit.said_ma[phase], 0)
            self.left_ma[phase] -= taken_ma * times
            if seen:
                self.late_ma[phase] += max(taken_ma - stays_ma, 0) * times

    def try_on(self, unit: Unit, power_w: int, times: int) -> None:
        """Take off what `unit` will draw once it follows; what it draws unseen is in what the meter shows already."""
        if self.shown_w is not None and not unit.drawn_known:
            power_w = max(power_w - unit.had_w(), 0)
        self.left_w -= power_w * times
        share_ma = unit.share_ma(power_w) * times
        for phase in unit.phases:
            self.left_ma[phase] -= share_ma

    def relieve(self, unit: Unit, power_w: int) -> None:
        """Add the relief that `unit` brings."""
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


def lower_to_room(unit: Unit) -> None:
    """Lower a unit's cap to what its circuit and all above have left for it.

    It keeps what it has where only those are in its way who are about to make room, or where it does not take it.
    What it draws unseen is among what a meter shows: there it keeps what it has, less the excess.
    """
    had_w = unit.had_w()
    for circuit in unit.chain:
        here_w = circuit.room_w(unit)
        if unit.idles and unit.drawn_w <= here_w < had_w:
            here_w = had_w  # lowered to what it draws it would look as if it wanted more
        elif here_w < had_w:
            stays_w = circuit.room_w(unit, 1)
            if circuit.shown_w is not None and not unit.drawn_known:
                stays_w = min(had_w, circuit.limit_w) + min(stays_w, 0)
            here_w = max(here_w, min(had_w, stays_w))
        unit.lower_cap(here_w, circuit.binding)


def lower_to_limits(state: State, unit: Unit) -> None:
    """Lower a unit's cap to the limits on itself."""
    if not state.limits:
        return
    limit = tightest(state.limits, unit.index, IMPORT)
    if limit is not None:
        unit.lower_cap(limit.value, limit.name)
    for phase in unit.phases:
        limit = tightest_ma(state.limits, unit.index, IMPORT, phase)
        if limit is not None:
            unit.lower_cap(unit.watts(limit.value), limit.name)
