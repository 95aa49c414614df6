"""`python -m tools.soak`: kill everything at random, see whether everything holds.

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
from tools.errors import UsageError
from tools.soak.report import as_text
from tools.soak.run import Run
from tools.soak.supervised import supervised
from tools.stage import StageError

SECONDS = 600
SECONDS_MIN = 20
GOOD, BROKEN, MISUSED, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run one soak and print its table."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long things die, default {SECONDS}")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(1 << 31), help="the same seed dies the same deaths"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args(argv)
    if asked.seconds < SECONDS_MIN:
        print(f"siteward: --seconds {asked.seconds}: expected {SECONDS_MIN} or more", file=sys.stderr)
        return MISUSED
    folder = Path(tempfile.mkdtemp(prefix="siteward-soak-"))
    print(f"seed {asked.seed}, {asked.seconds} s, everything in {folder}", file=sys.stderr, flush=True)
    try:
        report, left = supervised(folder, Run(folder, asked.seed, asked.seconds).whole())
        report.checks += left
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return INTERRUPTED
    except (BrokerError, StageError, UsageError) as error:
        print("siteward: " + " ".join(str(part) for part in error.args), file=sys.stderr)
        return MISUSED
    print(json.dumps(asdict(report), indent=1) if asked.json else as_text(report))
    if report.good:
        shutil.rmtree(folder)
        return GOOD
    print(f"siteward: broken with --seed {asked.seed}; logs and journals are in {folder}", file=sys.stderr)
    return BROKEN


if __name__ == "__main__":
    sys.exit(main())
