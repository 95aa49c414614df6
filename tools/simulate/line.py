"""A line without a wire: the request goes straight into the simulated products, the answer takes its time."""

from __future__ import annotations

from collections.abc import Callable

from hal.errors import LineTimeout
from hal.memory import ANSWER_BYTES_MAX
from sim_devices.wire.frames import Frames
from tools.simulate.power import Power
from tools.simulate.timeline import SimClock


class SimLine:
    """One bus of the site; `on_request` sees every frame before it is answered, which takes `answer_ms` on top."""

    def __init__(
        self, frames: Frames, answer_ms: int, clock: SimClock, power: Power, on_request: Callable[[bytes], None]
    ) -> None:
        self._frames = frames
        self._answer_ms = answer_ms
        self._clock = clock
        self._power = power
        self._on_request = on_request
        self._busy = False

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Return the products' answer. Raises: LineTimeout, FrameError, PowerCut."""
        assert not self._busy
        self._power.check()
        self._busy = True
        try:
            self._on_request(request)
            answered = self._frames.answer(request)
            late_ms = timeout_ms if answered is None else self._answer_ms + round(answered[1] * 1000)
            if late_ms and not self._clock.skip_ms(min(late_ms, timeout_ms)):
                await self._clock.sleep_ms(min(late_ms, timeout_ms))
            if answered is None or late_ms >= timeout_ms:
                raise LineTimeout(request[:1], timeout_ms)
            packet = answered[0]
            assert len(packet) <= ANSWER_BYTES_MAX
            if missing(packet) > 0:
                await self._clock.sleep_ms(timeout_ms - late_ms)
                raise LineTimeout(request[:1], timeout_ms)
            return packet
        finally:
            self._busy = False

    async def close(self) -> None:
        """Nothing to give back."""
