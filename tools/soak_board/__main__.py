"""`python -m tools.soak_board`: run a board's agent on its heap for an hour; say what it held then and holds now.

Exit code 0 when it held, 1 when something broke, 2 when it could not run, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tools.broker import BrokerError
from tools.console import BOLD, GREEN, RED, coloured, table
from tools.errors import UsageError
from tools.soak.supervised import supervised
from tools.soak_board.run import Report, Run
from tools.stage import StageError

SECONDS = 3600
HEAP = "160K"
SECONDS_MIN = 30  # whether it grows is told from 75 on
GOOD, BROKEN, MISUSED, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run once and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak_board", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long, default {SECONDS}")
    parser.add_argument("--heap", default=HEAP, help=f"MicroPython heap, default {HEAP}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31), help="what the house and claims do")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(argv)
    if asked.seconds < SECONDS_MIN:
        print(f"siteward: --seconds {asked.seconds}: expected {SECONDS_MIN} or more", file=sys.stderr)
        return MISUSED
    folder = Path(tempfile.mkdtemp(prefix="siteward-soak-board-"))
    print(f"seed {asked.seed}, {asked.seconds} s, everything in {folder}", file=sys.stderr, flush=True)
    try:
        report, left = supervised(folder, Run(folder, asked.seed, asked.seconds, asked.heap).whole())
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return INTERRUPTED
    except (BrokerError, StageError, UsageError) as error:
        print("siteward: " + " ".join(str(part) for part in error.args), file=sys.stderr)
        return MISUSED
    report.checks += left
    print(json.dumps(asdict(report), indent=1) if asked.json else as_text(report))
    if report.good:
        shutil.rmtree(folder)
        return GOOD
    print(f"siteward: broken with --seed {asked.seed}; logs and journals are in {folder}", file=sys.stderr)
    return BROKEN


def as_text(report: Report) -> str:
    """Return the report for a person."""
    heads = ("after s", "heap in use", "peak", "free", "in one piece", "tasks", "descriptors", "process KiB")
    held = [(round(each.at_s), each.heap_bytes, each.peak_bytes, each.free_bytes, each.largest_bytes, each.tasks,
             each.handles, each.resident_kb) for each in report.marks]  # fmt: skip
    rows = [
        f"{coloured('held  ', GREEN) if check.held else coloured('BROKEN', RED)}  {check.name}\n        {check.found}"
        for check in report.checks
    ]
    head = f"seed {report.seed}, {report.seconds:.0f} s on a heap of {report.heap}"
    verdict = coloured("HELD", GREEN) if report.good else coloured("BROKEN", RED)
    return "\n".join([coloured(head, BOLD), "", table(heads, held), "", *rows, "", verdict])


if __name__ == "__main__":
    sys.exit(main())
