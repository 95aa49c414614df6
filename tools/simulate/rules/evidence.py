"""The journal: a cut leaves a prefix of it, what was said stays, counters never fall, pages hold before a verifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import cose, record
from agent.journal import Journal
from agent.ledger import Ledger
from agent.sources.desk import authority_of
from hal.memory import ManualClock, MemoryStore
from tools.simulate.rest import at_once
from tools.simulate.rules.base import Rule
from tools.verifier import Verifier

if TYPE_CHECKING:
    from agent.state import State
    from tools.simulate.life import Life
    from tools.simulate.world import World

LIMIT, CLAIM = 1, 2
NO_SECRET = bytes(32)  # a ledger that only reads opens no page
EVENT_ENDS = (record.COMPLETED, record.CANCELLED, record.SUPERSEDED, record.LAPSED)


def stands_at(world: World, store: MemoryStore) -> Ledger:
    """Return a ledger that has read `store`."""
    ledger = Ledger(Journal(store, 1 << 30), world.keys.signer("agent").key_id, ManualClock(), 8192, 900, NO_SECRET)
    ledger.recover()
    return ledger


class PrefixKept(Rule):
    """After a cut the journal ends somewhere between what was durable and what was written."""

    name = "journal is a prefix"

    def __init__(self) -> None:
        self._between: tuple[Ledger, Ledger] | None = None
        self._epoch = 0

    def before_cut(self, world: World) -> None:
        """Read the journal as it is and as it must at least be."""
        self._between = stands_at(world, world.store.copy(True)), stands_at(world, world.store.copy(False))

    def booted(self, world: World, life: Life) -> None:
        """Compare where the agent stands."""
        ledger = life.loop.ledger
        if ledger.epoch <= self._epoch:
            raise self.broken(f"epoch {ledger.epoch} after {self._epoch}")
        self._epoch = ledger.epoch
        if self._between is None:
            return
        least, most = self._between
        self._between = None
        page = ledger.page
        begun = ledger.next_seq - (0 if page is None else len(page.records))
        if not least.next_seq <= begun <= most.next_seq:
            raise self.broken(f"goes on with record {begun}, {least.next_seq} was durable, {most.next_seq} written")
        if begun == least.next_seq and least.prev != most.prev and ledger.released_seq < least.released_seq:
            raise self.broken(f"released up to {ledger.released_seq}, {least.released_seq} was durable")


class Acknowledged(Rule):
    """A command that a page accepted is still in force after any cut, until it has ended for a stated reason."""

    name = "acknowledged is durable"

    def __init__(self) -> None:
        self._sent: dict[bytes, int] = {}  # command -> when it would end, world's time
        self._live: dict[bytes, int] = {}
        self._ended: set[bytes] = set()

    def told(self, world: World, fact: list[Any]) -> None:
        """What ended for a reason is over."""
        if fact[0] == record.EVENT and fact[3] in EVENT_ENDS:
            self._ended.add(fact[2])
            self._live.pop(fact[2], None)

    def look(self, world: World) -> None:
        """Look at what the pages that came up say."""
        for fact in world.upstream.accepted:
            if fact[2] not in self._ended and not _is_of_source(world, fact[3]):
                self._live[fact[2]] = world.now_ms
        self._look(world)

    def booted(self, world: World, life: Life) -> None:
        """What had ended while the power was off is said in the first tick."""
        for fact in life.loop.state.records:
            self.told(world, fact)
        self._look(world)

    def _look(self, world: World) -> None:
        if not self._live or world.life is None or world.store.failing:
            return  # an end that a broken disk does not take is said at the next boot
        state = world.life.loop.state
        held = {limit.command for limit in state.limits} | {claim.command for claim in state.claims}
        held |= {window.command for window in state.reserving.windows} if state.reserving else set()
        for command in list(self._live):
            if command not in held:
                del self._live[command]
                if not _is_cancel(world, command):
                    raise self.broken(f"command {command.hex()[:16]} was accepted and is not in force")


def _is_of_source(world: World, key_id: bytes) -> bool:
    """Tell whether a command is a source's set, which the next one of the same source ends, as a whole set does."""
    names = [row["name"] for row in world.made.site.get("source", [])]
    return key_id in [authority_of(name, "", 0).key_id for name in names]


def _is_cancel(world: World, command: bytes) -> bool:
    return command in world.upstream.cancels


class CountersRise(Rule):
    """A counter that a page accepted, or that this life has seen, is never undercut."""

    name = "counters rise"

    def __init__(self) -> None:
        self._accepted: dict[bytes, int] = {}
        self._seen: dict[bytes, int] = {}

    def booted(self, world: World, life: Life) -> None:
        """Compare what was kept with what was said."""
        self._seen = {}
        self._compare(life.loop.state, self._accepted)

    def look(self, world: World) -> None:
        """Follow the pages and the state."""
        for fact in world.upstream.accepted:
            self._accepted[fact[3]] = max(fact[4], self._accepted.get(fact[3], 0))
        if world.life is not None:
            state = world.life.loop.state
            self._compare(state, self._seen)
            self._seen = dict(state.counters)

    def _compare(self, state: State, least: dict[bytes, int]) -> None:
        for key_id, counter in least.items():
            if state.counters.get(key_id, 0) < counter:
                raise self.broken(f"key {key_id.hex()} at {state.counters.get(key_id, 0)} after {counter}")


class PagesVerify(Rule):
    """All pages that came up, put before the offline verifier; what was signed cheaply is signed for real first."""

    name = "pages verify"

    def ended(self, world: World) -> None:
        """Judge all pages in the order of their numbers."""
        expected = _expected(world)
        key = world.keys.real["agent"]
        verifier = Verifier([key.public_key])
        for _, header, behind in sorted(world.upstream.pages.values(), key=lambda page: page[0]):
            verifier.add(b"\x83" + at_once(cose.seal(key, header)) + behind)
        report = verifier.report()
        for fault in report.faults:
            if fault.name not in expected:
                raise self.broken(fault.line())


def _expected(world: World) -> set[str]:
    """Return the faults that the events bring about and that the agent could not prevent."""
    stepped_back = any(event.kind == "clock" and event.args[0] < 0 for event in world.events)
    exchanged = any(event.kind == "meter" and event.args[0] == "exchanged" for event in world.events)
    found = {"clock_rollback"} if stepped_back else set()
    if exchanged and world.tally.boots > 1:
        found.add("energy_fell")  # registers are not remembered over a boot: docs/simulation.md, "Known"
    if (exchanged or stepped_back or _scaled(world)) and world.tally.boots > 1:
        found.add("energy_impossible")  # likewise, or the clock says that less time went by
    return found


def _scaled(world: World) -> bool:
    return any(event.kind == "meter" and event.args[0] == "scaled" for event in world.events)
