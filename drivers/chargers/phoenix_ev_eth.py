"""Phoenix Contact EV-CC-AC1-M3-...-ETH: charging controller, also in wallbe Eco and Pro. Modbus TCP, unit 255.

Source: registers as OpenEMS (wallbe) and evcc have them: input 100 the pilot's letter, holding 528 the current, coil
400 whether it may charge. Trust: two independent programs, no maker's paper. DIP switch 10 on. What they make of its
meter differs: it is left alone, put a meter beside it.
Option counts_per_a (1 or 10): the maker's firmware takes whole amperes, wallbe's takes tenths; written the wrong way
round 16 A are 1.6 A or 160 A, so a limit in force that cannot be one is refused. Nothing is known of a fall-back:
without an agent the last order stands.
Option fallback_ma (6000 or 0): where it is left.
"""

from __future__ import annotations

from drivers.chargers.phoenix_em_cp_pp_eth import PhoenixEmCpPpEth
from hal.errors import WrongDevice
from hal.modbus import pdu
from hal.modbus.charger import ModbusCharger

LIMIT_A_MIN, LIMIT_A_MAX = 6, 80


class PhoenixEvEth(PhoenixEmCpPpEth):
    """Limits the current of the controller; 0 forbids charging."""

    model = "phoenix-ev-eth"
    limit = 528
    options_known = (("counts_per_a", (1, 10)),) + ModbusCharger.options_known

    async def open(self) -> None:
        """Read once, and hold the limit in force against what counts_per_a says. Raises: WrongDevice, DeviceError."""
        await super().open()
        (word,) = await self.registers(self.limit, 1, pdu.READ_HOLDING)
        if not LIMIT_A_MIN * self.counts_per_a <= word <= LIMIT_A_MAX * self.counts_per_a:
            raise WrongDevice(("counts_per_a", self.counts_per_a), ("limit in force", word))
