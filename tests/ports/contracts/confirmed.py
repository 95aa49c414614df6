"""What the uplink side of an agent promises through a broker that has troubles of its own.

Bench: `uplink` with a keep-alive of 1 s, not yet run; `say(word)` has the world outside do something: `allow` and
`deny` what the agent publishes, `freeze`, `thaw` and `restart` the broker. A head-end confirms what reaches it.
"""

import asyncio
import gc
import time

from agent import record
from agent.circuits import Circuit
from agent.command import Authority, open_message
from agent.journal import Journal
from agent.ledger import Ledger
from agent.session import Session
from agent.state import State
from boards.micropython.signer import SoftSigner
from hal import quantities as q
from hal.memory import MemoryStore
from tests.ports.contracts.uplink import Running

AGENT_KEY = b"\x07" * 32
RECEIPT_KEY = b"\x09" * 32
TABLE = {"import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 25000, "meter_stale_ms": 10000}
PAGES = 12
TURN_MS = 2000  # of its own, fast clock
HEAP_BYTES_MAX = 16384  # that much more may be in use while nobody confirms, journal apart
NOTICED_S = 4  # with a keep-alive of 1 s: two pings without an answer, and a second in which to see it


def now_ms():
    """Return milliseconds that do not jump, on either runtime."""
    return time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1000000


class FastClock:
    """Runs `factor` times as fast as the world."""

    def __init__(self, factor):
        self._factor = factor
        self._began_ms = now_ms()

    def now_ms(self):
        return (now_ms() - self._began_ms) * self._factor

    async def sleep_ms(self, ms):
        await asyncio.sleep(ms / self._factor / 1000)

    def civil_ms(self):
        return 0

    def quality(self):
        return q.CLOCK_UNKNOWN

    def error_ms(self):
        return 0


class Agent:
    """A ledger and a session on a real uplink, with real signatures."""

    def __init__(self, uplink, factor):
        self.uplink = uplink
        self.signer = SoftSigner(AGENT_KEY)
        self.headend = Authority("headend", SoftSigner(RECEIPT_KEY).public_key, "receipt", 0)
        self.clock = FastClock(factor)
        journal = Journal(MemoryStore(1 << 16), 4096)
        self.ledger = Ledger(journal, self.signer.key_id, self.clock, 1024, 900, b"secret", 1 << 16)
        self.ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), [], self.signer.key_id, self.ledger.epoch, 60, 10000)
        self.session = Session(self.ledger, self.signer, uplink, self.clock, state)
        self.silences = []
        self.session.on_silence = self.silences.append
        self.ledger.add([record.BOOT, 0, "test", "test", bytes(32), bytes(32), 25000, [["grid", "meter"]]])

    def fill(self, pages):
        """Close so many pages."""
        for _ in range(pages):
            at_ms = self.clock.now_ms()
            self.ledger.add([record.DEVICE_STATE, at_ms, 0, record.ATTACHED])
            self.ledger.close_page()

    async def run(self):
        """Take turns until cancelled: when the uplink has something, and as its clock goes on."""
        while True:
            received = self.uplink.take()
            while received is not None:
                self.session.receive(await open_message(received[1], [self.headend], self.signer))
                received = self.uplink.take()
            await self.session.turn()
            await self.clock.sleep_ms(TURN_MS)

    def is_confirmed(self):
        return self.ledger.released_seq == self.ledger.next_seq


class Working:
    """An agent at work on a running uplink."""

    def __init__(self, bench, factor=10):
        self.agent = Agent(bench.uplink, factor)
        self._running = Running(bench.uplink)

    async def __aenter__(self):
        running = await self._running.__aenter__()
        self._task = asyncio.create_task(self.agent.run())
        return self.agent, running

    async def __aexit__(self, *why):
        self._task.cancel()
        await self._running.__aexit__(*why)


def used_bytes():
    """Return the heap in use; 0 where nobody tells."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


async def test_what_a_broker_acknowledges_and_drops_stays_and_arrives_once_it_is_let_through(bench):
    await bench.say("deny")
    async with Working(bench, 300) as (agent, running):
        await running.up()
        agent.fill(PAGES)
        assert await running.until(lambda: not agent.ledger.unsealed)
        before = used_bytes()
        assert await running.until(lambda: agent.session.silent)
        assert agent.silences == [True] and agent.ledger.released_seq == 1
        assert bench.uplink.connected, "a link that carries pings and acknowledgements is no bad link"
        await bench.say("allow")
        assert used_bytes() - before < HEAP_BYTES_MAX
        assert await running.until(agent.is_confirmed)
        assert agent.silences == [True, False] and agent.session.refused_receipts == 0
        agent.fill(1)
        assert await running.until(agent.is_confirmed)


async def test_a_broker_that_stands_still_is_left_in_time_and_found_again(bench):
    async with Working(bench) as (agent, running):
        await running.up()
        agent.fill(1)
        assert await running.until(agent.is_confirmed)
        await bench.say("freeze")
        agent.fill(PAGES)
        assert await running.until(lambda: not bench.uplink.connected, NOTICED_S)
        assert bench.uplink.trouble
        await bench.say("thaw")
        assert await running.until(agent.is_confirmed)


async def test_a_broker_that_restarts_in_the_middle_of_a_backlog_loses_nothing(bench):
    async with Working(bench) as (agent, running):
        agent.fill(PAGES)
        await running.up()
        assert await running.until(lambda: agent.ledger.released_seq > 3)
        await bench.say("restart")
        assert await running.until(lambda: not bench.uplink.connected)
        agent.fill(2)
        assert await running.until(agent.is_confirmed)
