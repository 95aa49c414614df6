"""The far side of a protocol in a simulation: it outlives the agent, and events change what it says.

The agent's side is the real one, from its message border inwards; whatever would have come over a wire is made here.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from hal import quantities as q

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

SAID_MAX = 64  # newest lines that the agent's side told people
STEADY_MS = 150_000  # after a jump of the clock: what begins and ends by civil time is entered anew


class Owed(NamedTuple):
    """A limit that the agent owes this peer now: scope, direction, the most that may stand, where it comes from."""

    scope: str
    direction: int
    most_w: int
    why: str


class FarSide(ABC):
    """One peer of one site; `row` is its source in the site's configuration."""

    kind = ""
    words: tuple[str, ...] = ()  # what an event may let it say or do

    def __init__(self, row: dict[str, Any], world: World) -> None:
        self.name: str = row["name"]
        self.row = row
        self.world = world
        self.away_until_ms = 0
        self.said: deque[str] = deque(maxlen=SAID_MAX)
        self.broke = ""  # what ended the agent's side
        self.heard = 0  # messages that the agent's side was given
        self._pauses = random.Random(f"{self.name}/pauses")  # noqa: S311  (a seed, no secret)
        self._offset_ms = world.civil.offset_ms
        self._steady_from_ms = 0

    @staticmethod
    @abstractmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return the source that an installer configures for it, None where the site has nothing for it."""

    @abstractmethod
    def begin(self, life: Life, peer: Any) -> None:
        """Meet the agent's side of a new life."""

    @abstractmethod
    def act(self, word: str, seed: int, seconds: int) -> None:
        """Do what an event says."""

    @abstractmethod
    def heal(self) -> None:
        """Talk sense from now on."""

    def owed(self) -> list[Owed]:
        """Return the limits that have to be in force now."""
        return []

    def unexplained(self) -> str:
        """Return a message that was refused without a reason, or nothing."""
        return ""

    @property
    def is_away(self) -> bool:
        """Tell whether nobody answers."""
        return self.world.now_ms < self.away_until_ms

    @property
    def civil_ms(self) -> int:
        """Return the time by the world's time server."""
        return self.world.now_ms + self.world.civil.offset_ms

    def go_away(self, seconds: int) -> None:
        """Answer nothing for a while."""
        self.away_until_ms = self.world.now_ms + seconds * 1000

    def is_steady(self) -> bool:
        """Tell whether agent and peer have had the same time for a while; ask at every look."""
        if self._offset_ms != self.world.civil.offset_ms:
            self._offset_ms = self.world.civil.offset_ms
            self._steady_from_ms = self.world.now_ms + STEADY_MS
        life = self.world.life
        known = life is not None and life.clock.quality() == q.CLOCK_SYNCHRONISED
        return known and self.world.now_ms >= self._steady_from_ms and self.world.up_ms() >= STEADY_MS

    def run(self, life: Life, job: Coroutine[Any, Any, None]) -> None:
        """Let the agent's side run; one that breaks is a defect."""
        life.beside(self._watched(job), self.name)

    async def _watched(self, job: Coroutine[Any, Any, None]) -> None:
        try:
            await job
        except Exception as fault:  # noqa: BLE001 - a rule says so
            self.broke = repr(fault)

    def pause_ms(self, outage_ms: int) -> int:
        """Return how long the agent's side waits before it tries again: drawn from the seed."""
        return 50 + self._pauses.randrange(min(max(outage_ms >> 3, 1000), 300_000))

    def hear_note(self, line: str) -> None:
        """Take a line that the agent's side says to people."""
        self.said.append(line)
