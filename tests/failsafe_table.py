"""The failsafe matrix as a page: `python -m tests.failsafe_table` writes docs/failsafe.md from tests/shared/matrix.py.

Inputs, conditions and phases that do the same stand together.
"""

from __future__ import annotations

import sys

from tests.needs import ROOT
from tests.shared import matrix, matrix_switch
from tests.shared.garage import Point
from tests.shared.matrix import Cell, cells
from tests.shared.matrix_core import NEAR_W, OFF_S_MAX
from tests.shared.matrix_switch import SwitchCell, switch_cells

PAGE = ROOT / "docs" / "failsafe.md"
TITLES = {
    "meter power": "Site meter: power, and whether it answers",
    "meter currents": "Site meter: phase currents",
    "one phase's current": "Site meter: the current of one phase",
    "circuit meter": "Meter of a circuit below the connection: charger and battery hang on it",
    matrix.CHARGE: "A battery's state of charge",
    matrix_switch.INPUT: "Where the switch of a charger's phases stands",
    "clock": "Civil clock",
    "uplink": "Uplink",
    "write path": "Device write path, of every kind",
    "read-back": "Read-back of set-points, of every kind",
    "lease": "Lease: the loop's grants, to every kind",
}
HEAD = """# Failsafes: in and out

What happens when an input of the agent fails, in each phase of its life, and how it ends. Every row is run on both
runtimes in virtual time: [matrix.py](../tests/shared/matrix.py) is the table, this page is printed from it by
`python -m tests.failsafe_table`, and a test compares the two. What a row does not say is not said.

- **never seen**: not since the agent began · **stale**: it falls silent for {fault} s · **returns same**: it is back
  with what it said before · **returns different**: the world has changed meanwhile · **flapping**: {flaps} times
  {gone} s away, {here} s here · **absurd**: what cannot be · **negative**: the other sign
- **boot**: from the first ticks · **running**: all is granted · **limited**: a grid operator's limit of 4200 W holds ·
  **targeted**: an aggregator's target of {target} W for the connection is tracked
- Seconds count from the begin of the fault (in) and from its end (out).

The site of the matrix: 17.25 kW and 25 A, a house of 600 W and one device of each kind; charger and battery are in a
garage with a meter and a fuse of 25 A of its own. Where a state of charge fails, the owner wants the battery to charge
with 200 W, under the limit to discharge with 1000 W.

| granted | charger mA | battery W | heat pump W | switch | SG-ready | thermostat m°C |
|---|---|---|---|---|---|---|
"""
AFTER_GRANTS = """
`–`: the product regulates itself. `*`: whatever fits under the limit, or meets the target within {near} W; that may
take {off} s in all after a failure. *At most all*: a site that is not settled keeps room back, and less is right too.
"""
TAIL = """
## What follows from it

- Without a trusted grid meter every device gets its `fallback` ([config.md](config.md)), or the lowest there is; never
  more than what a limit had held it to, and all together never more than a limit on the site. After five good
  seconds this is left by itself. The same holds for a circuit with a meter of its own: its devices fall back, the
  others do not notice, or meet a target without them.
- A target is tracked on a trusted meter only, and again by itself when there is one; it is said to have started once.
- A battery whose charge nobody knows is neither charged nor discharged, whoever asks; what is below 0 or above 1000
  per mille is not known. What its charge allows less counts at once, what it allows more once that has lasted for 10 s,
  300 s where a write wears: a charge that comes and goes, or trembles at a bound, moves nothing to and fro. A battery
  that helps by itself more than its charge lets anybody ask for is left to it.
- A charger whose phase switch does not answer counts with all its phases, and nothing is switched. A switch that was
  away is believed after five good seconds.
- Another controller is said once for each device, and once more when a minute of looks has found ours again.
- A device that is silent, or says what cannot be, keeps what it has, less what exceeds: the grid meter sees it.
- What cannot be is in no reading: the span is missing, or estimated from the rest.
- The civil clock and the uplink start and end nothing. Limits and claims end in the agent's own seconds.
- When nobody renews a lease the product falls to its own default mode, also where a limit was stricter. It cannot be
  held from here: a set-point lives in most products for as long as the agent feeds it, so one that a dead agent left
  would go the same way by itself; and what nobody watches must not hold for ever, a house without heat freezes. So
  the mode is chosen with the site: the connection bears it, and where a limit of 0 must hold with a dead agent a
  charger's safe current is 0 (`fallback_ma` and the like in [config.md](config.md)). The watchdog ends it: the agent
  starts anew, and with its first grant what was kept is in force.
- A reboot forgets no limit and no start: without a clock a limit goes on with what was left of it an hour ago at
  most, not counting the time without power. It ends later than asked, never earlier.
"""
COLUMNS = "| condition | said in (s) | granted meanwhile → all back within (s), by phase | said out (s) | readings | |"
RULE = "|---|---|---|---|---|---|"
SWITCH = """
Here a charger is alone behind the connection, with its contactor and a car that takes {most} mA. Limit and target
are {power} W: too little for three phases. Granted, charger and phases: {grants}.
"""


