"""`make bench`: measure the agent against bare programs and print one table.

Exit code 0 when everything was measured, whatever the figures; 1 when something could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from tools.bench import board, evidence, journal, latency, limits, modbus, polling, reading_cpu, verifying, wire_bytes
from tools.bench.child import BenchError
from tools.bench.figures import Figures
from tools.bench.site import staged
from tools.broker import BrokerError
from tools.demo.layout import Layout, lay_out
from tools.stage import StageError

METERS = 20  # and a charger for the commands
COMMANDS = 250
LIMITS, QUICK_LIMITS = 24, 5
BACKLOG = {"gateway": 12000, "board": 4000}  # pages, more than are sent meanwhile
QUICK_BACKLOG = {"gateway": 2000, "board": 1000}
QUICK = polling.Plan(1, 1.0, 1.0, 0.0)
JUDGED, QUICK_JUDGED = (4000, 7), (200, 2)  # pages, turns
POLLED, QUICK_POLLED = (10000, 3), (200, 1)  # polls, rounds


def main(argv: list[str] | None = None) -> int:
    """Measure everything once."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure and what it was made of")
    parser.add_argument("--limits", action="store_true", help="only the way of a limit under full load, 3 minutes")
    parser.add_argument("--verify", action="store_true", help="only how fast pages are verified, half a minute")
    parser.add_argument("--journal", action="store_true", help="only what the journal costs flash and disk, a minute")
    parser.add_argument(
        "--evidence", action="store_true", help="only what evidence costs: bytes, CPU, journal, verifier"
    )
    parser.add_argument("--modbus", action="store_true", help="only what a Modbus poll costs, against pymodbus, 30 s")
    parser.add_argument("--series", type=Path, metavar="CSV", help="a recorded household in UCI's form for --evidence")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: shows that it works, no more")
    asked = parser.parse_args(argv)
    began_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="siteward-bench-") as folder:
            judged = QUICK_JUDGED if asked.quick else JUDGED
            if asked.verify:
                figures = Figures(verifying=verifying.measure(*judged))
            elif asked.modbus:
                figures = Figures(modbus=modbus.measure(Path(folder), *(QUICK_POLLED if asked.quick else POLLED)))
            elif asked.journal:
                figures = _only_journal(Path(folder))
            elif asked.evidence:
                layout = lay_out(Path(folder) / "demo")
                figures = _only_evidence(Path(folder), layout, asked.quick, asked.series)
            else:
                figures = measure(Path(folder), asked.quick, asked.limits)
    except (BenchError, BrokerError, StageError, OSError) as error:
        print(f"siteward: {error}", file=sys.stderr)
        return 1
    for row in figures.rows():
        print(row.line())
    print(", ".join(f"{name} {found}" for name, found in figures.machine.items()), end="; ")
    print(f"{time.monotonic() - began_s:.0f} s")
    if asked.json:
        asked.json.write_text(json.dumps(figures.as_json(), indent=1) + "\n")
    return 0


def _only_journal(folder: Path) -> Figures:
    return Figures(journal=journal.measure(lay_out(folder / "demo")))


def _only_evidence(folder: Path, layout: Layout, quick: bool, series: Path | None) -> Figures:
    return Figures(
        evidence=asyncio.run(evidence.measure(layout)),
        wire=asyncio.run(wire_bytes.measure(folder, series)),
        reading=reading_cpu.measure(folder, reading_cpu.QUICK if quick else reading_cpu.Plan()),
        verifying=verifying.measure(*(QUICK_JUDGED if quick else JUDGED)),
        journal=journal.measure(layout),
    )


def measure(folder: Path, quick: bool, only_limits: bool) -> Figures:
    """Return all figures of one run. Raises: BenchError, BrokerError, StageError, OSError."""
    gateway, demo, eight = folder / "gateway", folder / "demo", folder / "eight"
    eight.mkdir(mode=0o700)
    limited = limits.measure(eight, *((QUICK_LIMITS, QUICK_BACKLOG) if quick else (LIMITS, BACKLOG)))
    if only_limits:
        return Figures(limited)
    gateway.mkdir(mode=0o700)
    with staged(gateway, METERS) as stage:
        polled = polling.measure(stage, QUICK if quick else polling.Plan())
        commanded = latency.measure(stage, 5 if quick else COMMANDS)
    layout = lay_out(demo)
    found = _only_evidence(folder, layout, quick, None)
    found.limits, found.polling, found.latency = limited, polled, commanded
    found.modbus = modbus.measure(folder, *(QUICK_POLLED if quick else POLLED))
    found.board = asyncio.run(board.measure(layout, *((0.0, board.HEAP_KB_MAX) if quick else (20.0, board.STEP_KB))))
    return found


if __name__ == "__main__":
    sys.exit(main())
