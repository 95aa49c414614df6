"""`make cost`: a home of recorded days, uncontrolled, with the agent, and at least; one table and docs/cost.svg.

Exit code 0 when everything was measured, whatever the figures; 1 when something is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from sim_devices.series import NoSeries
from tools.cost.compare import DAYS, DAYS_BEFORE, KINDS, STARTS, compare, span_of
from tools.cost.program import NoSolver, Unsolved
from tools.cost.report import Compared, over, reached
from tools.cost.walk import Mark


def main(argv: list[str] | None = None) -> int:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.cost", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also draw them, as docs/cost.svg is")
    parser.add_argument("--run", choices=sorted(STARTS), action="append", help="only these days")
    parser.add_argument("--devices", choices=[",".join(kind) for kind in KINDS], help="only these devices")
    parser.add_argument("--days-before", type=int, default=DAYS_BEFORE, help="lived through before those that count")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--later", type=int, default=0, metavar="DAYS", help="so many days later in the year: others")
    asked = parser.parse_args(argv)
    began_s = time.monotonic()
    rows, walks = [], {}
    try:
        for devices in KINDS:
            if asked.devices in (None, ",".join(devices)):
                for name in asked.run or STARTS:
                    row, marks = compare(span_of(name, asked.days_before, asked.days, asked.later), devices)
                    rows.append(row)
                    walks[name, devices] = marks
                    print(line(row), flush=True)
                print(total([row for row in rows if row.devices == devices]), flush=True)
    except (NoSeries, NoSolver, Unsolved) as error:
        print(f"siteward: {error}", file=sys.stderr)
        return 1
    print(f"{time.monotonic() - began_s:.0f} s")
    if asked.json:
        asked.json.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    if asked.picture:
        _draw(asked.picture, rows, walks)
    return 0


def line(row: Compared) -> str:
    """Return one run as a line."""
    rests = f"{row.battery_rests.pays_eur:8.2f}" if row.battery_rests else "       -"
    return (
        f"{row.span:8}{'+'.join(row.devices):18}{rests}{row.uncontrolled.pays_eur:8.2f}{row.agent.pays_eur:8.2f}"
        f"{row.bound_eur:8.2f} EUR{row.over_pct:8.1f} %{row.reached_pct:8.1f} %"
        f"{row.agent.car_missing_kwh:6.1f} kWh{row.agent.cold_kh:6.1f} Kh"
    )


def total(rows: list[Compared]) -> str:
    """Return the sum of some runs as a line."""
    alone, agent = sum(row.uncontrolled.pays_eur for row in rows), sum(row.agent.pays_eur for row in rows)
    bound = sum(row.bound_eur for row in rows)
    return (
        f"{'all':8}{'+'.join(rows[0].devices):18}        {alone:8.2f}{agent:8.2f}{bound:8.2f} EUR"
        f"{over(agent, bound):8.1f} %{reached(alone, agent, bound):8.1f} %"
    )


def _draw(path: Path, rows: list[Compared], walks: dict[tuple[str, tuple[str, ...]], list[Mark]]) -> None:
    from tools.cost.picture import draw

    draw(path, rows, walks)


if __name__ == "__main__":
    sys.exit(main())
