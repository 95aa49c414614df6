"""A battery that is charged when energy costs little and gives when it costs much, as far as that pays for its losses.

For each slot ahead one of these: it rests; it takes what the sun leaves, or gives what the site draws, or both, so that
the meter shows nothing; it charges or discharges with all it has. What is left at the end is worth what it would cost
to have it again, or save at the mean price, whichever is less.

Source: docs/sources.md, "battery-plan". Claims alone: limits, protection and stronger claims go before it.
"""

from __future__ import annotations

from agent.claims import CHARGES, GIVES_POWER, TARGET
from agent.sources.options import DEVICE
from agent.sources.planner import Planner
from agent.sources.storage import ALL, FOLLOW, GIVES, StoragePlan
from hal.capabilities import BATTERY
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk
    from agent.sources.storage import Slot

_START_S = const(3)  # options of a body
_MODE = const(5)
_BATTERIES = const(9)


class BatteryPlan(Planner):
    """One battery, and the meter of the connection or of a circuit."""

    options_own: tuple[tuple[str, Any], ...] = (
        ("device", DEVICE),
        ("capacity_wh", range(100, 10000001)),
        ("charge_pm", range(500, 1001)),
        ("discharge_pm", range(500, 1001)),
        ("wear", range(8000001)),
        ("charge_w", range(1, 1000001)),
        ("discharge_w", range(1, 1000001)),
    )
    capacity_wh = 0
    charge_pm = 950  # of what is drawn, so much is stored
    discharge_pm = 950  # of what was stored, so much is given
    wear = 0  # price of the wear of a kWh that is given
    charge_w = 0  # 0: all the product can
    discharge_w = 0

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(desk, options)
        unit = desk.loop.state.unit_named(self.device)
        if unit is None or unit.contract.kind != BATTERY:
            raise ValueError("device", self.device, "the id of a battery")
        if not self.capacity_wh:
            raise ValueError("capacity_wh", None, "a number: it has no default")
        self._unit = unit

    def stored_wh(self, _now_ms: int, _image: Image) -> int | None:
        """Return what is stored above the floor that protection keeps."""
        unit = self._unit
        if unit.soc_pm is None:
            return None
        return max(min(unit.soc_pm, unit.guard.soc_max_pm) - unit.guard.soc_min_pm, 0) * self.capacity_wh // 1000

    def level(self, stored_wh: int) -> int:
        """Return what is stored in all, Wh."""
        return stored_wh + self._unit.guard.soc_min_pm * self.capacity_wh // 1000

    def own_w(self) -> int | None:
        """Return what the battery draws; None: it does not say so, and the meter shows it among all else."""
        return self._unit.drawn_w if self._unit.drawn_known else None

    def off_max_w(self) -> int:
        """Return half of what the battery can give."""
        return self._powers_w()[1] // 2

    def must(self, _stored_wh: int) -> int:
        """Follow the meter until a day was seen: who knows only the sun does not know the night."""
        return -1 if self.net.knows_a_day() else FOLLOW * GIVES + FOLLOW

    def _powers_w(self) -> tuple[int, int]:
        """Return the most that it can draw, and give."""
        unit, most_w = self._unit, self.desk.authority.power_max_w
        draw_w, give_w = min(self.charge_w or most_w, most_w), min(self.discharge_w or most_w, most_w)
        return max(unit.fit(draw_w), 0), max(-unit.between(-give_w, 0, -give_w - 1), 0)

    def begun(self, first: int, count: int, mean_price: int, cheapest: int) -> StoragePlan:
        """Return a plan of what lies between floor and ceiling of the charge."""
        guard = self._unit.guard
        usable_wh = max((guard.soc_max_pm - guard.soc_min_pm) * self.capacity_wh // 1000, 1)
        saves = self.scaled(mean_price, self.discharge_pm, 1000) - self.scaled(self.wear, self.discharge_pm, 1000)
        end_price = max(min(saves, self.scaled(cheapest, 1000, self.charge_pm)) * 15 // 16, 0)  # less: it may be lost
        return StoragePlan(first, count, usable_wh, end_price)

    def slot(self, slot: int, quarters: int, more_w: int) -> Slot:
        """Return what the battery can do in a slot, counted where it is stored."""
        load_w, price, export_price = self.expected(slot, quarters)
        load_w += more_w
        draw_w, give_w = self._powers_w()
        spare_w, short_w = min(max(-load_w, 0), draw_w), min(max(load_w, 0), give_w)
        takes, gives, wear = self.charge_pm, self.discharge_pm, self.scaled(self.wear, self.discharge_pm, 1000)
        return (
            spare_w * quarters * takes // 4000,
            self.scaled(export_price, 1000, takes),
            (draw_w - spare_w) * quarters * takes // 4000,
            self.scaled(price, 1000, takes),
            short_w * quarters * 250 // gives,
            self.scaled(price, gives, 1000) - wear,
            (give_w - short_w) * quarters * 250 // gives,
            self.scaled(export_price, gives, 1000) - wear,
            0,
        )

    def control(self, action: int, duration_s: int, start_s: int) -> Control:
        """Return the claim of an action."""
        draw_w, give_w = self._powers_w()
        taking, giving = action // GIVES, action % GIVES
        if taking == FOLLOW or giving == FOLLOW:
            batteries = CHARGES * (taking == FOLLOW) + GIVES_POWER * (giving == FOLLOW)
            options = {_START_S: start_s, _MODE: TARGET, _BATTERIES: batteries}
            return [2, [self.scope, 0, duration_s, self.primacy, options]]
        power_w = draw_w if taking == ALL else -give_w if giving == ALL else 0
        return [2, [self.device, power_w, duration_s, self.primacy, {_START_S: start_s}]]
