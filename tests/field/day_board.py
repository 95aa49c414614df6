"""One life of a board within the virtual day: boots on the flash as it is and runs until something ends it.

Runs inside MicroPython; tests/field/day.py starts the next life and reads what is printed, a line of JSON or a page in
hex each. The clock, the lines, the broker and the flash are ours, everything else is the agent as boards run it. There
is no waiting: once no task is ready, the time of the next sleeper has come.
"""

import asyncio
import gc
import hashlib
import json
import sys

from agent import cbor, cose, record
from agent.config import checked
from agent.page import page_hash
from boards.micropython import clock as board_clock
from boards.micropython.ring_store import RingStore
from boards.micropython.signer import SoftSigner
from boards.micropython_unix import STEPS_A_TURN
from boards.startup import Parts, assemble
from hal.memory import LoopUplink
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from tests.field.day_flash import BLOCKS, UNIT_BYTES, FieldFlash
from tests.field.day_house import House
from tests.shared.paged import Opened

PERIOD = 1 << 30  # of the ticks
BEGAN_S = 1790000000
UNSET_S = 1600000000  # what an RTC says that nobody has set
WATCHDOG_MS = 8000
SETTLE_MS = 15000  # after a boot or a new limit: two ticks, and the bus once around
TOLERANCE_W = 100
QUEUE_MAX = 2
SECOND_MS = 1000


def take_steps(steps):
    """Take some steps of a signature; a board's own way sets how often the heap is collected."""
    for _ in range(STEPS_A_TURN):
        next(steps)


def tell(**said):
    print(json.dumps(said))


class Ticks:
    """The board's ticks, which wrap in the course of the day, and who sleeps on them."""

    def __init__(self, world, wraps_at_ms):
        self._world = world
        self._offset_ms = PERIOD - wraps_at_ms
        self.sleepers = []

    def ms(self):
        return (self._world.now_ms + self._offset_ms) % PERIOD

    def diff(self, later, earlier):
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2

    async def sleep_ms(self, ms):
        if ms <= 0:
            await asyncio.sleep(0)
            return
        sleeper = (self._world.now_ms + ms, asyncio.Event())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            if sleeper in self.sleepers:
                self.sleepers.remove(sleeper)

    def next_ms(self):
        return min([at_ms for at_ms, _ in self.sleepers])

    def wake(self):
        due = [sleeper for sleeper in self.sleepers if sleeper[0] <= self._world.now_ms]
        for sleeper in due:
            self.sleepers.remove(sleeper)
            sleeper[1].set()


class Watchdog:
    """Remembers when it was fed."""

    def __init__(self, world):
        self._world = world
        self.fed_ms = world.now_ms

    def feed(self):
        self.fed_ms = self._world.now_ms


class Upstream:
    """Broker and head-end: confirms pages, sends limits and claims."""

    def __init__(self, keys, counters):
        self.signers = {name: SoftSigner(bytes((number,)) * 32, 0) for number, name in keys}
        self.counters = counters
        self.pages = 0

    async def take(self, uplink, civil_s):
        for channel, raw in uplink.collect():
            if channel == "page":
                self.pages += 1
                print("P", raw.hex())
                page = Opened(raw)
                fields = [4, 1, page.agent, page.last_seq, page_hash(page.signed_bytes), civil_s]
                uplink.deliver("receipt", await cose.seal(self.signers["receipts"], cbor.encode(fields)))

    async def ask(self, loop, who, kind, body):
        self.counters[who] = self.counters.get(who, 0) + 1
        state = loop.state
        expires_s = loop.clock.now_ms() // 1000 + 60
        payload = cbor.encode([3, 1, state.agent_id, state.epoch, self.counters[who], expires_s, kind, body])
        raw = await cose.seal(self.signers[who], payload)
        loop.uplink.deliver("command", raw)
        return hashlib.sha256(raw).digest()


KEYS = ((7, "agent"), (8, "dso"), (9, "aggregator"), (10, "receipts"))


