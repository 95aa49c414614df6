"""An energy register and a power made of the pulses of a meter; what is told of the register is in flash already.

So the register never falls: it moves once a minute, and what came since then is what a power cut takes. That is 1440
writes of a small file a day at most, none while nothing is counted. Pulses that come while the board is off are lost.
Power is that of the pulses since the last reading that found some; when none come it falls to what a pulse just now
would mean, and is unknown after a time of silence: a cut wire looks like a house that sleeps.
"""

from __future__ import annotations

from hal import quantities as q
from hal.compat import const
from hal.errors import LineDown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.ports import Pins

_KEEP_MS = const(60000)
_MS_WH = 3600000000  # milliseconds of 1 W in 1 kWh


class PulseRegister:
    """One channel of pulses."""

    def __init__(self, pins: Pins, channel: str, pulses_per_kwh: int, silence_ms: int) -> None:
        self._pins = pins
        self._channel = channel
        self._pulses_per_kwh = pulses_per_kwh
        self._silence_ms = silence_ms
        self._before: int | None = None  # pulses of earlier lives; None: not read yet
        self._kept = 0  # pulses in flash
        self._kept_ms = -_KEEP_MS
        self._seen: tuple[int, int] | None = None  # pulses of this life, and until when they are in the power
        self._power_w: int | None = None

    def open(self) -> None:
        """Find what earlier lives counted. Raises: LineDown."""
        if self._before is None:
            self._before = self._kept = self._pins.kept(self._channel)

    def rest(self) -> None:
        """Take for certain that nothing flows until now."""
        self._seen = (self._pins.pulses(self._channel)[0], self._pins.now_ms())
        self._power_w = 0

    def read(self) -> dict[int, int]:
        """Return the register in flash and the power; each is absent while it is unknown."""
        numbers: dict[int, int] = {}
        now_ms = self._pins.now_ms()
        counted, last_ms = self._pins.pulses(self._channel)
        if self._keep(counted, now_ms):
            numbers[q.ENERGY_IMPORT_WH] = self._kept * 1000 // self._pulses_per_kwh
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
                self._pins.keep(self._channel, pulses)
            except LineDown:
                return False
            self._kept = pulses
        return True

    def _power(self, counted: int, last_ms: int, now_ms: int) -> int | None:
        if counted and (self._seen is None or counted != self._seen[0]):
            if self._seen is not None and last_ms > self._seen[1]:
                self._power_w = (counted - self._seen[0]) * _MS_WH // (self._pulses_per_kwh * (last_ms - self._seen[1]))
            self._seen = (counted, last_ms)
        if self._seen is None or self._power_w is None:
            return None
        silent_ms = now_ms - self._seen[1]
        if silent_ms >= self._silence_ms:
            self._power_w = self._seen = None
            return None
        return min(self._power_w, _MS_WH // (self._pulses_per_kwh * max(silent_ms, 1)))
