"""One device as the control core sees it: its contract, its place in the site, what it was granted and draws."""

from __future__ import annotations

from agent.circuits import NOMINAL_MV, UNKNOWN_W
from agent.image import phase_current_ma
from agent.protection import Guard, follow_charge
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.circuits import Circuit
    from agent.delay import RandomDelay
    from agent.image import Sample
    from agent.step import Outcome
    from hal.capabilities import Device

_RISE_MS = const(10000)  # a set-point that a limit held down rises again after this long
_SLOW_RISE_MS = const(300000)  # the same where every write wears the product, or switches a compressor or contact
_SETTLED_RESPONSES = const(3)  # a device that was granted more has taken what it wants after so many response times
ABSURD_FACTOR = const(3)  # nothing carries three times what it is made for
_LOCK_MS = const(7200000)  # SG-Ready label (BWP): a pump ends a lock that lasts longer
_STANDBY_W = const(100)  # what a load may seem to feed in while it draws next to nothing


class Contract:
    """What a driver promises; see hal.capabilities.Controllable for the meaning of each."""

    def __init__(
        self, kind: int, control: int, bounds: tuple[int, int, int], off: int | None, persistent: bool, stale_ms: int,
        response_ms: int = 10000,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.control = control  # 0: nothing to set
        self.minimum, self.maximum, self.step = bounds
        self.off = off
        self.persistent = persistent
        self.stale_ms = stale_ms
        self.response_ms = response_ms  # it has followed a set-point after this long


def contract_of(driver: Device) -> Contract:
    """Return what `driver` promises now; some products tell their bounds only once they are open."""
    if not isinstance(driver, capabilities.Controllable):
        return Contract(driver.kind, 0, (0, 0, 1), None, False, driver.stale_ms)
    bounds = (driver.minimum, driver.maximum, driver.step)
    persistent = driver.write_cost == capabilities.PERSISTENT
    return Contract(driver.kind, driver.control, bounds, driver.off, persistent, driver.stale_ms, driver.response_ms)


class Unit:
    """A device of the site; `setpoint` None means: in the driver's default mode."""

    def __init__(self, index: int, row: dict[str, Any], contract: Contract) -> None:
        self.index = index
        self.id: str = row["id"]
        self.contract = contract
        self.phases = tuple(phase for phase in (0, 1, 2) if row["phases"] >> phase & 1)
        self.power_max_w: int = row["power_max_w"]
        self.default: int | None = row["default"]
        self.fallback: int | None = row["fallback"]
        self.priority: int = row["priority"]
        self.comfort: tuple[int | None, int | None] = (row.get("comfort_min"), row.get("comfort_max"))
        self.switches: str | None = row.get("switches")  # the charger whose phases it moves
        self.circuit: int = row.get("circuit") or 0  # place in the state's circuits
        self.chain: list[Circuit] = []  # its circuit and all above, the connection last
        self.guard = Guard(row, contract.kind)
        self.delay: RandomDelay | None = None
        self.next: int | None = None  # what this tick decides, and why
        self.next_source = ""
        self.wanted: int | None = None  # what claims, targets and defaults want of it, before protection and limits
        self.wanted_source = ""
        self.steered = False  # a target moves it in this tick, and did so in the last one
        self.was_steered = False
        self.wished: int | None = None  # what was wanted when a target last changed that
        self.does_w = 0  # what it then counted with, and the most that it seems to want
        self.appetite_w = UNKNOWN_W
        self.setpoint: int | None = None
        self.source = ""
        self.granted: tuple[int, int | None, str] = (index, None, "")  # made anew only when it changes
        self.held = False  # a limit, not a wish, decided the last set-point
        self.kept: int | None = None  # what a limit had held it down to when the grid meter was lost
        self.risen_ms = 0  # since when a held set-point could have been higher
        self.covering = False  # a battery that was told more than it would do by itself
        self.covered_ms = 0  # when that was last needed
        self.drawn_known = False  # False: it is silent, or says nothing that can be true
        self.drawn_w = 0
        self.drawn_ma = [0, 0, 0]
        self.said_w = 0  # what it says that it draws, more than it was granted included
        self.said_ma = [0, 0, 0]
        self.soc_pm: int | None = None  # state of charge; None: nobody told, or not what can be
        self.taken_w = 0  # room that is kept for it in this tick
        self.cap_w = UNKNOWN_W  # the most that it may draw in this tick, and what says so
        self.cap_name = ""
        self.share_w = UNKNOWN_W  # at most this, so that its equals get as much; and what is too small for more
        self.share_source = ""
        self.idles = False  # among its equals it does not take what it has
        self.written: Outcome | None = None  # what became of the newest write, and when that was told
        self.written_ms = 0
        self.fell_ms = 0  # when it was last told to draw less
        self._raised_ms = 0
        self._lowered_ms = 0
        self._before_w = 0  # what it was granted before it was lowered
        self.obedient = True  # it draws about what it was granted, or may still be on its way

    @property
    def rise_ms(self) -> int:
        """How long headroom must last before a limited set-point rises."""
        slow = self.contract.persistent or self.contract.kind in (capabilities.SG_READY, capabilities.SWITCH)
        return _SLOW_RISE_MS if slow else _RISE_MS

    def lower_cap(self, power_w: int, name: str) -> None:
        """Let the unit draw no more than `power_w`, because of what is named; no tuple, a board's heap is small."""
        if power_w < self.cap_w:
            self.cap_w, self.cap_name = power_w, name

    def decide(self, setpoint: int | None, source: str) -> None:
        """Say what this tick shall grant; the last word counts."""
        self.next, self.next_source = setpoint, source

    def grant(self, now_ms: int) -> None:
        """Remember what the unit is told to do: what was decided."""
        setpoint, source = self.next, self.next_source
        self.guard.follow(self, setpoint, now_ms)
        before_w, power_w = self.power_of(self.setpoint), self.power_of(setpoint)
        first = not self.source
        if first or power_w > before_w:
            self._raised_ms = now_ms
        if power_w < before_w and not first:
            self.fell_ms = now_ms
        if first or (power_w < before_w and self.obedient and not self.follows(now_ms)):
            self._lowered_ms, self._before_w = now_ms, before_w
        self.setpoint, self.source = setpoint, source
        if self.granted[1] != setpoint or self.granted[2] != source:
            self.granted = (self.index, setpoint, source)

    def settled(self, now_ms: int) -> bool:
        """Tell whether the unit has had time to take what it was last granted."""
        return now_ms - self._raised_ms >= self.contract.response_ms * _SETTLED_RESPONSES

    def follows(self, now_ms: int) -> bool:
        """Tell whether the unit may still be on its way down to what it was last granted."""
        return self.source != "" and now_ms - self._lowered_ms < self.contract.response_ms

    def look(self, sample: Sample | None, now_ms: int) -> None:
        """Take what the unit says that it draws, at most what it was granted.

        The excess, like the draw of a silent unit, stays among what the grid meter sees and nobody can move.
        """
        power_w = None if sample is None else sample.values.get(q.POWER_W)
        soc_pm = None if sample is None else sample.values.get(q.SOC_PM)
        self.soc_pm = soc_pm if soc_pm is not None and 0 <= soc_pm <= 1000 else None
        if self.contract.kind == capabilities.BATTERY:
            follow_charge(self, now_ms)
        self.drawn_known = power_w is not None and self._is_credible(power_w)
        self.drawn_w = self.drawn_ma[0] = self.drawn_ma[1] = self.drawn_ma[2] = 0
        self.obedient = True
        self.said_w = self.said_ma[0] = self.said_ma[1] = self.said_ma[2] = 0
        if sample is None or power_w is None or not self.drawn_known:
            self._expect_end_of_lock(now_ms)
            return
        self.said_w = max(power_w, 0)
        granted_w = self.power_of(self.setpoint)
        if self.follows(now_ms):
            granted_w = max(granted_w, self._before_w)
        self.obedient = power_w <= granted_w + granted_w // 8 + 100
        self.drawn_w = min(power_w, max(granted_w, 0))
        for phase in self.phases:
            current = self._told_ma(sample.values, phase) if power_w > 0 else None
            self.drawn_ma[phase] = self._phase_ma(current, power_w)
            self.said_ma[phase] = self.share_ma(self.said_w) if current is None else current

    def _expect_end_of_lock(self, now_ms: int) -> None:
        """Count a pump that nobody sees and that was locked for so long as one that draws: it may by itself."""
        if self.contract.kind != capabilities.SG_READY or self.setpoint != q.SG_LOCK:
            return
        if now_ms - self.guard.changed_ms >= _LOCK_MS:
            self.said_w = self.power_max_w
            for phase in self.phases:
                self.said_ma[phase] = self.share_ma(self.said_w)

    def _is_credible(self, power_w: int) -> bool:
        """Tell whether this unit can draw so much; a load that feeds in is a meter wired the wrong way round."""
        most_w = ABSURD_FACTOR * self.power_of(None)
        return (-most_w if self.contract.kind == capabilities.BATTERY else -_STANDBY_W) <= power_w <= most_w

    def _told_ma(self, values: dict[int, int], phase: int) -> int | None:
        """Return the current that it says for a phase; what is on one phase calls that L1, wherever it is wired."""
        current = phase_current_ma(values, phase)
        return current if current or len(self.phases) > 1 else phase_current_ma(values, 0)

    def _phase_ma(self, current: int | None, power_w: int) -> int:
        if current is None:
            return self.share_ma(self.drawn_w)
        return max(0, min(current * self.drawn_w // power_w, self.drawn_w * 1000000 // NOMINAL_MV))

    def had_w(self) -> int:
        """Return the most that it may draw with what it was granted last; 0 before anything was."""
        return max(self.power_of(self.setpoint), 0) if self.source else 0

    def may_draw_w(self) -> int:
        """Return the most that it may draw with what this tick decides; a battery in its own mode: as it does now."""
        if self.next is None and self.contract.kind == capabilities.BATTERY and self.drawn_known:
            return self.taken_w
        return max(self.power_of(self.next), 0)

    def share_ma(self, power_w: int) -> int:
        """Return the current in each of the unit's phases at `power_w`, evenly spread."""
        return power_w * 1000000 // (NOMINAL_MV * len(self.phases))

    def watts(self, current_ma: int) -> int:
        """Return the power at a current in each of the unit's phases."""
        return current_ma * len(self.phases) * NOMINAL_MV // 1000000

    def takes_power(self) -> bool:
        """Tell whether a power limit can be met by moving this unit's set-point."""
        kind = self.contract.kind
        if kind == capabilities.CHARGER or kind == capabilities.BATTERY or kind == capabilities.HEAT_PUMP:
            return True
        return (kind == capabilities.SWITCH or kind == capabilities.SG_READY) and self.power_max_w > 0

    def power_of(self, setpoint: int | None) -> int:
        """Return the most that the unit may draw in W with this set-point; its nameplate in default mode."""
        kind = self.contract.kind
        if kind == capabilities.INVERTER:
            return 0
        if setpoint is None:
            return self.power_max_w or self.power_of(self.contract.maximum) or UNKNOWN_W
        if kind == capabilities.CHARGER:
            return self.watts(setpoint)
        if kind == capabilities.SWITCH:
            return self.power_max_w if setpoint else 0
        if kind == capabilities.SG_READY:
            return 0 if setpoint == q.SG_LOCK else self.power_max_w
        return setpoint

    def setpoint_for(self, power_w: int) -> int:
        """Return the highest set-point that draws at most `power_w`, or the lowest there is."""
        contract = self.contract
        kind = contract.kind
        if kind == capabilities.SWITCH:
            return 1 if power_w >= self.power_max_w else 0
        if kind == capabilities.SG_READY:
            return q.SG_NORMAL if power_w >= self.power_max_w else q.SG_LOCK
        wanted = power_w
        if kind == capabilities.CHARGER:
            wanted = power_w * 1000000 // (NOMINAL_MV * len(self.phases))
        return self.fit(wanted)

    def fit(self, wanted: int) -> int:
        """Return the nearest set-point at or below `wanted` that the contract allows, or the lowest there is.

        A battery's nameplate counts both ways.
        """
        contract = self.contract
        if contract.kind == capabilities.BATTERY and self.power_max_w:
            wanted = min(max(wanted, contract.step - 1 - self.power_max_w), self.power_max_w)
        if wanted < contract.minimum:
            return contract.off if contract.off is not None else contract.minimum
        wanted = min(wanted, contract.maximum)
        return wanted - (wanted - contract.minimum) % contract.step

    def lowest(self) -> int:
        """Return the set-point with the least consumption that is a stop, not a discharge."""
        contract = self.contract
        if contract.kind == capabilities.BATTERY:
            return 0
        if contract.kind == capabilities.SG_READY:
            return q.SG_LOCK
        return contract.off if contract.off is not None else contract.minimum

    def least_running(self) -> int:
        """Return the set-point with the least consumption that is no stop."""
        contract = self.contract
        if contract.kind == capabilities.SG_READY:
            return q.SG_NORMAL
        if contract.kind == capabilities.PHASE_SWITCH:
            return contract.maximum
        return contract.minimum if contract.minimum > 0 else contract.step

    def runs(self, setpoint: int | None) -> bool:
        """Tell whether a set-point lets the device run, a phase switch on three phases; in default mode most do."""
        kind = self.contract.kind
        if kind == capabilities.PHASE_SWITCH:
            return self.guard.running if setpoint is None else setpoint == 3
        if setpoint is None:
            return kind != capabilities.SWITCH
        if kind == capabilities.SG_READY:
            return setpoint != q.SG_LOCK
        if kind == capabilities.INVERTER:
            return True
        return kind == capabilities.BATTERY or kind == capabilities.THERMOSTAT or setpoint > 0

    def between(self, lowest: int, highest: int, wanted: int) -> int:
        """Return the set-point nearest to `wanted` (W) that is not outside two bounds around 0."""
        if wanted > highest:
            return self.fit(highest)
        if wanted >= lowest:
            return wanted
        reached = self.fit(lowest)
        return reached if reached >= lowest else reached + self.contract.step

    def allows(self, setpoint: int) -> bool:
        """Tell whether the contract knows this set-point."""
        contract = self.contract
        if contract.off is not None and setpoint == contract.off:
            return True
        return contract.minimum <= setpoint <= contract.maximum and (setpoint - contract.minimum) % contract.step == 0
