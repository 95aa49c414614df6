"""A meter's pulse output (S0) on one of the board's own pins.

Source: IEC 62053-31:1998 (formerly DIN 43864), class A: two wires, at most 27 V and 27 mA, closed for 30 ms at least
and open for 30 ms at least. Trust: numbers as meters' makers cite them (Siemens SENTRON PAC3200T equipment manual, 2.6;
Carrel-Electrade on DIN 43864); the standard itself was not at hand.
What is told of the register is in flash already, so it never falls: it moves once a minute, and what came since then is
what a power cut takes. That is 1440 writes of a small file a day at most, none while nothing is counted. Pulses that
come while the board is off are gone for good. Power is that of the pulses since the last reading; when none come it
falls to what a pulse just now would mean, and is unknown after silence_s: a cut wire looks like a house that sleeps.
Options: channel, pulses_per_kwh as printed on the meter (another number later means another register), silence_s.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.compat import const
from hal.errors import LineDown
from hal.pins import PULSES, PinDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Pins

_KEEP_MS = const(60000)
_MS_WH = 3600000000  # milliseconds of 1 W in 1 kWh


class S0Meter(PinDevice, Meter):
    """Counts pulses: imported energy, and power from their distance."""

    model = "s0-meter"
    channels_known = (("channel", PULSES, True),)
    options_known = (("pulses_per_kwh", range(1, 100001)), ("silence_s", range(10, 86401)))
    channel = ""
    pulses_per_kwh = 1000
    silence_s = 900

    def __init__(self, bus: Pins, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        self._before: int | None = None  # pulses of earlier lives; None: not read yet
        self._kept = 0  # pulses in flash
        self._kept_ms = -_KEEP_MS
        self._seen: tuple[int, int] | None = None  # pulses of this life at the last reading that found new ones
        self._power_w: int | None = None

    async def open(self) -> None:
        """Find what earlier lives counted. Raises: LineDown."""
        if self._before is None:
            self._before = self._kept = self.bus.kept(self.channel)

    async def read(self) -> dict[int, int]:
        """Return the register in flash and the power; each is absent while it is unknown."""
        numbers: dict[int, int] = {}
        now_ms = self.bus.now_ms()
        counted, last_ms = self.bus.pulses(self.channel)
        if self._keep(counted, now_ms):
            numbers[q.ENERGY_IMPORT_WH] = self._kept * 1000 // self.pulses_per_kwh
        power_w = self._power(counted, last_ms, now_ms)
        if power_w is not None:
            numbers[q.POWER_W] = power_w
        return numbers

    def _keep(self, counted: int, now_ms: int) -> bool:
        """Put new pulses into flash once a minute; return whether what is there is known."""
        if self._before is None:
            return False
        pulses = self._before + counted
        if pulses != self._kept and now_ms - self._kept_ms >= _KEEP_MS:
            self._kept_ms = now_ms
            try:
                self.bus.keep(self.channel, pulses)
            except LineDown:
                return False
            self._kept = pulses
        return True

    def _power(self, counted: int, last_ms: int, now_ms: int) -> int | None:
        if counted and (self._seen is None or counted != self._seen[0]):
            if self._seen is not None and last_ms > self._seen[1]:
                self._power_w = (counted - self._seen[0]) * self._power_of(last_ms - self._seen[1])
            self._seen = (counted, last_ms)
        silent_ms = now_ms - last_ms
        if silent_ms >= self.silence_s * 1000:
            self._power_w = None
            self._seen = None
        if self._power_w is None:
            return None
        return min(self._power_w, self._power_of(max(silent_ms, 1)))

    def _power_of(self, pulse_ms: int) -> int:
        """Return the power at which one pulse takes so long, in W."""
        return _MS_WH // (self.pulses_per_kwh * pulse_ms)
