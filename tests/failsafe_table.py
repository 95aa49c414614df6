"""The failsafe matrix as a page: `python -m tests.failsafe_table` writes docs/failsafe.md from tests/shared/matrix.py.

Phases in which an input does the same stand in one row.
"""

from __future__ import annotations

import sys

from tests.needs import ROOT
from tests.shared import matrix
from tests.shared.matrix import Cell, cells

PAGE = ROOT / "docs" / "failsafe.md"
TITLES = {
    "meter power": "Site meter: power, and whether it answers",
    "meter currents": "Site meter: phase currents",
    "clock": "Civil clock",
    "uplink": "Uplink",
    "write path": "Device write path, of every kind",
    "lease": "Lease: the loop's grants, to every kind",
}
HEAD = """# Failsafes: in and out

What happens when an input of the agent fails, in each phase of its life, and how it ends. Every row is run on both
runtimes in virtual time: [matrix.py](../tests/shared/matrix.py) is the table, this page is printed from it by
`python -m tests.failsafe_table`, and a test compares the two. What a row does not say is not said.

- **never seen**: not since the agent began · **stale**: it falls silent for {fault} s · **returns same**: it is back
  with what it said before · **returns different**: the world has changed meanwhile · **flapping**: {flaps} times
  {gone} s away, {here} s here · **absurd**: what cannot be · **negative**: the other sign
- **boot**: from the first ticks · **running**: all is granted · **limited**: a grid operator's limit of 4200 W holds
- Seconds count from the begin of the fault (in) and from its end (out).

The site of the matrix: 17.25 kW and 25 A, a house of 600 W and one device of each kind.

| granted | charger mA | battery W | heat pump W | switch | SG-ready | thermostat m°C |
|---|---|---|---|---|---|---|
"""
AFTER_GRANTS = """
`–`: the product regulates itself. *At most all*: a site that is not settled keeps room back, and less is right too.
"""
TAIL = """
## What follows from it

- Without a trusted grid meter every device gets its `fallback` ([config.md](config.md)), or the lowest there is; never
  more than what a limit had held it to, and all together never more than a limit on the site. After five good
  seconds this is left by itself.
- A device that is silent, or says what cannot be, keeps what it has, less what exceeds: the grid meter sees it.
- What cannot be is in no reading: the span is missing, or estimated from the rest.
- The civil clock and the uplink start and end nothing. Limits and claims end in the agent's own seconds.
- When nobody renews a lease the product falls to its own default mode. That mode is the product's and knows no limit:
  choose it so that the connection bears it (`fallback_ma` and the like in [config.md](config.md)).
"""
COLUMNS = "| condition | phase | said in (s) | granted meanwhile | said out (s) | all back within (s) | readings | |"


def page() -> str:
    """Return the whole page."""
    head = HEAD.format(fault=matrix.FAULT_S, flaps=matrix.FLAPS, gone=matrix.FLAP_GONE_S, here=matrix.FLAP_HERE_S)
    grants = [f"| {name} | " + " | ".join(shown(one) for one in row) + " |" for name, row in matrix.GRANTS.items()]
    tables = [f"## {TITLES.get(what, 'Reading of a device: ' + what)}\n\n{table(what)}\n" for what in matrix.INPUTS]
    return "\n".join([head + "\n".join(grants), AFTER_GRANTS, "\n".join(tables) + TAIL])


def shown(setpoint: int | None) -> str:
    """Return a set-point for the page."""
    return "–" if setpoint is None else str(setpoint)


def table(what: str) -> str:
    """Return one input's rows, phases that are alike in one."""
    rows: list[tuple[str, list[str], str]] = []
    for cell in cells((what,)):
        told = described(cell)
        if rows and rows[-1][0] == cell.condition and rows[-1][2] == told:
            rows[-1][1].append(cell.phase)
        else:
            rows.append((cell.condition, [cell.phase], told))
    lines = [f"| {condition} | {', '.join(phases)} | {told}" for condition, phases, told in rows]
    return "\n".join([COLUMNS, "|---|---|---|---|---|---|---|---|", *lines])


def described(cell: Cell) -> str:
    """Return what a cell says, as the rest of a row."""
    back = str(max([after_s for _, after_s in cell.leaves] + [1]) + cell.back_s - 1)
    reading = "missing" if cell.reading else "good"
    if cell.input not in matrix.CORE_INPUTS[:-1] or cell.condition == "flapping":
        reading = "–"
    words = (said(cell.enters), cell.inside, said(cell.leaves), back, reading, cell.note)
    return " | ".join(words) + " |"


def said(words: matrix.Words) -> str:
    """Return words with their seconds."""
    return ", ".join(f"{word} {after_s}" for word, after_s in words) or "–"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
