"""Under which programme each asset's flexibility is sold, and whether one is sold twice for the same time.

Source: docs/format.md, `enrolment`. All that hold are stated after each boot, so what is not stated again ended
with that boot. When that was has to be known: else an enrolment lasts as long as it says, and a sale that is told
twice is better than one that is hidden behind a clock that was not set.
The holder of an enrolment is agent, device and programme; one holder may state as much as it likes.

What is disclosed lasts as long as it says. Of one agent it is compared within an epoch, in which all that is stated
holds at once: what a boot ended between two disclosures nobody showed. Between agents everything is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from tools.verifier.faults import Fault

FOR_EVER_S = 1 << 62
Holder = tuple[str, str, str]
HOLDER_PARTS = 3
Span = tuple[int, int, Holder, int]  # from and until, Unix seconds; record number


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

    def until(self) -> int:
        """Return the Unix second at which it ends, as far as is known."""
        until_s = self.until_s or FOR_EVER_S
        return until_s if self.ended_s is None else min(until_s, self.ended_s)


@dataclass(slots=True)
class Enrolments:
    """What one agent stated."""

    stated: list[Stated] = field(default_factory=list)

    def boot(self, *, whole: bool) -> None:
        """Let everything lapse until it is stated again, which in an epoch that is not `whole` it may have been."""
        for one in self.stated:
            one.lapsed = whole and one.ended_s is None

    def end_lapsed(self, boot_s: int | None) -> None:
        """Take the civil second of this epoch's boot, as corrected last. What was stated later ended later."""
        for one in self.stated:
            if one.lapsed:
                one.ended_s = boot_s if boot_s is not None and boot_s >= max(one.stated_s, 1) else None

    def take(self, fields: Mapping[str, Any], device: str, seq: int, stated_s: int) -> None:
        """Take one record; `stated_s` is its Unix second, 0 while unknown."""
        asset, programme = fields["asset"].hex(), fields["programme"]
        new = Stated(asset, device, programme, fields["from_s"], fields["until_s"], seq, stated_s=stated_s)
        for number, one in enumerate(self.stated):
            if astuple(one)[:5] == astuple(new)[:5]:
                self.stated[number] = new
                return
        self.stated.append(new)

    def as_json(self) -> list[list[Any]]:
        """Return the state for keeping."""
        return [list(astuple(one)) for one in self.stated]

    @classmethod
    def from_json(cls, kept: list[list[Any]]) -> Enrolments:
        """Return the state that `as_json` gave."""
        return cls([Stated(*row) for row in kept])


@dataclass(frozen=True, slots=True)
class Shown:
    """One enrolment that was disclosed, of a page that is not there itself."""

    agent: str
    epoch: int
    seq: int
    fields: Mapping[str, Any]


def overlaps(agents: Iterable[tuple[str, Enrolments]], shown: Iterable[Shown] = ()) -> list[Fault]:
    """Return each enrolment that covers time which another holder has enrolled the same asset for."""
    agents = list(agents)
    faults = _overlaps(agents, HOLDER_PARTS)
    epochs: dict[tuple[str, int], Enrolments] = defaultdict(Enrolments)
    for one in shown:
        epochs[one.agent, one.epoch].take(one.fields, f"device {one.fields['device']}", one.seq, 0)
    disclosed = [(agent, enrolments) for (agent, _), enrolments in sorted(epochs.items(), key=lambda item: item[0])]
    for each in disclosed:
        faults += _overlaps([each], HOLDER_PARTS)
    told = {(fault.agent, fault.seq) for fault in faults}
    between = _overlaps([*agents, *disclosed], 1) if disclosed else []
    return faults + [fault for fault in between if (fault.agent, fault.seq) not in told]


def _overlaps(agents: Iterable[tuple[str, Enrolments]], parts: int) -> list[Fault]:
    """Hold all against one another; who has the first `parts` of a holder in common is the same."""
    by_asset: dict[str, list[Span]] = defaultdict(list)
    for agent, enrolments in agents:
        for one in enrolments.stated:
            if one.from_s < one.until():
                holder = (agent, one.device, one.programme)
                by_asset[one.asset].append((one.from_s, one.until(), holder, one.seq))
    return [fault for asset, spans in sorted(by_asset.items()) for fault in _overlaps_of(asset, sorted(spans), parts)]


def _overlaps_of(asset: str, spans: list[Span], parts: int) -> list[Fault]:
    """Go through the time once: what ends last so far, and what ends last of any other holder."""
    faults = []
    lasting: list[tuple[int, Holder]] = []
    for from_s, until_s, holder, seq in spans:
        mine = holder[:parts]
        clash = next((other for end_s, other in lasting if other[:parts] != mine and end_s > from_s), None)
        if clash is not None:
            one, other = (f"{device} in {programme} of {agent}" for agent, device, programme in (holder, clash))
            detail = f"asset {asset[:16]} as {one} from {from_s} s, and as {other}"
            faults.append(Fault("enrolment_overlap", detail, holder[0], seq))
        lasting = _two_latest([*lasting, (until_s, holder)], parts)
    return faults


def _two_latest(ends: list[tuple[int, Holder]], parts: int) -> list[tuple[int, Holder]]:
    latest = sorted(ends, reverse=True)
    others = [one for one in latest if one[1][:parts] != latest[0][1][:parts]]
    return [latest[0], *others[:1]]
