"""The reference head-end: keeps what agents prove, confirms it, and gives them signed orders.

One asyncio task hears, verifies, stores and answers; every message is dealt with before the next. Ids and hashes
are hex text throughout.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tools import wire
from tools.errors import UsageError
from tools.headend import bodies, words
from tools.headend.config import Settings
from tools.headend.intake import Intake
from tools.headend.link import Link
from tools.headend.orders import Answer, Orders
from tools.headend.sessions import Session, Sessions
from tools.headend.store import Command, Store
from tools.strict import NotStrict

log = logging.getLogger("siteward.headend")

EXPIRES_S = 60
SETTLE_S = 1.0  # how often orders are looked at without news


class HeadEnd:
    """`async with HeadEnd(settings) as head_end`, or `start` and `stop`."""

    def __init__(self, settings: Settings) -> None:
        """Open the database. Raises: UsageError."""
        self.settings = settings
        self._names = {known.agent: known.name for known in settings.agents}
        keys = {known.agent: known.public_key for known in settings.agents}
        self.store = Store(settings.database)
        revoked = dict(each for known in settings.agents for each in known.revoked)
        self._sessions = Sessions(self.store, keys, revoked)
        self._intake = Intake(self.store, self._sessions, keys, settings.receipt_key)
        self._orders = Orders(self.store, self._sessions, settings.authorities)
        self._link: Link | None = None
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect to the broker and to keep orders. Raises: UsageError."""
        self._link = Link(self.settings.broker, self._heard)
        self._link.start()
        self._spawn(self._settle())

    async def stop(self) -> None:
        """Leave the broker and close the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._link.stop()
        self.store.close()

    async def __aenter__(self) -> HeadEnd:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def connected(self, timeout_s: float = 30) -> None:
        """Return once the broker has accepted the subscriptions. Raises: TimeoutError."""
        assert self._link is not None
        async with asyncio.timeout(timeout_s):
            await self._link.connected.wait()

    async def announced(self, agent: str, timeout_s: float = 30) -> Session:
        """Return the agent's newest session, waiting for its first. Raises: TimeoutError."""
        self._check(agent)
        await self.until(lambda: self._sessions.newest(agent) is not None, timeout_s)
        session = self._sessions.newest(agent)
        assert session is not None
        return session

    # --- asking ---

    async def send_limit(
        self,
        agent: str,
        *,
        authority: str | None = None,
        expires_in_s: int = EXPIRES_S,
        **asked: Any,
    ) -> str:
        """Limit the site, a circuit or a device: see tools.headend.bodies.limit. Return the command's hash."""
        return self._place(agent, wire.LIMIT, bodies.limit(_now_s(), **asked), authority, expires_in_s)

    async def send_claim(
        self,
        agent: str,
        *,
        authority: str | None = None,
        expires_in_s: int = EXPIRES_S,
        **asked: Any,
    ) -> str:
        """Ask a device, a circuit or the site: see tools.headend.bodies.claim. Return the command's hash."""
        return self._place(agent, wire.CLAIM, bodies.claim(_now_s(), **asked), authority, expires_in_s)

    async def send_set(
        self, agent: str, *, controls: Any, authority: str | None = None, expires_in_s: int = EXPIRES_S
    ) -> str:
        """Put a whole set in the place of all that an authority said so far: see tools.headend.bodies.whole_set."""
        return self._place(agent, wire.SET, bodies.whole_set(_now_s(), controls), authority, expires_in_s)

    async def send_reserve(
        self, agent: str, *, authority: str | None = None, expires_in_s: int = EXPIRES_S, **asked: Any
    ) -> str:
        """Reserve a window: see tools.headend.bodies.reservation. Return the command's hash."""
        return self._place(agent, wire.RESERVE, bodies.reservation(_now_s(), **asked), authority, expires_in_s)

    async def send_delay(
        self, agent: str, *, authority: str | None = None, expires_in_s: int = EXPIRES_S, **asked: Any
    ) -> str:
        """Set a charge point's longest random delay: see tools.headend.bodies.delay. Return the command's hash."""
        return self._place(agent, wire.DELAY, bodies.delay(**asked), authority, expires_in_s)

    async def send_prices(
        self, agent: str, *, authority: str | None = None, expires_in_s: int = EXPIRES_S, **said: Any
    ) -> str:
        """Say prices of today and tomorrow: see tools.headend.bodies.prices. Return the command's hash."""
        return self._place(agent, wire.PRICES, bodies.prices(**said), authority, expires_in_s)

    async def send_word(
        self, agent: str, *, authority: str | None = None, expires_in_s: int = EXPIRES_S, **said: Any
    ) -> str:
        """Say an owner's word: see tools.headend.words. Return the command's hash."""
        return self._place(agent, wire.WORD, words.body(**said), authority, expires_in_s)

    async def send_cancel(
        self, command: str, *, random_end_s: int = 0, authority: str | None = None, expires_in_s: int = EXPIRES_S
    ) -> list[str]:
        """End a command's controls now or at random; return the hashes of what says so, one per accepted attempt."""
        orders = self._orders.cancel(command, random_end_s, authority, expires_in_s)
        return [self._say(order) for order in orders]

    async def send_raw(self, agent: str, raw: bytes) -> str:
        """Send bytes as they are, once: forged, replayed, whatever. Return their hash. Raises: UsageError."""
        self._check(agent)
        command = self._orders.keep_raw(agent, raw)
        if self._link is None or not self._link.publish(agent, "command", raw):
            raise UsageError("the broker is away")
        return command

    async def answers(self, command: str, count: int = 1, timeout_s: float = 30) -> list[Answer]:
        """Return at least `count` decisions on a command, from signed pages. Raises: TimeoutError."""
        await self.until(lambda: len(self._orders.answers(command)) >= count, timeout_s)
        return self._orders.answers(command)

    def raw_command(self, command: str) -> bytes:
        """Return the signed bytes of a command. Raises: UsageError."""
        known = self.store.command(command)
        if known is None:
            raise UsageError(f"there is no command {command[:80]}")
        return known.raw

    # --- looking ---

    def export_pages(self, agent: str) -> bytes:
        """Return all pages of an agent as one page file."""
        return b"".join(self.pages(agent))

    def pages(self, agent: str) -> Iterator[bytes]:
        """Yield an agent's pages in their order."""
        self._check(agent)
        return self.store.pages(agent)

    def records(self, agent: str, kind: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield an agent's decoded records in their order, with absolute times."""
        self._check(agent)
        return self.store.records(agent, kind)

    async def stored(self, agent: str, seq: int, timeout_s: float = 30) -> None:
        """Return once the chain is whole up to record `seq`. Raises: TimeoutError."""
        self._check(agent)
        await self.until(lambda: (self._intake.chains[agent].next_seq or 0) > seq, timeout_s)

    def status(self) -> dict[str, Any]:
        """Return what is known of broker and agents, as plain JSON types."""
        link = self._link
        return {
            "connected": link is not None and link.connected.is_set(),
            "overflow": link.overflow if link is not None else 0,
            "duplicates": self._intake.duplicates,
            "agents": [self._agent_status(agent) for agent in self._names],
            "strangers": self.store.refusals(""),
        }

    def _agent_status(self, agent: str) -> dict[str, Any]:
        session = self._sessions.newest(agent)
        chain = self._intake.chains[agent]
        pages, records = self.store.page_counts(agent)
        faults = [fault.as_json() for fault in self._intake.faults(agent)]
        return {
            "agent": agent,
            "name": self._names[agent],
            "pages": pages,
            "records": records,
            "whole_to": None if chain.next_seq is None else chain.next_seq - 1,
            "last_page": chain.last_hash.hex(),
            "epoch": session.epoch if session else None,
            "agent_now_s": session.agent_now_s() if session else None,
            "heard_s_ago": int(time.monotonic() - session.heard_s) if session else None,
            "released_seq": session.released_seq if session else None,
            "orders_pending": len(self.store.pending(agent)),
            "refusals": self.store.refusals(agent),
            "keys": chain.keys.as_json(),
            "faults": self.store.faults(agent) + faults,
        }

    async def until(self, true: Callable[[], bool], timeout_s: float = 30) -> None:
        """Return once `true()` holds; asked after every message and every second. Raises: TimeoutError."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(true)

    # --- inside ---

    def _place(self, agent: str, kind: int, body: list[Any], authority: str | None, expires_in_s: int) -> str:
        self._check(agent)
        return self._say(self._orders.place(agent, kind, body, authority, expires_in_s))

    def _say(self, command: Command) -> str:
        if self._link is not None and self._link.publish(command.agent, "command", command.raw):
            self._orders.said(command.command)
        return command.command

    def _check(self, agent: str) -> None:
        if agent not in self._names:
            raise UsageError(f"there is no agent {agent[:80]}: expected one of {', '.join(self._names) or 'none'}")

    def _heard(self, agent: str, channel: str, raw: bytes) -> None:
        if channel == "page":
            receipt = self._intake.take_page(agent, raw)
            if receipt is not None and self._link is not None:
                self._link.publish(agent, "receipt", receipt)
        elif agent in self._names and channel == "session":
            self._hear_session(agent, raw)
        self._spawn(self._tell())

    def _hear_session(self, agent: str, raw: bytes) -> None:
        try:
            newer = self._sessions.take(agent, raw)
        except NotStrict as wrong:
            self._intake.refuse(agent, wrong.fault, wrong.detail)
            return
        if not newer:
            self._intake.refuse(agent, "old_session", "an earlier session once more")
            return
        self._intake.follow_chain(agent)
        self._keep_orders(agent)

    def _keep_orders(self, agent: str) -> None:
        for command in list(self._orders.due(agent, self._intake.chains[agent])):
            log.info("agent %s: command %s once more", agent, command.command[:16])
            self._say(command)

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_S)
            await self._tell()
            for agent in self._names:
                try:
                    self._keep_orders(agent)
                except sqlite3.Error as error:  # a full disk may be emptied again
                    log.error("the database fails: %s", error)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _spawn(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the head-end broke", exc_info=task.exception())


def _now_s() -> int:
    return int(time.time())
