"""What equipment needs whoever asks: timers and transitions that delay a change and say until when and at what cost.

A device stops and runs; each transition waits for its timers: the least stop, the least run, starts per hour, the
longest stop. A battery stays between its floor and ceiling and slows down before them; power changes within a ramp;
what wears out has a budget of writes and a dead-band. Protection may delay a wish; a hard limit stops a device at
once, inside its least run too, and that is counted.

Source: S2 (EN 50491-12-2) PowerConstraints and FRBC/OMBC transitions and timers, as cited in the design notes;
defaults: SG-Ready label (BWP), OpenEMS and OpenEVSE practice, named in docs/architecture.md, "Protection".
"""

from __future__ import annotations

from hal import capabilities
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.unit import Unit

REST = "protection rest"
RUN = "protection run"
STARTS = "protection starts"
LONGEST_STOP = "protection longest stop"
CHARGE = "protection charge"
RAMP = "protection ramp"
WEAR = "protection wear"

HOUR_MS = const(3600000)
_DAY_MS = const(86400000)
_BURST = const(12)  # writes that may come together
_TAPER_PM = const(50)  # from here to a bound of its charge a battery slows down
_TAPER_STEP_PM = const(10)
_BACK_PM = const(20)  # so far from a bound it is let go again
_ANY_W = const(1 << 30)
NEVER_MS = const(-1)

_KEYS = ("on_s", "off_s", "off_max_s", "starts_per_h", "soc_min_pct", "soc_max_pct", "ramp_w_s", "writes_per_day")
# least run s, least stop s, longest stop s, starts per hour; 0: none
_COMPRESSOR = (600, 300, 7200, 4)
_BY_KIND = {
    capabilities.HEAT_PUMP: _COMPRESSOR,
    capabilities.SG_READY: _COMPRESSOR,
    capabilities.SWITCH: (60, 60, 0, 12),
    capabilities.CHARGER: (0, 30, 0, 0),
    capabilities.PHASE_SWITCH: (30, 30, 0, 4),
}


class Guard:
    """Timers and budgets of one device. `source` is what delays it now, until `at_ms`; "" when nothing does."""

    def __init__(self, row: dict[str, Any], kind: int) -> None:
        rules = list(_BY_KIND.get(kind, (0, 0, 0, 0))) + [10, 100, 0, 48]
        for at, key in enumerate(_KEYS):
            if row.get(key) is not None:
                rules[at] = row[key]
        self.on_ms: int = rules[0] * 1000
        self.off_ms: int = rules[1] * 1000
        self.off_max_ms: int = rules[2] * 1000
        self.starts_per_h: int = rules[3]
        self.soc_min_pm: int = rules[4] * 10
        self.soc_max_pm: int = rules[5] * 10
        self.ramp_w_s: int = rules[6]
        self.writes_per_day: int = rules[7]
        self.running = kind != capabilities.SWITCH  # since boot: as its default mode leaves it
        self.changed_ms = NEVER_MS if kind == capabilities.CHARGER else 0  # when it last started or stopped
        self.moved_ms = 0  # when its set-point last changed
        self.ramped_ms = 0  # since when a ramp has let nothing through
        self.asked_ms = 0
        self.started: list[int] = []  # at most `starts_per_h`, the newest last
        self.short_runs = 0  # a hard limit stopped it inside its least run
        self.empty = False  # its charge reached a bound and is not yet away from it
        self.full = False
        self.charge_seen = False
        self.least_w = -_ANY_W  # what its charge allowed of late: less counts at once, more once it has lasted
        self.best_w = _ANY_W
        self.least_ms = 0  # when it last allowed no more than that
        self.best_ms = 0
        self.writes = 0  # in its life, as far as this agent made them
        self.tokens = _BURST * _DAY_MS  # a write costs a day; a millisecond brings `writes_per_day`
        self.filled_ms = 0
        self.source = ""
        self.at_ms = 0

    def follow(self, unit: Unit, setpoint: int | None, now_ms: int) -> None:
        """Take note of what the device is told."""
        if setpoint != unit.setpoint:
            self.moved_ms = self.ramped_ms = now_ms
        runs = unit.runs(setpoint)
        if runs is self.running:
            return
        if not runs and self.changed_ms >= 0 and now_ms - self.changed_ms < self.on_ms:
            self.short_runs += 1
        if runs and self.starts_per_h:
            self.started = self.started[1 - self.starts_per_h :] + [now_ms] if self.starts_per_h > 1 else [now_ms]
        if runs or self.changed_ms != NEVER_MS or unit.source:
            self.changed_ms = now_ms
        self.running = runs

    def worn(self) -> None:
        """Count a write that wears."""
        self.writes += 1
        self.tokens -= _DAY_MS

    def fill(self, now_ms: int) -> None:
        """Let the budget of writes grow."""
        self.tokens = min(self.tokens + (now_ms - self.filled_ms) * self.writes_per_day, _BURST * _DAY_MS)
        self.filled_ms = now_ms

    def starts_left(self, now_ms: int) -> int | None:
        """Return how many starts this hour has left; None: as many as one likes."""
        if not self.starts_per_h:
            return None
        return self.starts_per_h - len([at_ms for at_ms in self.started if now_ms - at_ms < HOUR_MS])

    def put_off(self, source: str, at_ms: int) -> None:
        """Say what delays a change and until when; NEVER_MS: that is for what is measured to say."""
        self.source, self.at_ms = source, at_ms


