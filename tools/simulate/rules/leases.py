"""No set-point is written without a live lease: seen on the wire, frame by frame.

What a device is told by `default_mode` needs no lease; everything else that writes does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from agent.worker import Post
    from tools.simulate.life import Life
    from tools.simulate.world import World

WRITES = (5, 6, 15, 16)
TCP_HEAD_BYTES = 7


class Leased(Rule):
    """Looks at every frame that writes."""

    name = "live lease"

    def __init__(self) -> None:
        self._until_ms: dict[int, int] = {}  # device -> end of its newest lease
        self._defaulting: set[int] = set()
        self._devices: dict[tuple[str, int], list[int]] = {}
        self._tcp: set[str] = set()

    def booted(self, world: World, life: Life) -> None:
        """Watch every hand of this life."""
        self._until_ms, self._defaulting, self._devices = {}, set(), {}
        self._tcp = {row["id"] for row in world.config.buses if row["kind"] == "tcp"}
        for at, row in enumerate(world.config.devices):
            self._devices.setdefault((row["bus"], row["unit"]), []).append(at)
        for post in life.loop.posts.values():
            self._watch(post)

    def requested(self, world: World, bus: str, frame: bytes) -> None:
        """Look at one frame."""
        head = TCP_HEAD_BYTES if bus in self._tcp else 1
        if frame[head] not in WRITES or world.life is None:
            return
        now_ms = world.life.clock.now_ms()
        devices = self._devices[bus, frame[head - 1]]
        if not any(at in self._defaulting or self._until_ms.get(at, -1) > now_ms for at in devices):
            raise self.broken(f"{frame.hex()} on {bus}, leases of {devices} end {self._until_ms} at {now_ms} ms")

    def _watch(self, post: Post) -> None:
        actuator: Any = post.actuator
        if actuator is None:
            return
        grant: Callable[[tuple[int, int | None, str], int], bool] = actuator.grant
        default_mode: Callable[[], Coroutine[Any, Any, int | None]] = actuator.driver.default_mode

        def granted(what: tuple[int, int | None, str], until_ms: int) -> bool:
            self._until_ms[post.device] = until_ms
            return grant(what, until_ms)

        async def defaulted() -> int | None:
            self._defaulting.add(post.device)
            try:
                return await default_mode()
            finally:
                self._defaulting.discard(post.device)

        actuator.grant = granted
        actuator.driver.default_mode = defaulted
