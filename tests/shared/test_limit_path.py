"""A limit on a site of eight devices that is busy with its evidence: it reaches the devices within one tick.

Time stands still from the moment a limit is at the door until the products hold what it leaves them: what is measured
by the wall clock is in docs/performance.md.
"""

from __future__ import annotations

import asyncio

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.command import Authority
from agent.journal import Journal
from agent.ledger import Ledger
from agent.loop import Loop
from agent.page import page_hash
from agent.session import Session
from agent.state import State
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from boards.micropython.signer import SoftSigner
from hal import quantities as q
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore
from tests.shared.eight_devices import CHARGING, METERED, ROWS, RestingCharger, RestingMeter, devices
from tests.shared.house import TABLE, row
from tests.shared.paged import Opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TICK_MS = 1000
WARM_S = 60
TURNS = 400  # of all tasks, in which a signature is made or checked
BACKLOG_PAGES = 30
OTHERS_W = 3400  # the house, the heat pump, SG-Ready and the boiler
LIMIT_W = 12000
PAGE_S = 5


class Car(RestingCharger):
    """A car that draws what it may."""

    def __init__(self) -> None:
        super().__init__(dict(CHARGING))

    async def set_point(self, setpoint: int) -> int:
        """Take it; the car follows at once."""
        self.answer[q.LIMIT_MA] = setpoint
        self.answer[q.POWER_W] = self.power_w()
        for phase in (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA):
            self.answer[phase] = setpoint
        return setpoint

    def power_w(self) -> int:
        """Return what it draws."""
        return self.answer[q.LIMIT_MA] * 690 // 1000


class Grid(RestingMeter):
    """Adds up two cars and what else there is."""

    def __init__(self, cars: list[Car]) -> None:
        super().__init__(dict(METERED))
        self.cars = cars

    def power_w(self) -> int:
        """Return what the connection carries."""
        return OTHERS_W + sum([car.power_w() for car in self.cars])

    async def read(self) -> dict[int, int]:
        """Return powers and currents, even over the phases."""
        self.answer[q.POWER_W] = self.power_w()
        for phase in (0, 1, 2):
            self.answer[q.POWER_L1_W + phase] = self.power_w() // 3
            self.answer[q.CURRENT_L1_MA + phase] = self.power_w() * 1000 // 690
        return self.answer


class Pen:
    """The agent's signer: real, but a signature takes for ever while it is not `free`."""

    def __init__(self) -> None:
        self._soft = SoftSigner(b"\x07" * 32)
        self.public_key, self.key_id = self._soft.public_key, self._soft.key_id
        self.free = asyncio.Event()
        self.free.set()
        self.signing = 0  # signatures begun and not ended
        self.verified = 0

    async def sign(self, digest: bytes) -> bytes:
        """Return the signature once the pen is free."""
        self.signing += 1
        await self.free.wait()
        signature = await self._soft.sign(digest)
        self.signing -= 1
        return signature

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Count and verify."""
        self.verified += 1
        return await self._soft.verify(public_key, digest, signature)


class FullSite:
    """The agent of eight devices, each on a bus of its own, with a backlog of pages that nobody has signed."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.clock.set_civil(1700000000000, q.CLOCK_SYNCHRONISED, 10)
        self.dso, self.headend = SoftSigner(b"\x08" * 32), SoftSigner(b"\x09" * 32)
        self.pen, self.uplink = Pen(), LoopUplink()
        self.cars = [Car(), Car()]
        self.counter = 0
        self.facts: list[Any] = []
        drivers = devices()
        drivers[:3] = [Grid(self.cars), self.cars[0], self.cars[1]]
        rows = list(ROWS)
        rows[1] = row("charger-1", power_max_w=11040, default=16000, priority=20)
        rows[2] = row("charger-2", power_max_w=11040, default=16000, priority=20)
        units = [Unit(at, rows[at], contract_of(drivers[at])) for at in range(len(drivers))]
        ledger = Ledger(Journal(MemoryStore(1 << 20), 8192), self.pen.key_id, self.clock, 2048, PAGE_S, b"secret")
        ledger.begin_epoch()
        for _ in range(BACKLOG_PAGES):
            for device in range(len(drivers)):
                ledger.add([record.READING, 0, 1, device, q.GOOD, METERED])
            ledger.close_page()
        ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), units, self.pen.key_id, ledger.epoch, 1, 10000)
        session = Session(ledger, self.pen, self.uplink, self.clock, state)
        authorities = [
            Authority("dso", self.dso.public_key, "grid", 20000),
            Authority("headend", self.headend.public_key, "receipt", 0),
        ]
        self.loop = Loop(
            state, ledger, session, [], authorities, self.clock, self.pen, self.uplink, CountingWatchdog(), TICK_MS,
            TICK_MS,
        )  # fmt: skip
        for at, driver in enumerate(drivers):
            self.loop.add_worker(Worker([Post(at, driver, self.loop.report)], self.clock))
        self.loop.tell = self.facts.append

    async def start(self) -> asyncio.Task[None]:
        """Run until the cars have all there is, then connect."""
        task = asyncio.create_task(self.loop.run())
        await self.pass_s(WARM_S)
        assert min(self.held_ma()) > 9000, self.held_ma()
        self.uplink.set_connected(True)
        return task

    async def stop(self, task: asyncio.Task[None]) -> None:
        """Let the agent stand down."""
        self.pen.free.set()
        self.loop.stop()
        await task

    async def pass_s(self, seconds: int) -> None:
        """Let seconds pass, without the time that a signature takes."""
        for _ in range(seconds):
            self.clock.advance(1000)
            await turns(20)

    def held_ma(self) -> list[int]:
        """Return what the cars may draw."""
        return [car.answer[q.LIMIT_MA] for car in self.cars]

    async def limit(self) -> bytes:
        """Return a signed limit on the site."""
        self.counter += 1
        state = self.loop.state
        body = ["", 0, LIMIT_W, 600]
        expires_s = self.clock.now_ms() // 1000 + 60
        return await cose.seal(
            self.dso, cbor.encode([3, 1, state.agent_id, state.epoch, self.counter, expires_s, 1, body])
        )

    async def receipts(self) -> list[bytes]:
        """Return a signed receipt for each page that went up since the last call."""
        found = []
        for channel, raw in self.uplink.collect():
            if channel == "page":
                page = Opened(raw)
                receipt = [4, 1, page.agent, page.last_seq, page_hash(page.signed_bytes), 1700000000]
                found.append(await cose.seal(self.headend, cbor.encode(receipt)))
        return found

    def judge(self, began: int) -> None:
        """The products hold the limit; the answer and both writes are recorded in one tick or the next."""
        assert OTHERS_W + sum([car.power_w() for car in self.cars]) <= LIMIT_W, self.held_ma()
        decided = [fact for fact in self.facts[began:] if fact[0] == record.DECISION]
        writes = [fact for fact in self.facts[began:] if fact[0] == record.WRITE and fact[2] in (1, 2)]
        assert [fact[5] for fact in decided] == [record.ACCEPTED]
        assert sorted([fact[2] for fact in writes]) == [1, 2], writes
        for fact in writes:
            assert fact[4] == record.APPLIED
            assert 0 <= fact[1] // TICK_MS - decided[0][1] // TICK_MS <= 1, (decided, fact)


