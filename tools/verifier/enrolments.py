"""Under which programme each asset's flexibility is sold, and whether one is sold twice for the same time.

Source: docs/format.md, `enrolment`. All that hold are stated after each boot, so what is not stated again ended
with that boot. When that was has to be known: else an enrolment lasts as long as it says, and a sale that is told
twice is better than one that is hidden behind a clock that was not set.
The holder of an enrolment is agent, device and programme; one holder may state as much as it likes.

What is disclosed is held against what other agents say for as long as it says. Of one agent all that is stated in one
epoch holds at once. Between its epochs a boot may have ended what is not shown again: there an enrolment counts for
as long as it surely held, which is until its epoch was last heard of or the very next one began (epochs.py). A device
without a name here, because its epoch's boot record is not shown, may be any: only another programme is another holder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from tools.verifier.epochs import Epochs
from tools.verifier.faults import Fault

FOR_EVER_S = 1 << 62
Holder = tuple[str, str, str]  # agent, programme, device
AGENT, PROGRAMME, DEVICE = 1, 2, 3  # so many parts of a holder are compared
Span = tuple[int, str, int, int, Holder]  # from, agent, record number, until; Unix seconds


@dataclass(slots=True)
class Stated:
    """One enrolment as an agent stated it last."""

    asset: str  # hex
    device: str
    programme: str
    from_s: int
    until_s: int  # 0: no end
    seq: int
    ended_s: int | None = None  # when the boot was after which it was not stated again, once that is known
    stated_s: int = 0  # Unix second of the record, 0 while unknown
    lapsed: bool = False  # not stated again in this epoch, whose boot ends it
    epoch: int = -1  # in which it was stated last
    named: bool = True  # else `device` is only an index

    def says(self) -> tuple[Any, ...]:
        """Return what makes it another enrolment than others; the rest is when it was stated and how it ended."""
        return self.asset, self.device, self.programme, self.from_s, self.until_s

    def until(self) -> int:
        """Return the Unix second at which it ends, as far as is known."""
        until_s = self.until_s or FOR_EVER_S
        return until_s if self.ended_s is None else min(until_s, self.ended_s)


@dataclass(slots=True)
class Enrolments:
    """What one agent stated."""

    stated: list[Stated] = field(default_factory=list)
    _places: dict[tuple[Any, ...], int] = field(default_factory=dict, compare=False)  # what one says -> its place
    _lapsed: list[int] = field(default_factory=list, compare=False)  # places of what lapsed with this epoch's boot
    _boot_s: int | None = field(default=None, compare=False)  # what `end_lapsed` was told last

    def __post_init__(self) -> None:
        self._places = {one.says(): place for place, one in enumerate(self.stated)}
        self._lapsed = [place for place, one in enumerate(self.stated) if one.lapsed]

    def boot(self, *, whole: bool) -> None:
        """Let everything lapse until it is stated again, which in an epoch that is not `whole` it may have been."""
        self._lapsed, self._boot_s = [], None
        for place, one in enumerate(self.stated):
            one.lapsed = whole and one.ended_s is None
            if one.lapsed:
                self._lapsed.append(place)

    def end_lapsed(self, boot_s: int | None) -> None:
        """Take the civil second of this epoch's boot, as corrected last. What was stated later ended later."""
        if boot_s == self._boot_s:
            return
        self._boot_s = boot_s
        for place in self._lapsed:
            one = self.stated[place]
            if one.lapsed:
                one.ended_s = boot_s if boot_s is not None and boot_s >= max(one.stated_s, 1) else None

    def take(self, fields: Mapping[str, Any], device: str, seq: int, **more: Any) -> None:
        """Take one record; `more`: the rest of what is Stated, as far as it is known."""
        asset, programme = fields["asset"].hex(), fields["programme"]
        new = Stated(asset, device, programme, fields["from_s"], fields["until_s"], seq, **more)
        place = self._places.setdefault(new.says(), len(self.stated))
        self.stated[place : place + 1] = [new]

    def as_json(self) -> list[list[Any]]:
        """Return the state for keeping."""
        return [list(astuple(one)) for one in self.stated]

    @classmethod
    def from_json(cls, kept: list[list[Any]]) -> Enrolments:
        """Return the state that `as_json` gave."""
        return cls([Stated(*row) for row in kept])


Row = tuple[str, Stated, int]  # agent, what it stated, until which Unix second that counts


@dataclass(frozen=True, slots=True)
class Shown:
    """One enrolment that was disclosed, of a page that is not there itself."""

    agent: str
    epoch: int
    seq: int
    fields: Mapping[str, Any]


