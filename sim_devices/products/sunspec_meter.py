"""A meter of no maker in particular that shows SunSpec's model 203, or 213 with `floats`.

Source: SunSpec model definitions 203, 213. With `positive` "export" it counts as those behind a SolarEdge do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.physics.flow import Circuit
from sim_devices.products import meter
from sim_devices.products.meter import CircuitMeter
from sim_devices.products.sunspec_layout import Reads, chain
from sim_devices.wire.bank import Bank

READ_HOLDING = 3
SCALES: Reads = {"A_SF": -2, "V_SF": -1, "Hz_SF": -2, "W_SF": 0, "TotWh_SF": 0}
DECIMALS = {"A": 2, "P": 1, "H": 2, "W": 0, "T": 0}  # of the integers, by the first letter of a name


@dataclass
class Options(meter.Options):
    """How it shows numbers, and which way it counts."""

    floats: bool = False
    positive: str = "import"

    def __post_init__(self) -> None:
        if self.positive not in ("import", "export"):
            raise ValueError(f"positive {self.positive!r} is neither import nor export")


class SunSpecMeter(CircuitMeter):
    """Measures one circuit."""

    model = "sunspec-meter"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        told = _told(self.circuit, 1 if options.positive == "import" else -1)
        reads: Reads = dict(told)
        if not options.floats:
            scaled: Reads = {name: _shifted(read, DECIMALS[name[0]]) for name, read in told.items()}
            reads = {**scaled, **SCALES}
        common: Reads = {"Mn": "Nobody", "Md": "Meter", "SN": "1"}
        self.reading[unit, READ_HOLDING] = Bank(
            chain(40000, [(1, common, {}), (213 if options.floats else 203, reads, {})])
        )


def _told(circuit: Circuit, sign: int) -> dict[str, Callable[[], float]]:
    told: dict[str, Callable[[], float]] = {
        "Hz": lambda: circuit.frequency_hz,
        "W": lambda: sign * circuit.flow.total_w,
        "TotWhExp": lambda: circuit.export_wh,
        "TotWhImp": lambda: circuit.import_wh,
    }
    for at, phase in enumerate("ABC"):
        told[f"Aph{phase}"] = lambda at=at: circuit.current_a(at)  # type: ignore[misc]  # mypy does not infer the default's type
        told[f"PhVph{phase}"] = lambda at=at: circuit.voltage_v[at]  # type: ignore[misc]  # as above
        told[f"Wph{phase}"] = lambda at=at: sign * circuit.flow.w[at]  # type: ignore[misc]  # as above
    return told


def _shifted(read: Callable[[], float], decimals: int) -> Callable[[], float]:
    return lambda: read() * 10**decimals
