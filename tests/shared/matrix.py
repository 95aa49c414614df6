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

BOOT, RUNNING, LIMITED, TARGETED = "boot", "running", "limited", "targeted"
PHASES = (BOOT, RUNNING, LIMITED, TARGETED)
CONDITIONS = ("never seen", "stale", "returns same", "returns different", "flapping", "absurd", "negative")
METERS = ("meter power", "meter currents", "one phase's current", "circuit meter")
KINDS = ("charger", "battery", "heat pump", "switch", "SG-ready", "thermostat")
CHARGE = "state of charge"
CORE_INPUTS = METERS + KINDS + (CHARGE, "clock")
LOOP_INPUTS = ("uplink", "write path", "read-back", "lease")
INPUTS = CORE_INPUTS + LOOP_INPUTS

FAULT_S = 35  # how long an input is gone
FLAPS = 4  # how often it goes and comes
FLAP_GONE_S = 12
FLAP_HERE_S = 3

ANY = -1 << 30  # whatever fits under the limit, or meets the target
TARGET_W = 9000

# Set-points of charger (mA), battery, heat pump (W), switch, SG-ready, thermostat (m°C); None: the product's own mode.
GRANTS = {
    "all": (10000, None, 5000, 1, 2, 20000),
    "all, within the limit": (0, None, 2100, 0, 2, 20000),
    "all, within the limit, the house draws more": (0, None, 500, 0, 1, 20000),
    "as near as can be": (ANY, ANY, ANY, ANY, ANY, 20000),
    "the target": (ANY, ANY, ANY, ANY, ANY, 20000),
    "fallback": (6000, 0, 1000, 1, 1, 20000),
    "fallback, within the limit": (0, 0, 1000, 0, 1, 20000),
    "fallback that nothing had held, within the limit": (0, 0, 1000, 1, 1, 20000),
    "fallback in the circuit": (6000, 0, 5000, 1, 2, 20000),
    "fallback in the circuit, within the limit": (0, 0, 2100, 0, 2, 20000),
    "fallback in the circuit, the target": (6000, 0, ANY, ANY, ANY, 20000),
    "all, the battery charges": (10000, 200, 5000, 1, 2, 20000),
    "all, the battery holds": (10000, 0, 5000, 1, 2, 20000),
    "all, within the limit, the battery discharges": (0, -1000, ANY, 0, ANY, 20000),
    "all, within the limit, the battery holds": (0, 0, ANY, 0, ANY, 20000),
    "the target, the battery holds": (ANY, 0, ANY, ANY, ANY, 20000),
}
UNDER_LIMIT = "all, within the limit"
BEFORE = {CHARGE: "all, the battery charges"}  # there a claim wants something of the battery
SLOW_S = 352  # until what a compressor or a contact held is back: 300 s, then what was kept back for others
TRACKS_S = 40  # until a target is met again
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


def in_phase(name: str, phase: str) -> str:
    """Return the row of GRANTS that stands for `name` in a phase."""
    falls = name.startswith("fallback")
    if phase == LIMITED:
        return name + ", within the limit" if falls else UNDER_LIMIT + name[3:].replace("charges", "discharges")
    if phase == TARGETED and name not in ("fallback", "as near as can be"):
        return name + ", the target" if falls else "the target" + name[3:].replace(", the battery charges", "")
    return name


class Cell:
    """What one input does in one condition and phase; see the module."""

    def __init__(self, where: tuple[str, str, str], what: Rule) -> None:
        self.input, self.condition, self.phase = where
        self.enters = what.enters
        self.leaves = what.leaves
        here = self.input in CORE_INPUTS
        limited, self.targeted = self.phase == LIMITED, self.phase == TARGETED
        settled = self.phase != BOOT and (self.condition != "never seen" or self.targeted)
        vague = what.inside == AT_MOST or (here and what.inside == "all" and not settled and self.input != "clock")
        self.before = self.after = in_phase(BEFORE.get(self.input, "all"), self.phase)
        own = what.inside in (HELD, OWN) or what.inside.startswith(THEIRS)
        self.inside = AT_MOST if vague else what.inside if own else in_phase(what.inside, self.phase)
        changed = what.differs and limited
        if changed and self.input != "clock" and self.input != CHARGE:
            self.after += ", the house draws more"
        self.differs = what.differs
        self.reading = what.reading
        changed = changed and self.input != "read-back"
        self.back_s = max(what.back_s, SLOW_S if vague else DRAWS_MORE_S if changed else 1)
        if self.targeted and here:
            self.back_s = TRACKS_S
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
UNASKED = "nothing: who cannot be asked is not suspected, nothing is written anew"
THEIRS = "what the other wrote"
OWN = "each in its product's default mode"
FAILED, APPLIED = (("failed", 1),), (("applied", 31),)
REJECTED = (("rejected", 1),)
LEASE_OVER, LEASE_BACK = (("defaulted", 10),), (("applied", 3),)
IGNORED = "nothing: its draw stays among what the meter shows and nobody can move"
HERE = "fallback in the circuit"
ASIDE = "no headroom in the circuit, on the connection nobody notices"
NO_CHARGE, CHARGE_LATE, CHARGE_AGAIN = (("protection charge", 1),), (("protection charge", 3),), (("claim owner", 10),)
CHARGE_AIMED = NO_CHARGE + (("claim agg", 4),)
HOLDS = "all, the battery holds"
FOREIGN, REGAINED = (("foreign", 7),), (("regained", 125),)

