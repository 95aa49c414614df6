"""Power on three phases, and a place in the wiring where a meter can sit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import acos, hypot, sqrt, tan
from typing import NamedTuple

Triple = tuple[float, float, float]
ALL_PHASES: Triple = (1 / 3, 1 / 3, 1 / 3)


class Flow(NamedTuple):
    """Active and reactive power of each phase; positive is consumed."""

    w: Triple
    var: Triple

    @property
    def total_w(self) -> float:
        """Sum of the three phases."""
        a, b, c = self.w
        return 0.0 + a + b + c  # never -0.0


STILL = Flow((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def spread(power_w: float, shares: Triple = ALL_PHASES, power_factor: float = 1.0) -> Flow:
    """Divide a power over the phases by `shares`, with the reactive power of an inductive load."""
    w = (power_w * shares[0], power_w * shares[1], power_w * shares[2])
    if power_factor == 1.0:
        return Flow(w, STILL.var)
    reactive = tan(acos(power_factor))
    return Flow(w, (abs(w[0]) * reactive, abs(w[1]) * reactive, abs(w[2]) * reactive))


def add(flows: Iterable[Flow]) -> Flow:
    """Add flows phase by phase."""
    w1 = w2 = w3 = var1 = var2 = var3 = 0.0
    for w, var in flows:
        w1, w2, w3 = w1 + w[0], w2 + w[1], w3 + w[2]
        var1, var2, var3 = var1 + var[0], var2 + var[1], var3 + var[2]
    return Flow((w1, w2, w3), (var1, var2, var3))


@dataclass
class Circuit:
    """A place a meter can sit: what flows now and energy registers that only rise.

    The totals net the phases at every instant, each phase counts for itself; whether a product does
    the same is its maker's choice.
    """

    flow: Flow = STILL
    voltage_v: Triple = (230.0, 230.0, 230.0)
    frequency_hz: float = 50.0
    import_wh: float = 0.0
    export_wh: float = 0.0
    import_phase_wh: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    export_phase_wh: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def step(self, flow: Flow, voltage_v: Triple, frequency_hz: float, dt_s: float) -> None:
        """Carry `flow` for `dt_s` seconds."""
        self.flow, self.voltage_v, self.frequency_hz = flow, voltage_v, frequency_hz
        hours = dt_s / 3600
        a, b, c = w = flow[0]
        total_w = a + b + c
        if total_w > 0:
            self.import_wh += total_w * hours
        elif total_w:
            self.export_wh -= total_w * hours
        for i in (0, 1, 2):
            power_w = w[i]
            if power_w > 0:
                self.import_phase_wh[i] += power_w * hours
            elif power_w:
                self.export_phase_wh[i] -= power_w * hours

    def current_a(self, phase: int) -> float:
        """Return the magnitude of a phase's current; phases count from 0."""
        return hypot(self.flow.w[phase], self.flow.var[phase]) / self.voltage_v[phase]

    def line_voltage_v(self, phase: int) -> float:
        """Return the voltage between a phase and the next."""
        return (self.voltage_v[phase] + self.voltage_v[(phase + 1) % 3]) / 2 * sqrt(3)

    def apparent_va(self, phase: int) -> float:
        """Return a phase's apparent power."""
        return hypot(self.flow.w[phase], self.flow.var[phase])

    def power_factor(self, phase: int) -> float:
        """Return a phase's power factor, with the sign of its power; 1 when nothing flows."""
        apparent = self.apparent_va(phase)
        return self.flow.w[phase] / apparent if apparent > 0 else 1.0
