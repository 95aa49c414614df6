"""A source of the site's own whose claim another's went before: it is in force again once that is gone."""

from __future__ import annotations

from agent import record
from agent.reserve import Reserving
from agent.sources.desk import Desk, authority_of
from agent.sources.peer_desk import PeerDesk
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite, claim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.sources.desk import Control

FOR_S = 2592000


def beside(site: SourcedSite, name: str, role: str = "aggregator") -> Desk:
    """Return the desk of another source of the same site."""
    desk = Desk(site.loop, authority_of(name, role, 20000))
    assert site.loop.sources is not None
    site.loop.sources.desks.append(desk)
    return desk


def in_force(site: SourcedSite) -> list[tuple[str, int]]:
    """Return whose claims are in force, and what they want."""
    return [(each.source, each.value) for each in site.loop.state.claims if each.started]


async def test_a_claim_that_lost_its_place_waits_for_it_and_has_it_again():
    site = SourcedSite(Desk, "aggregator")
    task = await site.start()
    await site.say([claim(6000, FOR_S, 20)])
    owner = beside(site, "me", "owner")
    owner.replace([claim(16000, 20, 0)], b"")
    await site.let_pass(5000)
    assert in_force(site) == [("me", 16000)] and site.desk.reason == record.ACCEPTED
    said = len(site.decisions())
    await site.let_pass(10000)
    assert len(site.decisions()) == said
    await site.let_pass(10000)
    assert in_force(site) == [("source", 6000)] and site.charger.limit_ma == 6000
    assert len(site.decisions()) == said
    await stopped(site, task)


async def test_of_two_with_one_primacy_the_later_stays_and_the_other_comes_again_once_it_is_gone():
    site = SourcedSite(Desk, "aggregator")
    task = await site.start()
    other = beside(site, "other")
    await site.say([claim(6000, FOR_S, 20)])
    other.replace([claim(8000, 30, 20)], b"")
    await site.let_pass(10000)
    assert in_force(site) == [("other", 8000)] and len(site.decisions()) == 2
    await site.let_pass(30000)
    assert in_force(site) == [("source", 6000)] and len(site.decisions()) == 3
    await stopped(site, task)


async def test_a_claim_that_waits_for_another_programmes_window_is_not_said_again_meanwhile():
    site = SourcedSite(Desk, "aggregator")
    task = await site.start()
    site.loop.state.reserving = Reserving({"source": 0, "other": 1})
    await site.say([claim(6000, FOR_S, 20)])
    beside(site, "other").replace([[6, ["", 1, 3000, 20]]], b"")
    await site.let_pass(10000)
    assert in_force(site) == [] and len(site.decisions()) == 2
    await site.let_pass(20000)
    assert in_force(site) == [("source", 6000)] and len(site.decisions()) == 2
    await stopped(site, task)


async def test_what_another_wants_of_another_device_keeps_nobody_waiting():
    site = SourcedSite(Desk, "aggregator")
    task = await site.start()
    await site.say([claim(6000, FOR_S, 20)])
    other, owner = beside(site, "other"), beside(site, "me", "owner")
    target: Control = [2, ["", 3000, 600, 20, {5: 2}]]
    other.replace([target], b"")
    owner.replace([claim(16000, 5, 0)], b"")
    await site.let_pass(12000)
    assert ("source", 6000) in in_force(site)
    await stopped(site, task)


async def test_what_holds_for_longer_than_a_claim_may_last_is_said_again():
    site = SourcedSite(Desk, "aggregator")
    task = await site.start()
    await site.say([claim(6000, FOR_S, 20)])
    site.clock.advance(864061000)
    await site.let_pass(2000)
    (held,) = site.loop.state.claims
    assert held.until_ms - site.loop.state.now_ms > FOR_S * 1000 - 5000
    assert len(site.decisions()) == 2 and in_force(site) == [("source", 6000)]
    await stopped(site, task)


async def test_an_event_of_a_peer_that_was_superseded_is_over():
    site = SourcedSite(PeerDesk, "aggregator")
    task = await site.start()
    await site.say([claim(6000, FOR_S, 20)])
    owner = beside(site, "me", "owner")
    owner.replace([claim(16000, 5, 0)], b"")
    await site.let_pass(12000)
    assert in_force(site) == [] and site.charger.limit_ma == 16000
    await stopped(site, task)
