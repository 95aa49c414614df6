"""Judge a stream of pages and disclosures, of one agent or several, in whatever order they come.

Pages that come too early wait, at most WAITING_MAX per agent; then what is missing is called missing. What a key
signed that nobody has begun yet waits, too, at most HELD_MAX. So memory is bounded but for what docs/verify.md names:
32 bytes a page for its number and hash, the devices, enrolments and spans of readings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tools.verifier.chain import Chain
from tools.verifier.disclosure import DISCLOSURE_HEAD, Disclosed, DisclosureReport, read_disclosure
from tools.verifier.enrolments import Shown, absurd, overlaps
from tools.verifier.epochs import Epochs
from tools.verifier.faults import Fault
from tools.verifier.found import AgentReport, Report
from tools.verifier.keyring import KeyRing, Keys
from tools.verifier.known import Known
from tools.verifier.page import Header, Opened, Page, PageReport, looked_at, read_page
from tools.verifier.records import Record
from tools.wire import key_id

WAITING_MAX = 64
HELD_MAX = 64
FAULTS_LISTED_MAX = 1000
DISCLOSED_LISTED_MAX = 10_000  # records
TWICE, FORK = ("duplicated", "once more"), ("fork", "once more with other content")
LATE = ("reordered", "come after later ones")


class _Agent:
    """One agent's chain with the pages that wait for their predecessors."""

    def __init__(self, agent: str) -> None:
        self.report = AgentReport(Chain(agent))
        self.known = Known()
        self.known_shown = Known()  # pages of which disclosures showed records
        self.shown = KeyRing(agent)  # what disclosed records alone say of its keys
        self.epochs = Epochs()
        self.waiting: dict[int, tuple[Page, str]] = {}  # first number -> page, place
        self.held: list[tuple[bytes, str, list[Fault]]] = []  # bytes, place, faults if its key stays unknown
        self.hole_places: dict[int | None, str] = {}  # first missing number -> where the page after the hole is


