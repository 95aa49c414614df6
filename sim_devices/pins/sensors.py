"""A meter's pulse output with a bouncing contact, a thermistor behind a divider, a clamp with noise."""

from __future__ import annotations

import math


class PulseMeter:
    """Emits a pulse for each whole share of energy; `step` returns its edges as (microseconds, level)."""

    def __init__(self, pulses_per_kwh: int = 1000, closed_ms: int = 30, bounce_us: int = 0) -> None:
        self.pulses = 0  # the truth
        self._pulse_mws = 3600000000000 // pulses_per_kwh  # in 1e-6 Ws
        self._energy_mws = 0
        self._closed_us = closed_ms * 1000
        self._bounce_us = bounce_us

    def step(self, power_w: int, ms: int) -> list[tuple[int, int]]:
        """Let energy flow; at most one pulse comes in a step."""
        self._energy_mws += power_w * ms * 1000
        if self._energy_mws < self._pulse_mws:
            return []
        self._energy_mws -= self._pulse_mws
        self.pulses += 1
        return self._edge(0, 0) + self._edge(self._closed_us, 1)

    def _edge(self, at_us: int, level: int) -> list[tuple[int, int]]:
        """Return one movement of the contact, with three bounces."""
        if not self._bounce_us:
            return [(at_us, level)]
        return [(at_us + count * self._bounce_us, level if count % 2 == 0 else 1 - level) for count in range(7)]


class Thermistor:
    """A resistor that falls with heat, between an input and ground; in the water of a boiler, which it follows."""

    def __init__(
        self, r25_ohm: int = 10000, beta_k: int = 3950, series_ohm: int = 10000, supply_mv: int = 3300
    ) -> None:
        self.temp_c = 25.0
        self.open = self.shorted = False
        self._r25_ohm, self._beta_k = r25_ohm, beta_k
        self._series_ohm, self._supply_mv = series_ohm, supply_mv

    def step(self, water_c: float, ms: int, lag_ms: int = 60000) -> None:
        """Follow the water."""
        self.temp_c += (water_c - self.temp_c) * min(ms / lag_ms, 1)

    def voltage_uv(self) -> int:
        """Return what stands at the input."""
        if self.open:
            return self._supply_mv * 1000
        if self.shorted:
            return 0
        ohm = self._r25_ohm * math.exp(self._beta_k * (1 / (self.temp_c + 273.15) - 1 / 298.15))
        return int(self._supply_mv * 1000 * ohm / (ohm + self._series_ohm))


class Clamp:
    """The wave at an input: half the supply, and a sine with noise on it."""

    def __init__(self, ma_per_v: int = 30000, supply_mv: int = 3300, frequency_hz: int = 50) -> None:
        self.current_ma = 0
        self.noise_uv = 0
        self._ma_per_v, self._supply_mv, self._frequency_hz = ma_per_v, supply_mv, frequency_hz
        self._seed = 1

    def voltage_uv(self, at_us: int) -> int:
        """Return what stands at the input at a moment, within the supply."""
        peak_uv = self.current_ma * 1000000 // self._ma_per_v * math.sqrt(2)
        self._seed = (self._seed * 1103515245 + 12345) % (1 << 31)
        noise_uv = (self._seed >> 8) % (2 * self.noise_uv + 1) - self.noise_uv
        wave_uv = peak_uv * math.sin(2 * math.pi * self._frequency_hz * at_us / 1000000)
        return int(min(max(self._supply_mv * 500 + wave_uv + noise_uv, 0), self._supply_mv * 1000))
