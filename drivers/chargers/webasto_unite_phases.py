"""Webasto (Ampure) Unite and Vestel EVC04: how many phases they charge on. Modbus TCP, unit 255.

Source: registers as evcc (vestel) and the EVCC bridge for Home Assistant have them: holding 405 is 0 for one phase and
1 for three, input 404 is 1 on a product that has three. Trust: two independent programs, no maker's paper. It stands
on the bus of the charger's own driver (webasto-unite), whose unit it shares. Default mode leaves the phases as they
are: when the agent is gone nobody sees whether a car draws. How long the station takes to switch is not documented,
nor what it keeps over a power cut: both are only read.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.phase_switch import PhaseSwitch
from hal.errors import FrameError, NotObeyed
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import U16, Point

_THREE = -1
HAS_THREE, PHASES = 404, 405


class WebastoUnitePhases(ModbusDevice, PhaseSwitch):
    """Moves the station between one phase and three."""

    model = "webasto-unite-phases"
    write_cost = PERSISTENT  # whether the register wears is not documented
    credible = (((_THREE,), 1, 1),)  # also not on a dead unit, whose zeros would be one phase
    points = (
        Point(HAS_THREE, U16, _THREE, table=pdu.READ_INPUT),
        Point(PHASES, U16, q.PHASES, names={0: 1, 1: 3}),
    )

    async def read(self) -> dict[int, int]:
        """Return the phases. Raises: DeviceError."""
        numbers = await super().read()
        numbers.pop(_THREE)
        return numbers

    async def set_phases(self, phases: int) -> int:
        """Write where it differs, and read back. Returns the phases kept. Raises: NotObeyed, other DeviceErrors."""
        await self.keep_written(PHASES, (phases >> 1,), pdu.WRITE_REGISTER)
        return phases

    async def kept(self) -> int:
        """Return 1 or 3, whoever wrote it. Raises: NotObeyed for what is neither, other DeviceErrors."""
        words = await self.registers(PHASES, 1)
        if await self.registers(HAS_THREE, 1, pdu.READ_INPUT) != (1,):
            raise FrameError("not credible", (PHASES, words))
        if words not in ((0,), (1,)):
            raise NotObeyed(PHASES, None, words)
        return 1 + 2 * words[0]

    async def default_mode(self) -> int:
        """Leave the phases as they are; return how many. Raises: DeviceError."""
        return await self.kept()
