"""A tank or a room that is warmed when energy costs little, and never leaves its band for it.

What is stored is the heat above the lower end of the band. It is lost to the outside, the more the warmer it is, and
hot water is drawn from a tank; one heater makes it, with so much heat from each unit of energy. In each slot the heater
runs or rests. Below the band it runs whatever that costs, above the band it rests.

Source: docs/sources.md, "heat-plan". Claims alone: limits, protection and stronger claims go before it.
"""

from __future__ import annotations

from agent.sources.options import DEVICE
from agent.sources.planner import Planner
from agent.sources.storage import ALL, GIVES, PRICE_MAX, StoragePlan
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk
    from agent.sources.storage import Slot

_HEATERS = (capabilities.SWITCH, capabilities.HEAT_PUMP, capabilities.SG_READY, capabilities.THERMOSTAT)
_NEEDED = ("temp_min_mc", "temp_max_mc", "capacity_wh_k", "power_w")
_START_S = const(3)  # option of a body
_TEMP_MC = range(-20000, 95001)


class HeatPlan(Planner):
    """One heater, what it warms, and where the temperature of that is read."""

    options_own: tuple[tuple[str, Any], ...] = (
        ("device", DEVICE),
        ("sensor", DEVICE),
        ("outside", DEVICE),
        ("outside_mc", range(-40000, 50001)),
        ("store", ("tank", "room")),
        ("temp_min_mc", _TEMP_MC),
        ("temp_max_mc", _TEMP_MC),
        ("capacity_wh_k", range(1, 1000001)),
        ("loss_w_k", range(100001)),
        ("power_w", range(1, 1000001)),
        ("cop_pm", range(500, 10001)),
        ("draw_wh_day", range(1000001)),
    )
    sensor = ""
    outside = ""
    outside_mc = 10000  # around it, where nobody tells
    store = "tank"
    temp_min_mc = 0
    temp_max_mc = 0
    capacity_wh_k = 0  # heat that warms it by one degree
    loss_w_k = 0  # for each degree that it is warmer than what is around it
    power_w = 0  # what the heater draws
    cop_pm = 1000
    draw_wh_day = 0  # heat that is taken from it
    level_in = "mC"

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(desk, options)
        state = desk.loop.state
        unit = state.unit_named(self.device)
        if unit is None or unit.contract.kind not in _HEATERS:
            raise ValueError("device", self.device, "the id of a switch, a heat pump or a thermostat")
        for name in _NEEDED:
            if name not in options:
                raise ValueError(name, None, "a number: it has no default")
        if self.temp_min_mc + 500 > self.temp_max_mc:
            raise ValueError("temp_max_mc", self.temp_max_mc, "at least 500 more than temp_min_mc")
        most_w = desk.authority.power_max_w
        if unit.takes_power() and unit.contract.kind != capabilities.HEAT_PUMP and unit.power_max_w > most_w:
            raise ValueError("power_max_w", most_w, "the power_max_w of its device, %d, at least" % unit.power_max_w)
        self._unit = unit
        self._sensor = state.unit_named(self.sensor) or unit
        self._outside = state.unit_named(self.outside)
        self._outside_mc = self.outside_mc
        self._quantity = q.TEMP_TANK_MC if self.store == "tank" else q.TEMP_ROOM_MC

    def stored_wh(self, now_ms: int, image: Image) -> int | None:
        """Return the heat above the band's lower end, negative below it."""
        if self._outside is not None:
            outside = image.fresh(self._outside.index, now_ms, self._outside.contract.stale_ms)
            told_mc = None if outside is None else outside.values.get(q.TEMP_OUTSIDE_MC)
            self._outside_mc = self.outside_mc if told_mc is None else told_mc
        sample = image.fresh(self._sensor.index, now_ms, self._sensor.contract.stale_ms)
        temp_mc = None if sample is None else sample.values.get(self._quantity)
        return None if temp_mc is None else (temp_mc - self.temp_min_mc) * self.capacity_wh_k // 1000

    def level(self, stored_wh: int) -> int:
        """Return the temperature, millidegrees Celsius."""
        return self.temp_min_mc + stored_wh * 1000 // self.capacity_wh_k

    def own_w(self) -> int:
        """Return what the heater draws, as it says or else as it was told."""
        unit = self._unit
        if unit.drawn_known:
            return unit.drawn_w
        return self.power_w if self.said == ALL * GIVES and unit.guard.running else 0

    def off_max_w(self) -> int:
        """Return what the heater draws: a sun that could run it is worth a new plan."""
        return self.power_w

    def must(self, stored_wh: int) -> int:
        """Return what has to be done whatever is planned, -1: nothing."""
        if stored_wh < 0:
            return ALL * GIVES
        return 0 if stored_wh >= self._band_wh() else -1

    def _band_wh(self) -> int:
        return (self.temp_max_mc - self.temp_min_mc) * self.capacity_wh_k // 1000

    def begun(self, first: int, count: int, _mean_price: int, cheapest: int) -> StoragePlan:
        """Return a plan of the band."""
        end_price = max(self.scaled(cheapest, 1000, self.cop_pm) * 15 // 16, 0)  # less: some of it will be lost
        loss_ppm = self.loss_w_k * 250000 // self.capacity_wh_k
        return StoragePlan(first, count, max(self._band_wh(), 1), end_price, PRICE_MAX, min(loss_ppm, 250000))

    def slot(self, slot: int, quarters: int, more_w: int) -> Slot:
        """Return what the heater makes in a slot, and what is lost at the lower end of the band."""
        load_w, price, export_price = self.expected(slot, quarters)
        spare_w = min(max(-load_w - more_w, 0), self.power_w)
        mixed = (spare_w * export_price + (self.power_w - spare_w) * price) // self.power_w
        lost_w = self.loss_w_k * (self.temp_min_mc - self._outside_mc) // 1000 + self.draw_wh_day // 24
        made_wh = self.power_w * quarters * self.cop_pm // 4000
        return (
            0, PRICE_MAX, made_wh, self.scaled(mixed, 1000, self.cop_pm), 0, -PRICE_MAX, 0, -PRICE_MAX,
            max(lost_w, 0) * quarters // 4,
        )  # fmt: skip

    def control(self, action: int, duration_s: int, start_s: int) -> Control:
        """Return the claim of an action."""
        unit, runs = self._unit, action == ALL * GIVES
        contract, most_w = unit.contract, self.desk.authority.power_max_w
        if contract.kind == capabilities.THERMOSTAT:
            setpoint = unit.fit(self.temp_max_mc if runs else self.temp_min_mc + contract.step - 1)
        elif contract.kind == capabilities.SG_READY:
            setpoint = q.SG_RECOMMENDED if runs else q.SG_NORMAL
        elif runs:
            setpoint = 1 if contract.kind == capabilities.SWITCH else unit.fit(min(contract.maximum, most_w))
        else:
            setpoint = unit.lowest()
        return [2, [self.device, setpoint, duration_s, self.primacy, {_START_S: start_s}]]