def may_start(unit: Unit, now_ms: int) -> bool:
    """Tell whether a device runs or may start now; `unit.guard` says what delays it."""
    guard = unit.guard
    if guard.running:
        return True
    source, at_ms = REST, guard.changed_ms + guard.off_ms if guard.changed_ms >= 0 else 0
    if guard.starts_per_h and len(guard.started) == guard.starts_per_h and guard.started[0] + HOUR_MS > at_ms:
        source, at_ms = STARTS, guard.started[0] + HOUR_MS
    if now_ms < at_ms:
        guard.put_off(source, at_ms)
        return False
    return True


def ask(unit: Unit, wanted: int | None, now_ms: int) -> int | None:
    """Return what of a wish may be done now; `unit.guard` says what delays the rest, until when. Starts: may_start."""
    guard = unit.guard
    guard.put_off("", 0)
    wanted = _within_timers(unit, wanted, now_ms)
    if wanted == unit.setpoint:
        guard.ramped_ms = now_ms
    elif guard.running and (unit.held or unit.covering):
        guard.ramped_ms = guard.asked_ms  # what a limit held back is not made up for
    guard.asked_ms = now_ms
    if guard.source != LONGEST_STOP and unit.setpoint is not None and unit.allows(unit.setpoint):
        if wanted is not None and guard.ramp_w_s and unit.takes_power():
            wanted = _within_ramp(unit, wanted, unit.setpoint, now_ms)
        if unit.contract.persistent and wanted != unit.setpoint:
            wanted = _within_budget(unit, wanted, now_ms)
    if wanted is not None and unit.contract.kind == capabilities.BATTERY:
        wanted = _within_charge(unit, wanted)
    return wanted


def _within_timers(unit: Unit, wanted: int | None, now_ms: int) -> int | None:
    """Keep running who has not run for long enough, and start who has stood for too long."""
    guard = unit.guard
    if unit.runs(wanted):
        return wanted
    if guard.running and guard.changed_ms >= 0 and now_ms < guard.changed_ms + guard.on_ms:
        guard.put_off(unit.source if unit.source == LONGEST_STOP else RUN, guard.changed_ms + guard.on_ms)
        return unit.setpoint if _may_stop_at_any(unit) else unit.least_running()
    if not guard.running and guard.off_max_ms and now_ms >= guard.changed_ms + guard.off_max_ms:
        guard.put_off(LONGEST_STOP, now_ms + guard.on_ms)
        return unit.contract.maximum if _may_stop_at_any(unit) else unit.least_running()
    return wanted


def _may_stop_at_any(unit: Unit) -> bool:
    """Tell whether a low set-point may stop the device, too: a heat pump that does not tell its least power."""
    return unit.contract.kind == capabilities.HEAT_PUMP and unit.contract.minimum <= 0


