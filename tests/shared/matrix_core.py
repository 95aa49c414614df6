"""One cell of the failsafe matrix on the pure core: a house of every kind, one input that fails, second by second."""

from __future__ import annotations

from agent import record
from agent.command import Message
from agent.image import Image, Sample
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import AGENT_ID, BATTERY, CHARGER, DSO, HEAT_PUMP, METER, SWITCH, row
from tests.shared.matrix import AT_MOST, FAULT_S, FLAP_GONE_S, FLAP_HERE_S, FLAPS, GOOD, GRANTS, KINDS
from tests.shared.plant import Load, Plant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.step import Item
    from tests.shared.matrix import Cell, Words

SG_READY = Contract(c.SG_READY, q.MODE, (1, 4, 1), None, False, 10000)
THERMOSTAT = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, False, 10000)
CIVIL_MS = 1700000000000
LIMIT_W = 4200
LIMIT_S = 500
WARM_S = 35  # a site that runs has run so long
CALM_S = 15  # after a cell nothing more may happen for so long
STALE_S = 10
LONG_STRIDE_S = 8  # how often the agent looks while minutes pass
CHANGES_MAX = 6  # of all grants together, on the way back
SLACK_W = 250
MORE_W = (1650, 350, 1650)  # what the house draws when the world has changed
OVER_S_MAX = 12  # a limit may be passed for so long, once: the devices' lag
CAUSES = {record.METER_NEVER_SEEN: "meter never seen", record.METER_STALE: "meter stale",
    record.METER_ABSURD: "meter absurd"}  # fmt: skip
STATES = {record.LOST: "lost", record.ATTACHED: "attached"}


def units() -> list[Unit]:
    """Return one device of every kind behind a grid meter."""
    return [
        Unit(0, row("grid"), METER),
        Unit(1, row("charger", power_max_w=22080, default=10000, priority=20, fallback=6000), CHARGER),
        Unit(2, row("battery", power_max_w=5000, priority=30), BATTERY),
        Unit(3, row("heatpump", power_max_w=5000, default=6000, priority=10, fallback=1000), HEAT_PUMP),
        Unit(4, row("rod", power_max_w=1000, default=1, priority=40, phases=2, on_s=0, off_s=0), SWITCH),
        Unit(5, row("sgready", power_max_w=1500, default=2, priority=5), SG_READY),
        Unit(6, row("thermostat", default=20000), THERMOSTAT),
    ]


def loads() -> list[Load]:
    """Return what stands behind them."""
    return [Load(6900), Load(0), Load(2500), Load(1000, 0, (1,)), Load(1500), Load(0)]


class Faulty(Plant):
    """A plant whose samples pass through `fault` and whose clock through `clock_fault`, while they are set."""

    def __init__(self) -> None:
        super().__init__(units(), loads())
        self.base_w = [200, 200, 200]
        self.fault: tuple[int, Any] | None = None
        self.clock_fault: Any = None
        self.civil_ms = CIVIL_MS
        self.state.reading_s = self.state.next_reading_s = 10

    def measure(self) -> Image:
        """Let every device answer, and the fault bend one answer."""
        before = list(self.samples)
        super().measure()
        civil_ms = self.civil_ms
        if self.fault is not None:
            index, bend = self.fault
            answer = self.samples[index]
            assert answer is not None
            bent = bend(dict(answer.values))
            self.samples[index] = before[index] if bent is None else Sample(self.now_ms, bent)
        if self.clock_fault is not None:
            civil_ms = self.clock_fault(civil_ms)
        quality = q.CLOCK_SYNCHRONISED if civil_ms else q.CLOCK_UNKNOWN
        return Image(list(self.samples), civil_ms, quality, 0)


def limit_message() -> Message:
    """Return the grid operator's limit on the site."""
    return Message(b"l" * 32, record.ACCEPTED, DSO, [3, 1, AGENT_ID, 7, 1, 1000, 1, ["", 0, LIMIT_W, LIMIT_S]])


def without(quantities: tuple[int, ...]):
    """Return a fault that leaves these quantities out."""

    def bend(values):
        return {quantity: values[quantity] for quantity in values if quantity not in quantities}

    return bend


def saying(quantity: int, number: int):
    """Return a fault that puts `number` in a quantity's place."""

    def bend(values):
        values[quantity] = number
        return values

    return bend


def silence(values):
    """Answer nothing."""


CURRENTS = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)
GONE = {"meter power": silence, "meter currents": without(CURRENTS), "clock": lambda civil_ms: 0}
ABSURD = {
    "meter power": [saying(q.POWER_W, 900000), saying(q.POWER_W, -900000)],
    "meter currents": [saying(CURRENTS[1], 900000), saying(CURRENTS[2], -900000)],
    "clock": [lambda civil_ms: 4102444800000],
    "thermostat": [saying(q.TEMP_TARGET_MC, 999000), saying(q.TEMP_ROOM_MC, -999000)],
}
NEGATIVE = {
    "meter power": [None],  # the sun shines: true, and no fault
    "meter currents": [saying(CURRENTS[1], -9000)],
    "clock": [lambda civil_ms: civil_ms - 3600000],
    "thermostat": [saying(q.TEMP_ROOM_MC, -20000)],
}
MEGAWATT = [saying(q.POWER_W, 1000000), saying(q.POWER_W, -1000000), saying(CURRENTS[0], 900000)]


