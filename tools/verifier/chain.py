"""One agent's pages in their order: numbers, links, epochs, and what follows from them.

A chain takes pages only in the order of their numbers; putting them there is the caller's part
(tools/verifier/verifier.py for files, the head-end's intake for a live agent). Its state fits JSON so that a
head-end can go on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tools.verifier.clocks import Clocks
from tools.verifier.faults import Fault
from tools.verifier.history import History
from tools.verifier.keyring import KeyRing
from tools.verifier.page import Page
from tools.verifier.records import GAPS_LOSING, Record

NO_PAGE = bytes(32)
FIRST_SEQ_MAX = 1  # an agent's first record carries 0 or 1


@dataclass(slots=True)
class Chain:
    """The chain of one agent, up to the page taken last."""

    agent: str
    next_seq: int | None = None  # None before the first page
    last_hash: bytes = NO_PAGE
    epoch: int = -1
    clocks: Clocks = field(default_factory=Clocks)
    history: History = field(default_factory=History)
    holes: list[list[int]] = field(default_factory=list)  # first and last number of each run that is not there
    lost: dict[int, int] = field(default_factory=dict)  # cause -> records lost to it, as the newest gap record says
    keys: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        self.keys = KeyRing(self.agent)

    @property
    def lost_declared(self) -> int:
        """Number of records that the agent says are lost."""
        return sum(self.lost.values())

    def refuses(self, page: Page) -> Fault | None:
        """Tell why a page that would be next is none of this chain: its key was not good then."""
        wrong = self.keys.judge(page)
        return self._fault(*wrong, page) if wrong else None

    def follows(self, page: Page) -> bool:
        """Tell whether the page's number is the next one, or any is."""
        return self.next_seq is None or page.first_seq == self.next_seq

    def take(self, page: Page, starts: frozenset[bytes] = frozenset()) -> list[Fault]:
        """Judge the next page, which is not refused, and move on; `starts`: hashes after which a chain may begin."""
        faults = self._start(page, starts) if self.next_seq is None else self._link(page, self.next_seq)
        if page.epoch < self.epoch:
            faults.append(self._fault("epoch_fell", f"from {self.epoch} to {page.epoch}", page))
        if page.epoch != self.epoch:
            joined = self.history.complete if self.next_seq is None else page.first_seq == self.next_seq
            self.history.begin_epoch(page, whole=joined)
        self.next_seq, self.last_hash, self.epoch = page.last_seq + 1, page.hash, page.epoch
        for record in page.facts:
            if record.kind in ("gap", "key_change"):
                told = self._lost(record) if record.kind == "gap" else self.keys.change(record.fields, page.last_seq)
                faults += [Fault(name, detail, self.agent, record.seq) for name, detail in told]
        faults += self.clocks.take(page) + self.history.take(page)
        self.history.enrolments.end_lapsed(self.clocks.offset_s())
        return faults

    def missing(self) -> list[Fault]:
        """Return the holes, unless the agent itself declares that many records lost.

        It says so when it has to drop them, which is in a later page than the hole.
        """
        if sum(last - first + 1 for first, last in self.holes) <= self.lost_declared:
            return []
        return [
            Fault("missing_pages", f"records {first}..{last} are missing", self.agent, first)
            for first, last in self.holes
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the state for keeping."""
        return {
            "agent": self.agent,
            "next_seq": self.next_seq,
            "last_hash": self.last_hash.hex(),
            "epoch": self.epoch,
            "clocks": self.clocks.as_json(),
            "history": self.history.as_json(),
            "holes": self.holes,
            "lost": {str(cause): lost for cause, lost in self.lost.items()},
            "keys": self.keys.as_json(),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Chain:
        """Return the state that `as_json` gave."""
        chain = cls(
            kept["agent"],
            kept["next_seq"],
            bytes.fromhex(kept["last_hash"]),
            kept["epoch"],
            Clocks.from_json(kept["clocks"]),
            History.from_json(kept["history"]),
            kept["holes"],
            {int(cause): lost for cause, lost in kept["lost"].items()},
        )
        chain.keys = KeyRing.from_json(kept["agent"], kept["keys"])
        return chain

    def _start(self, page: Page, starts: frozenset[bytes]) -> list[Fault]:
        if page.prev == NO_PAGE and page.first_seq <= FIRST_SEQ_MAX:
            return []
        self.history.hole()
        if page.prev in starts:
            return []
        return [self._fault("missing_start", f"begins at record {page.first_seq}", page)]

    def _link(self, page: Page, next_seq: int) -> list[Fault]:
        if page.first_seq == next_seq:
            if page.prev == self.last_hash:
                return []
            return [self._fault("broken_link", f"names {page.prev.hex()[:16]} as the page before it", page)]
        self.history.hole()
        if page.prev == NO_PAGE:
            return [self._fault("chain_restarted", f"after record {next_seq - 1}", page)]
        self.holes.append([next_seq, page.first_seq - 1])
        return []

    def _lost(self, record: Record) -> list[tuple[str, str]]:
        cause, lost = record.fields["cause"], record.fields["lost"]
        if cause not in GAPS_LOSING:
            return []
        before, self.lost[cause] = self.lost.get(cause, 0), lost
        return [("lost_fell", f"from {before} to {lost} of cause {cause}")] if lost < before else []

    def _fault(self, name: str, detail: str, page: Page) -> Fault:
        return Fault(name, detail, self.agent, page.first_seq)
