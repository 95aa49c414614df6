"""`python -m tests.field`: what takes too long for every test run. Exit code 0 when it held, 1 when not."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.field import day, reconnects


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.field", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    many = commands.add_parser("reconnects", help="let both uplinks fail to connect in every way, thousands of times")
    many.add_argument("--count", type=int, default=10000, help="attempts of each uplink, default 10000")
    many.add_argument("--seed", type=int, help="which kind comes when")
    whole = commands.add_parser("day", help="let a board live through a virtual day with everything in it")
    whole.add_argument("--hours", type=int, default=24, help="how long, default 24")
    asked = parser.parse_args()
    return run_day(asked.hours) if asked.command == "day" else run_reconnects(asked.count, asked.seed)


def run_day(hours: int) -> int:
    """Print what was found as JSON."""
    with tempfile.TemporaryDirectory(prefix="siteward-field-") as folder:
        lived = day.live(Path(folder), hours * day.HOUR_MS, lambda line: print(line, file=sys.stderr, flush=True))
    early, late = day.growth(lived.heaps)
    wrong = day.faults(lived)
    heap = {"second hour": early, "last hour": late}
    print(json.dumps({"lives": lived.lives, "pages": len(lived.pages), "heap_bytes": heap, "faults": wrong}, indent=1))
    return 1 if wrong else 0


def run_reconnects(count: int, seed: int | None) -> int:
    """Print what was found as JSON."""
    with tempfile.TemporaryDirectory(prefix="siteward-field-") as folder:
        found = reconnects.run(Path(folder), count, seed, lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(found, indent=1))
    return 1 if any(each["faults"] for each in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
