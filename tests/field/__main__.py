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
    many.add_argument("--runtime", choices=reconnects.RUNTIMES, help="only this one")
    many.add_argument("--seed", type=int, help="which kind comes when")
    whole = commands.add_parser("day", help="let a board live through a virtual day with everything in it")
    whole.add_argument("--hours", type=int, default=24, help="how long, default 24")
    asked = parser.parse_args()
    return run_day(asked.hours) if asked.command == "day" else run_reconnects(asked)


def run_day(hours: int) -> int:
    """Print what was found as JSON."""
    with tempfile.TemporaryDirectory(prefix="siteward-field-") as folder:
        lived = day.live(Path(folder), hours * day.HOUR_MS, _say)
    wrong, heap = day.faults(lived), day.by_hour(lived.heaps)
    found = {"lives": lived.lives, "pages": len(lived.pages), "heap_bytes_by_hour": heap, "faults": wrong}
    print(json.dumps(found, indent=1))
    return 1 if wrong else 0


def run_reconnects(asked: argparse.Namespace) -> int:
    """Print what was found as JSON."""
    runtimes = reconnects.RUNTIMES if asked.runtime is None else (asked.runtime,)
    with tempfile.TemporaryDirectory(prefix="siteward-field-") as folder:
        found = reconnects.run(Path(folder), runtimes, asked.count, asked.seed, _say)
    print(json.dumps(found, indent=1))
    return 1 if any(each["faults"] for each in found.values()) else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
