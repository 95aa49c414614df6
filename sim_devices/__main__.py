"""`python -m sim_devices HOME.toml`: run a home until Ctrl-C, SIGTERM or SIGHUP.

Prints one JSON line per device with where it is found, then {"ready": true}. `demo` alone names the home that
comes with this package; its links and its control socket then go to the current folder.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from sim_devices.build import BadConfig
from sim_devices.control import Control
from sim_devices.home import Home, announce

HOMES = Path(__file__).parent / "homes"


async def serve(file: Path, folder: Path) -> None:
    """Start everything, say where it is, stay until this task is cancelled."""
    home = await Home.start(file, folder)
    control = Control(home) if home.config.home.control else None
    try:
        if control:
            await control.start()
        for record in announce(home):
            print(json.dumps(record))
        print(json.dumps({"ready": True, "control": home.config.home.control}), flush=True)
        await home.run()
    finally:
        if control:
            await control.close()
        await home.close()


async def until_told(file: Path, folder: Path) -> None:
    """Serve until SIGTERM, SIGHUP or Ctrl-C."""
    serving = asyncio.create_task(serve(file, folder))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:  # nohup
            continue
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> int:
    """Run from the command line; exit code 2 for a home that cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m sim_devices", description="Run a simulated home.")
    parser.add_argument("home", help="HOME.toml, or the name of a home that comes with this package: demo")
    parser.add_argument("--folder", type=Path, help="where links and the control socket go; default: beside the file")
    given = parser.parse_args()
    file, folder = Path(given.home), given.folder
    if not file.exists() and (HOMES / f"{file.name}.toml").exists():
        file, folder = HOMES / f"{file.name}.toml", folder or Path.cwd()
    try:
        asyncio.run(until_told(file, folder or file.parent))
    except (BadConfig, OSError) as error:
        print(f"sim_devices: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
