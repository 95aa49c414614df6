"""The contracts: what a meter, a charger, a battery, a heat pump, a thermostat, a switch can be asked.

Here stands what all of them have in common; what one adds stands in a file of its own, so that a board loads only
the contracts of its products.

A contract names the one quantity that a set-point is in, its range and step, what a write costs and
what the product does when nobody speaks to it. A driver states its limits and never decides.
`default_mode` is compulsory for everything that can be controlled: it is what happens when a grant
ends for whatever reason (control.md, "Leases, staleness, failsafe").
"""

from __future__ import annotations

from hal.compat import const
from hal.errors import OutOfRange

METER = const(1)
CHARGER = const(2)
BATTERY = const(3)
HEAT_PUMP = const(4)
THERMOSTAT = const(5)
SWITCH = const(6)
SG_READY = const(7)
PHASE_SWITCH = const(8)
INVERTER = const(9)

VOLATILE = const(0)  # may be written every tick
PERSISTENT = const(1)  # wears out: only written on change, within a budget


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
    # The product falls back by itself when no set-point was written for so long; 0: it never does. Reading must not
    # count: where a product takes any traffic for a sign of life its driver says so.
    fallback_ms = 0
    response_ms = 10000  # it has followed a new set-point after this long
    refresh_ms = 0  # rewrite at least this often to keep a set-point alive; 0: it stays

    def check(self, setpoint: int) -> None:
        """Raise OutOfRange unless `setpoint` is `off` or inside minimum..maximum on a step."""
        if type(setpoint) is int:
            if self.off is not None and setpoint == self.off:
                return
            if self.minimum <= setpoint <= self.maximum and (setpoint - self.minimum) % self.step == 0:
                return
        raise OutOfRange(self.control, setpoint, self.minimum, self.maximum, self.step)

    async def obey(self, setpoint: int) -> int | None:
        """Check, write, read back; return what the product keeps, None where it cannot be asked: then an
        acknowledgement is all there is. Only the actuator calls this.

        Raises: OutOfRange before anything is written; NotObeyed, whose third argument is the set-point kept or, in
        place of it, a tuple of registers; other DeviceErrors.
        """
        self.check(setpoint)
        return await self.set_point(setpoint)

    async def set_point(self, setpoint: int) -> int | None:
        """Call the driver's own verb; each contract names it."""
        raise OutOfRange(self.control, setpoint, 0, 0, 0)

    async def kept(self) -> int | None:
        """Ask which set-point stands in the product, whoever wrote it; None: it regulates by itself.

        What the product makes of it (a thinner cable, a hotter battery) does not count. Compulsory for products on
        which a set-point can be read back. Raises: NotObeyed when what stands there is no set-point that could be
        given here, OutOfRange where it cannot be told, other DeviceErrors.
        """
        raise OutOfRange(self.control, None, 0, 0, 0)

    async def default_mode(self) -> int | None:
        """Bring the product to the state it shall have without an agent; return the set-point that
        this is, or None where the product regulates by itself. Compulsory. Raises: DeviceError."""
        raise OutOfRange(self.control, None, 0, 0, 0)
