"""A vehicle at the end of a control pilot, as resistors, a diode and the driver's habits.

Source: TI, TIDA-010239 (JAJU858), table 2-3: 2.74 kOhm in state B, 882 Ohm in C, 246 Ohm in D, behind a diode, at a
generator of +/-12 V behind 1 kOhm. A vehicle begins to follow a new duty cycle at once and has followed within 5 s; one
that sees the PWM end stops drawing and then opens its switch within 3 s (IEC 61851-1, table A.6, as EVerest cites it).
"""

from __future__ import annotations

SOURCE_V = 12.0
SOURCE_OHM = 1000.0
DIODE_V = 0.7
OHM_B, OHM_C, OHM_D = 2740.0, 882.0, 246.0


class Vehicle:
    """Hangs on the pilot while `plugged`. Faults are set by name: `no_diode`, `shorted`, `ohm` (a wrong resistor)."""

    def __init__(self, max_ma: int = 32000, follow_ms: int = 4000, ventilated: bool = False) -> None:
        self.max_ma = max_ma
        self.follow_ms = follow_ms  # from nothing to its maximum
        self.ventilated = ventilated
        self.plugged = False
        self.wants = True
        self.deaf = False  # goes on drawing when the PWM ends
        self.no_diode = False
        self.shorted = False
        self.ohm: float | None = None
        self.noise_mv = 0
        self.current_ma = 0
        self.mains = False
        self._closed = False  # its switch S2
        self._offered_ms = 0
        self._ended_ms = 0
        self._seed = 1

    def ready(self) -> bool:
        """Tell whether it asks for current."""
        return self.plugged and self._closed

    def peaks_mv(self, duty_pm: int) -> tuple[int, int]:
        """Return the highest and lowest voltage at the charging point, in mV."""
        high, low = self._at(SOURCE_V), self._at(-SOURCE_V)
        if duty_pm >= 1000:
            low = high
        elif duty_pm <= 0:
            high = low
        return self._noisy(high), self._noisy(low)

    def _at(self, source_v: float) -> float:
        if self.shorted:
            return 0.0
        ohm = self._ohm()
        if ohm is None:
            return source_v
        if self.no_diode:
            return source_v * ohm / (ohm + SOURCE_OHM)
        if source_v < DIODE_V:
            return source_v
        return DIODE_V + (source_v - DIODE_V) * ohm / (ohm + SOURCE_OHM)

    def _ohm(self) -> float | None:
        if not self.plugged:
            return None
        if self.ohm is not None:
            return self.ohm
        if not self._closed:
            return OHM_B
        return OHM_D if self.ventilated else OHM_C

    def _noisy(self, voltage_v: float) -> int:
        self._seed = (self._seed * 1103515245 + 12345) % (1 << 31)
        noise_mv = (self._seed >> 8) % (2 * self.noise_mv + 1) - self.noise_mv
        return int(voltage_v * 1000) + noise_mv

    def step(self, duty_pm: int, mains: bool, ms: int) -> None:
        """Let time pass at a duty cycle, with or without mains behind the contactor."""
        self.mains = mains
        offered_ma = offered(duty_pm) if self.plugged and not self.shorted else 0
        self._offered_ms = self._offered_ms + ms if offered_ma else 0
        self._ended_ms = 0 if offered_ma else self._ended_ms + ms
        if not self.plugged:
            self._closed = False
        elif offered_ma:
            self._closed = self.wants and (self._closed or self._offered_ms >= 2000)
        elif not self.deaf and self._ended_ms >= 2000:
            self._closed = False
        target_ma = min(offered_ma, self.max_ma) if self._closed and self.wants else 0
        if self.deaf and not offered_ma:
            target_ma = self.current_ma
        change_ma = self.max_ma * ms // self.follow_ms
        self.current_ma = min(max(target_ma, self.current_ma - change_ma), self.current_ma + change_ma)
        if not mains or not self.plugged:
            self.current_ma = 0


def offered(duty_pm: int) -> int:
    """Return the current that a duty cycle allows, in mA: 0.6 A for each per cent up to 85, then 2.5 A over 64."""
    if not 100 <= duty_pm <= 960:
        return 0
    return duty_pm * 60 if duty_pm <= 850 else (duty_pm - 640) * 250
