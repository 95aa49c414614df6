"""Stiebel Eltron heat pump behind an Internet Service Gateway (ISG) with its Modbus software. Modbus TCP, unit 1.

Source: Stiebel Eltron, "ISG Modbus", as python-stiebel-eltron and evcc (stiebel-wpm) have it: holding 4000 SG-Ready
on, 4001 and 4002 its two inputs, input 5000 the state in force, 5001 which controller it is; 8000 hex is none.
Trust: two independent programs after the maker's manual. The inputs are no contacts of the SG-Ready label: 0,1 locks
and 1,0 recommends. They are written one after the other, so that between any two states the pump passes through normal
or recommended and never through a lock or a start that nobody asked for. SG-Ready itself is its owner's: off, it is
refused. Nothing is known of a fall-back: without an agent the last state stands.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.sg_ready import SgReady
from hal.errors import FrameError, NotObeyed, WrongDevice
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import U16, Point, WordType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.plan import Block

TEMPERATURE = WordType("h", 1, absent=0x8000)
INPUTS = {q.SG_LOCK: (0, 1), q.SG_NORMAL: (0, 0), q.SG_RECOMMENDED: (1, 0), q.SG_FORCED: (1, 1)}
MODES = {INPUTS[mode]: mode for mode in INPUTS}
SG_READY_ON, FIRST, SECOND = 4000, 4001, 4002
IN_FORCE = Point(5000, U16, q.MODE, names={mode: mode for mode in INPUTS})
CONTROLLER = 5001
CONTROLLERS = (103, 104, 390, 391, 449, 551)  # LWZ, LWZ x04, WPM 3, WPM 3i, WPMsystem, LWZ R290
WPM = (390, 391, 449)


class StiebelIsg(ModbusDevice, SgReady):
    """Puts the pump into one of four modes; the mode it tells is the one in force."""

    model = "stiebel-isg"
    table = pdu.READ_INPUT
    write_cost = PERSISTENT  # whether the registers wear is not documented
    credible = (((q.MODE,), q.SG_LOCK, q.SG_FORCED),)
    points = (
        Point(506, TEMPERATURE, q.TEMP_OUTSIDE_MC, num=100, optional=True),  # 0.1 °C, of a WPM
        Point(517, TEMPERATURE, q.TEMP_TANK_MC, num=100, optional=True),
        IN_FORCE,
    )
    _is_wpm = False

    def _own_blocks(self) -> list[Block]:
        return self.blocks_of(type(self).points if self._is_wpm else (IN_FORCE,))

    async def open(self) -> None:
        """Find out which controller it is and whether it takes states. Raises: WrongDevice, other DeviceErrors."""
        (controller,) = await self.registers(CONTROLLER, 1)
        (on,) = await self.registers(SG_READY_ON, 1, pdu.READ_HOLDING)
        if controller not in CONTROLLERS or on != 1:
            raise WrongDevice(self.model, ("controller", controller, "SG-Ready on", on))
        self._is_wpm = controller in WPM
        await super().open()

    async def set_mode(self, mode: int) -> int:
        """Switch both inputs in the order that passes no unwanted mode. Returns the mode kept. Raises: DeviceError."""
        first, second = INPUTS[mode]
        steps = [(FIRST, first), (SECOND, second)]
        if not second:
            steps.reverse()
        for address, word in steps:
            await self.keep_written(address, (word,), pdu.WRITE_REGISTER)
        return mode

    async def kept(self) -> int:
        """Return the state that the inputs ask for. Raises: NotObeyed, FrameError when SG-Ready is off, DeviceError."""
        on, first, second = await self.registers(SG_READY_ON, 3, pdu.READ_HOLDING)
        if not on:
            raise FrameError("SG-Ready is off", (on, first, second))  # a gateway answers zeros for a dead unit
        if (first, second) not in MODES:
            raise NotObeyed(FIRST, None, (first, second))
        return MODES[first, second]

    async def default_mode(self) -> int:
        """Clear both inputs: the pump runs by its own programme. Raises: DeviceError."""
        return await self.set_mode(q.SG_NORMAL)
