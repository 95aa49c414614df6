"""Everything there is, moved from moment to moment: the agent whenever it wakes, events, broker, rules.

Between two moments at which something is due nothing is done at all. The house catches up with the clock whenever
somebody asks it, changes it or looks. The rules look once a tick, at most once a second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agent.config import checked
from tools.simulate.acts import ACTS
from tools.simulate.events import Event
from tools.simulate.life import Life
from tools.simulate.peers import far_sides
from tools.simulate.plant import Plant
from tools.simulate.power import PowerCut
from tools.simulate.premises import Premises
from tools.simulate.rest import NeverRests
from tools.simulate.rules import Broken, Rule
from tools.simulate.signer import Keys
from tools.simulate.store import FlashDigest, FlashStore
from tools.simulate.timeline import Civil, Timeline
from tools.simulate.upstream import Upstream

BEGAN_CIVIL_MS = 1_700_000_000_000
NEVER_MS = 1 << 60
SECOND_MS = 1000
SETTLE_MS = 900_000  # at the end: all faults over, the link up, the backlog drained
HEARS_TIME_MS = 20_000  # a machine without a battery-backed clock knows the time so long after boot


@dataclass
class Tally:
    """What was seen; goes into the result."""

    boots: int = 0
    cuts: int = 0
    failures: int = 0
    requests: int = 0
    seconds_up: int = 0
    facts: dict[int, int] = field(default_factory=dict)


class World:
    """One run of one seed. `run` raises Broken with the first rule that does not hold."""

    def __init__(self, made: Premises, events: list[Event], keys: Keys, rules: Iterable[Rule]) -> None:
        self.made = made
        self.events = events
        self.keys = keys
        self.config = checked(made.site)
        self.tick_ms: int = self.config.agent["tick_ms"]
        self.look_ms: int = max(self.tick_ms, SECOND_MS)
        self.timeline = Timeline()
        self.civil = Civil(BEGAN_CIVIL_MS, made.keeps_civil)
        self.plant = Plant(made)
        self.digest = FlashDigest()
        self.store = FlashStore(self.config.agent["journal_bytes_max"], self.digest)
        self.upstream = Upstream(keys)
        self.far_sides = far_sides(self)
        self.rules = list(rules)
        self._watching = [rule for rule in self.rules if type(rule).requested is not Rule.requested]
        self.tally = Tally()
        self.seen: dict[object, Any] = {}  # what rules have found out at this look
        self.life: Life | None = None
        self.boots_at_ms: int | None = 0
        self.link_back_ms = 0
        self.receipts_good_ms = 0
        self.torn: tuple[int, int, int] | None = None  # what happens when the armed fuse blows
        self.stirred_ms = 0  # when something last changed that takes time to follow
        self._event_at = 0
        self._look_at_ms = self.look_ms
        self._verdict: Broken | None = None

    def run(self, span_ms: int) -> None:
        """Let `span_ms` pass, then heal everything, drain the backlog and stop. Raises: Broken."""
        self.run_until(span_ms)
        self.events = self.events[: self._event_at]
        self.heal()
        self.run_until(span_ms + SETTLE_MS)
        if self.life is not None:
            self.life.loop.stop()
        self.boots_at_ms = NEVER_MS
        self.run_until(span_ms + SETTLE_MS + 60_000)
        for rule in self.rules:
            rule.ended(self)

    def heal(self) -> None:
        """End all that is wrong."""
        self.plant.pass_to(self.now_ms)
        self.plant.heal()
        self.link_back_ms = self.receipts_good_ms = self.timeline.now_ms
        self.stirred_ms = self.timeline.now_ms
        for far in self.far_sides.values():
            far.heal()
        self.torn = None
        self.store.fuse_bytes = None
        self.store.failing = False
        if self.life is None:
            self.boots_at_ms = self.timeline.now_ms

    @property
    def now_ms(self) -> int:
        """Virtual milliseconds since the beginning."""
        return self.timeline.now_ms

    @property
    def slack_ms(self) -> int:
        """Return by how much a tick is longer than a second: what rules that were made for a second allow more."""
        return self.look_ms - SECOND_MS

    def up_ms(self) -> int:
        """Return for how long the agent has run, -1 while it does not."""
        return -1 if self.life is None else self.now_ms - self.life.began_ms

    def run_until(self, end_ms: int) -> None:
        """Let time pass up to `end_ms`. Raises: Broken."""
        while self.timeline.now_ms < end_ms:
            self._advance(self._next_ms(end_ms))

    def _next_ms(self, end_ms: int) -> int:
        """Return when something is due next; the timeline learns when that is without the agent."""
        now_ms = self.timeline.now_ms
        at_ms: int = min(self._look_at_ms, end_ms)
        if self.life is None:
            if self.boots_at_ms is not None and self.boots_at_ms < at_ms:
                at_ms = self.boots_at_ms
        elif self.life.uplink.sent:
            at_ms = min(at_ms, now_ms - now_ms % SECOND_MS + SECOND_MS)
        if self._event_at < len(self.events) and self.events[self._event_at].at_ms < at_ms:
            at_ms = self.events[self._event_at].at_ms
        if at_ms < now_ms:
            at_ms = now_ms
        self.timeline.horizon_ms = at_ms
        sleeper_ms = self.timeline.next_ms
        if sleeper_ms is None or sleeper_ms >= at_ms:
            return at_ms
        return max(sleeper_ms, now_ms)

    def _advance(self, at_ms: int) -> None:
        looks = at_ms >= self._look_at_ms
        self.timeline.now_ms = at_ms
        if at_ms % SECOND_MS == 0:
            self._mind_link()
        self._happen()
        if self.life is None and self.boots_at_ms is not None and self.boots_at_ms <= at_ms:
            self._boot()
        if self.life is not None:
            self.timeline.wake()
            self._rest(self.life)
        if looks:
            self._look_at_ms = at_ms + self.look_ms
            self._judge()

    def _happen(self) -> None:
        while self._event_at < len(self.events) and self.events[self._event_at].at_ms <= self.now_ms:
            event = self.events[self._event_at]
            self._event_at += 1
            self.plant.pass_to(self.now_ms)
            ACTS[event.kind](self, *event.args)

    def _rest(self, life: Life) -> None:
        if not life.tasks.busy:
            return
        try:
            life.tasks.rest()
        except NeverRests as fault:
            raise Broken("rests", str(fault)) from fault
        if self._verdict is not None:
            raise self._verdict
        if life.tasks.faults:
            raise Broken("no stray fault", life.tasks.faults[0])
        if life.ended or not life.power.on:
            self._bury(life)

    def _bury(self, life: Life) -> None:
        """See what ended the agent and plan its next boot."""
        failure = life.failure
        if not life.power.on or isinstance(failure, PowerCut):
            assert self.torn is not None
            self.cut_power(*self.torn)
            return
        if failure is not None and not isinstance(failure, OSError):
            raise Broken("no defect", repr(failure)) from failure
        self.tally.failures += failure is not None
        self._end_life(life)
        if self.boots_at_ms is None:
            self.boots_at_ms = self.now_ms + 5000  # a supervisor starts it again

    def cut_power(self, off_s: int, keep_pm: int, noise_bytes: int) -> None:
        """Take the power from the agent; it comes back `off_s` later."""
        if self.life is None:
            return
        self._end_life(self.life)
        self._lose(off_s, keep_pm, noise_bytes)

    def _lose(self, off_s: int, keep_pm: int, noise_bytes: int) -> None:
        """Forget what was not durable."""
        self.tally.cuts += 1
        for rule in self.rules:
            rule.before_cut(self)
        noise = hashlib.sha256(str(self.now_ms).encode()).digest() * 2
        self.store.crash(self.store.unsynced_bytes() * keep_pm // 1000, noise[:noise_bytes])
        self.boots_at_ms = self.now_ms + off_s * 1000
        self.torn = None

    def _end_life(self, life: Life) -> None:
        life.cut()
        if life.lingering:
            raise Broken("source ends", f"{life.lingering} did not end with the agent")
        self.timeline.forget()
        self.life = None
        self.civil.known = self.civil.battery_backed
        self.stirred_ms = self.now_ms

    def _boot(self) -> None:
        self.boots_at_ms = None
        self._look_at_ms = self.now_ms - self.now_ms % SECOND_MS + SECOND_MS  # soon after each of its ticks
        self.tally.boots += 1
        self.stirred_ms = self.now_ms
        try:
            life = Life(
                self.config, self.timeline, self.civil, self.plant, self.store, self.keys.signer("agent"), self._request
            )
        except PowerCut:
            assert self.torn is not None
            self._lose(*self.torn)
            return
        self.life = life
        life.loop.tell = self._fact
        for rule in self.rules:
            rule.booted(self, life)
        life.start()
        for peer in life.peers:
            self.far_sides[peer.desk.authority.name].begin(life, peer)

    def _request(self, bus: str, frame: bytes) -> None:
        self.tally.requests += 1
        if self.timeline.now_ms // SECOND_MS != self.plant.second:
            self.plant.pass_to(self.timeline.now_ms)
        try:
            for rule in self._watching:
                rule.requested(self, bus, frame)
        except Broken as broken:  # said once the agent rests: it must not catch this
            self._verdict = self._verdict or broken

    def _fact(self, fact: list[object]) -> None:
        kind = fact[0]
        assert isinstance(kind, int)
        self.tally.facts[kind] = self.tally.facts.get(kind, 0) + 1
        try:
            for rule in self.rules:
                rule.told(self, fact)
        except Broken as broken:
            self._verdict = self._verdict or broken

    def _mind_link(self) -> None:
        """Let broker and time server do their part."""
        life = self.life
        if self.receipts_good_ms <= self.now_ms:
            self.upstream.receipts = "good"
        if life is None:
            return
        if not self.civil.known and self.up_ms() >= HEARS_TIME_MS:
            self.civil.known = True
        connected = self.link_back_ms <= self.now_ms
        if life.uplink.connected is not connected and not life.ended:
            life.uplink.set_connected(connected)
        self.upstream.take(life.uplink.collect(), life.uplink, (self.now_ms + self.civil.offset_ms) // 1000)

    def _judge(self) -> None:
        if not self.plant.is_current(self.now_ms):
            self.plant.pass_to(self.now_ms)
        if self.life is not None:
            self.tally.seconds_up += self.look_ms // SECOND_MS
        self.seen.clear()
        for rule in self.rules:
            rule.look(self)
        self.upstream.accepted.clear()
