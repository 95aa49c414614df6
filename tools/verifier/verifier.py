"""Judge a stream of pages, of one agent or several, in whatever order they come.

Pages that come too early wait, at most WAITING_MAX per agent; then what is missing is called missing.
So memory is bounded but for the ranges already covered (tools/verifier/known.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools import wire
from tools.verifier.chain import Chain
from tools.verifier.faults import Fault
from tools.verifier.known import Known
from tools.verifier.page import Page, PageReport, read_page

WAITING_MAX = 64
FAULTS_LISTED_MAX = 1000


@dataclass(slots=True)
class AgentReport:
    """What was found of one agent."""

    chain: Chain
    first_seq: int = 0
    pages: int = 0
    records: int = 0
    size_bytes: int = 0
    duplicates: int = 0
    first_civil_s: int = 0
    last_civil_s: int = 0
    epochs: Counter[int] = field(default_factory=Counter)  # epoch -> pages


@dataclass(slots=True)
class Report:
    """What was found in all. `faults` holds the first FAULTS_LISTED_MAX, `counts` counts all."""

    agents: list[AgentReport]
    faults: list[Fault]
    counts: Counter[str]
    end_known: bool  # a page was named that had to be there; else a cut-off end cannot show

    @property
    def ok(self) -> bool:
        """Tell whether all is proven."""
        return not self.counts


class _Agent:
    """One agent's chain with the pages that wait for their predecessors."""

    def __init__(self, agent: str) -> None:
        self.report = AgentReport(Chain(agent))
        self.known = Known()
        self.waiting: dict[int, tuple[Page, str]] = {}  # first number -> page, place
        self.hole_places: dict[int | None, str] = {}  # first missing number -> where the page after the hole is


class Verifier:
    """Feed it raw pages with `add`, then ask for the `report`."""

    def __init__(
        self,
        keys: Iterable[bytes],
        starts: Iterable[bytes] = (),
        tails: Iterable[bytes] = (),
    ) -> None:
        """Trust these 65-byte public keys.

        `starts`: hashes of pages after which a chain may begin; `tails`: hashes of pages that must be there.
        """
        self._keys = {wire.key_id(key): key for key in keys}
        self._starts = frozenset(starts)
        self._tails = frozenset(tails)
        self._agents: dict[str, _Agent] = {}
        self._faults: list[Fault] = []
        self._counts: Counter[str] = Counter()

    def add(self, raw: bytes, place: str = "") -> PageReport:
        """Judge one page. What only shows later, when its predecessors came, is in the report alone."""
        found = read_page(raw, self._keys, place)
        page = found.page
        if page is not None:
            agent = self._agents.setdefault(page.agent, _Agent(page.agent))
            found.duplicate = agent.known.has(page)
            if found.duplicate:
                agent.report.duplicates += 1
                found.faults.clear()  # they were reported when it came first
            elif agent.known.overlaps(page):
                detail = f"records {page.first_seq}..{page.last_seq} once more with other content"
                found.faults.append(Fault("fork", detail, page.agent, page.first_seq, place))
            else:
                found.faults += self._place(agent, page, place)
        for fault in found.faults:
            self.note(fault)
        return found

    def note(self, fault: Fault) -> None:
        """Count a fault that was found outside, say in the file around the pages."""
        self._counts[fault.name] += 1
        if len(self._faults) < FAULTS_LISTED_MAX:
            self._faults.append(fault)

    def report(self) -> Report:
        """Judge what still waits; return all that was found. Nothing can be added afterwards."""
        for agent in self._agents.values():
            while agent.waiting:
                for fault in self._skip_hole(agent):
                    self.note(fault)
            for fault in agent.report.chain.missing():
                self.note(_placed(fault, agent.hole_places[fault.seq]))
        for tail in sorted(self._tails - self._all_hashes()):
            self.note(Fault("missing_tail", f"page {tail.hex()} is not there"))
        if not self._agents and not self._counts:
            self.note(Fault("no_pages", "nothing was verified"))
        return Report([agent.report for agent in self._agents.values()], self._faults, self._counts, bool(self._tails))

    def _all_hashes(self) -> set[bytes]:
        return set().union(*(agent.known.hashes() for agent in self._agents.values())) if self._tails else set()

    def _place(self, agent: _Agent, page: Page, place: str) -> list[Fault]:
        agent.known.add(page)
        _count(agent.report, page)
        chain = agent.report.chain
        if chain.next_seq is not None and page.first_seq < chain.next_seq:
            return [_late(page, place)]
        early = chain.next_seq is not None and page.first_seq > chain.next_seq
        if early or (chain.next_seq is None and not self._may_begin(page)):
            agent.waiting[page.first_seq] = (page, place)
            return self._skip_hole(agent) if len(agent.waiting) > WAITING_MAX else []
        faults = [_late(page, place)] if agent.waiting else []
        return faults + self._take(agent, page, place) + self._drain(agent)

    def _may_begin(self, page: Page) -> bool:
        """Tell whether no earlier page is to be expected."""
        return page.prev == bytes(32) or page.prev in self._starts

    def _take(self, agent: _Agent, page: Page, place: str) -> list[Fault]:
        chain = agent.report.chain
        if chain.next_seq is not None and page.first_seq > chain.next_seq:
            agent.hole_places[chain.next_seq] = place
        return [_placed(fault, place) for fault in chain.take(page, self._starts)]

    def _drain(self, agent: _Agent) -> list[Fault]:
        faults: list[Fault] = []
        while agent.report.chain.next_seq in agent.waiting:
            faults += self._take(agent, *agent.waiting.pop(agent.report.chain.next_seq))
        return faults

    def _skip_hole(self, agent: _Agent) -> list[Fault]:
        """Give up waiting: go on with the earliest page that is there."""
        first = agent.waiting.pop(min(agent.waiting))
        return self._take(agent, *first) + self._drain(agent)


def _late(page: Page, place: str) -> Fault:
    detail = f"records {page.first_seq}..{page.last_seq} come after later ones"
    return Fault("reordered", detail, page.agent, page.first_seq, place)


def _placed(fault: Fault, place: str) -> Fault:
    return fault if fault.place else Fault(fault.name, fault.detail, fault.agent, fault.seq, place)


def _count(report: AgentReport, page: Page) -> None:
    report.first_seq = min(report.first_seq, page.first_seq) if report.pages else page.first_seq
    report.pages += 1
    report.records += page.count
    report.size_bytes += page.size_bytes
    report.epochs[page.epoch] += 1
    if page.civil_s:
        report.first_civil_s = min(report.first_civil_s or page.civil_s, page.civil_s)
        report.last_civil_s = max(report.last_civil_s, page.civil_s)