def follow_charge(unit: Unit, now_ms: int) -> None:
    """Take note of what a battery's charge allows; one that was never known has nothing to wait for."""
    guard = unit.guard
    guard.charge_seen = guard.charge_seen or unit.soc_pm is not None
    if not guard.charge_seen:
        return
    lowest_w, highest_w = _least_allowed(unit), _most_allowed(unit)
    if lowest_w >= guard.least_w or now_ms - guard.least_ms >= unit.rise_ms:
        guard.least_w, guard.least_ms = lowest_w, now_ms
    if highest_w <= guard.best_w or now_ms - guard.best_ms >= unit.rise_ms:
        guard.best_w, guard.best_ms = highest_w, now_ms


def charge_bounds(unit: Unit) -> tuple[int, int]:
    """Return the lowest and highest power (W) that a battery's charge allows now and has allowed for long enough."""
    return max(_least_allowed(unit), unit.guard.least_w), min(_most_allowed(unit), unit.guard.best_w)


def _least_allowed(unit: Unit) -> int:
    """Return the lowest power (W) at a battery's charge; an unknown charge allows neither way."""
    guard, soc_pm = unit.guard, unit.soc_pm
    if soc_pm is None:
        return 0
    guard.empty = soc_pm <= guard.soc_min_pm or (guard.empty and soc_pm < guard.soc_min_pm + _BACK_PM)
    return 0 if guard.empty else -_tapered(unit.power_of(None), soc_pm - guard.soc_min_pm)


def _most_allowed(unit: Unit) -> int:
    guard, soc_pm = unit.guard, unit.soc_pm
    if soc_pm is None:
        return 0
    guard.full = soc_pm >= guard.soc_max_pm or (guard.full and soc_pm > guard.soc_max_pm - _BACK_PM)
    return 0 if guard.full else _tapered(unit.power_of(None), guard.soc_max_pm - soc_pm)


def _tapered(most_w: int, left_pm: int) -> int:
    """Return the power so far from a bound, in five steps: each is a write, and some products wear."""
    return most_w * min(-(-left_pm // _TAPER_STEP_PM) * _TAPER_STEP_PM, _TAPER_PM) // _TAPER_PM


def _within_charge(unit: Unit, wanted: int) -> int:
    lowest_w, highest_w = charge_bounds(unit)
    if lowest_w <= wanted <= highest_w:
        return wanted
    unit.guard.put_off(CHARGE, NEVER_MS)
    return unit.between(lowest_w, highest_w, wanted)


def _within_ramp(unit: Unit, wanted: int, held: int, now_ms: int) -> int:
    """Return how far the ramp has come from what is set; who starts begins at its least."""
    guard = unit.guard
    before_w, after_w = unit.power_of(held), unit.power_of(wanted)
    most_w = guard.ramp_w_s * (now_ms - guard.ramped_ms) // 1000
    reached = wanted
    if not unit.runs(held) and unit.runs(wanted):
        least = unit.least_running()
        reached = least if unit.power_of(least) <= most_w else held
    elif after_w - before_w > most_w:
        reached = max(unit.setpoint_for(before_w + most_w), held)
    elif before_w - after_w > most_w:
        reached = unit.setpoint_for(before_w - most_w)
        if before_w - unit.power_of(reached) > most_w:
            reached = min(reached + unit.contract.step if unit.runs(reached) else unit.least_running(), held)
    if reached != wanted:
        guard.put_off(RAMP, guard.ramped_ms + abs(after_w - before_w) * 1000 // guard.ramp_w_s)
    return reached


def _within_budget(unit: Unit, wanted: int | None, now_ms: int) -> int | None:
    """Keep what is set while the change is not worth a write, or there is none left."""
    guard = unit.guard
    if wanted is not None and guard.running and unit.runs(wanted) and _is_worthless(unit, wanted):
        return unit.setpoint
    guard.fill(now_ms)
    if guard.tokens >= _DAY_MS:
        return wanted
    guard.put_off(WEAR, now_ms + (_DAY_MS - guard.tokens) // max(guard.writes_per_day, 1))
    return unit.setpoint


def _is_worthless(unit: Unit, wanted: int) -> bool:
    """Tell whether a set-point does nearly the same as the present one; one mode never does what another does."""
    if not unit.takes_power() or unit.contract.kind == capabilities.SG_READY:
        return False
    return abs(unit.power_of(wanted) - unit.power_of(unit.setpoint)) < unit.power_max_w // 20
