"""One cell of the failsafe matrix on the pure core: a site of every kind, one input that fails, second by second."""

from __future__ import annotations

from agent import record
from hal import quantities as q
from tests.shared.matrix import (
    ANY,
    AT_MOST,
    BOOT,
    CHARGE,
    FAULT_S,
    FLAP_GONE_S,
    FLAP_HERE_S,
    FLAPS,
    GOOD,
    GRANTS,
    LIMITED,
    TARGET_W,
    cells,
)  # fmt: skip
from tests.shared.matrix_site import (
    BATTERY_INDEX,
    LIMIT_S,
    LIMIT_W,
    Faulty,
    faults,
    index_of,
    limit_message,
    target_message,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.step import Item
    from tests.shared.matrix import Cell, Words

WARM_S = 35  # a site that runs has run so long
CALM_S = 15  # after a cell nothing more may happen for so long
STALE_S = 10
LONG_STRIDE_S = 8  # how often the agent looks while minutes pass
CHANGES_MAX = 6  # of all grants together, on the way back
SLACK_W = 250
MORE_W = (1650, 350, 1650)  # what the house draws when the world has changed
OVER_S_MAX = 12  # a limit may be passed for so long, once: the devices' lag
NEAR_W = 300  # so near to the target it is met: loads have steps
OFF_S_MAX = 20  # a target may be missed for so long when an input fails
CAUSES = {record.METER_NEVER_SEEN: "meter never seen", record.METER_STALE: "meter stale",
    record.METER_ABSURD: "meter absurd"}  # fmt: skip
STATES = {record.LOST: "lost", record.ATTACHED: "attached"}


class Story:
    """A cell being run: what was said and granted, second by second since the fault began."""

    def __init__(self, cell: Cell, bend: Any) -> None:
        self.cell = cell
        self.bend = bend
        self.site = Faulty()
        self.index = index_of(cell.input)
        self.said: list[tuple[str, int]] = []
        self.readings: list[tuple[int, int, dict[int, int]]] = []  # end, quality, values
        self.over_s = 0
        self.off_s = 0  # in which the target was not met
        self.starts = 0  # of the target
        self.bound = ""  # what decides the battery
        self.limited = False
        self.until_s = 0  # when the limit ends
        self.first = True  # nothing was heard of anybody so far

    def now_s(self) -> int:
        """Return the second of the agent's life."""
        return self.site.now_ms // 1000

    def fail(self, failing: bool) -> None:
        """Let the input fail, or heal it."""
        if self.cell.input == "clock":
            self.site.clock_fault = self.bend if failing else None
        elif self.bend is not None:
            self.site.fault = (self.index, self.bend) if failing else None
        else:
            self.site.shine(failing, self.cell.input)

    def run(self, seconds: int, granted: str | None = None, inbox: list[Item] | None = None) -> None:
        """Let seconds pass; each of them must grant `granted`, when that is given."""
        for _ in range(seconds):
            facts = self.site.run(1, inbox)
            inbox = None
            for fact in facts:
                self._hear(fact)
            self.first = False
            limit_w = LIMIT_W if self.limited else 17250
            self.over_s += self.site.grid_w() > limit_w + SLACK_W
            if granted is not None:
                assert self.grants_are(granted), (self.now_s(), self.grants(), granted)
                self.off_s += not self.is_met(granted)

    def skip(self, seconds: int) -> None:
        """Let seconds pass without a tick."""
        self.site.now_ms += 1000 * seconds
        self.site.civil_ms += 1000 * seconds

    def grants(self) -> tuple[int | None, ...]:
        """Return what the devices are told."""
        return tuple(self.site.setpoints())

    def is_met(self, granted: str) -> bool:
        """Tell whether the target is met, where it is to be."""
        return "the target" not in granted or abs(self.site.grid_w() - TARGET_W) <= NEAR_W

    def grants_are(self, granted: str) -> bool:
        """Tell whether the devices are told what a row of GRANTS says."""
        told = self.grants()
        if granted != AT_MOST:
            return all(highest in (ANY, setpoint) for setpoint, highest in zip(told, GRANTS[granted]))
        for unit, setpoint, highest in zip(self.site.state.units[1:], told, GRANTS["all"]):
            if highest is None:
                if setpoint is not None and setpoint > 0:
                    return False
            elif unit.power_of(setpoint) > unit.power_of(highest):
                return False
        return True

    def _hear(self, fact: list[Any]) -> None:
        kind = fact[0]
        if kind == record.FAILSAFE:
            assert fact[2] == (self.index or None), fact
            self.said.append((("enters " if fact[4] else "leaves ") + CAUSES[fact[3]], self.now_s()))
        elif kind == record.DEVICE_STATE:
            if not self.first:
                assert fact[2] == self.index, fact
                self.said.append((STATES[fact[3]], self.now_s()))
        elif kind == record.CLOCK:
            if not self.first:
                self.said.append(("clock", self.now_s()))
        elif kind == record.READING:
            if fact[3] == self.index:
                self.readings.append((self.now_s(), fact[4], fact[5]))
        elif kind == record.EVENT and fact[3] == record.STARTED:
            self.starts += 1
        elif kind == record.EVENT:
            self.said.append(("event %d" % fact[3], self.now_s()))
        elif kind == record.BINDING:
            if self.cell.input == CHARGE and fact[2] == BATTERY_INDEX:
                self._hear_binding(fact[4])
        else:
            assert kind == record.DELAY or fact[5] == record.ACCEPTED, fact

    def _hear_binding(self, source: str) -> None:
        if "protection charge" in (source, self.bound):
            self.said.append((source, self.now_s()))
        self.bound = source

    def order(self) -> None:
        """Let the grid operator limit the site, or an aggregator want a target of it, and the devices follow."""
        self.limited = self.cell.phase == LIMITED
        self.until_s = self.now_s() + 1 + LIMIT_S
        self.run(12 if self.limited else 20, None, [limit_message() if self.limited else target_message()])
        self.over_s = 0

    def prepare(self) -> None:
        """Bring the site to the cell's phase."""
        cell = self.cell
        if cell.input == CHARGE and not cell.targeted:
            self.site.claim_battery(-1000 if cell.phase == LIMITED else 200)
        if cell.condition == "never seen":
            self.fail(True)
        elif cell.phase == BOOT:
            self.run(2)
        if cell.phase != BOOT:
            self.run(WARM_S)
        if cell.targeted or cell.phase == LIMITED:
            self.order()
        if cell.condition != "never seen":
            del self.said[:]


def expected(words: Words, since_s: int) -> list[tuple[str, int]]:
    """Return the words with the second at which each is due."""
    return [(what, since_s + after_s) for what, after_s in words]


def acts_s(cell: Cell) -> int:
    """Return the second in which the devices are told; a charge that nobody knows is heeded before it is said."""
    return 1 if cell.input == CHARGE else max([after_s for _, after_s in cell.enters[:2]] + [1])


def play(cell: Cell, bend: Any) -> None:
    """Run one cell in one variant; raise AssertionError where it is not as the table says."""
    story = Story(cell, bend)
    story.prepare()
    began_s = 0 if cell.condition == "never seen" else story.now_s()
    if cell.condition == "flapping":
        for flap in range(FLAPS):
            story.fail(True)
            quiet_s = 0 if flap else min(acts_s(cell), STALE_S) - 1 if cell.enters else STALE_S - 1
            story.run(quiet_s, cell.before if story.now_s() > 2 else None)
            story.run(FLAP_GONE_S - quiet_s, cell.inside)
            if flap < FLAPS - 1:
                story.fail(False)
                story.run(FLAP_HERE_S, cell.inside)
    else:
        story.fail(True)
        waits_s = max(0, began_s + acts_s(cell) - 1 - story.now_s())
        story.run(waits_s, cell.before if story.now_s() else None)
        story.run(FAULT_S - waits_s, cell.inside)
    ended_s = story.now_s()
    story.fail(False)
    if cell.differs and cell.input == "clock":
        story.site.civil_ms += 3600000
    elif cell.differs:
        story.site.base_w = list(MORE_W)
    leaves_s = max([after_s for _, after_s in cell.leaves] + [1])
    noticed = cell.differs and cell.input == "circuit meter"  # the connection sees that the house draws more
    story.run(leaves_s - 1, cell.inside if cell.leaves and not noticed else None)
    leave(story, cell)
    assert story.said == expected(cell.enters, began_s) + expected(cell.leaves, ended_s), story.said
    judge_readings(story, cell, began_s, ended_s)
    if cell.input == "clock" and story.limited:
        judge_limit(story)
    assert story.over_s <= OVER_S_MAX, story.over_s
    assert story.off_s <= OFF_S_MAX, story.off_s
    assert story.starts == cell.targeted, story.starts


def leave(story: Story, cell: Cell) -> None:
    """Run until the grants are what they shall be after the fault; then they rest."""
    stride_s = LONG_STRIDE_S if cell.back_s > 60 else 1
    story.run(1)
    changes = 0
    for _ in range(0, cell.back_s, stride_s):
        before = story.grants()
        if story.grants_are(cell.after) and story.is_met(cell.after):
            break
        story.skip(stride_s - 1)
        story.run(1)
        changes += story.grants() != before
    assert changes <= CHANGES_MAX or cell.targeted, changes
    off_s = story.off_s
    story.run(CALM_S, cell.after)
    assert story.off_s == off_s, "the target is not met"


def judge_limit(story: Story) -> None:
    """The limit ends in the second that was asked for, whatever the clock has shown."""
    story.said = []
    story.skip(story.until_s - story.now_s() - 2)
    story.run(1)
    assert story.said == [] and len(story.site.state.limits) == 1
    story.run(1)
    assert story.said == [("event %d" % record.COMPLETED, story.until_s)] and story.site.state.limits == []


def judge_readings(story: Story, cell: Cell, began_s: int, ended_s: int) -> None:
    """Readings inside the fault have the table's quality, those after it are good, missing ones have no values."""
    for end_s, quality, values in story.readings:
        assert (quality == 1) == (values == {})
        assert 0 <= values.get(q.SOC_PM, 0) <= 1000
        if cell.condition != "flapping" and began_s + 20 <= end_s <= ended_s:
            assert quality == cell.reading, (end_s, quality)
        if end_s >= ended_s + 21:
            assert quality == GOOD, (end_s, quality)


def play_all(what: str) -> int:
    """Play every cell of one input in all variants and return how many that were; a failure says which."""
    played = 0
    for cell in cells((what,)):
        for bend in faults(cell):
            try:
                play(cell, bend)
            except AssertionError:
                print(cell.name)
                raise
            played += 1
    return played
