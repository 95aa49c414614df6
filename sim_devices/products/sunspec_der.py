"""A battery inverter of no maker in particular with SunSpec's newer models, told its power by model 704.

Source: SunSpec model definitions 701 to 714 by number. WSet counts in watts or WSetPct in per cent of WMax, as WSetMod
says, while WSetEna is 1; positive feeds the grid. With a reversion time that is not 0 the order ends so many seconds
after it was last written, and what WSetEnaRvrt and WSetRvrt hold comes in its place. The option `revert` chooses
"counts", "ignored" (kept, never counts, as an owner of a FranklinWH aGate found) or "absent". Guessed: any write to
the order starts the time anew. Left out: losses, and solar power, which is taken for some that hangs elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sim_devices.house import House
from sim_devices.products.fronius_gen24 import REVERTS
from sim_devices.products.hybrid import READ_HOLDING, WRITE_MANY, WRITE_ONE, HybridProduct
from sim_devices.products.hybrid import Options as HybridOptions
from sim_devices.products.sunspec_layout import Accept, Reads, chain
from sim_devices.wire.bank import Bank

PER_CENT, WATTS = 0, 1
OFF = {"WSetEna": 0, "WSetMod": PER_CENT, "WSet": 0, "WSetPct": 0, "WSetRvrt": 0, "WSetEnaRvrt": 0, "WSetRvrtTms": 0}
REACHES = {"WSet": 1 << 32, "WSetRvrt": 1 << 32, "WSetPct": 1 << 16}  # signed numbers
OK, STORAGE, ON = 0, 1, 1
BATTERY_V = 400.0
THREE_PHASE, RUNNING, CONNECTED = 2, 3, 1


@dataclass
class Options(HybridOptions):
    """What its revert timer does."""

    revert: str = "counts"

    def __post_init__(self) -> None:
        if self.revert not in REVERTS:
            raise ValueError(f"revert {self.revert!r} is none of {', '.join(REVERTS)}")


class SunSpecDer(HybridProduct):
    """Keeps its battery at the power that it is told."""

    model = "sunspec-der"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.opts = options
        self.written = dict(OFF)
        told: dict[int, Reads] = {
            1: {"Mn": "Nobody", "Md": "Storage", "Vr": "1.0", "SN": "1"},
            701: self._measured(),
            702: self._capacity(),
            703: {"ES": 1, "ESDlyTms": 300, "ESRmpTms": 60, "ESHzHi": 5010, "Hz_SF": -2},
            705: {"Ena": 1, "AdptCrvRslt": 1, "NCrv": 1},
            706: {"Ena": 0, "AdptCrvRslt": 1, "NCrv": 1},
            **{model: {"Ena": 1, "NCrvSet": 1} for model in (707, 708, 709, 710)},
            711: {"Ena": 1, "AdptCtlRslt": 1, "NCtl": 1, "DbOf": 20, "Db_SF": -3},
            712: {"Ena": 0, "AdptCrvRslt": 1, "NCrv": 1},
            713: self._stored(),
            714: self._direct(),
        }
        told[704], accepts = self._controls()
        bank = Bank(chain(40000, [(model, told[model], accepts if model == 704 else {}) for model in sorted(told)]))
        self.reading[unit, READ_HOLDING] = bank
        self.writing = {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}

    def _measured(self) -> Reads:
        hybrid, circuit = self.hybrid, self.circuit
        battery = hybrid.battery
        told: Reads = {"ACType": THREE_PHASE, "InvSt": RUNNING, "ConnSt": lambda: int(hybrid.connected), "Alrm": 0}
        told |= {"A_SF": -2, "V_SF": -1, "Hz_SF": -3, "W_SF": 0, "TotWh_SF": 0, "ThrotPct": 100}
        told |= {
            "W": lambda: -battery.power_w,
            "Hz": lambda: circuit.frequency_hz * 1000,
            "TotWhInj": lambda: battery.discharged_wh,
            "TotWhAbs": lambda: battery.charged_wh,
        }
        for at in range(3):
            told[f"VL{at + 1}"] = partial(self._decivolts, at)
        return told

    def _decivolts(self, at: int) -> float:
        return self.circuit.voltage_v[at] * 10

    def _capacity(self) -> Reads:
        most_w = self.hybrid.battery.power_w_max
        rated: Reads = {"WMaxRtg": most_w, "WMax": most_w, "W_SF": 0}
        return rated | {"WChaRteMaxRtg": most_w, "WDisChaRteMaxRtg": most_w, "WDisChaRteMax": most_w, "CtrlModes": 3}

    def _stored(self) -> Reads:
        battery = self.hybrid.battery
        told: Reads = {"SoC": lambda: battery.soc * 1000, "SoH": 990, "Pct_SF": -1, "Sta": OK}
        return told | {"WHRtg": battery.capacity_wh / 10, "WH_SF": 1}

    def _direct(self) -> Reads:
        battery = self.hybrid.battery
        told: Reads = {"NPrt": 1, "DCW": lambda: -battery.power_w, "DCW_SF": 0, "DCV_SF": -1, "DCWH_SF": 0}
        told |= {"PrtTyp": STORAGE, "IDStr": "Battery", "PrtDCV": BATTERY_V * 10, "DCSta": ON, "PrtAlrms": 0}
        return told | {
            "PrtDCW": lambda: -battery.power_w,
            "PrtDCWhInj": lambda: battery.discharged_wh,
            "PrtDCWhAbs": lambda: battery.charged_wh,
        }

    def _controls(self) -> tuple[Reads, dict[str, Accept]]:
        reads: Reads = {"WMaxLimPctEna": 0, "WMaxLimPct": 1000, "WMaxLimPct_SF": -1, "WSet_SF": 0, "WSetPct_SF": -1}
        accepts: dict[str, Accept] = {}
        for name in OFF:
            if name == "WSetRvrtTms" and self.opts.revert == "absent":
                continue
            reads[name] = partial(self.written.__getitem__, name)
            accepts[name] = partial(self._take, name), partial(self._allows, name)
        return reads, accepts

    def _take(self, name: str, raw: int) -> None:
        reach = REACHES.get(name, 0)
        self.written[name] = raw - reach if 2 * raw >= reach > 0 else raw
        self.left_s = float(self.written["WSetRvrtTms"]) if self.opts.revert == "counts" else 0.0
        self._follow()

    def _allows(self, name: str, raw: int) -> bool:
        return raw <= 1 if name in ("WSetEna", "WSetMod", "WSetEnaRvrt") else True

    def _follow(self) -> None:
        most_w, written = self.hybrid.battery.power_w_max, self.written
        out_w = written["WSet"] if written["WSetMod"] == WATTS else written["WSetPct"] * most_w / 1000
        self.order(-out_w if written["WSetEna"] else None)

    def restart(self) -> None:
        """Regulate by itself."""
        super().restart()
        self.written.update(OFF)

    def trip_watchdog(self) -> None:
        """Let the reversion time run out now. Raises: ValueError when there is none that counts."""
        if self.opts.revert != "counts":
            raise ValueError(f"revert timer is {self.opts.revert} in this home")
        self.left_s = 0.0
        self.written.update(WSetEna=self.written["WSetEnaRvrt"], WSet=self.written["WSetRvrt"])
        self._follow()

    def state(self) -> dict[str, object]:
        """What was written."""
        return {"written": dict(self.written), "revert_s": self.left_s}
