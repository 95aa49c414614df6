"""The whole agent in virtual time on in-memory ports: a signed limit to a moved device, a signed page, a receipt."""

from __future__ import annotations

import asyncio

from agent import cbor, cose, record
from agent.worker import Post, Worker
from tests.shared.paged import Opened
from tests.shared.site import TwinCharger, TwinSite, busy_minute, started, stopped


def records_of(pages: list[bytes]) -> list[list[object]]:
    """Return all records of signed pages."""
    return [fact for raw in pages for fact in Opened(raw).facts]


def pages_sent(site: TwinSite) -> list[bytes]:
    """Return the pages that went up since the last call."""
    return [payload for channel, payload in site.uplink.collect() if channel == "page"]


async def test_limit_moves_the_charger_and_the_answer_is_a_signed_page():
    site = TwinSite()
    task = await started(site)
    assert site.charger.limit_ma == 16000
    site.uplink.deliver("command", await site.limit(5000, 60))
    await site.let_pass(2000)
    assert 500 + site.charger.power_w() <= 5000
    pages = pages_sent(site)
    for raw in pages:
        key_id, _, digest, signature = cose.open_envelope(Opened(raw).envelope)
        assert key_id == site.signer.key_id
        assert await site.headend.verify(site.signer.public_key, digest, signature)
    decisions = [fact for fact in records_of(pages) if fact[0] == record.DECISION]
    assert [fact[5] for fact in decisions] == [record.ACCEPTED]
    await stopped(site, task)
    assert site.charger.limit_ma == 6000


async def test_authority_that_is_out_of_step_is_told_epoch_and_counters():
    site = TwinSite()
    task = await started(site)
    site.uplink.collect()
    site.uplink.deliver("command", await site.limit(9000, 60, None, 99))
    await site.let_pass(2000)
    sessions = [payload for channel, payload in site.uplink.collect() if channel == "session"]
    fields = cbor.decode(cose.open_envelope(sessions[0])[1])
    assert fields[0] == 2 and fields[3] == site.loop.state.epoch
    await stopped(site, task)


async def test_flood_of_forged_commands_does_not_keep_the_agent_signing():
    site = TwinSite()
    task = await started(site)
    await site.let_pass(1000)
    site.uplink.collect()
    for _ in range(10):
        site.uplink.deliver("command", await site.limit(9000, 60, site.signer))
        await site.let_pass(1000)
    assert 1 <= len(pages_sent(site)) <= 3
    await stopped(site, task)


async def test_pages_go_only_when_a_signed_receipt_came():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(9000, 60))
    await site.let_pass(3000)
    pages = pages_sent(site)
    assert pages and site.loop.ledger.released_seq == 1
    forged = await cose.seal(site.dso, cose.open_envelope(await site.receipt(pages[0]))[1])
    site.uplink.deliver("receipt", forged)
    await site.let_pass(1000)
    assert site.loop.ledger.released_seq == 1 and site.loop.session.refused_receipts == 1
    site.uplink.deliver("receipt", await site.receipt(pages[0]))
    await site.let_pass(1000)
    assert site.loop.ledger.released_seq > 1
    await stopped(site, task)


async def test_unconfirmed_pages_come_again_with_the_same_bytes():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(9000, 600))
    await site.let_pass(2000)
    first = pages_sent(site)
    site.uplink.set_connected(False)
    await site.let_pass(30000)
    site.uplink.set_connected(True)
    await site.let_pass(2000)
    again = pages_sent(site)
    assert again[: len(first)] == first
    await stopped(site, task)


async def test_open_page_is_never_sent_while_others_are_waiting_for_receipts():
    site = TwinSite()
    task = await started(site)
    for _ in range(6):
        site.uplink.deliver("command", await site.limit(9000, 600))
        await site.let_pass(12000)
    seen = {}
    for raw in pages_sent(site):
        page = Opened(raw)
        assert seen.setdefault(page.first_seq, page.signed_bytes) == page.signed_bytes
    await stopped(site, task)


async def test_limit_holds_again_within_two_ticks_after_a_power_cut():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(5000, 600))
    await site.let_pass(3000)
    task.cancel()
    await site.settle()
    site.store.crash(0)
    site.charger.limit_ma = 16000
    site.boot()
    task = asyncio.create_task(site.loop.run())
    await site.settle()
    await site.let_pass(2100)
    assert [limit.value for limit in site.loop.state.limits] == [5000]
    assert 500 + site.charger.power_w() <= 5000
    await stopped(site, task)


