"""A solar inverter of no maker in particular with SunSpec's older models (103, 121, 123) or newer ones (701, 702, 704).

Source: SunSpec model definitions by number. A limit of active power counts while its switch is on; with a revert timer
that is not 0 it ends so many seconds after it was last written. The option `revert` chooses "counts", "ignored" (kept,
never counts) or "absent". The house's battery is taken for one that hangs elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from sim_devices.house import House
from sim_devices.products import fronius_points as points
from sim_devices.products.fronius_gen24 import REVERTS
from sim_devices.products.hybrid import READ_HOLDING, WRITE_MANY, WRITE_ONE, HybridProduct
from sim_devices.products.hybrid import Options as HybridOptions
from sim_devices.products.sunspec_layout import Accept, Reads, chain
from sim_devices.wire.bank import Bank

FULL = points.FULL
ENA, PCT, TIMER = "WMaxLim_Ena", "WMaxLimPct", "WMaxLimPct_RvrtTms"
NEWER = {ENA: "WMaxLimPctEna", PCT: PCT, TIMER: "WMaxLimPctRvrtTms"}


@dataclass
class Options(HybridOptions):
    """Which models it shows, and what its revert timer does."""

    newer: bool = False
    revert: str = "counts"

    def __post_init__(self) -> None:
        if self.revert not in REVERTS:
            raise ValueError(f"revert {self.revert!r} is none of {', '.join(REVERTS)}")


class SunSpecInverter(HybridProduct):
    """Lets its output be limited."""

    model = "sunspec-inverter"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.opts = options
        self.written = {ENA: 0, PCT: FULL, TIMER: 0}
        bank = Bank(chain(40000, self._newer() if options.newer else self._older()))
        self.reading[unit, READ_HOLDING] = bank
        self.writing = {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}

    def _older(self) -> list[tuple[int, Reads, dict[str, Accept]]]:
        reads, accepts = self._controls({name: name for name in self.written})
        reads["WMaxLimPct_SF"] = -2
        return [
            (1, {"Mn": "Nobody", "Md": "Older", "SN": "1"}, {}),
            (103, points.inverter(self.hybrid, self.circuit), {}),
            (121, points.settings(self.hybrid), {}),
            (123, reads, accepts),
        ]

    def _newer(self) -> list[tuple[int, Reads, dict[str, Accept]]]:
        reads, accepts = self._controls(NEWER)
        reads["WMaxLimPct_SF"] = -2
        rated: Reads = {"WMaxRtg": self.hybrid.rated_w, "WMax": self.hybrid.rated_w, "W_SF": 0}
        return [
            (1, {"Mn": "Nobody", "Md": "Newer", "SN": "1"}, {}),
            (701, self._measured(), {}),
            (702, rated, {}),
            (704, reads, accepts),
            (713, {"SoC": lambda: self.hybrid.battery.soc * 1000, "Pct_SF": -1}, {}),
        ]

    def _measured(self) -> Reads:
        hybrid, circuit = self.hybrid, self.circuit
        told: Reads = {"A_SF": -2, "V_SF": -1, "Hz_SF": -3, "W_SF": 0, "TotWh_SF": 0}
        told |= {
            "W": lambda: hybrid.output_w,
            "Hz": lambda: circuit.frequency_hz * 1000,
            "TotWhInj": lambda: hybrid.output_wh,
        }
        for at in range(3):
            told[f"VL{at + 1}"] = lambda at=at: circuit.voltage_v[at] * 10  # type: ignore[misc]  # mypy does not infer the default's type
            told[f"AL{at + 1}"] = lambda at=at: circuit.current_a(at) * 100  # type: ignore[misc]  # as above
        return told

    def _controls(self, names: dict[str, str]) -> tuple[Reads, dict[str, Accept]]:
        allowed = {ENA: range(2), PCT: range(FULL + 1), TIMER: range(0x10000)}
        reads: Reads = {}
        accepts: dict[str, Accept] = {}
        for name, shown in names.items():
            if name == TIMER and self.opts.revert == "absent":
                if self.opts.newer:
                    reads[shown] = 0xFFFFFFFF
                continue
            reads[shown] = lambda name=name: self.written[name]  # type: ignore[misc]  # mypy does not infer the default's type
            accepts[shown] = self._taking(name), allowed[name].__contains__
        return reads, accepts

    def _taking(self, name: str) -> Callable[[int], None]:
        def take(number: int) -> None:
            self.written[name] = number
            self.left_s = float(self.written[TIMER]) if self.opts.revert == "counts" else 0.0
            self._apply()

        return take

    def _apply(self) -> None:
        limit_w = self.hybrid.rated_w * self.written[PCT] / FULL
        self.hybrid.output_w_max = limit_w if self.written[ENA] else inf

    def step(self, dt_s: float) -> None:
        """Count the revert timer down."""
        if self.left_s > 0:
            self.left_s -= dt_s
            if self.left_s <= 0:
                self.trip_watchdog()

    def due_s(self) -> float:
        """Until the revert timer runs out."""
        return self.left_s if self.left_s > 0 else inf

    def restart(self) -> None:
        """Feed in freely."""
        super().restart()
        self.written = {ENA: 0, PCT: FULL, TIMER: 0}
        self._apply()

    def trip_watchdog(self) -> None:
        """Let the revert timer run out now. Raises: ValueError when there is none that counts."""
        if self.opts.revert != "counts":
            raise ValueError(f"revert timer is {self.opts.revert} in this home")
        self.left_s = 0.0
        self.written[ENA] = 0
        self._apply()


class SunSpecProduction(SunSpecInverter):
    """The same for who only reads."""

    model = "sunspec-production"
