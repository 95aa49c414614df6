"""Alfen Eve, NG9xx platform: how many phases its socket charges on. Modbus TCP; the unit is the socket, 1 or 2.

Source: Alfen, "Modbus Slave TCP/IP" v2.3 (2020-10-30), socket register 1215 phases 1 or 3, u16. Trust: transcript
of the maker's document; users found that only function 16 is honoured, evcc writes it with function 6.
It stands on the bus of the charger's own driver (alfen-eve), whose unit it shares: the station takes two clients.
Default mode leaves the phases as they are: when the agent is gone nobody sees whether a car draws, and a contact that
opens under load wears; the charger's safe current is what the connection must bear on all three phases.
How long the station takes to switch is not documented, nor what it keeps over a power cut: both are only read.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.capabilities.phase_switch import PhaseSwitch
from hal.errors import FrameError, NotObeyed
from hal.modbus.device import ModbusDevice
from hal.modbus.points import U16, Point

PHASES = Point(1215, U16, q.PHASES)


class AlfenEvePhases(ModbusDevice, PhaseSwitch):
    """Moves one socket between one phase and three."""

    model = "alfen-eve-phases"
    write_cost = VOLATILE  # what stands there already is not written; how often it moves is for the core to bound
    credible = (((q.PHASES,), 1, 3),)  # a gateway answers zero for a dead unit
    points = (PHASES,)

    async def set_phases(self, phases: int) -> int:
        """Write where it differs, and read back. Returns the phases kept. Raises: NotObeyed, other DeviceErrors."""
        await self.keep_written(PHASES.address, (phases,))
        return phases

    async def kept(self) -> int:
        """Return 1 or 3, whoever wrote it. Raises: NotObeyed for what is neither, other DeviceErrors."""
        (phases,) = await self.registers(PHASES.address, 1)
        if not phases:
            raise FrameError("not credible", (PHASES.address, phases))
        if phases != 1 and phases != 3:
            raise NotObeyed(PHASES.address, None, (phases,))
        return phases

    async def default_mode(self) -> int:
        """Leave the phases as they are; return how many. Raises: DeviceError."""
        return await self.kept()