def page() -> str:
    """Return the whole page."""
    head = HEAD.format(
        fault=matrix.FAULT_S, flaps=matrix.FLAPS, gone=matrix.FLAP_GONE_S, here=matrix.FLAP_HERE_S,
        target=matrix.TARGET_W,
    )  # fmt: skip
    grants = [f"| {name} | " + " | ".join(shown(one) for one in row) + " |" for name, row in matrix.GRANTS.items()]
    after = AFTER_GRANTS.format(near=NEAR_W, off=OFF_S_MAX)
    alike: dict[str, list[str]] = {}
    for what in matrix.INPUTS:
        if what == "clock":
            alike[switch_table()] = [matrix_switch.INPUT]
        alike.setdefault(table(what), []).append(what)
    tables = [f"## {title(inputs)}\n\n{rows}\n" for rows, inputs in alike.items()]
    return "\n".join([head + "\n".join(grants), after, "\n".join(tables) + TAIL])


def title(inputs: list[str]) -> str:
    """Return the heading of inputs that are alike in everything."""
    return TITLES.get(inputs[0], "Reading of a device: " + ", ".join(inputs))


def shown(setpoint: int | None) -> str:
    """Return a set-point for the page."""
    return "–" if setpoint is None else "*" if setpoint == matrix.ANY else str(setpoint)


def switch_table() -> str:
    """Return the rows of a phase switch, and what is granted there."""
    grants = [f"*{name}* {charger_ma} mA, {phases}" for name, (charger_ma, phases) in matrix_switch.GRANTS.items()]
    car_ma = Point().car_ma
    head = SWITCH.format(most=car_ma, power=matrix_switch.POWER_W, grants=" · ".join(grants))
    return head.lstrip("\n") + "\n" + rows_of(switch_cells())


def table(what: str) -> str:
    """Return one input's rows."""
    return rows_of(cells((what,)))


def rows_of(all_cells: list[Cell] | list[SwitchCell]) -> str:
    """Return the rows of an input's cells; conditions that are alike stand together."""
    rows: list[tuple[list[str], list[str]]] = []
    for condition in matrix.CONDITIONS:
        told = lines_of([cell for cell in all_cells if cell.condition == condition])
        if rows and rows[-1][1] == told:
            rows[-1][0].append(condition)
        else:
            rows.append(([condition], told))
    lines = [f"| {', '.join(conditions)} | {line}" for conditions, told in rows for line in told]
    return "\n".join([COLUMNS, RULE, *lines])


def lines_of(row: list[Cell | SwitchCell]) -> list[str]:
    """Return the rest of a condition's rows: one for all phases in which the same is said for the same reason."""
    alike: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for cell in row:
        words = (said(cell.enters), said(cell.leaves), reading(cell), cell.note)
        alike.setdefault(words, {}).setdefault(granted(cell), []).append(cell.phase)
    lines = []
    for (enters, leaves, readings, note), grants in alike.items():
        by_phase = "<br>".join(f"{', '.join(phases)}: {told}" for told, phases in grants.items())
        lines.append(" | ".join((enters, by_phase, leaves, readings, note)) + " |")
    return lines


def granted(cell: Cell | SwitchCell) -> str:
    """Return what is granted in the fault, and how long after it all is back."""
    back_s = max([after_s for _, after_s in cell.leaves] + [1]) + cell.back_s - 1
    return f"{cell.inside} → {back_s}"


def reading(cell: Cell | SwitchCell) -> str:
    """Return the quality of the input's readings, where it has any of its own."""
    if cell.input not in matrix.CORE_INPUTS or cell.input == "clock" or cell.condition == "flapping":
        return "–"
    return "missing" if cell.reading else "good"


def said(words: matrix.Words) -> str:
    """Return words with all their seconds."""
    seconds: dict[str, list[int]] = {}
    for word, after_s in words:
        seconds.setdefault(word, []).append(after_s)
    return " · ".join(f"{word} {listed(all_s)}" for word, all_s in seconds.items()) or "–"


def listed(all_s: list[int]) -> str:
    """Return seconds; the same one again is the same in each of several faults."""
    once = ", ".join(str(after_s) for after_s in dict.fromkeys(all_s))
    return once if len(set(all_s)) == len(all_s) else f"{once}, {len(all_s)} times"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
