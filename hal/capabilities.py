"""The contracts: what a meter, a charger, a battery, a heat pump, a thermostat, a switch can be asked.

A contract names the one quantity that a set-point is in, its range and step, what a write costs and
what the product does when nobody speaks to it. A driver states its limits and never decides.
`default_mode` is compulsory for everything that can be controlled: it is what happens when a grant
ends for whatever reason (control.md, "Leases, staleness, failsafe").
"""

from __future__ import annotations

from hal import quantities as q
from hal.compat import const
from hal.errors import OutOfRange

METER = const(1)
CHARGER = const(2)
BATTERY = const(3)
HEAT_PUMP = const(4)
THERMOSTAT = const(5)
SWITCH = const(6)
SG_READY = const(7)

VOLATILE = const(0)  # may be written every tick
PERSISTENT = const(1)  # wears out: only written on change, within a budget

KIND_NAMES = {
    METER: "meter",
    CHARGER: "charger",
    BATTERY: "battery",
    HEAT_PUMP: "heat pump",
    THERMOSTAT: "thermostat",
    SWITCH: "switch",
    SG_READY: "sg-ready",
}


class Device:
    """Anything that can be read. `model` is the id used in config, captures and topics."""

    model = ""
    kind = 0
    poll_ms = 1000  # how often it likes to be read
    stale_ms = 10000  # how long a reading may be trusted

    async def open(self) -> None:
        """Find out whether the product is the one named and what it offers; called before the first
        read and again after it was lost. Raises: DeviceError (WrongDevice when it is another)."""

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer in that quantity's unit; what the product has not is absent.

        Raises: DeviceError.
        """
        return {}


class Meter(Device):
    """Measures and has nothing to set."""

    kind = METER


class Controllable(Device):
    """Obeys one set-point in the unit of the quantity `control`."""

    control = 0
    minimum = 0  # lowest set-point that is not an "off" (see off)
    maximum = 0
    step = 1
    off: int | None = None  # set-point below the minimum that means "stopped", or None when there is none
    write_cost = PERSISTENT
    fallback_ms = 0  # the product falls back by itself after this silence; 0: it never does
    refresh_ms = 0  # rewrite at least this often to keep a set-point alive; 0: it stays

    def check(self, setpoint: int) -> None:
        """Raise OutOfRange unless `setpoint` is `off` or inside minimum..maximum on a step."""
        if type(setpoint) is int:
            if self.off is not None and setpoint == self.off:
                return
            if self.minimum <= setpoint <= self.maximum and (setpoint - self.minimum) % self.step == 0:
                return
        raise OutOfRange(self.control, setpoint, self.minimum, self.maximum, self.step)

    async def obey(self, setpoint: int) -> int:
        """Check, write, read back; return what the product keeps. Only the actuator calls this.

        Raises: OutOfRange before anything is written, NotObeyed, other DeviceErrors.
        """
        self.check(setpoint)
        return await self.set_point(setpoint)

    async def set_point(self, setpoint: int) -> int:
        """Call the driver's own verb; each contract below names it."""
        raise OutOfRange(self.control, setpoint, 0, 0, 0)

    async def default_mode(self) -> int | None:
        """Bring the product to the state it shall have without an agent; return the set-point that
        this is, or None where the product regulates by itself. Compulsory. Raises: DeviceError."""
        raise OutOfRange(self.control, None, 0, 0, 0)


class Charger(Controllable):
    """Current-limited charging point (IEC 61851): mA per phase, `off` pauses."""

    kind = CHARGER
    control = q.LIMIT_MA
    minimum = 6000
    maximum = 32000
    off = 0

    async def set_point(self, setpoint: int) -> int:
        """Limit in mA per phase."""
        return await self.set_limit_ma(setpoint)

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Write and read back; 0 pauses. Returns the limit kept."""
        raise OutOfRange(self.control, limit_ma, 0, 0, 0)


class Battery(Controllable):
    """Power set-point for a battery inverter: W, positive charges, 0 holds."""

    kind = BATTERY
    control = q.SETPOINT_W

    async def set_point(self, setpoint: int) -> int:
        """Power in W."""
        return await self.set_power_w(setpoint)

    async def set_power_w(self, power_w: int) -> int:
        """Write and read back; positive charges. Returns the power kept."""
        raise OutOfRange(self.control, power_w, 0, 0, 0)


class HeatPump(Controllable):
    """Power-limited heat pump: W of electrical input at most; `maximum` means unlimited."""

    kind = HEAT_PUMP
    control = q.LIMIT_W

    async def set_point(self, setpoint: int) -> int:
        """Limit in W."""
        return await self.set_limit_w(setpoint)

    async def set_limit_w(self, limit_w: int) -> int:
        """Write and read back. Returns the limit kept."""
        raise OutOfRange(self.control, limit_w, 0, 0, 0)


class SgReady(Controllable):
    """Mode-switched heat pump: one of SG_LOCK..SG_FORCED."""

    kind = SG_READY
    control = q.MODE
    minimum = q.SG_LOCK
    maximum = q.SG_FORCED

    async def set_point(self, setpoint: int) -> int:
        """One of the four SG-Ready states."""
        return await self.set_mode(setpoint)

    async def set_mode(self, mode: int) -> int:
        """Write and read back. Returns the state kept."""
        raise OutOfRange(self.control, mode, 0, 0, 0)


class Thermostat(Controllable):
    """Room set-point in millidegrees Celsius."""

    kind = THERMOSTAT
    control = q.TEMP_TARGET_MC
    minimum = 5000
    maximum = 30000
    step = 500

    async def set_point(self, setpoint: int) -> int:
        """Room temperature in m°C."""
        return await self.set_target_mc(setpoint)

    async def set_target_mc(self, target_mc: int) -> int:
        """Write and read back. Returns the target kept."""
        raise OutOfRange(self.control, target_mc, 0, 0, 0)


class Switch(Controllable):
    """A contact: 1 closed, 0 open."""

    kind = SWITCH
    control = q.ON
    maximum = 1

    async def set_point(self, setpoint: int) -> int:
        """0 opens, 1 closes."""
        return await self.set_on(setpoint)

    async def set_on(self, on: int) -> int:
        """Write and read back. Returns the state kept."""
        raise OutOfRange(self.control, on, 0, 0, 0)