def faults(cell: Cell) -> list[Any]:
    """Return the variants of a cell's fault."""
    if cell.condition == "absurd":
        return ABSURD.get(cell.input, MEGAWATT)
    if cell.condition == "negative":
        return NEGATIVE.get(cell.input, [saying(q.POWER_W, -1500)])
    return [GONE.get(cell.input, silence)]


class Story:
    """A cell being run: what was said and granted, second by second since the fault began."""

    def __init__(self, cell: Cell, bend: Any) -> None:
        self.cell = cell
        self.bend = bend
        self.site = Faulty()
        self.index = 0 if cell.input not in KINDS else KINDS.index(cell.input) + 1
        self.said: list[tuple[str, int]] = []
        self.readings: list[tuple[int, int, int]] = []  # end, quality, how many values
        self.over_s = 0
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
            self.site.base_w = [-4300, -4300, -4300] if failing else [200, 200, 200]

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
                self._compare(granted)

    def skip(self, seconds: int) -> None:
        """Let seconds pass without a tick."""
        self.site.now_ms += 1000 * seconds
        self.site.civil_ms += 1000 * seconds

    def grants(self) -> tuple[int | None, ...]:
        """Return what the devices are told."""
        return tuple(self.site.setpoints())

    def _compare(self, granted: str) -> None:
        told, most = self.grants(), GRANTS["all" if granted == AT_MOST else granted]
        if granted != AT_MOST:
            assert told == most, (self.now_s(), told, granted)
            return
        for unit, setpoint, highest in zip(self.site.state.units[1:], told, most):
            if highest is None:
                assert setpoint is None or setpoint <= 0
            else:
                assert unit.power_of(setpoint) <= unit.power_of(highest), (self.now_s(), told)

    def _hear(self, fact: list[Any]) -> None:
        kind = fact[0]
        if kind == record.FAILSAFE:
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
                self.readings.append((self.now_s(), fact[4], len(fact[5])))
        elif kind == record.EVENT:
            self.said.append(("event %d" % fact[3], self.now_s()))
        else:
            assert kind in (record.BINDING, record.DELAY) or fact[5] == record.ACCEPTED, fact

    def limit(self) -> None:
        """Let the grid operator limit the site, and the devices follow."""
        self.limited = True
        self.until_s = self.now_s() + 1 + LIMIT_S
        self.run(12, None, [limit_message()])
        self.over_s = 0

    def prepare(self) -> None:
        """Bring the site to the cell's phase."""
        cell = self.cell
        if cell.condition == "never seen":
            self.fail(True)
        elif cell.phase == "boot":
            self.run(2)
        if cell.phase != "boot":
            self.run(WARM_S)
        if cell.phase == "limited":
            self.limit()


def expected(words: Words, since_s: int) -> list[tuple[str, int]]:
    """Return the words with the second at which each is due."""
    return [(what, since_s + after_s) for what, after_s in words]


def play(cell: Cell, bend: Any) -> None:
    """Run one cell in one variant; raise AssertionError where it is not as the table says."""
    story = Story(cell, bend)
    story.prepare()
    began_s = 0 if cell.condition == "never seen" else story.now_s()
    if cell.condition == "flapping":
        for flap in range(FLAPS):
            story.fail(True)
            story.run(STALE_S - 1, cell.before if flap == 0 and story.now_s() > 2 else cell.inside if flap else None)
            story.run(FLAP_GONE_S - STALE_S + 1, cell.inside)
            if flap < FLAPS - 1:
                story.fail(False)
                story.run(FLAP_HERE_S, cell.inside)
    else:
        story.fail(True)
        enters_s = max([after_s for _, after_s in cell.enters] + [1])
        waits_s = max(0, began_s + enters_s - 1 - story.now_s())
        story.run(waits_s, cell.before if story.now_s() else None)
        story.run(FAULT_S - waits_s, cell.inside)
    ended_s = story.now_s()
    story.fail(False)
    if cell.differs and cell.input == "clock":
        story.site.civil_ms += 3600000
    elif cell.differs:
        story.site.base_w = list(MORE_W)
    leaves_s = max([after_s for _, after_s in cell.leaves] + [1])
    story.run(leaves_s - 1, cell.inside if cell.leaves else None)
    leave(story, cell)
    assert story.said == expected(cell.enters, began_s) + expected(cell.leaves, ended_s), story.said
    judge_readings(story, cell, began_s, ended_s)
    if cell.input == "clock" and story.limited:
        judge_limit(story)
    assert story.over_s <= OVER_S_MAX, story.over_s


def leave(story: Story, cell: Cell) -> None:
    """Run until the grants are what they shall be after the fault; then they rest."""
    stride_s = LONG_STRIDE_S if cell.back_s > 60 else 1
    story.run(1)
    changes = 0
    for _ in range(0, cell.back_s, stride_s):
        before = story.grants()
        if before == GRANTS[cell.after]:
            break
        story.skip(stride_s - 1)
        story.run(1)
        changes += story.grants() != before
    assert changes <= CHANGES_MAX, changes
    story.run(CALM_S, cell.after)


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
    for end_s, quality, count in story.readings:
        assert (quality == 1) == (count == 0)
        if cell.condition != "flapping" and began_s + 20 <= end_s <= ended_s:
            assert quality == cell.reading, (end_s, quality)
        if end_s >= ended_s + 21:
            assert quality == GOOD, (end_s, quality)
