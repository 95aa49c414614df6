"""Any inverter that can be limited by SunSpec: immediate controls (model 123) or DER AC controls (704).

Source: SunSpec Alliance, model definitions 120, 121, 123, 702 and 704; IEEE 1547-2018 section 4.6.2 for limiting active
power. Trust: maker's own definitions; which of them a product keeps is found out. The limit is a share of WMax, which
the installer has set (121, 702), or of the nameplate (120).
The revert timer is written with every limit: after 60 s without one the product feeds in freely again, or as its
installer has it in WMaxLimPctRvrt. Where the timer is not implemented or not kept, fallback_ms is 0 and the last limit
stands until the agent lifts it. Reading arms nothing.
"""

from __future__ import annotations

from drivers.meters.sunspec_production import SunSpecProduction
from hal import quantities as q
from hal.capabilities.inverter import Inverter
from hal.errors import WrongDevice
from hal.modbus.floats import rounded
from hal.modbus.points import Point
from hal.modbus.sunspec import UINT16, Reverting

FULL = {0: 100, 0xFFFF: 1000, 0xFFFE: 10000}  # WMaxLimPct_SF 0, -1, -2 -> the word for 100 %
# Model -> offsets of WMaxLimPct, its switch, its revert timer, how many words that has, and its scale factor.
CONTROLS = {704: (15, 14, 18, 2, 54), 123: (5, 9, 7, 1, 23)}
# Model -> WMax or WRtg, in W.
RATINGS = {
    702: Point(26, UINT16, q.LIMIT_W, scale_at=45),
    121: Point(2, UINT16, q.LIMIT_W, scale_at=22),
    120: Point(3, UINT16, q.LIMIT_W, scale_at=4),
}


class SunSpecInverter(SunSpecProduction, Reverting, Inverter):
    """Limits what is fed in; its default is to feed in freely."""

    model = "sunspec-inverter"
    kind = Inverter.kind
    _full = 100
    _controls = (0, 0, 0, 0)  # addresses of limit, switch and timer, words of the timer

    async def open(self) -> None:
        """Find the models, the rated power and whether a revert timer exists. Raises: DeviceError."""
        await super().open()
        rated_w = 0
        for model in (702, 121, 120):
            if model in self.at and not rated_w:
                rated_w = await self.number(RATINGS[model].moved(self.at[model][0])) or 0
        control = 704 if 704 in self.at else 123
        if not rated_w or control not in self.at:
            raise WrongDevice(self.model, ("no model 123 or 704, or no WMax", rated_w))
        base, (limit, switch, timer, words, scale_at) = self.at[control][0], CONTROLS[control]
        (scale,) = await self.registers(base + scale_at, 1)
        if scale not in FULL:
            raise WrongDevice(self.model, ("WMaxLimPct_SF", scale))
        self._full, self._controls = FULL[scale], (base + limit, base + switch, base + timer, words)
        self.minimum = -rated_w
        revert = await self.registers(base + timer, words)
        self._set_fallback(revert != (0xFFFF,) * words)

    async def set_limit_w(self, limit_w: int) -> int:
        """Write and read back; 0 feeds nothing in. Returns the limit kept, rounded towards 0 to the product's steps."""
        limit, switch, timer, words = self._controls
        share = -limit_w * self._full // -self.minimum
        await self._arm(timer, words)
        await self.write_checked(limit, (share,))
        await self.write_checked(switch, (1,))
        return self._watts(share)

    async def kept(self) -> int | None:
        """Return the limit that is in force, None when there is none. Raises: DeviceError."""
        limit, switch, _, _ = self._controls
        if await self.registers(switch, 1) != (1,):
            return None
        (share,) = await self.registers(limit, 1)
        return self._watts(share)

    async def default_mode(self) -> None:
        """Lift the limit."""
        limit, switch, _, _ = self._controls
        await self.write_checked(switch, (0,))
        await self.write_checked(limit, (self._full,))

    def _watts(self, share: int) -> int:
        return -rounded(share * -self.minimum, self._full)