async def turns(count: int) -> None:
    """Let every task run so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def moved(site: FullSite) -> int:
    """Let tasks run until both cars hold less, with no time passing; return how many turns the loop took."""
    before, ticks, now_ms = site.held_ma(), site.loop.ticks, site.clock.now_ms()
    for _ in range(10 * TURNS):
        held = site.held_ma()
        if held[0] < before[0] and held[1] < before[1]:
            break
        await asyncio.sleep(0)
    assert site.held_ma() != before, "the limit did not reach the cars"
    assert site.clock.now_ms() == now_ms
    return site.loop.ticks - ticks


async def test_limit_reaches_eight_devices_in_the_same_turn_while_a_page_is_being_signed():
    site = FullSite()
    task = await site.start()
    raw = await site.limit()
    site.pen.free.clear()
    await site.pass_s(PAGE_S + 1)
    assert site.pen.signing == 1
    began = len(site.facts)
    site.uplink.deliver("command", raw)
    assert await moved(site) == 1
    assert site.pen.signing == 1, "the page was to be unsigned still"
    await site.pass_s(1)
    site.judge(began)
    await site.stop(task)


async def test_limit_reaches_eight_devices_in_the_same_turn_while_a_backlog_is_sent():
    site = FullSite()
    task = await site.start()
    for _ in range(3):
        await turns(TURNS)
        for receipt in await site.receipts():
            site.uplink.deliver("receipt", receipt)
    first_seq = site.loop.ledger.released_seq
    raw = await site.limit()
    began = len(site.facts)
    site.uplink.deliver("command", raw)
    assert await moved(site) == 1
    assert site.loop.ledger.released_seq < BACKLOG_PAGES * 8, "there was to be a backlog still"
    await site.pass_s(1)
    site.judge(began)
    for _ in range(BACKLOG_PAGES):
        await site.pass_s(1)
        await turns(TURNS // 4)
        for receipt in await site.receipts():
            site.uplink.deliver("receipt", receipt)
    assert site.loop.ledger.released_seq > max(first_seq, BACKLOG_PAGES * 8)
    await site.stop(task)


async def test_limit_does_not_wait_for_the_receipts_that_came_before_it():
    site = FullSite()
    task = await site.start()
    receipts: list[bytes] = []
    while len(receipts) < 4:
        await turns(TURNS)
        receipts += await site.receipts()
    del receipts[4:]  # twice as many wait at the door, and no more may
    raw = await site.limit()
    before = site.pen.verified
    for receipt in receipts + receipts:
        site.uplink.deliver("receipt", receipt)
    site.uplink.deliver("command", raw)
    assert await moved(site) == 1
    assert site.pen.verified - before <= 2, "the command's, and one that was begun when it was done"
    await turns(10 * TURNS)
    assert site.pen.verified - before >= 1 + len(receipts), "and every receipt is read after it"
    assert site.loop.session.refused_receipts == 0
    await site.stop(task)
