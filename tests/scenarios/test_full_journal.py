"""A journal that fills for hours while the link is away: readings thin out; what then goes is declared, all of it."""

from __future__ import annotations

import cbor2
import pytest

from agent import cose, record
from tests.scenarios.worlds import small_world
from tools.simulate.rest import at_once
from tools.simulate.world import World
from tools.verifier import Verifier

# As small and as slow as the configuration allows, so that hours are soon over.
AGENT = {
    "tick_ms": 10000, "lease_ms": 30000, "reading_s": 10, "journal_bytes_max": 65536, "segment_bytes": 4096,
    "page_bytes_max": 1024,
}  # fmt: skip
AWAY = (100, "link", 90000)
CUT = (34000, "cut", 5, 0, 0)  # behind the first loss, which nobody has heard of yet
DAY_HALF_S = 42000
HOURS_S = 9000


def ran(seconds: int, *happens: tuple[object, ...]) -> World:
    """Return the world after the link came back and everything went up; its rules judge every second and every page."""
    world = small_world(AWAY, *happens, agent=AGENT, site={"meter_stale_ms": 30000})
    world.run(seconds * 1000)
    return world


def judged(world: World) -> tuple[int, dict[int, int], list[tuple[int, int]]]:
    """Return missing records, those declared lost by cause, and (epoch, cause) of the gap records, in order."""
    key = world.keys.real["agent"]
    verifier = Verifier([key.public_key])
    gaps = []
    for _, header, behind in sorted(world.upstream.pages.values(), key=lambda page: page[0]):
        raw = b"\x83" + at_once(cose.seal(key, header)) + behind
        verifier.add(raw)
        facts = [cbor2.loads(fact) for fact in cbor2.loads(raw)[2]]
        gaps += [(cbor2.loads(header)[3], fact[2]) for fact in facts if fact[0] == record.GAP]
    report = verifier.report()
    assert report.faults == []
    (agent,) = report.agents
    return sum(last - first + 1 for first, last in agent.chain.holes), agent.chain.lost, gaps


def test_two_hours_fit_because_readings_thin_out_once_and_come_back():
    missing, lost, gaps = judged(ran(HOURS_S))
    assert (missing, lost) == (0, {})
    assert gaps == [(1, record.THINNED), (1, record.NO_LONGER_THINNED)]


@pytest.mark.parametrize("happens", [(), (CUT,)], ids=["the power stays", "the power is cut"])
def test_half_a_day_loses_exactly_what_is_declared(happens):
    missing, lost, gaps = judged(ran(DAY_HALF_S, *happens))
    assert missing > 0 and lost == {record.JOURNAL_FULL: missing}
    thinning = [gap for gap in gaps if gap[1] in (record.THINNED, record.NO_LONGER_THINNED)]
    assert [cause for _, cause in thinning].index(record.NO_LONGER_THINNED) == len(thinning) - 1
    entered = [epoch for epoch, cause in thinning if cause == record.THINNED]
    assert entered == list(range(1, 2 + len(happens))), "once in each life"
