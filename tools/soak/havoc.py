"""Who dies when: a plan that depends on the seed alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from tools.soak.keeper import Kept

PROGRAMS = ("gateway", "board", "broker", "home")
PAUSE_S = (3.0, 16.0)  # between two blows
BRIEF_S = 60.0  # a run shorter than this hits two at a time and pauses less
BRIEF_PAUSE_S = (2.0, 6.0)
SHORT_S, LONG_S = (0.2, 3.0), (5.0, 12.0)  # how long they stay down
AGAIN_S = (0.05, 2.5)  # after a restart began: while its journal is read, or while it connects


@dataclass(frozen=True)
class Blow:
    """Some die together; with `again_s` they die a second time, so long after they were started again."""

    at_s: float
    targets: tuple[str, ...]
    down_s: float
    again_s: float | None

    def line(self) -> str:
        """Return it for a person."""
        again = "" if self.again_s is None else f", and again {self.again_s:.2f} s after the restart began"
        return f"{self.at_s:7.1f} s  kill -9 {' + '.join(self.targets)}, down for {self.down_s:.1f} s{again}"


def plan(seed: int, seconds: float) -> list[Blow]:
    """Return the blows of a run, in order; each program dies at least once in a run that is long enough."""
    rng = random.Random(seed)  # noqa: S311  (a seed must give the same plan again)
    first = list(PROGRAMS)
    rng.shuffle(first)
    together, pause_s = (2, BRIEF_PAUSE_S) if seconds < BRIEF_S else (1, PAUSE_S)
    blows, at_s = [], rng.uniform(*pause_s)
    while at_s < seconds:
        targets, first = tuple(sorted(first[:together])) or _targets(rng), first[together:]
        down_s = rng.uniform(*(SHORT_S if rng.random() < 0.6 else LONG_S))
        again_s = rng.uniform(*AGAIN_S) if rng.random() < 0.35 else None
        blows.append(Blow(at_s, targets, down_s, again_s))
        at_s += down_s + rng.uniform(*pause_s)
    return blows


def _targets(rng: random.Random) -> tuple[str, ...]:
    count = rng.choice((1, 1, 1, 2, 2, 3, 4))
    return tuple(sorted(rng.sample(PROGRAMS, count)))


async def strike(
    blows: list[Blow], kept: dict[str, Kept], now_s: Callable[[], float], say: Callable[[str], None]
) -> None:
    """Carry the plan out; `now_s` counts from the moment it may begin."""
    for blow in blows:
        await asyncio.sleep(max(0.0, blow.at_s - now_s()))
        say(blow.line())
        for name in blow.targets:
            kept[name].kill(blow.down_s)
        if blow.again_s is not None:
            await asyncio.sleep(blow.down_s + blow.again_s)
            for name in blow.targets:
                kept[name].kill(0.3)
