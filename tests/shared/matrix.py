"""The failsafe matrix as one table: what happens when an input fails in each way, in each phase of the agent's life.

Source: docs/architecture.md, "Limits and claims"; need 1-3 of the field: a stale input ends in a defined, conservative
state, quickly, and says so; that state is left by itself, exactly once; an old value never gets a new time.
matrix_core.py and matrix_loop.py run every cell, tests/failsafe_table.py prints docs/failsafe.md.

A cell says how many seconds after the fault began what is said (`enters`), what the devices are granted meanwhile
(`inside`), and how many seconds after the fault ended what is said (`leaves`). Whatever is not in a cell is not said.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Words: TypeAlias = "tuple[tuple[str, int], ...]"

PHASES = ("boot", "running", "limited")
CONDITIONS = ("never seen", "stale", "returns same", "returns different", "flapping", "absurd", "negative")
KINDS = ("charger", "battery", "heat pump", "switch", "SG-ready", "thermostat")
CORE_INPUTS = ("meter power", "meter currents") + KINDS + ("clock",)
LOOP_INPUTS = ("uplink", "write path", "lease")
INPUTS = CORE_INPUTS + LOOP_INPUTS

FAULT_S = 35  # how long an input is gone
FLAPS = 4  # how often it goes and comes
FLAP_GONE_S = 12
FLAP_HERE_S = 3

# Set-points of charger (mA), battery, heat pump (W), switch, SG-ready, thermostat (m°C); None: the product's own mode.
GRANTS = {
    "all": (10000, None, 5000, 1, 2, 20000),
    "all, within the limit": (0, None, 2100, 0, 2, 20000),
    "all, within the limit, the house draws more": (0, None, 500, 0, 1, 20000),
    "fallback": (6000, 0, 1000, 0, 1, 20000),
    "fallback, within the limit": (0, 0, 1000, 0, 1, 20000),
}
SLOW_S = 352  # until what a compressor or a contact held is back: 300 s, then what was kept back for others
DRAWS_MORE_S = 12  # until a battery that covered for a house that draws more is let go
AT_MOST = "at most all"  # a site that is not settled keeps room back, and covers for it: less is right too
GOOD, MISSING = 0, 1


class Rule:
    """A row of the table; `differs`: the world has changed when the input is back."""

    def __init__(
        self, note: str, enters: Words = (), leaves: Words = (), inside: str = "all", reading: int = GOOD,
        back_s: int = 1, differs: bool = False,
    ) -> None:  # fmt: skip
        self.note = note
        self.enters = enters
        self.leaves = leaves
        self.inside = inside
        self.reading = reading
        self.back_s = back_s
        self.differs = differs


class Cell:
    """What one input does in one condition and phase; see the module."""

    def __init__(self, where: tuple[str, str, str], what: Rule) -> None:
        self.input, self.condition, self.phase = where
        self.enters = what.enters
        self.leaves = what.leaves
        limit = ", within the limit" if self.phase == "limited" else ""
        here = self.input in CORE_INPUTS
        unsettled = self.phase == "boot" or self.condition == "never seen"
        vague = what.inside == AT_MOST or (here and what.inside == "all" and unsettled and self.input != "clock")
        own = what.inside in (HELD, OWN)
        self.inside = AT_MOST if vague else what.inside + ("" if own else limit)
        self.before = "all" + limit
        self.after = self.before + (
            ", the house draws more" if what.differs and limit and self.input != "clock" else ""
        )
        self.differs = what.differs
        self.reading = what.reading
        self.back_s = max(what.back_s, SLOW_S if vague else DRAWS_MORE_S if what.differs and limit else 1)
        self.note = what.note

    @property
    def name(self) -> str:
        """Return what a failing test prints."""
        return "%s / %s / %s" % (self.input, self.condition, self.phase)


GONE = (("lost", 10), ("enters meter stale", 10))
BACK = (("attached", 1), ("leaves meter stale", 5))
LOST_AND_FOUND = (
    ("lost", 10), ("attached", 13), ("lost", 25), ("attached", 28), ("lost", 40), ("attached", 43), ("lost", 55),
)  # fmt: skip
FLAPPING = GONE + LOST_AND_FOUND[1:]
ABSURD_IN = (("enters meter absurd", 1),)
ABSURD_OUT = (("leaves meter absurd", 5),)
HELD = "what each holds"
OWN = "each in its product's default mode"
FAILED, APPLIED = (("failed", 1),), (("applied", 31),)
REJECTED = (("rejected", 1),)
LEASE_OVER, LEASE_BACK = (("defaulted", 10),), (("applied", 3),)
IGNORED = "nothing: what it draws stays among what the meter shows and nobody can move"

# (input, condition) or, where a phase differs, (input, condition, phase); "device" is each of KINDS.
RULES = {
    ("meter power", "never seen"): Rule(
        "no headroom from the first tick on", (("enters meter never seen", 1),),
        (("attached", 1), ("leaves meter never seen", 1)), "fallback", MISSING, SLOW_S),
    ("meter power", "stale"): Rule("no headroom", GONE, BACK, "fallback", MISSING, SLOW_S),
    ("meter power", "returns same"): Rule(
        "no headroom; equal values are news", GONE, BACK, "fallback", MISSING, SLOW_S),
    ("meter power", "returns different"): Rule(
        "no headroom; then what the house draws now counts", GONE, BACK, "fallback", MISSING, 2 * SLOW_S, True),
    ("meter power", "flapping"): Rule(
        "no headroom, entered once and left once, five good seconds after the last silence", FLAPPING, BACK,
        "fallback", MISSING, SLOW_S),
    ("meter power", "absurd"): Rule(
        "900 kW or -900 kW: no headroom", ABSURD_IN, ABSURD_OUT, "fallback", MISSING, SLOW_S),
    ("meter power", "negative"): Rule("nothing: feeding in is no fault"),
    ("meter power", "negative", "limited"): Rule("nothing: feeding in makes room", inside=AT_MOST, back_s=40),
    ("meter currents", "never seen"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("meter currents", "stale"): Rule("nothing, likewise"),
    ("meter currents", "returns same"): Rule("nothing, likewise"),
    ("meter currents", "returns different"): Rule("nothing; then what the house draws now counts", differs=True),
    ("meter currents", "flapping"): Rule("nothing"),
    ("meter currents", "absurd"): Rule(
        "900 A in a phase: no headroom", ABSURD_IN, ABSURD_OUT, "fallback", MISSING, SLOW_S),
    ("meter currents", "negative"): Rule("nothing: a current is a magnitude, its direction is the power's"),
    ("device", "never seen"): Rule(IGNORED, (), (("attached", 1),), reading=MISSING),
    ("device", "stale"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING),
    ("device", "returns same"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING),
    ("device", "returns different"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING, differs=True),
    ("device", "flapping"): Rule(IGNORED, LOST_AND_FOUND, (("attached", 1),), reading=MISSING),
    ("device", "absurd"): Rule(IGNORED + "; 1 MW is no reading", reading=MISSING),
    ("device", "negative"): Rule(IGNORED + "; it is written down as it was said"),
    ("battery", "negative"): Rule("nothing: it discharges"),
    ("thermostat", "absurd"): Rule("nothing: a driver leaves out what is not credible"),
    ("clock", "never seen"): Rule("nothing: ends count in the agent's own seconds", (), (("clock", 1),)),
    ("clock", "stale"): Rule("nothing", (), (("clock", 1),)),
    ("clock", "returns same"): Rule("nothing", (), (("clock", 1),)),
    ("clock", "returns different"): Rule("an hour ahead: no limit ends earlier", (), (("clock", 1),), differs=True),
    ("clock", "flapping"): Rule("nothing", (("clock", 13), ("clock", 28), ("clock", 43)), (("clock", 1),)),
    ("clock", "absurd"): Rule("the year 2100: said, no limit ends earlier", (("clock", 1),), (("clock", 1),)),
    ("clock", "negative"): Rule("an hour back: said, no limit ends later", (("clock", 1),), (("clock", 1),)),
    ("uplink", "never seen"): Rule("nothing; what an earlier epoch kept holds and ends at its time"),
    ("uplink", "stale"): Rule("nothing; limits and claims hold and end at their time"),
    ("uplink", "returns same"): Rule("nothing; a command that comes twice is refused as replayed"),
    ("uplink", "returns different"): Rule("nothing; the new command is taken"),
    ("uplink", "flapping"): Rule("nothing; the agent announces itself again on each connection"),
    ("uplink", "absurd"): Rule("nothing; bytes that are no command are refused, too many never get in"),
    ("uplink", "negative"): Rule("nothing; a limit below zero is malformed"),
    ("write path", "never seen"): Rule("said once for each set-point, tried again", FAILED, APPLIED, HELD),
    ("write path", "stale"): Rule("said once for each set-point, tried again", FAILED, APPLIED, HELD),
    ("write path", "returns same"): Rule(
        "what was held before is written again: nobody knows what was kept", FAILED, APPLIED, HELD),
    ("write path", "returns different"): Rule(
        "only what is wanted now is written", FAILED, APPLIED, HELD, differs=True),
    ("write path", "flapping"): Rule("said once for each set-point, written once", FAILED, APPLIED, HELD),
    ("write path", "absurd"): Rule("the product keeps something else: said with what it kept", REJECTED, APPLIED, HELD),
    ("write path", "negative"): Rule("likewise", REJECTED, APPLIED, HELD),
    ("lease", "never seen"): Rule("nothing is ever written", (), LEASE_BACK, HELD),
    ("lease", "stale"): Rule("the loop no longer turns", LEASE_OVER, LEASE_BACK, OWN),
    ("lease", "returns same"): Rule("written again though equal", LEASE_OVER, LEASE_BACK, OWN),
    ("lease", "returns different"): Rule("what is wanted now is written", LEASE_OVER, LEASE_BACK, OWN, differs=True),
    ("lease", "flapping"): Rule("once for each lease that ended", LEASE_OVER * FLAPS, LEASE_BACK, OWN),
    ("lease", "absurd"): Rule("a grant that no contract allows never reaches the product", REJECTED, LEASE_BACK, HELD),
    ("lease", "negative"): Rule("likewise", REJECTED, LEASE_BACK, HELD),
}  # fmt: skip


def rule_of(where: tuple[str, str, str]) -> Rule:
    """Return the most special row that holds for (input, condition, phase)."""
    what, condition, _ = where
    for key in (where, (what, condition), ("device", condition)):
        if key in RULES and (key[0] != "device" or what in KINDS):
            return RULES[key]
    raise KeyError(where)


def cells(inputs: tuple[str, ...]) -> list[Cell]:
    """Return every cell of these inputs, in the table's order."""
    wheres = [(what, condition, phase) for what in inputs for condition in CONDITIONS for phase in PHASES]
    return [Cell(where, rule_of(where)) for where in wheres]
