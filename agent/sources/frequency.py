"""The mains frequency as a source of control: a static under-frequency relay, and a droop with a dead-band.

The relay stops devices when the frequency has fallen to a threshold in two readings one after the other, for a fixed
time at the least, and until the frequency is back. The droop gives a battery a share of its power that grows evenly
from the edge of the dead-band to full power. A frequency that is not known, or that no grid has, asks for nothing; what
the relay has stopped stays stopped for its time, which a reboot begins anew.

Source: for the shapes, static firm frequency response (a threshold, say 49.7 Hz, held for 30 minutes) and frequency
containment (full power 200 mHz off, in 30 s) as cited in the design notes. One reading a second: no service that wants
0.5 s or 20 readings a second can be given.
"""

from __future__ import annotations

from agent.sources.options import DEVICE, DEVICES, choose
from hal import quantities as q
from hal.capabilities import BATTERY
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk

_FOR_S = const(2592000)  # a claim with an end goes before defaults; it is taken back long before this one
_CREDIBLE_PCT = const(10)


class Frequency:
    """Watches one meter; `stops` are the relay's devices, `battery` is the droop's."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("meter", DEVICE),
        ("nominal_mhz", (50000, 60000)),
        ("primacy", range(1, 256)),
        ("stops", DEVICES),
        ("below_mhz", range(45000, 60001)),
        ("for_s", range(1, 86401)),
        ("battery", DEVICE),
        ("power_w", range(1, 1000001)),
        ("dead_mhz", range(1001)),
        ("full_mhz", range(1, 2001)),
        ("step_w", range(1, 10001)),
    )
    meter = ""
    nominal_mhz = 50000
    primacy = 10
    stops: tuple[str, ...] = ()
    below_mhz = 49700
    for_s = 1800
    battery = ""
    power_w = 0
    dead_mhz = 20
    full_mhz = 200
    step_w = 100

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        state = desk.loop.state
        choose(self, state, options)
        self.desk = desk
        watched, moved = state.unit_named(self.meter), state.unit_named(self.battery)
        if watched is None:
            raise ValueError("meter", None, "the id of the [[device]] that tells the frequency")
        if not self.stops and moved is None:
            raise ValueError("stops", None, "devices for the relay, or a battery for the droop")
        if self.battery and (moved is None or moved.contract.kind != BATTERY or not self.power_w):
            raise ValueError("battery", self.battery, "a battery, and power_w")
        if self.full_mhz <= self.dead_mhz or self.below_mhz >= self.nominal_mhz:
            raise ValueError("full_mhz", self.full_mhz, "more than dead_mhz, and below_mhz less than nominal_mhz")
        self._watched, self._moved = watched, moved
        self._seen_ms = -1  # the reading that was looked at last
        self._low = 0  # readings at or below the threshold, one after the other
        self._fell_ms = 0 if state.kept.get(desk.authority.name) == [1] else -1  # when the relay fell; -1: it has not
        self._said_w = 0

    def look(self, now_ms: int, image: Image) -> None:
        """Say what the frequency asks for now."""
        sample = image.fresh(self._watched.index, now_ms, self._watched.contract.stale_ms)
        found_mhz = None if sample is None else sample.values.get(q.FREQUENCY_MHZ)
        if found_mhz is not None and abs(found_mhz - self.nominal_mhz) * 100 > self.nominal_mhz * _CREDIBLE_PCT:
            found_mhz = None
        if sample is not None and sample.at_ms != self._seen_ms:
            self._seen_ms = sample.at_ms
            self._low = self._low + 1 if found_mhz is not None and found_mhz <= self.below_mhz else 0
        controls: list[Control] = []
        if self._is_down(now_ms, found_mhz):
            controls = [self._claim(name, None) for name in self.stops]
        if self._moved is not None:
            self._follow(found_mhz)
            if self._said_w:
                controls.append(self._claim(self.battery, self._said_w))
        self.desk.replace(controls, b"" if found_mhz is None else b"%d mHz" % found_mhz)

    def _is_down(self, now_ms: int, found_mhz: int | None) -> bool:
        """Tell whether the relay holds its devices."""
        state, name = self.desk.loop.state, self.desk.authority.name
        if self._fell_ms < 0 and self._low >= 2:
            self._fell_ms = now_ms
            state.keep(name, [1])
        over = self._fell_ms >= 0 and now_ms - self._fell_ms >= self.for_s * 1000
        if over and (found_mhz is None or found_mhz >= self.nominal_mhz - self.dead_mhz):
            self._fell_ms = -1
            state.keep(name, [0])
        return self._fell_ms >= 0

    def _follow(self, found_mhz: int | None) -> None:
        """Move the droop's word when the frequency asks for at least a step more or less, or for nothing."""
        asked_w = 0 if found_mhz is None else self._droop_w(found_mhz - self.nominal_mhz)
        if not asked_w or abs(asked_w - self._said_w) >= self.step_w:
            self._said_w = asked_w

    def _droop_w(self, off_mhz: int) -> int:
        """Return what is asked of the battery so far from nominal: charging when the frequency is high."""
        beyond_mhz = min(abs(off_mhz), self.full_mhz) - self.dead_mhz
        if beyond_mhz <= 0:
            return 0
        asked_w = self.power_w * beyond_mhz // (self.full_mhz - self.dead_mhz)
        return asked_w if off_mhz > 0 else -asked_w

    def _claim(self, name: str, power_w: int | None) -> Control:
        """Return a claim that the core can take as it stands: what the device can do, within the ceiling."""
        unit = self.desk.loop.state.unit_named(name)
        assert unit is not None
        if power_w is None:
            return [2, [name, unit.lowest(), _FOR_S, self.primacy]]
        most_w = self.desk.authority.power_max_w
        return [2, [name, unit.fit(max(min(power_w, most_w), -most_w)), _FOR_S, self.primacy]]
