"""A source's desk: whole sets, entered once, decided like signed commands, taped and replayed, and answered."""

from __future__ import annotations

import asyncio
import hashlib

from agent import cose, record
from agent.command import open_message
from agent.kept import forget_others
from agent.owner import OPT_IN, OPT_OUT, Owner
from agent.recorder import Recorder
from agent.sources.desk import Desk, authority_of
from agent.sources.peer_desk import OPTED_OUT, WAITS, PeerDesk
from hal import quantities as q
from hal.memory import MemoryStore
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite, claim, limit
from tests.shared.taped import played, told


async def test_a_set_takes_the_place_of_all_that_its_source_said():
    site = SourcedSite(Desk)
    task = await site.start()
    await site.say([limit(9000), limit(8000, 600)])
    state = site.loop.state
    assert [each.value for each in state.limits] == [9000, 8000] and site.desk.reason == record.ACCEPTED
    await site.say([limit(7000)])
    assert [each.value for each in state.limits] == [7000] and state.limits[0].source == "source"
    await site.say([])
    assert state.limits == []
    await site.let_pass(10000)
    assert site.charger.limit_ma == 16000
    await stopped(site, task)


async def test_the_command_is_named_by_source_counter_and_the_peers_own_bytes():
    site = SourcedSite(Desk)
    task = await site.start()
    await site.say([limit(9000)], b"<xml/>")
    digest = hashlib.sha256(b"source" + (1).to_bytes(8, "big") + b"<xml/>").digest()
    key_id = hashlib.sha256(b"siteward source:source").digest()[:8]
    assert [fact[2:] for fact in site.decisions()] == [[digest, key_id, 1, record.ACCEPTED]]
    await stopped(site, task)


async def test_the_same_set_is_no_news_and_nothing_at_all_is_not_entered():
    site = SourcedSite(Desk)
    task = await site.start()
    await site.say([])
    assert site.decisions() == [] and site.desk.reason == record.ACCEPTED
    for polled in (b"one", b"two", b"three"):
        await site.say([limit(9000)], polled)
    assert len(site.decisions()) == 1
    await stopped(site, task)


async def test_role_and_ceiling_are_those_of_the_configuration():
    site = SourcedSite(Desk, "grid", 5000)
    task = await site.start()
    await site.say([limit(6000)])
    assert site.desk.reason == record.OVER_CEILING
    await site.say([limit(4000), claim(6000)])
    assert site.desk.reason == record.ROLE_FORBIDS and site.loop.state.limits == []
    site.desk.authority.role, site.desk.authority.power_max_w = "utility", 20000
    await site.say([limit(4000), claim(7000)])
    assert site.desk.reason == record.ACCEPTED
    await site.say([claim(7000, primacy=0)])
    assert site.desk.reason == record.ROLE_FORBIDS
    await stopped(site, task)


async def test_what_is_refused_is_tried_again_each_minute():
    site = SourcedSite(Desk, "grid", 5000)
    task = await site.start()
    await site.say([limit(6000)], ms=58000)
    assert [fact[5] for fact in site.decisions()] == [record.OVER_CEILING]
    site.desk.authority.power_max_w = 6000
    await site.let_pass(5000)
    assert [fact[5] for fact in site.decisions()] == [record.OVER_CEILING, record.ACCEPTED]
    await site.let_pass(65000)
    assert len(site.decisions()) == 2
    await stopped(site, task)


async def test_after_a_reboot_the_last_word_holds_until_there_is_another():
    site = SourcedSite(Desk)
    task = await site.start()
    await site.say([limit(6000)])
    await stopped(site, task)
    task = await site.start()
    assert [each.value for each in site.loop.state.limits] == [6000]
    await site.say([])
    assert site.loop.state.limits == [] and site.decisions()[-1][4] == 2
    await stopped(site, task)


async def test_what_a_source_said_ends_when_the_site_no_longer_has_it():
    site = SourcedSite(Desk)
    task = await site.start()
    await site.say([limit(6000)])
    forget_others(site.loop.state, ["dso", "source"])
    assert len(site.loop.state.limits) == 1
    forget_others(site.loop.state, ["dso"])
    assert site.loop.state.limits == []
    await stopped(site, task)


async def test_nobody_can_sign_as_a_source():
    site = SourcedSite(Desk)
    site.boot()
    me = authority_of("source", "grid", 20000)
    site.signer.key_id, raw = me.key_id, b""
    raw = await cose.seal(site.signer, b"\x83\x03\x01\x02")
    message = await open_message(raw, site.loop.authorities, site.dso)
    assert message.reason == record.UNKNOWN_KEY


