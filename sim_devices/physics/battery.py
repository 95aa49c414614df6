"""A home battery at its DC terminals: charges, discharges, loses a little each way, ends at both ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Battery:
    """A store with one-way losses, power bounds and a taper above `taper_above`. Positive power charges."""

    capacity_wh: float = 10000.0
    soc: float = 0.5
    power_w_max: float = 5000.0
    efficiency: float = 0.97  # one way
    soc_min: float = 0.05
    soc_max: float = 1.0
    taper_above: float = 0.95

    power_w: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.soc_min <= self.soc <= self.soc_max <= 1:
            raise ValueError(f"battery: soc {self.soc} is not within {self.soc_min}..{self.soc_max} of 0..1")

    @property
    def stored_wh(self) -> float:
        """Energy in the cells."""
        return self.soc * self.capacity_wh

    def bounds_w(self, floor: float, dt_s: float) -> tuple[float, float]:
        """Return the lowest and highest power of the next `dt_s`; `floor` is the lowest SoC to discharge to."""
        hours = dt_s / 3600
        room_wh = max(self.soc_max - self.soc, 0.0) * self.capacity_wh
        spare_wh = max(self.soc - max(floor, self.soc_min), 0.0) * self.capacity_wh
        taper = 1.0
        if self.soc > self.taper_above:
            taper = max((self.soc_max - self.soc) / max(self.soc_max - self.taper_above, 1e-6), 0.05)
        most = min(self.power_w_max * taper, room_wh / self.efficiency / hours)
        least = -min(self.power_w_max, spare_wh * self.efficiency / hours)
        return least, most

    def step(self, power_w: float, dt_s: float) -> None:
        """Charge or discharge; the caller has kept inside `bounds_w`."""
        self.power_w = power_w
        moved_wh = power_w * dt_s / 3600
        if moved_wh >= 0:
            self.charged_wh += moved_wh
            self.soc += moved_wh * self.efficiency / self.capacity_wh
        else:
            self.discharged_wh -= moved_wh
            self.soc += moved_wh / self.efficiency / self.capacity_wh
        self.soc = min(max(self.soc, 0.0), 1.0)