class World:
    """Everything around one life; `kept` is what earlier ones left."""

    def __init__(self, folder, script, kept):
        self.folder = folder
        self.script = script
        self.house = House(kept.get("house", {}))
        self.now_ms = self.house.now_ms
        self.event_at = kept.get("event_at", 0)
        self.limit = kept.get("limit", [0, 0, 0])  # that was accepted: from_ms, until_ms, W
        self.ordered = kept.get("ordered", [0, 0, 0])  # the newest one: sent again until it is
        self.order = b""  # its hash, while no answer has been seen
        self.wish = None  # [due_ms, mA]
        self.civil_ahead_s = kept.get("civil_ahead_s", 0)
        self.civil_known = True
        self.began_ms = self.now_ms
        self.over_since_ms = -1
        self.worst_ms = 0
        self.judged_s = self.obeyed = self.asked = 0
        self.facts = {}  # kind -> how many
        self.up = True
        self.upstream = Upstream(KEYS, kept.get("counters", {}))
        self.ticks = Ticks(self, script["wraps_at_ms"])
        self.watchdog = Watchdog(self)
        self.uplink = LoopUplink(QUEUE_MAX)
        self.flash = FieldFlash(folder + "/journal.flash", lambda: self.end("brown-out"))
        board_clock.ticks_ms, board_clock.ticks_diff = self.ticks.ms, self.ticks.diff
        board_clock.sleep_ms, board_clock.time = self.ticks.sleep_ms, self.civil_s
        board_clock.gmtime = lambda _: (1970, 1, 1)
        self.loop = self._boot()

    def civil_s(self):
        return BEGAN_S + self.now_ms // 1000 + self.civil_ahead_s if self.civil_known else UNSET_S

    def _boot(self):
        clock = board_clock.BoardClock()
        serial, network = self.house.lines()
        signers = self.upstream.signers

        def open_bus(row):
            return Bus(network, Tcp(), clock) if row["kind"] == "tcp" else Bus(serial, Rtu(), clock)

        tree = self.script["site"]
        tree["authority"] = [
            {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": signers["dso"].public_key.hex()},
            {"name": "aggregator", "role": "aggregator", "power_max_w": 12000,
             "public_key": signers["aggregator"].public_key.hex()},
            {"name": "receipts", "role": "receipt", "public_key": signers["receipts"].public_key.hex()},
        ]  # fmt: skip
        store = RingStore(self.flash, UNIT_BYTES, BLOCKS * 4096)
        signer = SoftSigner(bytes((7,)) * 32, 3, take_steps)
        parts = Parts(
            "field", bytes(32), clock, store, signer, self.uplink, self.watchdog, b"%d" % self.now_ms * 8, open_bus
        )
        loop = assemble(checked(tree), hashlib.sha256(b"field").digest(), parts)
        loop.tell = self._told
        tell(boot=loop.state.epoch, at_ms=self.now_ms, key=signer.public_key.hex(), lost=loop.ledger.lost)
        return loop

    def _told(self, fact):
        self.facts[fact[0]] = self.facts.get(fact[0], 0) + 1
        if fact[0] == record.DECISION and fact[2] == self.order:
            assert fact[5] == record.ACCEPTED, fact[5]
            self.order = b""
            self.limit = [self.now_ms, self.ordered[1], self.ordered[2]]

    def kept(self):
        return {
            "house": self.house.kept(), "event_at": self.event_at, "limit": self.limit, "ordered": self.ordered,
            "civil_ahead_s": self.civil_ahead_s, "counters": self.upstream.counters,
        }  # fmt: skip

    def end(self, why):
        """Keep the world, say why, and do nothing any more: whoever reads this takes the power."""
        self.house.pass_to(self.now_ms)
        with open(self.folder + "/world.json", "w") as file:  # noqa: PTH123
            json.dump(self.kept(), file)
        tell(
            end=why, at_ms=self.now_ms, worst_ms=self.worst_ms, judged_s=self.judged_s, asked=self.asked,
            obeyed=self.obeyed, facts=self.facts, pages=self.upstream.pages, erases=self.flash.erases,
            exchanges=self.house.exchanges, spoilt=self.house.spoilt,
        )  # fmt: skip
        while True:
            sys.stdin.read(1)  # never comes

    # Time.

    async def live(self):
        agent = asyncio.create_task(self.loop.run())
        self.uplink.set_connected(True)
        second_ms = self.now_ms + SECOND_MS
        while self.now_ms < self.script["span_ms"]:
            await self._rest()
            if self.loop.failure is not None:
                raise self.loop.failure
            at_ms = min(self.ticks.next_ms(), second_ms)
            self.house.pass_to(at_ms)
            self.now_ms = at_ms
            self.ticks.wake()
            if at_ms == second_ms:
                second_ms += SECOND_MS
                await self._second()
        self.loop.stop()
        while not agent.done():
            await self._rest()
            await self.upstream.take(self.uplink, self.civil_s())
            self.now_ms += SECOND_MS
            self.ticks.wake()
        await self.upstream.take(self.uplink, self.civil_s())
        self.end("done")

    async def _rest(self):
        """Let every task run until none is ready."""
        queue = asyncio.core._task_queue
        while queue.peek() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def _second(self):
        await self._happen()
        await self._order()
        await self.upstream.take(self.uplink, self.civil_s())
        await self._rest()
        self._judge()
        assert self.now_ms - self.watchdog.fed_ms <= WATCHDOG_MS, "it is not fed"
        if self.now_ms % self.script["look_ms"] == 0:
            gc.collect()
            tell(heap=gc.mem_alloc(), at_ms=self.now_ms)

    async def _happen(self):
        events = self.script["events"]
        while self.event_at < len(events) and events[self.event_at][0] <= self.now_ms:
            _, what, argument = events[self.event_at]
            self.event_at += 1
            await getattr(self, "_do_" + what)(argument)

    async def _do_wifi(self, up):
        self.house.down = not up
        await self._do_broker(up)

    async def _do_broker(self, up):
        self.up = up
        self.order = b""
        self.uplink.set_connected(bool(up))

    async def _do_noise(self, on):
        self.house.noise = bool(on)

    async def _do_civil(self, ahead_s):
        self.civil_known = ahead_s is not None
        self.civil_ahead_s = ahead_s or 0

    async def _do_base(self, power_w):
        self.house.pass_to(self.now_ms)
        self.house.base_w = power_w

    async def _do_hang(self, ms):
        """Nothing runs for a while: the watchdog bites when it was not fed for long enough."""
        self.now_ms += ms
        assert self.now_ms - self.watchdog.fed_ms > WATCHDOG_MS, "the watchdog slept"
        self.end("watchdog")

    async def _do_fuse(self, operations):
        self.flash.fuse = operations

    async def _do_erase_fuse(self, _):
        self.flash.erase_fuse = True

    async def _do_limit(self, asked):
        most_w, lasts_s = asked
        self.ordered = [self.now_ms, self.now_ms + lasts_s * SECOND_MS, most_w]
        self.order = b""

    async def _order(self):
        """Send the newest limit unless it was accepted; once in a life and link, as a head-end does."""
        _, until_ms, most_w = self.ordered
        if self.up and not self.order and self.limit[1:] != self.ordered[1:] and self.now_ms < until_ms:
            lasts_s = (until_ms - self.now_ms) // SECOND_MS
            self.order = await self.upstream.ask(self.loop, "dso", 1, ["", 0, most_w, lasts_s])

    async def _do_claim(self, asked):
        limit_ma, lasts_s = asked
        if self.up and not self.house.noise:
            await self.upstream.ask(self.loop, "aggregator", 2, ["charger", limit_ma, lasts_s, 50])
            self.wish = [self.now_ms + SETTLE_MS, limit_ma]

    def _judge(self):
        """See that the newest limit holds, and that a claim has reached its charger."""
        if self.wish is not None and self.now_ms >= self.wish[0]:
            self.asked += 1
            self.obeyed += round(self.house.limit_a() * 1000) == self.wish[1]
            self.wish = None
        from_ms, until_ms, most_w = self.limit
        if not from_ms <= self.now_ms < until_ms or self.now_ms - self.began_ms < SETTLE_MS:
            self.over_since_ms = -1
            return
        self.judged_s += 1
        if self.house.power_w() <= most_w + TOLERANCE_W:
            self.over_since_ms = -1
        elif self.over_since_ms < 0:
            self.over_since_ms = self.now_ms
        else:
            self.worst_ms = max(self.worst_ms, self.now_ms - self.over_since_ms)


def main(folder):
    gc.threshold(262144)  # not a board's: nothing here is about a heap in pieces, and house and broker are in it, too
    with open(folder + "/script.json") as file:  # noqa: PTH123
        script = json.load(file)
    try:
        with open(folder + "/world.json") as file:  # noqa: PTH123
            kept = json.load(file)
    except OSError:
        kept = {}
    asyncio.run(World(folder, script, kept).live())
