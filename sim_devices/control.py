"""The control socket of a home: JSON lines on a Unix socket, one answer a request.

    {"cmd": "state"}                                              the truth, as Home.state gives it
    {"cmd": "devices"}                                            where each device is found
    {"cmd": "fault", "device": "charger", "kind": "silence", "seconds": 10}
    {"cmd": "clear", "device": "charger"}                         also with "kind"
    {"cmd": "set", "car": "arrive", "soc": 0.3}                   or "leave"; soc is optional
    {"cmd": "set", "battery_soc": 0.8}, {"cmd": "set", "frequency_hz": 49.8}, {"cmd": "set", "base_w": 800}
    {"cmd": "set", "speed": 60}
    {"cmd": "advance", "seconds": 600}                            virtual time, at once

Answers are {"ok": true, ...} or {"ok": false, "error": "..."}.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim_devices.build import BadConfig
from sim_devices.home import Home, announce

LINE_BYTES_MAX = 65536
ADVANCE_S_MAX = 7 * 86400


class Control:
    """Serves a home's control socket."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._server: asyncio.AbstractServer | None = None
        self._path = Path(home.config.home.control)

    async def start(self) -> None:
        """Listen; only this user may connect."""
        if self._path.is_socket():
            self._path.unlink()  # left by a run that was killed
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES_MAX)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server:
            self._server.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):  # ValueError: a line without an end
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Do what one line asks; never raises."""
        try:
            request = json.loads(line)
            return {"ok": True, **obey(self._home, request)}
        except (ValueError, TypeError, AttributeError, BadConfig) as error:
            return {"ok": False, "error": str(error)}
        except KeyError as error:
            return {"ok": False, "error": f"missing or unknown: {error}"}


def obey(home: Home, request: dict[str, Any]) -> dict[str, Any]:
    """Carry one request out."""
    options = dict(request)
    command = options.pop("cmd")
    commands: dict[str, Callable[[], dict[str, Any] | None]] = {
        "state": lambda: {"state": home.state()},
        "devices": lambda: {"devices": announce(home)},
        "fault": lambda: home.fault(options.pop("device"), options.pop("kind"), **options),
        "clear": lambda: home.clear(options["device"], options.get("kind", "")),
        "set": lambda: change(home, options),
        "advance": lambda: _advance(home, float(options["seconds"])),
    }
    return commands[command]() or {}


def _advance(home: Home, seconds: float) -> None:
    if not 0 <= seconds <= ADVANCE_S_MAX:
        raise ValueError(f"seconds {seconds} is not within 0..{ADVANCE_S_MAX}")
    home.advance(seconds)


def change(home: Home, wanted: dict[str, Any]) -> None:
    """Change the world: the car comes or goes, the grid's frequency moves. Raises: ValueError, KeyError."""
    house = home.house
    setters: dict[str, Callable[[Any], None]] = {
        "car": lambda word: _move_car(home, word, wanted.get("soc")),
        "soc": lambda _: None,  # belongs to "car"
        "battery_soc": lambda soc: setattr(_there(house.inverter, "inverter").battery, "soc", _share(soc)),
        "frequency_hz": lambda hertz: setattr(house.grid, "frequency_hz", float(hertz)),
        "base_w": lambda power_w: setattr(house.base, "constant_w", None if power_w is None else float(power_w)),
        "speed": lambda factor: setattr(home.config.home, "speed", max(float(factor), 0.0)),
    }
    for key in wanted:
        if key not in setters or (key == "soc" and "car" not in wanted):
            raise KeyError(key)
    for key, to in wanted.items():
        setters[key](to)


def _move_car(home: Home, word: str, soc: float | None) -> None:
    point, car = _there(home.house.charge_point, "charge_point"), _there(home.house.car, "car")
    home.house.travel = None  # from now on it comes and goes when told
    if soc is not None:
        car.soc = _share(soc)
    if word == "arrive":
        point.plug(car)
    elif word == "leave":
        point.unplug()
    else:
        raise ValueError(f"car: {word!r} is neither 'arrive' nor 'leave'")


def _share(soc: object) -> float:
    if isinstance(soc, int | float) and 0 <= soc <= 1:
        return float(soc)
    raise ValueError(f"soc {soc!r} is not within 0..1")


def _there(part: Any, name: str) -> Any:
    if part is None:
        raise ValueError(f"this home has no {name}")
    return part
