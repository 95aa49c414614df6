"""The instructions of one device: which are in force when, and what has become of each.

An instruction holds from its time on until a later one's, a revocation, or the end of its envelope. It outlives a lost
connection as long as its lease. Its status only moves on: ACCEPTED, STARTED, then SUCCEEDED, ABORTED or REVOKED.
Source: s2-ws-json 0.0.2-beta, `InstructionStatus`; s2-documentation, "Instruction status updates".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent import record
from agent.sources.peer_desk import OPTED_OUT
from boards.cpython.s2.messages import Order
from boards.cpython.s2.resources import Piece
from boards.cpython.steps import Step

ORDERS_MAX = 16
ACCEPTED, STARTED, SUCCEEDED = "ACCEPTED", "STARTED", "SUCCEEDED"
ABORTED, REVOKED = "ABORTED", "REVOKED"


@dataclass
class Taken:
    """One accepted instruction."""

    order: Order
    pieces: list[Piece]
    status: str = ACCEPTED

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return self.pieces[0][3]

    @property
    def end_ms(self) -> int | None:
        """When it is over by itself, None never."""
        return self.pieces[-1][4]


@dataclass
class Book:
    """What a device was told; at most ORDERS_MAX at once."""

    taken: list[Taken] = field(default_factory=list)  # by their start; of one start the newest last

    def find(self, order_id: str) -> Taken | None:
        """Return the instruction of an id."""
        return next((each for each in self.taken if each.order.id == order_id), None)

    def add(self, taken: Taken) -> None:
        """Take an instruction; there has to be room."""
        assert len(self.taken) < ORDERS_MAX
        self.taken = sorted([*self.taken, taken], key=lambda each: each.start_ms)

    def end_of(self, at: int) -> int | None:
        """Return when an instruction ends: by itself or because of the next."""
        own_ms = self.taken[at].end_ms
        if at + 1 == len(self.taken):
            return own_ms
        next_ms = self.taken[at + 1].start_ms
        return next_ms if own_ms is None else min(own_ms, next_ms)

    def steps(self) -> list[Step]:
        """Return what all of them ask for, one after another."""
        found = []
        for at, taken in enumerate(self.taken):
            until_ms = self.end_of(at)
            for matter, mode, amount, start_ms, own_ms in taken.pieces:
                end_ms = own_ms if until_ms is None or (own_ms is not None and own_ms < until_ms) else until_ms
                if end_ms is None or end_ms > start_ms:
                    found.append(Step(matter, mode, amount, start_ms, end_ms, taken.order.id))
        return found

    def follow(self, outcomes: dict[str, int], now_ms: int) -> list[Taken]:
        """Move each on by what the core made of it and by its time; return those whose status is new.

        `outcomes` has those of the core by instruction. What has ended is forgotten.
        """
        changed = [each for at, each in enumerate(self.taken) if self._moves(at, outcomes, now_ms)]
        self.taken = [each for each in self.taken if each.status in (ACCEPTED, STARTED)]
        return changed

    def _moves(self, at: int, outcomes: dict[str, int], now_ms: int) -> bool:
        taken, end_ms = self.taken[at], self.end_of(at)
        before, outcome = taken.status, outcomes.get(taken.order.id)
        if before == ACCEPTED and outcome in (record.STARTED, record.COMPLETED):
            taken.status = STARTED
        elif outcome == OPTED_OUT or (outcome is not None and outcome in (record.SUPERSEDED, record.LAPSED)):
            taken.status = ABORTED
        elif end_ms is not None and end_ms <= now_ms:
            taken.status = SUCCEEDED if before == STARTED else ABORTED
        return taken.status != before