def absurd(fields: Mapping[str, int]) -> bool:
    """Tell whether an enrolment ends before it begins."""
    from_s, until_s = fields["from_s"], fields["until_s"]
    return bool(until_s) and until_s <= from_s


def overlaps(
    agents: Iterable[tuple[str, Enrolments]], shown: Iterable[Shown] = (), epochs: Mapping[str, Epochs] | None = None
) -> list[Fault]:
    """Return each enrolment that covers time which another holder has enrolled the same asset for.

    `shown`: those that only disclosures tell of; then `epochs` knows of each of their agents.
    """
    stated = dict(agents)
    faults = _overlaps([row for agent, one in stated.items() for row in _as_told(agent, one)], DEVICE)
    disclosed = _disclosed(shown, epochs or {})
    for agent, by_epoch in disclosed.items():
        faults += _overlaps_of_one(agent, stated.get(agent, Enrolments()), by_epoch, (epochs or {})[agent])
    if disclosed:
        told = [(agent, one) for agent, by_epoch in disclosed.items() for one in by_epoch.values()]
        faults += _overlaps([row for each in (*stated.items(), *told) for row in _as_told(*each)], AGENT)
    return list({(fault.agent, fault.seq): fault for fault in reversed(faults)}.values())[::-1]


def _disclosed(shown: Iterable[Shown], epochs: Mapping[str, Epochs]) -> dict[str, dict[int, Enrolments]]:
    disclosed: dict[str, dict[int, Enrolments]] = defaultdict(lambda: defaultdict(Enrolments))
    for one in shown:
        index = one.fields["device"]
        device = epochs[one.agent].device(one.epoch, index)
        name = f"device {index}" if device is None else device
        told = disclosed[one.agent][one.epoch]
        told.take(one.fields, name, one.seq, epoch=one.epoch, named=device is not None)
    return disclosed


def _overlaps_of_one(agent: str, stated: Enrolments, shown: dict[int, Enrolments], epochs: Epochs) -> list[Fault]:
    """Hold an agent's disclosures against each other and against its own pages."""
    faults = []
    beside: dict[int, list[Row]] = defaultdict(list)
    for row in _as_told(agent, stated):
        beside[row[1].epoch].append(row)
    for number, enrolments in shown.items():
        disclosed = _as_told(agent, enrolments)
        faults += _overlaps(disclosed, DEVICE) + _overlaps_named([*beside[number], *disclosed])
    surely = [row for one in (stated, *shown.values()) for row in _surely(agent, one, epochs)]
    return faults + _overlaps_named(surely)


def _as_told(agent: str, enrolments: Enrolments) -> list[Row]:
    return [(agent, one, one.until()) for one in enrolments.stated]


def _surely(agent: str, enrolments: Enrolments, epochs: Epochs) -> list[Row]:
    return [
        (agent, one, one.until() if one.ended_s is not None else min(one.until(), epochs.until_s(one.epoch)))
        for one in enrolments.stated
    ]


def _overlaps_named(rows: list[Row]) -> list[Fault]:
    return _overlaps(rows, PROGRAMME) + _overlaps([row for row in rows if row[1].named], DEVICE)


def _overlaps(rows: Iterable[Row], parts: int) -> list[Fault]:
    """Hold all against one another; who has the first `parts` of a holder in common is the same."""
    by_asset: dict[str, list[Span]] = defaultdict(list)
    for agent, one, until_s in rows:
        if one.from_s < until_s:
            holder = (agent, one.programme, one.device)
            by_asset[one.asset].append((one.from_s, agent, one.seq, until_s, holder))
    return [fault for asset, spans in sorted(by_asset.items()) for fault in _overlaps_of(asset, sorted(spans), parts)]


def _overlaps_of(asset: str, spans: list[Span], parts: int) -> list[Fault]:
    """Go through the time once: what ends last so far, and what ends last of any other holder."""
    faults = []
    lasting: list[tuple[int, Holder]] = []
    for from_s, agent, seq, until_s, holder in spans:
        mine = holder[:parts]
        clash = next((other for end_s, other in lasting if other[:parts] != mine and end_s > from_s), None)
        if clash is not None:
            one, other = (f"{device} in {programme} of {whose}" for whose, programme, device in (holder, clash))
            detail = f"asset {asset[:16]} as {one} from {from_s} s, and as {other}"
            faults.append(Fault("enrolment_overlap", detail, agent, seq))
        lasting = _two_latest([*lasting, (until_s, holder)], parts)
    return faults


def _two_latest(ends: list[tuple[int, Holder]], parts: int) -> list[tuple[int, Holder]]:
    latest = sorted(ends, reverse=True)
    others = [one for one in latest if one[1][:parts] != latest[0][1][:parts]]
    return [latest[0], *others[:1]]
