"""Energy by a departure in the cheapest quarter hours of a tariff whose prices depend on the time of day.

The prices are those that somebody told (agent/prices.py), else those of the hours of the day. Each day, until the
departure, the device runs at its set-point in the quarter hours that cost least, and rests in the others. What it has
drawn since the last departure is taken off, and known over a reboot: by its own energy register, or where that is
silent, fell or rose by more than the device can draw, by the plan. The plan is claims with a beginning and an end, so
`siteward why` shows it. Without a synchronised clock nothing is known of prices: nothing is said, and the device is its
default's.

Source: docs/sources.md, "tariff". No network, no grid operator: this works for years without an uplink.
"""

from __future__ import annotations

from agent.sources.cheapest import SLOT_S, cheapest, runs, slots_for
from agent.sources.day_prices import DayPrices, windows_of
from agent.sources.local_time import local_s, minutes
from agent.sources.options import DEVICE, choose
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk

_DAY_MIN = const(1440)
_FOR_S = const(2592000)
_START_S = const(3)  # option of a body
_RUNS_MAX = const(6)  # with the rest behind them what always is free for the owner
_CLOCK_SLACK_MS = const(1500)
_SLOT_MS = const(900000)
_KEPT = const(4)  # numbers over a reboot
_DAY_SLOTS = const(96)
_RISE_SLACK_WH = const(1000)  # the coarsest step of a register


