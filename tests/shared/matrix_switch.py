"""The failsafe matrix's rows for the input of a phase switch: where it stands, behind a charger of one or three phases.

It is no device of the site in matrix_site.py: its cells are run with a charger, its contactor and real actuators
(garage.py). A cell says the same as in matrix.py; granted are the charger's mA and the phases of its contactor.
"""

from __future__ import annotations

from agent import record
from agent.claims import TARGET
from tests.shared.garage import Garage
from tests.shared.matrix import (
    BOOT,
    CONDITIONS,
    FAULT_S,
    FLAP_GONE_S,
    FLAP_HERE_S,
    FLAPS,
    GOOD,
    LIMITED,
    LOST_AND_FOUND,
    PHASES,
    TARGETED,
    Rule,
)  # fmt: skip

INPUT = "phase switch"
POWER_W = 4200  # the limit, or the target
BEGINS_S = 60  # until a limit or target comes
SETTLES_S = {LIMITED: 120, TARGETED: 820}  # a target moves a charger after 600 s
CALM_S = 60
THREE, ONE = "three phases", "one phase"
STOPPED_ON_ONE, STOPPED_ON_THREE = "stopped on one phase", "stopped on three phases"
GRANTS = {THREE: (24100, 3), ONE: (15600, 1), STOPPED_ON_ONE: (0, 1), STOPPED_ON_THREE: (0, 3)}
BEFORE = {LIMITED: ONE, TARGETED: ONE}
STATES = ("lost", "attached", "foreign", "wrong", "regained")

NOTHING = "nothing is stopped: the charger counts with three phases, and nothing is switched"
STANDS = "the charger counts with three phases, and for these there is no room; nothing is switched"
LOST, FOUND = (("lost", 10),), (("attached", 1),)
BY_ANOTHER = "; another has moved it meanwhile: that is said, and undone once the reason has lasted"


def _found(regained_s: int) -> tuple[tuple[str, int], ...]:
    return FOUND + (("foreign", 7), ("regained", regained_s))


# By condition, or (condition, phase) where a phase differs; those with nothing of their own are granted on as before.
RULES = {
    "never seen": Rule(NOTHING, (), FOUND),
    ("never seen", LIMITED): Rule(STANDS, (), FOUND, STOPPED_ON_THREE, back_s=45),
    ("never seen", TARGETED): Rule(STANDS, (), FOUND, STOPPED_ON_THREE, back_s=639),
    "stale": Rule(NOTHING, LOST, FOUND),
    ("stale", LIMITED): Rule(STANDS, LOST, FOUND, STOPPED_ON_ONE, back_s=14),
    "returns same": Rule(NOTHING, LOST, FOUND),
    ("returns same", LIMITED): Rule(STANDS, LOST, FOUND, STOPPED_ON_ONE, back_s=14),
    "returns different": Rule(NOTHING + BY_ANOTHER, LOST, _found(609), back_s=38, differs=True),
    ("returns different", LIMITED): Rule(STANDS + BY_ANOTHER, LOST, _found(9), STOPPED_ON_ONE, back_s=39, differs=True),
    ("returns different", TARGETED): Rule(NOTHING + BY_ANOTHER, LOST, _found(608), back_s=34, differs=True),
    "flapping": Rule(NOTHING, LOST_AND_FOUND, FOUND),
    ("flapping", LIMITED): Rule(
        STANDS + "; believed again after five good seconds", LOST_AND_FOUND, FOUND, STOPPED_ON_ONE, back_s=14),
    "absurd": Rule(NOTHING + "; 7 phases are no answer"),
    ("absurd", LIMITED): Rule(STANDS + "; 7 phases are no answer", inside=STOPPED_ON_ONE, back_s=14),
    "negative": Rule(NOTHING),
    ("negative", LIMITED): Rule(STANDS, inside=STOPPED_ON_ONE, back_s=14),
}  # fmt: skip


class SwitchCell:
    """What the input does in one condition and phase; `back_s` counts from the last word on the way out."""

    input = INPUT
    reading = GOOD

    def __init__(self, condition: str, phase: str) -> None:
        what = RULES.get((condition, phase)) or RULES[condition]
        self.condition, self.phase = condition, phase
        self.enters, self.leaves, self.note = what.enters, what.leaves, what.note
        self.before = BEFORE.get(phase, THREE)
        self.inside = self.before if what.inside == "all" else what.inside
        self.back_s = what.back_s
        self.differs = what.differs

    @property
    def name(self) -> str:
        """Return what a failing test prints."""
        return "%s / %s / %s" % (INPUT, self.condition, self.phase)


