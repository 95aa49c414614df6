"""`python -m tests.budgets [GROUP ...] [--update [--raise REASON]]`: see tests/budgets/__init__.py."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from tests.budgets import Budgets, Figures, GrownError
from tests.budgets.figures import MEASURED, RUNS, running, soaking
from tests.needs import ROOT

SOAK = "running"  # three minutes of real time


def measured(names: list[str]) -> Figures:
    """Return what was asked for, with a line on what is being measured."""
    found: Figures = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found |= soaked() if name == SOAK else MEASURED[name]()
    return found


def soaked() -> Figures:
    """Run the agent for a while on each heap."""
    found: Figures = {}
    for name in RUNS:
        done = subprocess.run(soaking(name), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        for group, row in running(name, json.loads(done.stdout)).items():
            found.setdefault(group, {}).update(row)
    return found


def table(budgets: Budgets, found: Figures) -> str:
    """Return a line for each figure."""
    return "\n".join(
        f"{group:20} {name:24} {figure:8} of {budgets.allowed(group, name):8}  "
        + str(budgets.rows.get(group, {}).get(name, {}).get("because", ""))
        for group, rows in found.items()
        for name, figure in rows.items()
    )


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and update when asked; 1 when something is over its budget or grew without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.budgets", description="budgets that only shrink")
    parser.add_argument("group", nargs="*", help=f"{', '.join(MEASURED)}, {SOAK} (3 minutes, only when named)")
    parser.add_argument("--update", action="store_true", help="write tests/budgets.json: only what became smaller")
    parser.add_argument("--raise", dest="reason", default="", metavar="REASON", help="with --update: also what grew")
    asked = parser.parse_args(argv)
    unknown = set(asked.group) - {*MEASURED, SOAK}
    if unknown or (asked.reason and not asked.update):
        parser.error(f"no such group: {', '.join(sorted(unknown))}" if unknown else "--raise goes with --update")
    budgets = Budgets()
    found = measured(asked.group or list(MEASURED))
    print(table(budgets, found))
    if not asked.update:
        return int(bool(budgets.over(found)))
    try:
        budgets.update(found, asked.reason)
    except GrownError as grown:
        print(f"grew, say why with --raise REASON:\n{grown.args[0]}", file=sys.stderr)
        return 1
    budgets.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
