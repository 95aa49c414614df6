"""Over which time each device was read, and how well: what the picture in the report is drawn from.

Times are kept on the agent's own clock while an epoch lasts, because its civil time may become known late or be
corrected; when the next epoch begins they become civil ones. What stays without a date is only summed up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tools.verifier.chain import Chain
from tools.verifier.page import Page

SPANS_MAX = 4096  # of one device; more are told coarser, two as one of the worse quality
GOOD, MISSING, ESTIMATED, BAD = 0, 1, 2, 3
QUALITY_NAMES = ("good", "missing", "estimated", "bad")
WORSE = (GOOD, ESTIMATED, BAD, MISSING)  # from best to worst

Span = list[int]  # from, until, quality


@dataclass(slots=True)
class Coverage:
    """Spans of every device of one agent."""

    dated: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    undated_s: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    boots: list[int] = field(default_factory=list)  # civil seconds at which epochs began, as far as known
    coarse: set[str] = field(default_factory=set)
    _own: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))  # of the present epoch

    def take(self, page: Page, chain: Chain) -> None:
        """Take the readings of a page that the chain has just taken."""
        devices = chain.history.devices
        for record in page.records:
            if record.kind == "reading":
                fields = record.fields
                index = fields["device"]
                device = devices[index][0] if devices is not None and index < len(devices) else f"#{index}"
                end_s = page.base_s + fields["end_s"]
                self._add(self._own[device], device, [end_s - fields["span_s"], end_s, fields["quality"]])

    def end_epoch(self, offset_s: int | None) -> None:
        """Give the epoch's spans their dates: civil second of its second 0, None when it is not known."""
        if offset_s is not None and len(self.boots) < SPANS_MAX:
            self.boots.append(offset_s)
        for device, spans in self._own.items():
            for from_s, until_s, quality in spans:
                if offset_s is None:
                    self.undated_s[device][quality] += until_s - from_s
                else:
                    self._add(self.dated[device], device, [from_s + offset_s, until_s + offset_s, quality])
        self._own.clear()

    def _add(self, spans: list[Span], device: str, new: Span) -> None:
        if spans and spans[-1][2] == new[2] and -1 <= new[0] - spans[-1][1] <= 1:
            spans[-1][1] = max(spans[-1][1], new[1])
            return
        spans.append(new)
        if len(spans) > SPANS_MAX:
            self.coarse.add(device)
            spans[:] = [_joined(spans[at : at + 2]) for at in range(0, len(spans), 2)]

    def as_json(self) -> list[dict[str, Any]]:
        """Return what the report says of each device."""
        return [
            {
                "device": device,
                "spans": sorted([from_s, until_s, QUALITY_NAMES[quality]] for from_s, until_s, quality in spans),
                "undated_s": {QUALITY_NAMES[quality]: count for quality, count in sorted(undated.items())},
                "coarse": device in self.coarse,
            }
            for device in sorted({*self.dated, *self.undated_s})
            for spans, undated in [(self.dated.get(device, []), self.undated_s.get(device, Counter()))]
        ]


def _joined(spans: list[Span]) -> Span:
    """Return one span in place of two, of the worst that is in them; a hole between them is missing."""
    whole = len(spans) == 1 or spans[1][0] - spans[0][1] <= 1
    worst = max((quality for _, _, quality in spans), key=WORSE.index) if whole else MISSING
    return [spans[0][0], max(until_s for _, until_s, _ in spans), worst]
