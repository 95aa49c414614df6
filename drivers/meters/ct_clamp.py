"""Current transformers (clamps) on the board's own pins, one for each phase that is named: current, and nothing else.

Source: YHDC, "SCT-013" datasheet (SCT013-000: 100 A to 50 mA, no burden inside; the others 1 V at their nominal
current); the input is biased to half its supply and read as RMS over 100 ms. Trust: document; a clamp's 1 to 3 % and
its error at small currents stay in what is read. Power is not told: a clamp knows neither voltage nor direction.
A wave that reaches the end of what the input reads is no reading.
Options: channel_l1, channel_l2, channel_l3 (at least the first), ma_per_v: milliamperes of the wire for 1 V at the
input (SCT013-030: 30000; SCT013-000 with a burden of 22 ohm: 90909).
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.pins import WAVE, PinDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Pins


class CtClamp(PinDevice, Meter):
    """Reads the magnitude of up to three currents at once."""

    model = "ct-clamp"
    channels_known = (("channel_l1", WAVE, True), ("channel_l2", WAVE, False), ("channel_l3", WAVE, False))
    options_known = (("ma_per_v", range(100, 10000001)),)
    channel_l1 = channel_l2 = channel_l3 = ""
    ma_per_v = 30000
    poll_ms = 2000  # a reading keeps the processor busy for a tenth of a second

    def __init__(self, bus: Pins, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        named = (
            (q.CURRENT_L1_MA, self.channel_l1),
            (q.CURRENT_L2_MA, self.channel_l2),
            (q.CURRENT_L3_MA, self.channel_l3),
        )
        self._quantities = tuple([quantity for quantity, channel in named if channel])
        self._channels = tuple([channel for quantity, channel in named if channel])

    async def read(self) -> dict[int, int]:
        """Return the current of each phase that has a clamp. Raises: LineTimeout, FrameError: then none is known."""
        found = await self.bus.rms_uv(self._channels)
        return {quantity: found[at] * self.ma_per_v // 1000000 for at, quantity in enumerate(self._quantities)}
