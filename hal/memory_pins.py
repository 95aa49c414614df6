"""A board's own pins in memory: what stands at them is what a test, or a simulated product, puts there.

Time stands still until `advance`, which calls whoever watches at every period in between.
"""

from __future__ import annotations

from hal.errors import FrameError, LineDown
from hal.memory import ManualClock
from hal.pins import Channels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STEP_MS = 10


class MemoryPins:
    """`offered` is channel -> kind; `flash` survives: hand the same dict to the next life."""

    def __init__(self, offered: dict[str, int], clock: ManualClock, flash: dict[str, int] | None = None) -> None:
        self.clock = clock
        self.flash: dict[str, int] = {} if flash is None else flash
        self.flash_broken = False
        self.writes = 0  # into the flash
        self.voltage_uv: dict[str, int] = {}
        self.full_uv = 3300000
        self.wave_uv: dict[str, int | None] = {}  # RMS; None: out of range
        self.closed: dict[str, int] = {}  # what stands at inputs, and at outputs that do not obey
        self.driven: dict[str, int] = {}
        self.duties: dict[str, int] = {}
        self.far_end: Callable[[str, int], tuple[int, int]] = _open_pilot  # channel, duty -> peaks
        self.on_step: Callable[[int], None] | None = None  # what is around the board, called with ms
        self._channels = Channels(offered)
        self._counted: dict[str, tuple[int, int]] = {}
        self._watchers: list[tuple[Callable[[int], None], int]] = []

    def advance(self, ms: int) -> None:
        """Let time pass in steps of STEP_MS: first for what is around the board, then for whoever watches."""
        for _ in range(ms // STEP_MS):
            self.clock.advance(STEP_MS)
            if self.on_step is not None:
                self.on_step(STEP_MS)
            now_ms = self.clock.now_ms()
            for look, period_ms in self._watchers:
                if now_ms % period_ms == 0:
                    look(now_ms)

    def pulse(self, channel: str, count: int = 1) -> None:
        """Count pulses that come now."""
        self._counted[channel] = (self._counted.get(channel, (0, 0))[0] + count, self.now_ms())

    def take(self, option: str, channel: str, kind: int) -> None:
        """Reserve a channel. Raises: ValueError."""
        self._channels.take(option, channel, kind)
        self.driven[channel] = 0
        self.duties[channel] = 1000

    def now_ms(self) -> int:
        """Return the clock's time."""
        return self.clock.now_ms()

    async def sleep_ms(self, ms: int) -> None:
        """Sleep until `advance` has brought the end."""
        await self.clock.sleep_ms(ms)

    def watch(self, look: Callable[[int], None], period_ms: int) -> None:
        """Call `look` while `advance` passes each multiple of `period_ms`."""
        self._watchers.append((look, period_ms))

    def pulses(self, channel: str) -> tuple[int, int]:
        """Return count and time of the last."""
        return self._counted.get(channel, (0, 0))

    def kept(self, channel: str) -> int:
        """Return the number kept. Raises: LineDown."""
        if self.flash_broken:
            raise LineDown("flash", "broken")
        return self.flash.get(channel, 0)

    def keep(self, channel: str, number: int) -> None:
        """Keep a number. Raises: LineDown."""
        if self.flash_broken:
            raise LineDown("flash", "broken")
        self.writes += 1
        self.flash[channel] = number

    def microvolts(self, channel: str) -> tuple[int, int]:
        """Return what a test put there."""
        return self.voltage_uv.get(channel, 0), self.full_uv

    async def rms_uv(self, channels: tuple[str, ...]) -> tuple[int, ...]:
        """Return what a test put there. Raises: FrameError."""
        found: list[int] = []
        for channel in channels:
            rms_uv = self.wave_uv.get(channel, 0)
            if rms_uv is None:
                raise FrameError("out of range", channel)
            found.append(rms_uv)
        return tuple(found)

    def level(self, channel: str) -> int:
        """Return what stands there, or what is driven."""
        return self.closed.get(channel, self.driven.get(channel, 0))

    def set_level(self, channel: str, on: int) -> None:
        """Drive an output."""
        self.driven[channel] = on

    def set_duty_pm(self, channel: str, duty_pm: int) -> None:
        """Put a duty cycle out."""
        self.duties[channel] = duty_pm

    def duty_pm(self, channel: str) -> int:
        """Return the duty cycle."""
        return self.duties[channel]

    def peaks_mv(self, channel: str) -> tuple[int, int]:
        """Return what the far end makes of the duty cycle."""
        return self.far_end(channel, self.duties[channel])


def _open_pilot(_channel: str, duty_pm: int) -> tuple[int, int]:
    return 12000 if duty_pm else -12000, 12000 if duty_pm == 1000 else -12000
