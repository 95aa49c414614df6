"""Fronius GEN24 Plus, a hybrid inverter with battery, as SunSpec "int + SF" on unit 1.

Source: SunSpec models (see sunspec_layout); the chain 1, 103, 120, 121, 122, 123, 160, 124 puts WMaxLimPct on 40232,
StorCtl_Mod on 40348 and InWRte on 40356, as callifo/fronius_modbus has them. Storage control (124):
StorCtl_Mod bit 0 makes InWRte, bit 1 OutWRte the limit of charging or discharging, in % of WChaMax; a
negative limit forces the other direction. ChaGriSet 1 lets the grid charge, if the owner allowed it too.
MinRsvPct below 5 is refused. WinTms and RmpTms are not implemented. RvrtTms: field reports differ, so the
option `revert` chooses "counts" (falls back to automatic), "ignored" (kept, never counts) or "absent".
Not modelled: reactive power, the smart meter on unit 200.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import inf

from sim_devices.house import House
from sim_devices.physics.inverter import Hybrid
from sim_devices.products import fronius_points as points
from sim_devices.products.product import Product
from sim_devices.products.sunspec_layout import LAYOUTS, Accept, Reads, cells, length
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import text, to_s16, u16

READ_HOLDING, WRITE_ONE, WRITE_MANY = 3, 6, 16
BASE = 40000
CHAIN = (1, 103, 120, 121, 122, 123, 160, 124)
CHARGE_LIMITED, DISCHARGE_LIMITED = 1, 2
FULL = points.FULL
RESERVE_MIN = 500  # 5 %
REVERTS = ("counts", "ignored", "absent")


@dataclass
class Options:
    """What owner and firmware have it do."""

    grid_charging_allowed: bool = True
    revert: str = "counts"
    serial: str = "30000001"

    def __post_init__(self) -> None:
        if self.revert not in REVERTS:
            raise ValueError(f"revert {self.revert!r} is none of {', '.join(REVERTS)}")


class FroniusGen24(Product):
    """Turns model 123 and 124 into the window in which the hybrid regulates."""

    model = "fronius-gen24"
    bus_kind = "tcp"
    options = Options
    chain: tuple[int, ...] = CHAIN

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        if house.inverter is None:
            raise ValueError("fronius-gen24 needs an [inverter]")
        self.hybrid: Hybrid = house.inverter
        self.opts = options
        self.written: dict[str, int] = {}
        self.left_s = {"storage": 0.0, "output": 0.0}
        bank = Bank(self._chain())
        self.reading[unit, READ_HOLDING] = bank
        self.writing = {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}
        self.restart()

    def restart(self) -> None:
        """Back to automatic."""
        self.written.update(StorCtl_Mod=0, OutWRte=FULL, InWRte=FULL, ChaGriSet=0)
        self.written.update(MinRsvPct=RESERVE_MIN, InOutWRte_RvrtTms=0)
        self.written.update(Conn=1, WMaxLimPct=FULL, WMaxLim_Ena=0, WMaxLimPct_RvrtTms=0)
        self.left_s = dict.fromkeys(self.left_s, 0.0)
        self._apply()

    def step(self, dt_s: float) -> None:
        """Count revert timers down."""
        for what, switch in (("storage", "StorCtl_Mod"), ("output", "WMaxLim_Ena")):
            if self.left_s[what] > 0:
                self.left_s[what] -= dt_s
                if self.left_s[what] <= 0:
                    self.written[switch] = 0
                    self._apply()

    def due_s(self) -> float:
        """Until the first revert timer runs out."""
        return min((left_s for left_s in self.left_s.values() if left_s > 0), default=inf)

    def trip_watchdog(self) -> None:
        """Let the storage revert timer run out now."""
        if self.opts.revert != "counts":
            raise ValueError(f"revert timer is {self.opts.revert} in this home")
        self.written["StorCtl_Mod"] = 0
        self.left_s["storage"] = 0.0
        self._apply()

    def state(self) -> dict[str, object]:
        """What was written and what is left of it."""
        return {"written": dict(self.written), "revert_s": dict(self.left_s)}

    @property
    def charge_w_max(self) -> float:
        """WChaMax, of which the rates are per cents."""
        return self.hybrid.battery.power_w_max

    def _apply(self) -> None:
        hybrid, written = self.hybrid, self.written
        mode = written["StorCtl_Mod"]
        per_count_w = self.charge_w_max / FULL
        hybrid.battery_w_most = to_s16([written["InWRte"]]) * per_count_w if mode & CHARGE_LIMITED else inf
        hybrid.battery_w_least = -to_s16([written["OutWRte"]]) * per_count_w if mode & DISCHARGE_LIMITED else -inf
        hybrid.grid_charging = bool(written["ChaGriSet"]) and self.opts.grid_charging_allowed
        hybrid.soc_floor = written["MinRsvPct"] / FULL
        hybrid.connected = bool(written["Conn"])
        curtailed = hybrid.rated_w * written["WMaxLimPct"] / FULL
        hybrid.output_w_max = curtailed if written["WMaxLim_Ena"] else inf

    def _take(self, name: str, timer: str, allow: range) -> Accept:
        """Keep what is written, restart the revert timer that belongs to it."""

        def accept(word: int) -> None:
            self.written[name] = word
            seconds = self.written["InOutWRte_RvrtTms" if timer == "storage" else "WMaxLimPct_RvrtTms"]
            if timer and self.opts.revert == "counts":
                self.left_s[timer] = float(seconds)
            self._apply()

        return accept, lambda word: to_s16([word]) in allow if allow.start < 0 else word in allow

    def _chain(self) -> list[Cell]:
        found = [Cell(BASE, 2, text("SunS", 2))]
        at = BASE + 2
        for model in self.chain:
            body = cells(at + 2, LAYOUTS[model], self._reads(model), self._accepts(model))
            if model == 160:
                body += points.modules(at + 2 + length(LAYOUTS[160]), self.hybrid)
            head = [model, sum(cell.size for cell in body)]
            found += [Cell(at, 2, u16(head[0]) + u16(head[1])), *body]
            at += 2 + head[1]
        return [*found, Cell(at, 2, u16(0xFFFF) + u16(0))]

    def _accepts(self, model: int) -> dict[str, Accept]:
        take, seconds, percent = self._take, range(0x10000), range(FULL + 1)
        if model == 123:
            found = {
                "Conn": take("Conn", "", range(2)),
                "WMaxLimPct": take("WMaxLimPct", "output", percent),
                "WMaxLim_Ena": take("WMaxLim_Ena", "output", range(2)),
                "WMaxLimPct_RvrtTms": take("WMaxLimPct_RvrtTms", "output", seconds),
            }
        elif model == 124:
            found = {
                "StorCtl_Mod": take("StorCtl_Mod", "storage", range(4)),
                "MinRsvPct": take("MinRsvPct", "", percent[RESERVE_MIN:]),
                "OutWRte": take("OutWRte", "storage", range(-FULL, FULL + 1)),
                "InWRte": take("InWRte", "storage", range(-FULL, FULL + 1)),
                "ChaGriSet": take("ChaGriSet", "", range(2)),
                "InOutWRte_RvrtTms": take("InOutWRte_RvrtTms", "storage", seconds),
            }
        else:
            return {}
        return {name: pair for name, pair in found.items() if self._offers(name)}

    def _offers(self, name: str) -> bool:
        return self.opts.revert != "absent" or not name.endswith("_RvrtTms")

    def _reads(self, model: int) -> Reads:
        if model == 1:
            return {**points.COMMON, "SN": self.opts.serial, "DA": self.unit}
        if model in (123, 124):
            kept: Reads = {name: partial(self.written.__getitem__, name) for name in self._accepts(model)}
            return {**kept, **(points.CONTROLS if model == 123 else points.storage(self.hybrid))}
        if model == 103:
            return points.inverter(self.hybrid, self.house.circuits["inverter"])
        return {120: points.nameplate, 121: points.settings, 122: points.status, 160: points.mppt}[model](self.hybrid)
