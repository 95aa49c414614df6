"""`python -m tools.soak`: kill everything at random, see whether everything holds.

Exit code 0 when it held, 1 when something broke, 2 when it could not run, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tools.broker import BrokerError
from tools.errors import UsageError
from tools.soak.checks import Check
from tools.soak.processes import MARK, open_handles, survivors
from tools.soak.report import Report, as_text
from tools.soak.run import Run

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
        report = _soak(folder, asked.seed, asked.seconds)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return INTERRUPTED
    except (BrokerError, UsageError) as error:
        print("siteward: " + " ".join(str(part) for part in error.args), file=sys.stderr)
        return MISUSED
    print(json.dumps(asdict(report), indent=1) if asked.json else as_text(report))
    if report.good:
        shutil.rmtree(folder)
        return GOOD
    print(f"siteward: broken with --seed {asked.seed}; logs and journals are in {folder}", file=sys.stderr)
    return BROKEN


def _soak(folder: Path, seed: int, seconds: int) -> Report:
    """Run, then see that nothing is left behind."""
    os.environ[MARK] = str(folder)  # what is started from here on inherits it
    handles = open_handles(os.getpid())
    log = logging.FileHandler(folder / "head-end.log")
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[log], level=logging.INFO, force=True)
    try:
        report = asyncio.run(_interruptible(Run(folder, seed, seconds)))
    finally:
        left = survivors(str(folder))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        del os.environ[MARK]
        log.close()
    gc.collect()
    leaked = open_handles(os.getpid()) - handles
    report.checks.append(Check("no process left behind", not left, f"{len(left)} of ours still ran"))
    report.checks.append(Check("no handle left open here", leaked <= 0, f"{max(leaked, 0)} more than at the beginning"))
    return report


async def _interruptible(run: Run) -> Report:
    """Turn SIGTERM and SIGHUP into a cancellation, as Ctrl-C is one."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, task.cancel)
    try:
        return await run.whole()
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


if __name__ == "__main__":
    sys.exit(main())
