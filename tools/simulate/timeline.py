"""The one time that there is, and the clock that an agent reads from it."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush

from hal import quantities as q
from tools.simulate.power import Power
from tools.simulate.rest import RestLoop


class Timeline:
    """Virtual milliseconds since the simulation began, and who sleeps until when."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.horizon_ms = 0  # when the world acts next, whoever sleeps
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    @property
    def next_ms(self) -> int | None:
        """When the next sleeper wakes."""
        return self._sleepers[0][0] if self._sleepers else None

    def until(self, at_ms: int, loop: RestLoop) -> asyncio.Future[None]:
        """Return what is done at a moment."""
        self._count += 1
        done = loop.create_future()
        heappush(self._sleepers, (at_ms, self._count, done))
        return done

    def pass_to(self, at_ms: int, loop: RestLoop) -> bool:
        """Let time pass at once where nobody and nothing acts before or at `at_ms`; tell whether it did."""
        sleepers = self._sleepers
        if at_ms >= self.horizon_ms or loop.busy or (sleepers and sleepers[0][0] <= at_ms):
            return False
        self.now_ms = at_ms
        return True

    def wake(self) -> None:
        """Wake everybody whose time has come."""
        sleepers = self._sleepers
        while sleepers and sleepers[0][0] <= self.now_ms:
            done = heappop(sleepers)[2]
            if not done.done():
                done.set_result(None)

    def forget(self) -> None:
        """Nobody sleeps any more: the power is off."""
        self._sleepers.clear()

    @property
    def asleep(self) -> int:
        """How many sleep."""
        return len(self._sleepers)


class Civil:
    """The civil time as the world's time server has it, and whether this machine has heard of it."""

    def __init__(self, began_ms: int, battery_backed: bool) -> None:
        self.offset_ms = began_ms
        self.battery_backed = battery_backed
        self.known = battery_backed
        self.error_ms = 20
        self.quality = q.CLOCK_SYNCHRONISED


class SimClock:
    """An agent's clock: begins at 0 when the power comes."""

    def __init__(self, timeline: Timeline, civil: Civil, power: Power, loop: RestLoop) -> None:
        self._timeline = timeline
        self._civil = civil
        self._power = power
        self._loop = loop
        self._began_ms = timeline.now_ms

    def now_ms(self) -> int:
        """Return milliseconds since this boot."""
        return self._timeline.now_ms - self._began_ms

    def civil_ms(self) -> int:
        """Return Unix milliseconds, 0 while unknown."""
        return self._timeline.now_ms + self._civil.offset_ms if self._civil.known else 0

    def quality(self) -> int:
        """Return a CLOCK_*."""
        return self._civil.quality if self._civil.known else q.CLOCK_UNKNOWN

    def error_ms(self) -> int:
        """Return the bound of the civil time's error."""
        return self._civil.error_ms if self._civil.known else 0

    def skip_ms(self, ms: int) -> bool:
        """Let time pass without a task switch, where nobody acts meanwhile; tell whether it did."""
        return self._timeline.pass_to(self._timeline.now_ms + ms, self._loop)

    async def sleep_ms(self, ms: int) -> None:
        """Wait on the timeline."""
        self._power.check()
        if ms <= 0:
            await asyncio.sleep(0)
        elif not self.skip_ms(ms):
            await self._timeline.until(self._timeline.now_ms + ms, self._loop)
        self._power.check()
