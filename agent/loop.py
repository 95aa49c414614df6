"""The only file with a while-True of the core: wakes up, gathers, steps, keeps, grants.

A tick comes every tick_ms and whenever a command has passed the door. What was decided is durable before a
device is moved (journal before act), and a page is signed after the device was moved. When the loop ends for
whatever reason, every device is brought to its default mode.
"""

from __future__ import annotations

import asyncio
from asyncio import gather  # now: MicroPython would load it when devices are to stand down, which on a full heap fails

from agent import record
from agent.command import open_message
from agent.image import Image
from agent.kept import dump
from agent.session import CHANNEL_RECEIPT
from agent.step import Thinning, step
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agent.command import Authority, Message
    from agent.ledger import Ledger
    from agent.record import Record
    from agent.recorder import Recorder
    from agent.session import Session
    from agent.sources.desk import Sources
    from agent.state import State
    from agent.step import Grant, Item
    from agent.worker import Post, Worker
    from hal.ports import Clock, Signer, Uplink, Watchdog

_INBOX_MAX = const(64)
_RECEIPTS_MAX = const(8)
_RECEIPT_BYTES_MAX = const(512)
ANSWER_STRANGERS_MS = const(5000)
# What anybody can send who reaches the broker.
UNPROVEN = (record.MALFORMED, record.UNKNOWN_KEY, record.BAD_SIGNATURE, record.TOO_LARGE, record.REPLAYED)
OUT_OF_STEP = (record.WRONG_EPOCH, record.REPLAYED, record.EXPIRED)  # the authority's picture of this agent is old