# (input, condition) or, where a phase differs, (input, condition, phase); "device" is each of KINDS.
RULES = {
    ("meter power", "never seen"): Rule(
        "no headroom from the first tick on", (("enters meter never seen", 1),),
        (("attached", 1), ("leaves meter never seen", 1)), "fallback", MISSING, SLOW_S),
    ("meter power", "never seen", LIMITED): Rule(
        "no headroom from the first tick on", (("enters meter never seen", 1),),
        (("attached", 1), ("leaves meter never seen", 1)), "fallback that nothing had held", MISSING, SLOW_S),
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
    ("meter power", "negative", LIMITED): Rule("nothing: feeding in makes room", inside=AT_MOST, back_s=40),
    ("meter power", "negative", TARGETED): Rule(
        "nothing: more is drawn to meet the target", inside="as near as can be"),
    ("meter currents", "never seen"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("meter currents", "stale"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("meter currents", "returns same"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("meter currents", "returns different"): Rule("nothing; then what the house draws now counts", differs=True),
    ("meter currents", "flapping"): Rule("nothing"),
    ("meter currents", "absurd"): Rule(
        "900 A in a phase: no headroom", ABSURD_IN, ABSURD_OUT, "fallback", MISSING, SLOW_S),
    ("meter currents", "negative"): Rule("nothing: a current is a magnitude, its direction is the power's"),
    ("one phase's current", "never seen"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("one phase's current", "stale"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("one phase's current", "returns same"): Rule("nothing: what no device explains is taken for every phase's own"),
    ("one phase's current", "returns different"): Rule("nothing; then what the house draws now counts", differs=True),
    ("one phase's current", "flapping"): Rule("nothing"),
    ("one phase's current", "absurd"): Rule(
        "900 A in that phase: no headroom", ABSURD_IN, ABSURD_OUT, "fallback", MISSING, SLOW_S),
    ("one phase's current", "negative"): Rule("nothing: a current is a magnitude"),
    ("circuit meter", "never seen"): Rule(
        ASIDE, (("enters meter never seen", 1),), (("attached", 1), ("leaves meter never seen", 1)), HERE, MISSING,
        SLOW_S),
    ("circuit meter", "stale"): Rule(ASIDE, GONE, BACK, HERE, MISSING, SLOW_S),
    ("circuit meter", "returns same"): Rule(ASIDE, GONE, BACK, HERE, MISSING, SLOW_S),
    ("circuit meter", "returns different"): Rule(ASIDE, GONE, BACK, HERE, MISSING, SLOW_S, True),
    ("circuit meter", "flapping"): Rule(ASIDE + ", entered once and left once", FLAPPING, BACK, HERE, MISSING, SLOW_S),
    ("circuit meter", "absurd"): Rule(ASIDE, ABSURD_IN, ABSURD_OUT, HERE, MISSING, SLOW_S),
    ("circuit meter", "negative"): Rule("nothing: feeding in is no fault"),
    ("circuit meter", "negative", LIMITED): Rule("nothing: feeding in makes room", inside=AT_MOST, back_s=40),
    ("circuit meter", "negative", TARGETED): Rule(
        "nothing: more is drawn to meet the target", inside="as near as can be"),
    ("device", "never seen"): Rule(IGNORED, (), (("attached", 1),), reading=MISSING),
    ("device", "stale"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING),
    ("device", "returns same"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING),
    ("device", "returns different"): Rule(IGNORED, (("lost", 10),), (("attached", 1),), reading=MISSING, differs=True),
    ("device", "flapping"): Rule(IGNORED, LOST_AND_FOUND, (("attached", 1),), reading=MISSING),
    ("device", "absurd"): Rule(IGNORED + "; 1 MW is no reading", reading=MISSING),
    ("device", "negative"): Rule(IGNORED + "; it is written down as it was said"),
    ("battery", "negative"): Rule("nothing: it discharges"),
    ("thermostat", "absurd"): Rule("nothing: a driver leaves out what is not credible"),
    (CHARGE, "flapping"): Rule(
        "neither charged nor discharged, until it has been known for long enough", NO_CHARGE, CHARGE_AGAIN, HOLDS),
    (CHARGE, "flapping", LIMITED): Rule(
        "neither charged nor discharged, until it has been known for long enough", CHARGE_LATE, CHARGE_AGAIN, HOLDS),
    (CHARGE, "flapping", TARGETED): Rule(
        "neither charged nor discharged; others meet the target", CHARGE_AIMED, (), HOLDS),
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
    ("read-back", "never seen"): Rule(UNASKED, inside=HELD),
    ("read-back", "stale"): Rule(UNASKED, inside=HELD),
    ("read-back", "returns same"): Rule(UNASKED, inside=HELD),
    ("read-back", "returns different"): Rule(
        "another controller's set-point is found, said once and overwritten", (), (("foreign", 7), ("regained", 70)),
        THEIRS, differs=True),
    ("read-back", "returns different", LIMITED): Rule(
        "likewise, of each that was not throttled anyway", (), (("foreign", 7), ("regained", 70)),
        THEIRS + ", less what exceeds the limit", differs=True),
    ("read-back", "flapping"): Rule(UNASKED, inside=HELD),
    ("read-back", "absurd"): Rule(
        "taken for another controller: said once, ours is written anew with growing pauses", FOREIGN, REGAINED, HELD),
    ("read-back", "negative"): Rule("likewise", FOREIGN, REGAINED, HELD),
    ("lease", "never seen"): Rule("nothing is ever written", (), LEASE_BACK, HELD),
    ("lease", "stale"): Rule("the loop no longer turns", LEASE_OVER, LEASE_BACK, OWN),
    ("lease", "returns same"): Rule("written again though equal", LEASE_OVER, LEASE_BACK, OWN),
    ("lease", "returns different"): Rule("what is wanted now is written", LEASE_OVER, LEASE_BACK, OWN, differs=True),
    ("lease", "flapping"): Rule("once for each lease that ended", LEASE_OVER * FLAPS, LEASE_BACK, OWN),
    ("lease", "absurd"): Rule("a grant that no contract allows never reaches the product", REJECTED, LEASE_BACK, HELD),
    ("lease", "negative"): Rule("likewise", REJECTED, LEASE_BACK, HELD),
}  # fmt: skip


UNTOLD = (
    ("never seen", "neither charged nor discharged"),
    ("stale", "neither charged nor discharged"),
    ("returns same", "neither charged nor discharged"),
    ("returns different", "neither charged nor discharged"),
    ("absurd", "5000 or 1001 per mille: neither charged nor discharged, and it is in no reading"),
    ("negative", "below 0: neither charged nor discharged, and it is in no reading"),
)
for _condition, _note in UNTOLD:  # under a limit the battery is first asked to cover; a target is met by others
    _late = (("protection charge", 1), ("limit dso", 36), ("protection charge", 37))
    _never, _differs = _condition == "never seen", _condition == "returns different"
    _again = (("claim owner", 1),) if _never else CHARGE_AGAIN
    _more = (("limit dso", 1), ("protection charge", 2)) if _differs else ()  # the battery is first asked for it
    RULES[(CHARGE, _condition)] = Rule(_note, NO_CHARGE, _again, HOLDS, differs=_differs)
    RULES[(CHARGE, _condition, LIMITED)] = Rule(
        _note, _late if _never else CHARGE_LATE, _more + _again, HOLDS, differs=_differs)  # fmt: skip
    RULES[(CHARGE, _condition, TARGETED)] = Rule(
        _note, () if _never else CHARGE_AIMED, (), HOLDS, differs=_differs)  # fmt: skip


def rule_of(where: tuple[str, str, str]) -> Rule:
    """Return the most special row that holds for (input, condition, phase)."""
    what, condition, _ = where
    for key in (where, (what, condition), ("device", condition)):
        if key in RULES and (key[0] != "device" or what in KINDS):
            return RULES[key]
    raise KeyError(where)


def phases_of(what: str) -> tuple[str, ...]:
    """Return the phases in which an input may fail; what acts on devices does not know why they were told."""
    return PHASES if what in CORE_INPUTS or what == "uplink" else PHASES[:3]


def cells(inputs: tuple[str, ...]) -> list[Cell]:
    """Return every cell of these inputs, in the table's order."""
    wheres = [(what, condition, phase) for what in inputs for condition in CONDITIONS for phase in phases_of(what)]
    return [Cell(where, rule_of(where)) for where in wheres]