def switch_cells() -> list[SwitchCell]:
    """Return every cell, in the table's order."""
    return [SwitchCell(condition, phase) for condition in CONDITIONS for phase in PHASES]


class Story:
    """A cell being run: what was said of the switch, second by second."""

    def __init__(self, cell: SwitchCell) -> None:
        self.cell = cell
        self.garage = Garage()

    def fail(self, failing: bool) -> None:
        """Let the switch's answers fail, or heal them."""
        lies = {"absurd": 7, "negative": -1}
        if self.cell.condition in lies:
            self.garage.contactor_says = lies[self.cell.condition] if failing else None
        else:
            self.garage.contactor_silent = failing

    def now_s(self) -> int:
        """Return the second of the agent's life."""
        return self.garage.now_ms // 1000

    async def run(self, seconds: int, granted: str | None = None) -> None:
        """Let seconds pass; each of them must grant `granted`, when that is given."""
        for _ in range(seconds):
            await self.garage.tick()
            assert granted is None or self.grants() == GRANTS[granted], (self.now_s(), self.grants(), granted)

    def grants(self) -> tuple[int | None, int]:
        """Return what the charger is told, and the phases that it has."""
        return self.garage.charger.setpoint, self.garage.contactor.phases

    def said(self) -> list[tuple[str, int]]:
        """Return what was said of the switch since the fault began, and when."""
        told = []
        for fact in self.garage.said(record.DEVICE_STATE):
            device, state, at_ms = fact[2], fact[3], fact[1]
            assert type(state) is int and type(at_ms) is int
            if device == 2:
                told.append((STATES[state], at_ms // 1000))
        return told

    async def prepare(self) -> None:
        """Bring the site to the cell's phase."""
        cell, garage = self.cell, self.garage
        if cell.condition == "never seen":
            self.fail(True)
        await self.run((2 if cell.condition != "never seen" else 0) if cell.phase == BOOT else BEGINS_S)
        if cell.phase == LIMITED:
            garage.limit(POWER_W)
        elif cell.phase == TARGETED:
            garage.claim(-1, POWER_W, TARGET)
        await self.run(SETTLES_S.get(cell.phase, 0))
        if cell.condition != "never seen":
            garage.facts.clear()
            assert self.grants() == GRANTS[cell.before], (self.grants(), cell.before)


async def play(cell: SwitchCell) -> None:
    """Run one cell; raise AssertionError where it is not as the table says."""
    story = Story(cell)
    await story.prepare()
    garage = story.garage
    began_s = 0 if cell.condition == "never seen" else story.now_s()
    acts_s = max([after_s for _, after_s in cell.enters[:1]] + [1]) - 1
    moves = len(garage.contactor.moves)
    if cell.condition == "flapping":
        for flap in range(FLAPS):
            story.fail(True)
            quiet_s = 0 if flap else acts_s
            await story.run(quiet_s, cell.before)
            await story.run(FLAP_GONE_S - quiet_s, cell.inside)
            if flap < FLAPS - 1:
                story.fail(False)
                await story.run(FLAP_HERE_S, cell.inside)
    else:
        story.fail(True)
        if cell.condition != "never seen":
            await story.run(acts_s, cell.before)
        await story.run(FAULT_S - (acts_s if cell.condition != "never seen" else 0), cell.inside)
    assert len(garage.contactor.moves) == moves
    ended_s = story.now_s()
    if cell.differs:
        garage.contactor.move(4 - garage.contactor.phases)
    under_load = garage.contactor.under_load
    story.fail(False)
    await story.run(max([after_s for _, after_s in cell.leaves] + [1]) - 1)
    await story.run(cell.back_s - 1)
    await story.run(CALM_S, cell.before)
    due = [(what, began_s + after_s) for what, after_s in cell.enters]
    due += [(what, ended_s + after_s) for what, after_s in cell.leaves]
    assert story.said() == due, (story.said(), due)
    assert garage.contactor.under_load == under_load