class Loop:
    """Holds the agent together; `run` ends when `stop` is called."""

    def __init__(
        self, state: State, ledger: Ledger, session: Session, workers: list[Worker], authorities: list[Authority],
        clock: Clock, signer: Signer, uplink: Uplink | None, watchdog: Watchdog, tick_ms: int, sync_ms: int,
    ) -> None:  # fmt: skip
        self.state = state
        self.ledger = ledger
        self.session = session
        self.workers: list[Worker] = []
        self.posts: dict[int, Post] = {}
        self.authorities = authorities
        self.clock = clock
        self.signer = signer
        self.uplink = uplink
        self.watchdog = watchdog
        self.tick_ms = tick_ms
        self.sync_ms = sync_ms
        self.inbox: list[Item] = []
        self.overflow = 0  # messages that came while the inbox was full
        self.ticks = 0
        self.tell: Callable[[Record], None] | None = None  # who watches; sees every fact once it is kept
        self.recorder: Recorder | None = None
        self.sources: Sources | None = None
        self.failure: Exception | None = None
        self._workers_of: dict[int, Worker] = {}
        self._turned = False  # since the last tick
        self._rounds = 0  # buses whose round of this tick has not ended
        self._wake = asyncio.Event()
        self._door = asyncio.Event()
        self._sealing = asyncio.Event()
        self._stopping = False
        self._synced_ms = 0
        self._answered_ms = -1  # when a page was last closed for the sake of an unproven message
        self._lost_said = ledger.lost  # every boot says what earlier ones lost
        self._answering = False  # somebody waits for what this turn put into the page
        self._untold: list[Record] = []
        self.beside: list[Record] = []  # kept and not told yet, and none of the core's
        self._grants: list[Grant] = []
        for worker in workers:
            self.add_worker(worker)

    def add_worker(self, worker: Worker) -> None:
        """Take a bus in; its devices report to this loop."""
        self.workers.append(worker)
        for post in worker.posts:
            self.posts[post.device] = post
            self._workers_of[post.device] = worker
        worker.on_round = self._round_ended

    def report(self, item: Item) -> None:
        """Take what a worker or the door has to say; it is looked at in the next turn."""
        self.inbox.append(item)

    def enter(self, message: Message) -> bool:
        """Take a message that has passed a door and look at it at once; False where there is no room."""
        if len(self.inbox) >= _INBOX_MAX:
            self.overflow += 1
            return False
        self.report(message)
        self._wake.set()
        return True

    def stop(self) -> None:
        """End after the present turn."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Run until `stop`, then stand down. Raises: whatever broke a task, after standing down."""
        jobs = [self._tick(), self._open_door(), self._keep_session()]
        jobs += [worker.run() for worker in self.workers]
        tasks = [asyncio.create_task(self._guard(job)) for job in jobs]
        link = None if self.uplink is None else asyncio.create_task(self._guard(self.uplink.run(self._door.set)))
        try:
            while not self._stopping:
                await self._wake.wait()
                self._wake.clear()
                self.turn()
                await asyncio.sleep(0)  # who writes goes first, then who watches, then who signs
                self._conclude()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)
            await self._leave()
            if link is not None:
                link.cancel()  # not before: the last page goes over it
        if self.failure is not None:
            raise self.failure

    def turn(self) -> None:
        """Do one whole tick: look, decide, keep, grant."""
        grants, facts = self._step()
        self._answering = self._keep(facts, self.state.now_ms)
        self._hand_out(grants)
        self._grants = grants
        self._untold = facts
        self._turned = True
        self.ticks += 1
        self.watchdog.feed()

    def _conclude(self) -> None:
        """Tell what was kept, and close the page when it is due or somebody waits for it."""
        self._tell(self._untold)
        if self.beside:
            self._tell(self.beside)
            self.beside = []
        if self._answering or self.ledger.should_close(self.state.now_ms // 1000):
            self.ledger.close_page()
            self._sealing.set()
        if self.recorder is not None:
            self.recorder.end(self.state, self._grants, self._untold)

    def _step(self) -> tuple[list[Grant], list[Record]]:
        """Give the core what is known and what came in."""
        now_ms, image = self.clock.now_ms(), self.image()
        if self.sources is not None:
            self.sources.look(now_ms, image)
        inbox, self.inbox = self.inbox, []
        if self.ledger.nearly_full is not self.state.thinned:
            inbox.append(Thinning(self.ledger.nearly_full))
        if self.recorder is not None:
            self.recorder.begin(self.state, now_ms, image, inbox)
        return step(self.state, now_ms, image, inbox)

    def _tell(self, facts: list[Record]) -> None:
        for fact in facts:
            if self.sources is not None:
                self.sources.tell(fact)
            if self.tell is not None:
                self.tell(fact)

    def image(self) -> Image:
        """Return what is known now."""
        samples = [self.posts[unit.index].sample if unit.index in self.posts else None for unit in self.state.units]
        return Image(samples, self.clock.civil_ms(), self.clock.quality(), self.clock.error_ms())

    def _keep(self, facts: list[Record], now_ms: int) -> bool:
        """Put facts and state into the journal as one write; return whether somebody waits for one of them."""
        urgent = False
        for fact in facts:
            self.ledger.add(fact)
            if fact[0] == record.DECISION:
                urgent = self._somebody_waits(fact, now_ms) or urgent
        if self.state.must_persist:
            self.state.must_persist = False
            self.ledger.save_state(dump(self.state))
            urgent = True
        if self.ledger.lost > self._lost_said:
            self._lost_said = self.ledger.lost
            self.ledger.add([record.GAP, now_ms, record.JOURNAL_FULL, self._lost_said, None])
        rotation = self.session.rotation
        key_change = None if rotation is None else rotation.keep(now_ms)
        if key_change is not None:
            self.beside.append(key_change)
            urgent = True
        self.ledger.flush()
        if urgent or now_ms - self._synced_ms >= self.sync_ms:
            self.ledger.sync()
            self._synced_ms = now_ms
        return urgent

    def _somebody_waits(self, decision: Record, now_ms: int) -> bool:
        """Tell whether the page with this answer is closed at once.

        What nobody we know can have sent just now (forged, repeated, garbage) is answered too, but at most every
        ANSWER_STRANGERS_MS: whoever reaches the broker must not be able to keep a small board signing.
        """
        reason = decision[5]
        if reason in OUT_OF_STEP:
            self.session.announce = True
        if reason not in UNPROVEN:
            return True
        if self._answered_ms >= 0 and now_ms - self._answered_ms < ANSWER_STRANGERS_MS:
            return False
        self._answered_ms = now_ms
        return True

    def _hand_out(self, grants: list[Grant]) -> None:
        until_ms = self.state.now_ms + self.state.lease_ms
        for grant in grants:
            actuator = self.posts[grant[0]].actuator
            if actuator is not None and actuator.grant(grant, until_ms):
                self._workers_of[grant[0]].wake.set()

    async def _tick(self) -> None:
        """Wake the workers every tick_ms, and the loop when they have not: a bus with a silent device takes long."""
        while True:
            await self.clock.sleep_ms(self.tick_ms - self.clock.now_ms() % self.tick_ms)
            for worker in self.workers:
                if not worker.awaited:
                    worker.awaited = True
                    self._rounds += 1
                worker.wake.set()
            if not self._turned:
                self._wake.set()
            self._turned = False
            self._sealing.set()

    def _round_ended(self) -> None:
        """Step when every bus has been asked: the meter and the devices then tell of the same moment."""
        self._rounds -= 1
        if self._rounds == 0:
            self._wake.set()

    async def _guard(self, job: Coroutine[object, object, None]) -> None:
        """Run one task; a defect in it ends the agent, which stands down and starts again."""
        try:
            await job
        except Exception as fault:
            self.failure = self.failure or fault
            self.stop()

    async def _leave(self) -> None:
        """Stand down; what fails keeps nothing after it from its turn, and what broke first is what is told."""
        if self.workers:
            await gather(*[self._guard(worker.stand_down()) for worker in self.workers])
        for last in (self._keep_end, self.session.turn, self._hang_up, self._put_away):
            await self._guard(last())
        if self.recorder is not None:
            self.recorder.close()

    async def _keep_end(self) -> None:
        """Say that every device was brought to its default mode, and close the last page."""
        grants, facts = self._step()
        now_ms = self.state.now_ms
        if self.recorder is not None:
            self.recorder.end(self.state, grants, facts)
        facts.append([record.FAILSAFE, now_ms, None, record.SHUTDOWN, True])
        self._keep(facts, now_ms)
        self._tell(facts)
        self.ledger.close_page()

    async def _hang_up(self) -> None:
        if self.uplink is not None:
            await self.uplink.close()

    async def _put_away(self) -> None:
        try:
            self.ledger.sync()
        finally:
            self.ledger.journal.store.close()

    async def _open_door(self) -> None:
        """Check signatures outside the loop's turn: on a small board one takes most of a second.

        Receipts wait for commands: a limit does not stand behind all the pages that are confirmed just then.
        """
        uplink = self.uplink
        receipts: list[bytes] = []
        while uplink is not None:
            await self._door.wait()
            self._door.clear()
            received = uplink.take()
            while received is not None or receipts:
                if received is None:
                    await self._let_in(CHANNEL_RECEIPT, receipts.pop(0))
                elif received[0] == CHANNEL_RECEIPT and self._may_wait(received[1], len(receipts)):
                    receipts.append(received[1])
                else:
                    await self._let_in(received[0], received[1])
                received = uplink.take()
            if not self._wake.is_set():  # else the turn comes first
                self._sealing.set()

    @staticmethod
    def _may_wait(raw: bytes, waiting: int) -> bool:
        return waiting < _RECEIPTS_MAX and len(raw) <= _RECEIPT_BYTES_MAX

    async def _let_in(self, channel: str, raw: bytes) -> None:
        message = await open_message(raw, self.authorities, self.signer)
        if channel == CHANNEL_RECEIPT:
            self.session.receive(message)
        else:
            self.enter(message)

    async def _keep_session(self) -> None:
        while True:
            await self._sealing.wait()
            self._sealing.clear()
            await self.session.turn()
