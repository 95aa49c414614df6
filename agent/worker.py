"""One task a bus: writes what was granted, then asks whoever is due. One device never stops another."""

from __future__ import annotations

import asyncio

from agent import record
from agent.actuator import Actuator
from agent.image import Sample
from agent.step import Attached, Notice
from agent.unit import contract_of
from hal.capabilities import Controllable
from hal.compat import const
from hal.errors import DeviceError, WrongDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.step import Item
    from hal.capabilities import Device
    from hal.ports import Clock

_REOPEN_AFTER = const(3)  # failed reads in a row after which the product is probed again
_WRONG_DEVICE_PAUSE_MS = const(30000)


class Post:
    """One device on the bus: its driver, its newest sample, its actuator when it can be set."""

    def __init__(self, device: int, driver: Device, report: Callable[[Item], None]) -> None:
        self.device = device
        self.driver = driver
        self.report = report
        self.sample: Sample | None = None
        self.actuator = Actuator(device, driver, report) if isinstance(driver, Controllable) else None
        self._open = False
        self._known = False  # what answers at its address was recognised
        self._wrong = False
        self._failures = 0
        self._next_ms = 0

    async def poll(self, clock: Clock) -> None:
        """Read the device when it is due; an expected failure leaves the old sample to grow stale."""
        now_ms = clock.now_ms()
        if now_ms < self._next_ms:
            return
        self._next_ms = now_ms - now_ms % self.driver.poll_ms + self.driver.poll_ms
        try:
            if not self._open:
                await self._introduce()
            values = await self.driver.read()
        except WrongDevice:
            self._next_ms = now_ms + _WRONG_DEVICE_PAUSE_MS
            self._known = False
            if not self._wrong:
                self._wrong = True
                self.report(Notice(self.device, record.WRONG_DEVICE))
        except DeviceError:
            self._failures += 1
            if self._failures >= _REOPEN_AFTER:
                self._open = False
        else:
            if self._failures and self.actuator is not None:
                self.actuator.forget()  # what fell silent for a moment may have restarted
            self._failures = 0
            self.sample = Sample(clock.now_ms(), values)

    @property
    def silent(self) -> bool:
        """Tell whether the last read failed."""
        return self._failures > 0

    async def act(self, clock: Clock) -> None:
        """Write what was granted, once the product has been recognised."""
        if self.actuator is not None and self._open:
            await self.actuator.act(clock.now_ms())

    async def look(self, clock: Clock) -> None:
        """Ask what stands in the product; not while it fails to answer, for it may have restarted."""
        if self.actuator is not None and self._open and not self._failures:
            await self.actuator.look(clock.now_ms())

    async def stand_down(self) -> None:
        """Bring the product to its default mode, once it has been recognised."""
        if self.actuator is None:
            return
        if not self._known:
            try:
                await self._introduce()
            except DeviceError:
                return
        await self.actuator.stand_down()

    async def _introduce(self) -> None:
        await self.driver.open()
        self._open = self._known = True
        self._wrong = False
        self.report(Attached(self.device, contract_of(self.driver)))
        if self.actuator is not None:
            self.actuator.forget()


class Worker:
    """Serves one bus; `wake` starts a round."""

    def __init__(self, posts: list[Post], clock: Clock) -> None:
        self.posts = posts
        self.clock = clock
        self.wake = asyncio.Event()
        self._looked = 0  # posts that were asked what they hold; each in its turn
        self.awaited = False  # the loop waits for this tick's round
        self.on_round: Callable[[], None] | None = None  # called once for each awaited round

    async def run(self) -> None:
        """Serve rounds for ever."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            await self.round()
            if self.awaited and self.on_round is not None:
                self.awaited = False
                self.on_round()
            await self.look()

    async def round(self) -> None:
        """Write everything granted, then read who is due; what is granted meanwhile goes before the next read."""
        for post in self.posts:
            await post.act(self.clock)
        silent = [post for post in self.posts if post.silent]
        for post in self.posts:
            await post.poll(self.clock)
            for other in silent:  # a round of many may take long: who is back is not to wait for its turn
                await other.poll(self.clock)
            if self.wake.is_set():
                for other in self.posts:
                    await other.act(self.clock)

    async def look(self) -> None:
        """Ask who is due what it holds, until there is something to write; at least one."""
        for _ in self.posts:
            self._looked += 1
            await self.posts[self._looked % len(self.posts)].look(self.clock)
            if self.wake.is_set():
                break

    async def stand_down(self) -> None:
        """Bring every device to its default mode. Raises: the first defect met, when all have been told."""
        first: Exception | None = None
        for post in self.posts:
            try:
                await post.stand_down()
            except Exception as fault:  # noqa: BLE001 - raised below, after the others
                first = first or fault
        if first is not None:
            raise first
