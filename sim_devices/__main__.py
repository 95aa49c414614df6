"""`python -m sim_devices HOME.toml`: run a home until Ctrl-C or SIGTERM.

Prints one JSON line per device with where it is found, then {"ready": true}. `demo` alone names the home that
comes with this package.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from sim_devices.build import BadConfig
from sim_devices.control import Control
from sim_devices.home import Home, announce

HOMES = Path(__file__).parent / "homes"


async def serve(file: Path) -> None:
    """Start everything, say where it is, stay."""
    home = await Home.start(file)
    control = Control(home) if home.config.home.control else None
    if control:
        await control.start()
    for record in announce(home):
        print(json.dumps(record), flush=True)
    print(json.dumps({"ready": True, "control": home.config.home.control}), flush=True)
    clock = asyncio.create_task(home.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, clock.cancel)
    try:
        await clock
    except asyncio.CancelledError:
        pass
    finally:
        if control:
            await control.close()
        await home.close()


def main() -> int:
    """Run from the command line; exit code 2 for a home that cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m sim_devices", description="Run a simulated home.")
    parser.add_argument("home", help="HOME.toml, or the name of a home that comes with this package: demo")
    file = Path(parser.parse_args().home)
    if not file.exists() and (HOMES / f"{file.name}.toml").exists():
        file = HOMES / f"{file.name}.toml"
    try:
        asyncio.run(serve(file))
    except (BadConfig, OSError) as error:
        print(f"sim_devices: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
