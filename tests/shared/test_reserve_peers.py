"""What a source of control hears of windows, its own and another programme's; and a replay of it."""

from __future__ import annotations

import asyncio

from agent import record
from agent.recorder import Recorder
from agent.reserve import Reserving
from agent.sources.desk import authority_of
from agent.sources.peer_desk import WAITS, PeerDesk
from hal.memory import MemoryStore
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite, claim
from tests.shared.taped import played

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.sources.desk import Control

STARTED, COMPLETED, SUPERSEDED = record.STARTED, record.COMPLETED, record.SUPERSEDED


def window(scope: str, duration_s: int, start_s: int = 0, power_w: int = 3000) -> Control:
    """Return a window for less of a scope."""
    return [6, [scope, 1, power_w, duration_s, {3: start_s}]]


class SoldTwice(SourcedSite):
    """A charger that an aggregator and a utility use by sources of their own; the aggregator may reserve."""

    def __init__(self) -> None:
        super().__init__(PeerDesk, "aggregator")

    def boot(self) -> None:
        """Build an agent and its two sources."""
        super().boot()
        self.loop.state.reserving = Reserving({"source": 2, "utility": 0})
        self.other = PeerDesk(self.loop, authority_of("utility", "utility", 20000))
        assert self.loop.sources is not None
        self.loop.sources.desks.append(self.other)


async def test_a_peer_hears_that_it_waits_and_that_it_is_served_again():
    site = SoldTwice()
    task = await site.start()
    site.other.replace([claim(6000)], b"")
    await site.let_pass(2000)
    assert site.other.outcomes == [STARTED]
    await site.say([window("", 10)])
    assert site.other.outcomes == [SUPERSEDED] and site.desk.outcomes == [STARTED]
    assert site.other.reason_against(claim(8000, 5)) == record.RESERVED
    assert site.other.reason_against(claim(8000)) == record.ACCEPTED
    await site.let_pass(10000)
    assert site.other.outcomes == [STARTED] and site.desk.outcomes == [COMPLETED]
    assert site.charger.limit_ma == 6000
    await stopped(site, task)


async def test_a_source_hears_what_became_of_each_window_and_takes_them_back():
    site = SoldTwice()
    task = await site.start()
    now_s = site.clock.now_ms() // 1000
    await site.say([window("", 60, power_w=1000), window("", 20, now_s + 10), claim(8000), window("charger", 60)])
    assert site.desk.reason == record.QUEUE_FULL
    await site.say([window("", 60, power_w=1000), window("", 20, now_s + 10), claim(8000)])
    assert site.desk.outcomes == [STARTED, WAITS, STARTED]
    await site.say([window("", 60, power_w=1000)])
    await site.say([])
    assert site.loop.state.reserving is not None and site.loop.state.reserving.windows == []
    await stopped(site, task)


async def test_a_replay_of_the_tape_keeps_the_same_windows():
    site = SoldTwice()
    store = MemoryStore(1 << 20)
    site.boot()
    site.loop.recorder = Recorder(store, 1 << 20, "test", site.loop.authorities)
    task = asyncio.create_task(site.loop.run())
    await site.let_pass(3000)
    site.other.replace([claim(6000)], b"")
    await site.say([window("charger", 8), claim(9000, 4)], ms=16000)
    await stopped(site, task)
    segments = [store.read(first, size_bytes) for first, size_bytes in store.segments()]
    replay, _events = played(segments)
    assert replay.differing == 0 and replay.ticks > 10
    assert [fact[3] for fact in site.heard if fact[0] == record.EVENT and fact[2] == site.other.digest] == [
        SUPERSEDED, STARTED
    ]  # fmt: skip
