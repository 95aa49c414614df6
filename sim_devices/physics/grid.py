"""The grid connection: everything in the house adds up here, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim_devices.physics.flow import Circuit, Flow, Triple

VOLTAGE_FLOOR = 0.8  # of nominal: below this a real house has other troubles than this model knows


@dataclass
class Grid:
    """A supply behind an impedance; voltage falls with the current drawn and rises with feed-in."""

    voltage_v: float = 230.0
    impedance_ohm: float = 0.15
    frequency_hz: float = 50.0
    connection: Circuit = field(default_factory=Circuit, init=False)

    @property
    def phase_voltage_v(self) -> Triple:
        """Voltage of each phase at the connection after the last step."""
        return self.connection.voltage_v

    def step(self, flow: Flow, dt_s: float) -> None:
        """Supply `flow` for `dt_s` seconds."""
        before = self.connection.voltage_v
        self.connection.step(
            flow,
            (
                self._behind(flow.w[0], before[0]),
                self._behind(flow.w[1], before[1]),
                self._behind(flow.w[2], before[2]),
            ),
            self.frequency_hz,
            dt_s,
        )

    def _behind(self, power_w: float, voltage_v: float) -> float:
        return max(self.voltage_v - self.impedance_ohm * power_w / voltage_v, self.voltage_v * VOLTAGE_FLOOR)
