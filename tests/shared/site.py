"""A whole agent on in-memory ports in virtual time: two devices, a loop, a signer, a head-end's keys."""

from __future__ import annotations

import asyncio

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.command import Authority
from agent.journal import Journal
from agent.kept import load
from agent.ledger import Ledger
from agent.loop import Loop
from agent.page import page_hash
from agent.session import Session
from agent.state import State
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from boards.micropython.signer import SoftSigner
from hal import quantities as q
from hal.capabilities import VOLATILE, Meter
from hal.capabilities.charger import Charger
from hal.errors import LineTimeout
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore
from tests.shared.house import TABLE, row
from tests.shared.paged import Opened

CIVIL_MS = 1700000000000


class TwinMeter(Meter):
    """Adds the charger to a base load; does not answer while `silent`."""

    model = "twin-meter"

    def __init__(self, charger: TwinCharger) -> None:
        self.charger = charger
        self.silent = False
        self.energy_mws = 0

    async def read(self) -> dict[int, int]:
        """Return power and energy of the connection."""
        if self.silent:
            raise LineTimeout("meter", 500)
        power_w = 500 + self.charger.power_w()
        self.energy_mws += power_w
        return {q.POWER_W: power_w, q.ENERGY_IMPORT_WH: 1000 + self.energy_mws // 3600, q.ENERGY_EXPORT_WH: 0}


class TwinCharger(Charger):
    """Draws what it may; remembers every write."""

    model = "twin-charger"
    refresh_ms = 25000
    write_cost = VOLATILE

    def __init__(self) -> None:
        self.limit_ma = 0
        self.writes: list[int] = []
        self.silent = False

    def power_w(self) -> int:
        """Return the three-phase power at 230 V."""
        return self.limit_ma * 690 // 1000

    async def read(self) -> dict[int, int]:
        """Return power and limit."""
        if self.silent:
            raise LineTimeout("charger", 500)
        return {q.POWER_W: self.power_w(), q.LIMIT_MA: self.limit_ma, q.EV_STATE: q.EV_C}

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Take the limit."""
        if self.silent:
            raise LineTimeout("charger", 500)
        self.limit_ma = limit_ma
        self.writes.append(limit_ma)
        return limit_ma

    async def default_mode(self) -> int:
        """Fall to 6 A."""
        return await self.set_limit_ma(6000)


class TwinSite:
    """The agent and everything around it; `boot` again after a crash of the store."""

    def __init__(self) -> None:
        self.store = MemoryStore(1 << 20)
        self.bytes_max = 1 << 20
        self.segment_bytes = 8192
        self.signer = SoftSigner(b"\x07" * 32)
        self.dso = SoftSigner(b"\x08" * 32)
        self.headend = SoftSigner(b"\x09" * 32)
        self.charger = TwinCharger()
        self.meter = TwinMeter(self.charger)
        self.counter = 0
        self.clock = ManualClock()
        self.civil_ms = CIVIL_MS

    def boot(self) -> None:
        """Build an agent on what the store holds; its monotonic time begins anew."""
        self.clock = ManualClock()
        self.clock.set_civil(self.civil_ms, q.CLOCK_SYNCHRONISED, 10)
        self.uplink = LoopUplink()
        drivers = [self.meter, self.charger]
        rows = [row("grid"), row("charger", default=16000, power_max_w=11040)]
        units = [Unit(at, rows[at], contract_of(drivers[at])) for at in (0, 1)]
        journal = Journal(self.store, self.segment_bytes)
        ledger = Ledger(journal, self.signer.key_id, self.clock, 2048, 120, b"secret", self.bytes_max)
        ledger.recover()
        ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), units, self.signer.key_id, ledger.epoch, 10, 10000)
        load(state, ledger.state_blob, self.clock.civil_ms())
        session = Session(ledger, self.signer, self.uplink, self.clock, state)
        authorities = [
            Authority("dso", self.dso.public_key, "grid", 20000),
            Authority("headend", self.headend.public_key, "receipt", 0),
        ]
        self.loop = Loop(
            state,
            ledger,
            session,
            [],
            authorities,
            self.clock,
            self.signer,
            self.uplink,
            CountingWatchdog(),
            1000,
            1000,
        )
        self.loop.add_worker(Worker([Post(at, drivers[at], self.loop.report) for at in (0, 1)], self.clock))
        ledger.add(
            [
                record.BOOT,
                0,
                "test",
                "twin",
                bytes(32),
                bytes(32),
                25000,
                [["grid", "twin-meter"], ["charger", "twin-charger"]],
            ]
        )

    async def let_pass(self, ms: int) -> None:
        """Let virtual time pass in steps of 100 ms, all tasks running to rest at each."""
        for _ in range(ms // 100):
            self.clock.advance(100)
            self.civil_ms += 100
            await self.settle()

    async def settle(self) -> None:
        """Let every task run until it waits; a signature takes about 60 turns."""
        for _ in range(200):
            await asyncio.sleep(0)

    async def limit(self, value_w: int, duration_s: int, signer: SoftSigner | None = None, epoch: int = 0) -> bytes:
        """Return a signed site import limit with the next counter."""
        self.counter += 1
        state = self.loop.state
        payload = cbor.encode(
            [
                3,
                1,
                state.agent_id,
                epoch or state.epoch,
                self.counter,
                self.clock.now_ms() // 1000 + 30,
                1,
                ["", 0, value_w, duration_s],
            ]
        )
        return await cose.seal(signer or self.dso, payload)

    async def receipt(self, raw: bytes) -> bytes:
        """Return the head-end's signed receipt for a page."""
        page = Opened(raw)
        fields = [4, 1, page.agent, page.last_seq, page_hash(page.signed_bytes), 1700000000]
        return await cose.seal(self.headend, cbor.encode(fields))


async def started(site: TwinSite) -> asyncio.Task[None]:
    """Boot, connect, and return the running task."""
    site.boot()
    task = asyncio.create_task(site.loop.run())
    await site.settle()
    site.uplink.set_connected(True)
    await site.let_pass(3000)
    return task


async def stopped(site: TwinSite, task: asyncio.Task[None]) -> None:
    """Let the agent stand down."""
    site.loop.stop()
    await site.settle()
    await task


async def busy_minute() -> list[bytes]:
    """Run a fixed minute with two limits, a lost charger and a lost meter; return every page that went up."""
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(9000, 20))
    await site.let_pass(12000)
    site.charger.silent = True
    await site.let_pass(15000)
    site.charger.silent = False
    site.meter.silent = True
    await site.let_pass(15000)
    site.meter.silent = False
    site.uplink.deliver("command", await site.limit(9000, 20, site.headend))
    await site.let_pass(15000)
    await stopped(site, task)
    return [raw for channel, raw in site.uplink.collect() if channel == "page"]
