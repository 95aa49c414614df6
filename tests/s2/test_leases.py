"""What an energy manager's books become at the desk: leases, sets that are entered once, and bad company."""

import asyncio
from decimal import Decimal

from agent import record
from agent.sources.peer_desk import PeerDesk
from boards.cpython.s2.book import Taken
from boards.cpython.s2.messages import Order
from boards.cpython.s2.source import EnergyManager
from boards.cpython.steps import CLAIM
from tests.openadr.documents import NOON_MS
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite

MINUTE_MS = 60000


def taken(name, amount, start_ms=NOON_MS, end_ms=None):
    """Return an accepted instruction of one set-point for the charger."""
    order = Order(name, start_ms, False, factor=Decimal(0))
    return Taken(order, [((CLAIM, 1, 0), 0, amount, start_ms, end_ms)])


def run(play):
    async def whole():
        site = SourcedSite(PeerDesk, "aggregator")
        site.civil_ms = NOON_MS - 3000
        task = await site.start()
        options = {"url": "wss://cem.local", "devices": ["charger"], "lease_s": 120}
        manager = EnergyManager(site.desk, options)
        manager.managed[0].heard_ms = NOON_MS

        async def pass_minutes(count, heard=True):
            """Let time pass, the CEM being heard or not; return what is claimed now."""
            for _ in range(count * 6):
                now_ms = site.clock.civil_ms()
                if heard:
                    manager.managed[0].heard_ms = now_ms
                manager.enter(now_ms)
                await site.let_pass(10000)
            return [claim.value for claim in site.loop.state.claims if claim.due]

        found = await play(manager.managed[0].book, pass_minutes), site.decisions()
        await stopped(site, task)
        return found

    return asyncio.run(whole())


def test_an_instruction_without_an_end_is_renewed_while_the_cem_is_heard_and_ends_when_it_is_not():
    async def play(book, pass_minutes):
        book.add(taken("order-1", 10000))
        return [await pass_minutes(5), await pass_minutes(1, False), await pass_minutes(3, False)]

    claimed, _ = run(play)
    assert claimed == [[10000], [10000], []]


def test_what_has_ended_is_not_entered_anew():
    async def play(book, pass_minutes):
        book.add(taken("order-1", 10000, NOON_MS, NOON_MS + MINUTE_MS))
        book.add(taken("order-2", 12000, NOON_MS + MINUTE_MS, NOON_MS + 9 * MINUTE_MS))
        return [await pass_minutes(1), await pass_minutes(3)]

    claimed, decisions = run(play)
    assert claimed[1] == [12000] and [fact[5] for fact in decisions] == [record.ACCEPTED]


def test_an_instruction_that_the_core_would_refuse_takes_no_other_along():
    async def play(book, pass_minutes):
        book.add(taken("order-1", 10000, NOON_MS, NOON_MS + 5 * MINUTE_MS))
        book.add(taken("order-2", 99000000, NOON_MS + 5 * MINUTE_MS))
        return await pass_minutes(1)

    claimed, decisions = run(play)
    assert claimed == [10000] and [fact[5] for fact in decisions] == [record.ACCEPTED]