class Tariff:
    """One device, one departure a day."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("device", DEVICE),
        ("setpoint", range(1, 1000001)),
        ("power_w", range(100, 1000001)),
        ("energy_wh", range(1, 1000001)),
        ("price", range(-8000000, 8000001)),
        ("offset_min", range(-720, 841)),
        ("summer", ("eu", "none")),
        ("primacy", range(1, 255)),
    )
    device = ""
    setpoint = 0
    power_w = 0  # what it draws at its set-point
    energy_wh = 0  # by each departure
    price = 0  # outside all windows
    offset_min = 0  # of standard time, from UTC
    summer = "none"
    primacy = 190

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        rest = dict(options)
        windows = windows_of(rest.pop("windows", None))
        departure = rest.pop("departure", None)
        departure_min = minutes(departure)
        if departure_min is None:
            raise ValueError("departure", departure, "a time of day like 06:30")
        self._departure_min = departure_min % _DAY_MIN
        choose(self, desk.loop.state, rest)
        unit = desk.loop.state.unit_named(self.device)
        if unit is None or not unit.contract.control:
            raise ValueError("device", self.device, "the id of a [[device]] with something to set")
        for name in ("setpoint", "power_w", "energy_wh", "price"):
            if name not in rest:
                raise ValueError(name, None, "a number: it has no default")
        most_w = desk.authority.power_max_w
        if unit.takes_power() and unit.power_of(self.setpoint) > most_w:
            raise ValueError(
                "power_max_w", most_w, "what its set-point may draw, %d, at least" % unit.power_of(self.setpoint)
            )
        self._prices = DayPrices(desk.loop.state, windows, self.price, 0, self.offset_min, self.summer)
        self.desk = desk
        self._unit = unit
        self._ahead_ms: int | None = None  # how far the civil clock is ahead, as long as it is not set
        self._slot = -1  # the quarter hour that was planned last, in Unix time
        self._departure = -1  # the first quarter hour after the next departure
        self._had_wh = 0  # since the last departure
        self._guessed_wh = 0  # by the plan, since the register was read
        self._register_wh = -1  # what it then was; -1: it was not read yet
        self._read = 0  # in which quarter hour that was
        self._first = -1  # with which quarter hour the present run began; -1: none runs
        self._said = desk.loop.state.departures.get(self.device)  # the owner's word on the next departure
        kept = desk.loop.state.kept.get(desk.authority.name, [])
        if len(kept) == _KEPT:
            self._departure, self._had_wh, self._guessed_wh, self._register_wh = kept
            self._read = self._departure - _DAY_SLOTS  # or later

    def look(self, now_ms: int, image: Image) -> None:
        """Say the plan, anew each quarter hour."""
        if image.civil_quality != q.CLOCK_SYNCHRONISED:
            self._slot = -1
            self.desk.replace([], b"")
            return
        slot = image.civil_ms // _SLOT_MS
        ahead_ms = image.civil_ms - now_ms
        said = self.desk.loop.state.departure_of(self.device)
        if said != self._said:
            self._said, self._slot = said, -1
            # What a word asks for is counted from now; one that was taken back leaves what was counted.
            self._departure = min(self._departure, self._departs(slot)) if said is None else -1
        if self._ahead_ms is None or abs(ahead_ms - self._ahead_ms) > _CLOCK_SLACK_MS:
            self._ahead_ms, self._slot, self._first = ahead_ms, -1, -1
            self._departure = min(self._departure, self._departs(slot))  # it may have been set back
        if slot != self._slot:
            self._count(slot, now_ms, image)
            self._slot = slot
            self._plan(slot, self._ahead_ms // 1000)

    def _count(self, slot: int, now_ms: int, image: Image) -> None:
        """Add what the device has drawn since the last plan."""
        if self._slot >= 0 and self._first >= 0 and self._unit.guard.running:
            self._guessed_wh += self.power_w * SLOT_S // 3600
        sample = image.fresh(self._unit.index, now_ms, self._unit.contract.stale_ms)
        register_wh = -1 if sample is None else sample.values.get(q.ENERGY_IMPORT_WH, -1)
        if register_wh < 0:
            return
        most_wh = self._unit.power_of(None) * (slot - self._read + 1) * SLOT_S // 3600 + _RISE_SLACK_WH
        grown_wh = -1 if self._register_wh < 0 else register_wh - self._register_wh
        self._had_wh += grown_wh if 0 <= grown_wh <= most_wh else self._guessed_wh
        self._register_wh, self._read, self._guessed_wh = register_wh, slot, 0

    def _plan(self, slot: int, ahead_s: int) -> None:
        """Choose quarter hours from this one on, and say them."""
        if slot >= self._departure:
            self._departure = self._departs(slot)
            self._had_wh, self._guessed_wh, self._first = 0, 0, -1
            if self._read != slot:
                self._register_wh = -1  # nobody knows what it was at the departure
        energy_wh = self.energy_wh if self._said is None else self._said[1]
        needed = slots_for(max(energy_wh - self._had_wh - self._guessed_wh, 0), self.power_w)
        self._prices.look(slot)
        prices = [self._prices.import_at(at) for at in range(slot, self._departure)]
        found = [(slot + first, count) for first, count in runs(cheapest(prices, needed))]
        if found and found[0][0] == slot:
            self._first = slot if self._first < 0 else self._first
            found[0] = (self._first, found[0][1] + slot - self._first)
        else:
            self._first = -1
        # Between runs it rests: a claim behind them, without which it would go on by its default.
        controls: list[Control] = [[2, [self.device, self._unit.lowest(), _FOR_S, self.primacy + 1]]]
        for first, count in found[:_RUNS_MAX]:
            start_s, end_s = max(first * SLOT_S - ahead_s, 1), (first + count) * SLOT_S - ahead_s
            body = [self.device, self.setpoint, end_s - start_s, self.primacy, {_START_S: start_s}]
            controls.append([2, body])
        kept = [self._departure, self._had_wh, self._guessed_wh, self._register_wh]
        self.desk.loop.state.keep(self.desk.authority.name, kept)
        self.desk.replace(controls, b"" if self._register_wh < 0 else b"%d Wh" % self._register_wh)

    def _departs(self, slot: int) -> int:
        """Return the quarter hour in which the next departure after the beginning of this one lies."""
        if self._said is not None:
            return max(self._said[0] // _SLOT_MS, slot + 1)
        from_s = slot * SLOT_S
        until_s = from_s + ((self._departure_min - self._prices.minute(slot)) % _DAY_MIN or _DAY_MIN) * 60
        longer_s = self._local_s(until_s) - until_s - self._local_s(from_s) + from_s  # clocks are changed before it
        return (until_s - longer_s) // SLOT_S

    def _local_s(self, unix_s: int) -> int:
        return local_s(unix_s, self.offset_min, self.summer == "eu")
