"""Time over an agent's pages: monotonic seconds never fall in an epoch, civil time never falls unexplained.

A page tells how monotonic and civil time belong together, with an error bound; a clock record says
that this relation changed. Going back is allowed only to a better clock: from informative to
relative or synchronised, say when a gateway first hears a time server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.verifier.faults import Fault
from tools.verifier.page import Page

ROUNDING_MS = 2000  # both sides are cut to whole seconds
DRIFT_PPM = 500  # worst crystal that a board may have
TRUST = {0: 0, 1: 1, 3: 2, 2: 3}  # clock quality -> rank: unknown, informative, relative, synchronised


@dataclass(slots=True)
class Relation:
    """Civil time at one monotonic moment of one epoch."""

    epoch: int
    at_ms: int
    civil_ms: int
    error_ms: int
    quality: int

    def civil_at(self, at_ms: int) -> int:
        """Return the civil time at another moment of the same epoch."""
        return self.civil_ms + at_ms - self.at_ms

    def slack_ms(self, other: Relation) -> int:
        """Return by how much two relations may honestly differ."""
        drift_ms = abs(other.at_ms - self.at_ms) * DRIFT_PPM // 1_000_000 if other.epoch == self.epoch else 0
        return self.error_ms + other.error_ms + ROUNDING_MS + drift_ms


@dataclass(slots=True)
class Clocks:
    """What is known of an agent's time after the pages so far."""

    epoch: int = -1
    base_s: int = 0
    latest_ms: int = 0  # last moment that a record of this epoch names
    relation: Relation | None = None
    corrections: int = 0

    def take(self, page: Page) -> list[Fault]:
        """Judge the times of the next page."""
        faults = []
        if page.epoch != self.epoch:
            self._begin(page.epoch)
        elif page.base_s < self.base_s:
            faults.append(self._fault("monotonic_fell", f"from {self.base_s} s to {page.base_s} s", page))
        self.base_s = page.base_s
        faults += self._civil(page)
        last_ms = page.base_s * 1000
        for record in page.records:
            at_ms = page.base_s * 1000 + record.end_ms
            last_ms = max(last_ms, at_ms)
        self.latest_ms = max(self.latest_ms, last_ms)
        return faults

    def civil_ms(self, at_ms: int) -> int | None:
        """Return the civil time of a moment in the present epoch, None while unknown."""
        if self.relation is None or self.relation.epoch != self.epoch:
            return None
        return self.relation.civil_at(at_ms)

    def offset_s(self) -> int | None:
        """Return the civil second at which the present epoch began, as told last; None while unknown."""
        civil_ms = self.civil_ms(0)
        return None if civil_ms is None else civil_ms // 1000

    def as_json(self) -> dict[str, Any]:
        """Return the state for keeping."""
        relation = self.relation
        kept = None
        if relation is not None:
            kept = [relation.epoch, relation.at_ms, relation.civil_ms, relation.error_ms, relation.quality]
        return {"epoch": self.epoch, "base_s": self.base_s, "latest_ms": self.latest_ms, "relation": kept}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Clocks:
        """Return the state that `as_json` gave."""
        relation = Relation(*kept["relation"]) if kept["relation"] else None
        return cls(kept["epoch"], kept["base_s"], kept["latest_ms"], relation)

    def _begin(self, epoch: int) -> None:
        if self.relation is not None:  # keep what the clock said last: the next epoch must not lie before it
            last = self.relation.civil_at(self.latest_ms)
            self.relation = Relation(self.epoch, self.latest_ms, last, self.relation.error_ms, self.relation.quality)
        self.epoch = epoch
        self.latest_ms = 0

    def _civil(self, page: Page) -> list[Fault]:
        faults = []
        told = Relation(page.epoch, page.base_s * 1000, page.civil_s * 1000, page.clock_error_ms, page.clock_quality)
        clocks = [record for record in page.facts if record.kind == "clock"]
        corrections = [_corrected(page, record.fields) for record in clocks]
        if (told.civil_ms == 0) != (told.quality == 0):
            detail = f"civil time {page.civil_s} with clock quality {page.clock_quality}"
            faults.append(self._fault("clock_absurd", detail, page))
        elif told.quality and not any(_agree(told, correction) for correction in corrections):
            faults += self._step(told, page, declared=False)
        for record, correction in zip(clocks, corrections, strict=True):
            self.corrections += 1
            if correction.quality:
                faults += self._step(correction, page, declared=True)
            if correction.quality != told.quality and record.seq != page.last_seq:
                detail = f"quality {told.quality} becomes {correction.quality} at record {record.seq}"
                faults.append(self._fault("clock_mixed", detail, page))
        return faults

    def _step(self, new: Relation, page: Page, *, declared: bool) -> list[Fault]:
        old, self.relation = self.relation, new
        if old is None:
            return []
        same_epoch = old.epoch == new.epoch
        expected_ms = old.civil_at(new.at_ms) if same_epoch else old.civil_ms
        ahead_ms = new.civil_ms - expected_ms
        if ahead_ms < -old.slack_ms(new) and TRUST[new.quality] <= TRUST[old.quality]:
            return [self._fault("clock_rollback", f"by {-ahead_ms} ms", page)]
        if same_epoch and not declared and abs(ahead_ms) > old.slack_ms(new):
            return [self._fault("clock_step", f"by {ahead_ms} ms", page)]
        return []

    @staticmethod
    def _fault(name: str, detail: str, page: Page) -> Fault:
        return Fault(name, f"{detail} in epoch {page.epoch}", page.agent, page.first_seq)


def _corrected(page: Page, fields: dict[str, Any]) -> Relation:
    at_ms = page.base_s * 1000 + fields["at_ms"]
    return Relation(page.epoch, at_ms, fields["civil_ms"], fields["error_ms"], fields["quality"])


def _agree(told: Relation, correction: Relation) -> bool:
    return abs(told.civil_at(correction.at_ms) - correction.civil_ms) <= told.slack_ms(correction)
