"""One device as the control core sees it: its contract, its place in the site, what it was last granted."""

from __future__ import annotations

from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.capabilities import Device

NOMINAL_MV = const(230000)
UNKNOWN_W = const(1 << 30)  # what a device may draw of which nobody told the nameplate
VOLATILE_RISE_MS = const(10000)  # a set-point that a limit held down rises again after this long
SETTLED_MS = const(30000)  # a device that was granted more has taken what it wants after this long
PERSISTENT_RISE_MS = const(300000)  # the same where every write wears the product


class Contract:
    """What a driver promises; see hal.capabilities.Controllable for the meaning of each."""

    def __init__(self, kind: int, control: int, bounds: tuple[int, int, int], off: int | None, persistent: bool, stale_ms: int) -> None:
        self.kind = kind
        self.control = control  # 0: nothing to set
        self.minimum, self.maximum, self.step = bounds
        self.off = off
        self.persistent = persistent
        self.stale_ms = stale_ms


def contract_of(driver: Device) -> Contract:
    """Return what `driver` promises now; some products tell their bounds only once they are open."""
    if not isinstance(driver, capabilities.Controllable):
        return Contract(driver.kind, 0, (0, 0, 1), None, False, driver.stale_ms)
    bounds = (driver.minimum, driver.maximum, driver.step)
    persistent = driver.write_cost == capabilities.PERSISTENT
    return Contract(driver.kind, driver.control, bounds, driver.off, persistent, driver.stale_ms)


class Unit:
    """A device of the site; `setpoint` None means: in the driver's default mode."""

    def __init__(self, index: int, row: dict[str, Any], contract: Contract) -> None:
        self.index = index
        self.id: str = row["id"]
        self.contract = contract
        self.phases = tuple(phase for phase in (0, 1, 2) if row["phases"] >> phase & 1)
        self.power_max_w: int = row["power_max_w"]
        self.default: int | None = row["default"]
        self.fallback: int | None = row["fallback"]
        self.priority: int = row["priority"]
        self.setpoint: int | None = None
        self.source = ""
        self.held = False  # a limit, not a wish, decided the last set-point
        self.raised_ms = 0  # when it was last granted more
        self.risen_ms = 0  # since when a held set-point could have been higher

    @property
    def rise_ms(self) -> int:
        """How long headroom must last before a limited set-point rises."""
        return PERSISTENT_RISE_MS if self.contract.persistent else VOLATILE_RISE_MS

    def settled(self, now_ms: int) -> bool:
        """Tell whether the unit has had time to take what it was last granted."""
        return now_ms - self.raised_ms >= SETTLED_MS

    def takes_power(self) -> bool:
        """Tell whether a power limit can be met by moving this unit's set-point."""
        kind = self.contract.kind
        if kind == capabilities.CHARGER or kind == capabilities.BATTERY or kind == capabilities.HEAT_PUMP:
            return True
        return (kind == capabilities.SWITCH or kind == capabilities.SG_READY) and self.power_max_w > 0

    def power_of(self, setpoint: int | None) -> int:
        """Return the most that the unit may draw in W with this set-point; its nameplate in default mode."""
        kind = self.contract.kind
        if setpoint is None:
            return self.power_max_w or UNKNOWN_W
        if kind == capabilities.CHARGER:
            return setpoint * len(self.phases) * NOMINAL_MV // 1000000
        if kind == capabilities.SWITCH:
            return self.power_max_w if setpoint else 0
        if kind == capabilities.SG_READY:
            return 0 if setpoint == q.SG_LOCK else self.power_max_w
        return setpoint

    def setpoint_for(self, power_w: int) -> int:
        """Return the highest set-point that draws at most `power_w`, or the lowest there is."""
        contract = self.contract
        kind = contract.kind
        if kind == capabilities.SWITCH:
            return 1 if power_w >= self.power_max_w else 0
        if kind == capabilities.SG_READY:
            return q.SG_NORMAL if power_w >= self.power_max_w else q.SG_LOCK
        wanted = power_w
        if kind == capabilities.CHARGER:
            wanted = power_w * 1000000 // (NOMINAL_MV * len(self.phases))
        return self.fit(wanted)

    def fit(self, wanted: int) -> int:
        """Return the nearest set-point at or below `wanted` that the contract allows, or the lowest there is."""
        contract = self.contract
        if wanted < contract.minimum:
            return contract.off if contract.off is not None else contract.minimum
        wanted = min(wanted, contract.maximum)
        return wanted - (wanted - contract.minimum) % contract.step

    def lowest(self) -> int:
        """Return the set-point with the least consumption that is a stop, not a discharge."""
        contract = self.contract
        if contract.kind == capabilities.BATTERY:
            return 0
        if contract.kind == capabilities.SG_READY:
            return q.SG_LOCK
        return contract.off if contract.off is not None else contract.minimum

    def allows(self, setpoint: int) -> bool:
        """Tell whether the contract knows this set-point."""
        contract = self.contract
        if contract.off is not None and setpoint == contract.off:
            return True
        return contract.minimum <= setpoint <= contract.maximum and (setpoint - contract.minimum) % contract.step == 0