async def test_charger_that_restarted_between_two_readings_is_written_again():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(5000, 600))
    await site.let_pass(3000)
    granted_ma = site.charger.limit_ma
    site.charger.silent = True
    await site.let_pass(1000)
    site.charger.silent = False
    site.charger.limit_ma = 16000
    await site.let_pass(2000)
    assert site.charger.limit_ma == granted_ma
    await stopped(site, task)


async def test_silent_charger_is_reported_lost_and_written_again_when_it_returns():
    site = TwinSite()
    task = await started(site)
    site.charger.silent = True
    await site.let_pass(20000)
    site.charger.limit_ma = 32000
    site.charger.silent = False
    await site.let_pass(35000)
    assert site.charger.limit_ma == 16000
    site.loop.ledger.close_page()
    await site.let_pass(1000)
    states = [fact[3] for fact in records_of(pages_sent(site)) if fact[0] == record.DEVICE_STATE and fact[2] == 1]
    assert states[-2:] == [record.LOST, record.ATTACHED]
    await stopped(site, task)


async def test_lease_ends_when_the_loop_no_longer_renews_it():
    site = TwinSite()
    task = await started(site)
    site.loop.turn = lambda: None
    await site.let_pass(12000)
    assert site.charger.limit_ma == 6000
    await stopped(site, task)


async def test_busy_minute_is_one_chain_of_pages():
    pages = await busy_minute()
    seen = {}
    for raw in pages:
        page = Opened(raw)
        seen[page.first_seq] = page
    expected = 1
    for first_seq in sorted(seen):
        assert first_seq == expected
        expected += len(seen[first_seq].records)
    reasons = [fact[5] for fact in records_of(pages) if fact[0] == record.DECISION]
    assert record.ROLE_FORBIDS in reasons and record.ACCEPTED in reasons


async def test_defect_in_a_task_stands_the_site_down_and_is_what_is_told():
    site = TwinSite()
    task = await started(site)

    async def broken() -> None:
        raise ValueError("first")

    def broken_too() -> None:
        raise OSError(5, "second")

    site.loop.session.turn = broken
    site.store.close = broken_too
    await site.let_pass(2000)
    told = ""
    try:
        await task
    except ValueError as fault:
        told = fault.args[0]
    assert told == "first"
    assert site.charger.limit_ma == 6000


class BrokenWorker(Worker):
    """A bus whose devices cannot be told any more."""

    async def stand_down(self) -> None:
        """Fail at once."""
        raise ValueError("first")


class BrokenCharger(TwinCharger):
    """Works until it is to go to its default mode."""

    async def default_mode(self) -> int:
        """Fail as no device does."""
        raise ValueError("first")


async def failure_of(site: TwinSite, task: asyncio.Task[None]) -> str:
    """Stop the agent; return what the defect said that it tells."""
    site.loop.stop()
    await site.settle()
    try:
        await task
    except ValueError as fault:
        return str(fault.args[0])
    return ""


async def test_defect_of_one_bus_keeps_no_other_device_from_its_default_mode():
    site = TwinSite()
    task = await started(site)
    site.loop.workers.insert(0, BrokenWorker([], site.clock))
    assert await failure_of(site, task) == "first"
    assert site.charger.limit_ma == 6000
    assert site.store.unsynced_bytes() == 0


async def test_defect_of_one_device_keeps_no_other_on_its_bus_from_its_default_mode():
    site = TwinSite()
    task = await started(site)
    worker = site.loop.workers[0]
    broken = Post(1, BrokenCharger(), site.loop.report)
    assert broken.actuator is not None
    broken.actuator.grant((1, 16000, "default"), site.clock.now_ms() + 10000)
    worker.posts.insert(0, broken)
    assert await failure_of(site, task) == "first"
    assert site.charger.limit_ma == 6000


async def test_defect_of_the_session_still_hangs_up_and_puts_the_journal_away():
    site = TwinSite()
    task = await started(site)

    async def broken() -> None:
        raise ValueError("first")

    def broken_too() -> None:
        raise OSError(5, "second")

    closed = []
    site.loop.session.turn = broken
    site.loop.ledger.sync = broken_too
    site.store.close = lambda: closed.append(True)
    assert await failure_of(site, task) == "first"
    assert closed == [True] and not site.uplink.connected
    assert site.charger.limit_ma == 6000


async def test_last_page_goes_up_before_the_link_is_closed():
    site = TwinSite()
    task = await started(site)
    await stopped(site, task)
    causes = [fact[3] for fact in records_of(pages_sent(site)) if fact[0] == record.FAILSAFE and fact[4]]
    assert causes[-1] == record.SHUTDOWN
