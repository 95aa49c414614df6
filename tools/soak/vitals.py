"""Memory and open handles of each life, looked at once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tools.soak.checks import Check
from tools.soak.keeper import Keeper, Life
from tools.soak.processes import open_handles, resident_kb

LOOK_S = 1.0
WARM_S = 15.0  # after this a life has everything that it will ever need
RESIDENT_KB_MAX = {"gateway": 64 << 10, "board": 48 << 10}
GROWTH_KB_MAX = 4096
HANDLES_MAX = 40
HANDLES_GROWTH_MAX = 2  # a broker or home that was away in the whole first third


async def follow(keepers: list[Keeper], now_s: Callable[[], float]) -> None:
    """Look until cancelled."""
    while True:
        await asyncio.sleep(LOOK_S)
        for keeper in keepers:
            pid = keeper.program.pid if keeper.program is not None else None
            if pid is not None and keeper.lives[-1].at(now_s()):
                keeper.lives[-1].resident_kb.append((now_s(), resident_kb(pid)))
                keeper.lives[-1].handles.append((now_s(), open_handles(pid)))


def judge(name: str, lives: list[Life]) -> list[Check]:
    """Return whether memory and handles stayed bounded in every life."""
    memory = [kb for life in lives for _, kb in life.resident_kb]
    handles = [count for life in lives for _, count in life.handles]
    memory_growth = max([_growth(life, life.resident_kb) for life in lives], default=0)
    handle_growth = max([_growth(life, life.handles) for life in lives], default=0)
    peak_kb, limit_kb = max(memory, default=0), RESIDENT_KB_MAX[name]
    return [
        Check(
            f"{name}: memory is bounded",
            0 < peak_kb <= limit_kb and memory_growth <= GROWTH_KB_MAX,
            f"{peak_kb >> 10} MiB at most (allowed {limit_kb >> 10}), {memory_growth} KiB never given back",
        ),
        Check(
            f"{name}: handles are bounded",
            0 < max(handles, default=0) <= HANDLES_MAX and handle_growth <= HANDLES_GROWTH_MAX,
            f"{max(handles, default=0)} at most, {handle_growth} never given back",
        ),
    ]


def _growth(life: Life, seen: list[tuple[float, int]]) -> int:
    """Return by how much the least of a life's last third, once warm, is above the most of its first: what never came
    back. Connections come and go in between."""
    warm = [count for at_s, count in seen if count and life.ready_s is not None and at_s >= life.ready_s + WARM_S]
    third = len(warm) // 3
    return max(0, min(warm[-third:]) - max(warm[:third])) if third else 0
