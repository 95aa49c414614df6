"""Any battery inverter that is told its power by SunSpec's DER AC controls (model 704, WSet), whoever made it.

Source: SunSpec Alliance, model definitions 701, 702, 704, 713 and 802; 704 on WSet: "may be negative for charging".
Trust: maker's own definitions; david2069/franklinwh-modbus agrees on the sign and on the order of writing. It sets
percentages, for watts made its product, a FranklinWH aGate, change its mode again and again: option set_as ("watts" or
"percent"). WSet is power where the inverter meets the grid: solar power on the same inverter is in it, and in what is
told as well. The bounds are the settings of model 702, or its ratings. WSetRvrtTms is written with every set-point and
WSetEnaRvrt put off, so that after 60 s of silence no earlier order comes back; where the timer is not implemented or
not kept fallback_ms is 0. The aGate keeps it and never counts it: there the last order stands. Reading arms nothing.
"""

from __future__ import annotations

from drivers.meters.sunspec_production import SunSpecProduction
from hal import quantities as q
from hal.capabilities.battery import Battery
from hal.compat import const
from hal.errors import FrameError, NotObeyed, WrongDevice
from hal.modbus.floats import rounded
from hal.modbus.points import S16, S32, Point, encode
from hal.modbus.sunspec import UINT16, Reverting

CAPACITY = const(702)
CONTROLS = const(704)
# Offsets in model 704, from its id.
ENABLED = const(22)  # 0 disabled, 1 enabled
MODE = const(23)
REVERT_ENABLED = const(30)
REVERT_TIMER = const(31)  # s, two words
# Option -> its number in WSetMod, offset and type of the set-point, and offset of its scale factor.
SETTINGS = {"watts": (1, 24, S32, 55), "percent": (0, 28, S16, 56)}
# Quantities that bound the set-point: a setting of model 702 and the rating behind it, in W.
CHARGE_MAX = (Point(34, UINT16, q.POWER_W, scale_at=45), Point(10, UINT16, q.POWER_W, scale_at=45))
DISCHARGE_MAX = (Point(35, UINT16, q.POWER_W, scale_at=45), Point(11, UINT16, q.POWER_W, scale_at=45))
WHOLE = (Point(26, UINT16, q.POWER_W, scale_at=45), Point(2, UINT16, q.POWER_W, scale_at=45))  # 100 %


class SunSpecDer(SunSpecProduction, Reverting, Battery):
    """Charges or discharges with so many watts, or holds."""

    model = "sunspec-der"
    kind = Battery.kind
    options_known = (("set_as", ("watts", "percent")),)
    set_as = "watts"
    models = {number: SunSpecProduction.models[number] for number in (701, 713, 802)}  # noqa: RUF012  (never changed)
    _steps = (1, 1)  # a set-point of so many counts is so many watts

    async def open(self) -> None:
        """Find the models, the bounds, the scale and whether a revert timer exists. Raises: DeviceError."""
        await super().open()
        if not (CONTROLS in self.at and CAPACITY in self.at and (713 in self.at or 802 in self.at)):
            raise WrongDevice(self.model, "not all of models 702, 704, and 713 or 802")
        charge_w, discharge_w = await self._capacity(CHARGE_MAX), await self._capacity(DISCHARGE_MAX)
        if not charge_w or not discharge_w:
            raise WrongDevice(self.model, ("WChaRteMax", charge_w, "WDisChaRteMax", discharge_w))
        self.minimum, self.maximum = -discharge_w, charge_w
        words = await self._words(57)
        self._steps = await self._found_steps(words)
        self._set_fallback(words[REVERT_TIMER : REVERT_TIMER + 2] != (0xFFFF, 0xFFFF))

    async def _capacity(self, points: tuple[Point, ...]) -> int:
        for point in points:
            found = await self.number(point.moved(self.at[CAPACITY][0]))
            if found:
                return found
        return 0

    async def _found_steps(self, words: tuple[int, ...]) -> tuple[int, int]:
        """Return counts and watts that are the same. Raises: WrongDevice without a set-point or with odd steps."""
        _, at, kind, scale_at = SETTINGS[self.set_as]
        scale = (words[scale_at] ^ 0x8000) - 0x8000
        setting = words[at : at + kind.words]
        if words[ENABLED] == 0xFFFF or setting == (0x8000, 0)[: kind.words] or not -3 <= scale <= 3:
            raise WrongDevice(self.model, ("no set-point in " + self.set_as, words[ENABLED], setting, scale))
        counts, watts = 10 ** max(-scale, 0), 10 ** max(scale, 0)
        if self.set_as == "watts":
            return counts, watts
        whole_w = await self._capacity(WHOLE)
        if not whole_w:
            raise WrongDevice(self.model, "no WMax")
        return 100 * counts, whole_w * watts

    async def _words(self, count: int) -> tuple[int, ...]:
        """Return model 704 from its id. Raises: FrameError for a gateway's zeros, other DeviceErrors."""
        words = await self.registers(self.at[CONTROLS][0], count)
        if words[0] != CONTROLS:
            raise FrameError("no model 704", words)
        return words

    async def set_power_w(self, power_w: int) -> int:
        """Write and read back; positive charges, 0 holds. Returns the power kept, rounded to the product's steps."""
        base, (mode, at, kind, _) = self.at[CONTROLS][0], SETTINGS[self.set_as]
        counts, watts = self._steps
        told = abs(power_w) * counts // watts
        if (await self._words(REVERT_TIMER))[REVERT_ENABLED] == 1:
            await self.write_checked(base + REVERT_ENABLED, (0,))
        await self._arm(base + REVERT_TIMER, 2)
        await self.write_checked(base + at, encode(kind, told if power_w < 0 else -told, 1))
        await self.write_checked(base + MODE, (mode,))  # not before there is something right to be followed
        await self.write_checked(base + ENABLED, (1,))
        return rounded(told * watts, counts) * (-1 if power_w < 0 else 1)

    async def kept(self) -> int | None:
        """Return the order that is in force, None when none is.

        Raises: NotObeyed for an order of the other kind, other DeviceErrors.
        """
        words = await self._words(REVERT_TIMER)
        if words[ENABLED] != 1:
            return None
        mode, at, kind, _ = SETTINGS[self.set_as]
        if words[MODE] != mode:
            raise NotObeyed(MODE, None, words)
        told = 0
        for word in words[at : at + kind.words]:
            told = (told << 16) | word
        sign = 1 << (16 * kind.words - 1)
        counts, watts = self._steps
        return -rounded(((told ^ sign) - sign) * watts, counts)

    async def default_mode(self) -> None:
        """Give the battery back to the inverter's own regulation."""
        await self.write_checked(self.at[CONTROLS][0] + ENABLED, (0,))
