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
        (a_w, b_w, c_w), (a_v, b_v, c_v) = flow.w, self.connection.voltage_v
        open_v, ohm, least_v = self.voltage_v, self.impedance_ohm, self.voltage_v * VOLTAGE_FLOOR
        behind_v = (
            max(open_v - ohm * a_w / a_v, least_v),
            max(open_v - ohm * b_w / b_v, least_v),
            max(open_v - ohm * c_w / c_v, least_v),
        )
        self.connection.step(flow, behind_v, self.frequency_hz, dt_s)