async def test_a_replay_of_the_tape_decides_the_same():
    site = SourcedSite(Desk)
    store = MemoryStore(1 << 20)
    site.boot()
    site.loop.recorder = Recorder(store, 1 << 20, "test", site.loop.authorities)
    task = asyncio.create_task(site.loop.run())
    await site.let_pass(3000)
    await site.say([limit(6000, 5)], ms=8000)
    await site.say([limit(5000)], ms=4000)
    await stopped(site, task)
    segments = [store.read(first, size_bytes) for first, size_bytes in store.segments()]
    replay, events = played(segments)
    assert replay.differing == 0 and replay.ticks > 10
    assert [each[5] for each in told(events, "grant")].count("limit source") == 2


async def test_a_peer_hears_what_became_of_each_control():
    site = SourcedSite(PeerDesk, "utility")
    calls: list[list[int]] = []
    task = await site.start()
    site.desk.on_change = lambda: calls.append(list(site.desk.outcomes))
    now_s = site.clock.now_ms() // 1000
    await site.say([limit(9000, 10), claim(6000, 20, 4, now_s + 20), claim(8000, 60)], ms=3000)
    assert site.desk.outcomes == [record.STARTED, WAITS, record.STARTED]
    await site.let_pass(10000)
    assert site.desk.outcomes[0] == record.COMPLETED
    await site.let_pass(10000)
    assert site.desk.outcomes == [record.COMPLETED, record.STARTED, record.SUPERSEDED]
    assert calls[0] == [WAITS] * 3 and calls[-1] == site.desk.outcomes
    await stopped(site, task)


async def test_the_owners_word_before_a_peers_is_told_as_an_opt_out():
    site = SourcedSite(PeerDesk, "aggregator")
    task = await site.start()
    await site.say([claim(6000)])
    owner = Desk(site.loop, authority_of("me", "owner", 20000))
    site.loop.sources.desks.append(owner)
    owner.replace([claim(16000, 600, 0)], b"")
    await site.let_pass(3000)
    assert site.desk.outcomes == [OPTED_OUT] and site.charger.limit_ma == 16000
    await stopped(site, task)


async def test_what_the_owner_opts_out_of_starts_again_when_he_opts_in():
    site = SourcedSite(PeerDesk, "aggregator")
    task = await site.start()
    await site.say([claim(6000)], ms=3000)
    said = [site.desk.outcomes]
    owner, state = Owner("home", 20000, {}, {}), site.loop.state
    owner.take(state, authority_of("console", "owner", 20000), [OPT_OUT, "", 600], b"out")
    await site.let_pass(3000)
    said.append(site.desk.outcomes)
    assert site.charger.limit_ma == 16000
    owner.take(state, authority_of("console", "owner", 20000), [OPT_IN, ""], b"in")
    await site.let_pass(3000)
    said.append(site.desk.outcomes)
    assert said == [[record.STARTED], [OPTED_OUT], [record.STARTED]] and site.charger.limit_ma == 6000
    await stopped(site, task)


async def test_a_control_alone_is_judged_before_it_spoils_a_set():
    site = SourcedSite(PeerDesk, "utility", 5000)
    site.boot()
    assert site.desk.reason_against(limit(4000)) == record.ACCEPTED
    assert site.desk.reason_against(limit(6000)) == record.OVER_CEILING
    assert site.desk.reason_against([2, ["boiler", 6000, 60, 5]]) == record.UNKNOWN_DEVICE
    assert site.desk.reason_against([1, ["", 0]]) == record.MALFORMED
    assert site.loop.state.limits == []


async def test_times_of_a_peer_become_the_agents_own_and_stay_the_same():
    site = SourcedSite(PeerDesk)
    task = await site.start()
    unix_s = site.clock.civil_ms() // 1000
    found = site.desk.window(unix_s + 100, unix_s + 160)
    assert found is not None and abs(found[0] - site.clock.now_ms() // 1000 - 100) <= 1 and found[1] == 60
    await site.let_pass(20000)
    site.clock.set_civil(site.clock.civil_ms() + 900, q.CLOCK_SYNCHRONISED, 10)
    assert site.desk.window(unix_s + 100, unix_s + 160) == found
    begun = site.desk.window(unix_s - 100, unix_s + 160)
    assert begun is not None and begun[0] == 1 and abs(begun[0] + begun[1] - found[0] - 60) <= 1
    assert site.desk.window(unix_s - 100, unix_s) is None
    site.clock.set_civil(0, q.CLOCK_UNKNOWN, 0)
    assert site.desk.window(unix_s + 100, unix_s + 160) is None
    await stopped(site, task)


def test_a_draw_is_the_same_for_a_cause_and_keeps_its_sign():
    site = SourcedSite(PeerDesk)
    site.boot()
    drawn = [site.desk.drawn_s(-600, b"event %d" % number) for number in range(50)]
    assert drawn == [site.desk.drawn_s(-600, b"event %d" % number) for number in range(50)]
    assert min(drawn) >= -600 and max(drawn) <= 0 and len(set(drawn)) > 30