class Verifier:
    """Feed it raw pages and disclosures with `add`, then ask for the `report`."""

    def __init__(
        self,
        keys: Iterable[bytes],
        starts: Iterable[bytes] = (),
        tails: Iterable[bytes] = (),
        revoked: Mapping[bytes, int] | None = None,
        begun: Iterable[tuple[str, bytes]] = (),
    ) -> None:
        """Trust these 65-byte public keys as agents' first ones.

        `starts`: hashes of pages after which a chain may begin; `tails`: hashes of pages that must be there;
        `revoked`: kid -> number of the first record that it may not sign; `begun`: agents' later keys, agent and key,
        that were begun before the first page that is given.
        """
        self._keys = Keys(keys, revoked)
        self._begun = list(begun)
        for agent, key in self._begun:
            self._keys.learn(agent, key)
        self._starts = frozenset(starts)
        self._tails = set(tails)
        self._end_known = bool(self._tails)
        self._agents: dict[str, _Agent] = {}
        self._faults: list[Fault] = []
        self._counts: Counter[str] = Counter()
        self._disclosed: list[Disclosed] = []
        self._disclosed_records = 0
        self._disclosures = 0
        self._shown_enrolments: dict[tuple[str, int], tuple[Header, Record]] = {}

    def add(self, raw: bytes, place: str = "") -> PageReport | DisclosureReport:
        """Judge one page or disclosure. What only shows later, or from its predecessors, is in the report alone."""
        return self._add(raw, place, None)

    def add_all(self, items: Sequence[tuple[bytes, str]]) -> None:
        """Judge several, each with its place: the same as one after another, and quicker."""
        for (raw, place), opened in zip(items, looked_at([raw for raw, _ in items], self._keys), strict=True):
            self._add(raw, place, opened)

    def _add(self, raw: bytes, place: str, opened: Opened | None) -> PageReport | DisclosureReport:
        found = self._read(raw, place, opened)
        if found.stranger:
            held = self._agent(found.stranger).held
            if len(held) < HELD_MAX:
                held.append((raw, place, found.faults))
                return found
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
                self._note_all(self._skip_hole(agent))
            for _, _, faults in agent.held:
                self._note_all(faults)
            for fault in agent.report.chain.missing():
                self.note(_placed(fault, agent.hole_places[fault.seq]))
            agent.report.coverage.end_epoch(agent.report.chain.clocks.offset_s())
        chains = [agent.report.chain for agent in self._agents.values()]
        epochs = {name: agent.epochs for name, agent in self._agents.items()}
        self._note_all(overlaps(((chain.agent, chain.history.enrolments) for chain in chains), self._shown(), epochs))
        for tail in sorted(self._tails):
            self.note(Fault("missing_tail", f"page {tail.hex()} is not there"))
        if not self._counts and not any(agent.report.pages for agent in self._agents.values()) and not self._disclosed:
            self.note(Fault("no_pages", "nothing was verified"))
        agents = [agent.report for agent in self._agents.values() if agent.report.pages]
        shown = (self._disclosed, self._disclosed_records, self._disclosures)
        return Report(agents, self._faults, self._counts, self._end_known, *shown)

    def _shown(self) -> list[Shown]:
        """Return the enrolments that only disclosures tell of."""
        return [
            Shown(header.agent, header.epoch, record.seq, record.fields)
            for header, record in self._shown_enrolments.values()
            if not self._agent(header.agent).known.has(header)
        ]

    def _read(self, raw: bytes, place: str, opened: Opened | None) -> PageReport | DisclosureReport:
        if raw[:1] == bytes((DISCLOSURE_HEAD,)):
            shown = read_disclosure(raw, self._keys, place)
            if shown.disclosed is not None:
                shown.faults += self._show(shown.disclosed, place)
            return shown
        found = read_page(raw, self._keys, place, opened)
        if found.page is not None:
            self._judge(found, found.page, place)
        return found

    def _judge(self, found: PageReport, page: Page, place: str) -> None:
        agent = self._agent(page.agent)
        if agent.known.contradicts(page):
            found.faults.append(_whole(FORK, page, place))
            return
        if agent.known.overlaps(page):
            agent.report.duplicates += 1
            found.faults[:] = [_whole(TWICE, page, place)]
            return
        if agent.known_shown.contradicts(page):
            found.faults.append(_whole(FORK, page, place))
        found.faults += self._place(agent, page, place)
        if page.facts and self._keys.learn_from(page.agent, page.facts):
            self._release(agent)

    def _agent(self, agent: str) -> _Agent:
        if agent not in self._agents:
            self._agents[agent] = new = _Agent(agent)
            for ring in (new.report.chain.keys, new.shown):
                ring.begun.update({key_id(key).hex(): -1 for whose, key in self._begun if whose == agent})
        return self._agents[agent]

    def _note_all(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.note(fault)

    def _release(self, agent: _Agent) -> None:
        """Judge once more what an unknown key had signed."""
        held, agent.held = agent.held, []
        for raw, place, _ in held:
            self.add(raw, place)

    def _show(self, disclosed: Disclosed, place: str) -> list[Fault]:
        header, agent = disclosed.header, self._agent(disclosed.header.agent)
        faults: list[Fault] = []
        wrong = agent.shown.judge(header)
        if wrong is not None and agent.report.chain.keys.judge(header) is not None:
            return [Fault(*wrong, header.agent, header.first_seq, place)]
        if agent.known.contradicts(header) or agent.known_shown.contradicts(header):
            return [_whole(FORK, header, place)]
        if not agent.known_shown.overlaps(header):
            agent.known_shown.add(header)
        agent.epochs.take_shown(header, disclosed.records)
        for record in disclosed.records:
            told = self._tell(agent, header, record)
            faults += [Fault(name, detail, header.agent, record.seq, place) for name, detail in told]
        if self._disclosed_records < DISCLOSED_LISTED_MAX:
            self._disclosed.append(disclosed)
        self._disclosed_records += len(disclosed.records)
        self._disclosures += 1
        if self._keys.learn_from(header.agent, disclosed.records):
            self._release(agent)
        return faults

    def _tell(self, agent: _Agent, header: Header, record: Record) -> list[tuple[str, str]]:
        """Take what a disclosed record says beyond itself; return what is wrong with that."""
        fields = record.fields
        if record.kind == "key_change":
            return agent.shown.change(fields, header.last_seq)
        if record.kind == "enrolment":
            if absurd(fields):
                return [("enrolment_absurd", f"from {fields['from_s']} s until {fields['until_s']} s")]
            self._shown_enrolments[header.agent, record.seq] = (header, record)
        return []

    def _place(self, agent: _Agent, page: Page, place: str) -> list[Fault]:
        agent.known.add(page)
        chain = agent.report.chain
        early = chain.next_seq is not None and page.first_seq > chain.next_seq
        if early or (chain.next_seq is None and not self._may_begin(page)):
            agent.waiting[page.first_seq] = (page, place)
            return self._skip_hole(agent) if len(agent.waiting) > WAITING_MAX else []
        refused = self._refused(agent, page, place)
        if refused:
            return refused
        if chain.next_seq is not None and page.first_seq < chain.next_seq:
            self._count(agent.report, page)
            return [_whole(LATE, page, place)]
        faults = [_whole(LATE, page, place)] if agent.waiting or agent.held else []
        return faults + self._take(agent, page, place) + self._drain(agent)

    def _may_begin(self, page: Page) -> bool:
        """Tell whether no earlier page is to be expected."""
        return page.prev == bytes(32) or page.prev in self._starts

    def _take(self, agent: _Agent, page: Page, place: str) -> list[Fault]:
        chain = agent.report.chain
        refused = self._refused(agent, page, place)
        if refused:
            return refused
        if chain.next_seq is not None and page.first_seq > chain.next_seq:
            agent.hole_places[chain.next_seq] = place
        if page.epoch != chain.epoch:
            agent.report.coverage.end_epoch(chain.clocks.offset_s())
            agent.report.served.end_epoch()
        faults = [_placed(fault, place) for fault in chain.take(page, self._starts)]
        agent.epochs.take_page(page, chain.clocks, chain.history.devices)
        self._count(agent.report, page)
        agent.report.coverage.take(page, chain)
        agent.report.served.take(page, page.records, chain.history.devices, chain.clocks.offset_s())
        return faults

    def _refused(self, agent: _Agent, page: Page, place: str) -> list[Fault]:
        """Forget a page whose key was not good where it stands, and say so."""
        refused = agent.report.chain.refuses(page)
        if refused is None:
            return []
        agent.known.drop(page)
        return [_placed(refused, place)]

    def _drain(self, agent: _Agent) -> list[Fault]:
        faults: list[Fault] = []
        while agent.report.chain.next_seq in agent.waiting:
            faults += self._take(agent, *agent.waiting.pop(agent.report.chain.next_seq))
        return faults

    def _skip_hole(self, agent: _Agent) -> list[Fault]:
        """Give up waiting: go on with the earliest page that is there."""
        first = agent.waiting.pop(min(agent.waiting))
        return self._take(agent, *first) + self._drain(agent)

    def _count(self, report: AgentReport, page: Page) -> None:
        if self._tails:
            self._tails.discard(page.hash)
        if not report.pages or page.first_seq < report.first_seq:
            report.first_seq = page.first_seq
        report.pages += 1
        report.records += page.count
        report.size_bytes += page.size_bytes
        report.epochs[page.epoch] += 1
        if page.civil_s:
            report.first_civil_s = min(report.first_civil_s or page.civil_s, page.civil_s)
            report.last_civil_s = max(report.last_civil_s, page.civil_s)


def _whole(wrong: tuple[str, str], page: Header, place: str) -> Fault:
    """Return a fault of a page as a whole."""
    return Fault(wrong[0], f"records {page.first_seq}..{page.last_seq} {wrong[1]}", page.agent, page.first_seq, place)


def _placed(fault: Fault, place: str) -> Fault:
    return fault if fault.place else Fault(fault.name, fault.detail, fault.agent, fault.seq, place)
