"""Looks whether a configuration that the console was sent can be driven here, without touching a device.

Loaded once and forgotten.
"""

from __future__ import annotations

from boards.micropython.clock import BoardClock
from drivers import catalogue
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.config import Config


_ABSENT = ": not in this image: build it with this site"


class NoLine:
    """A line on which nothing is asked."""


def check(config: Config) -> None:
    """Load every part and make every driver once, as a start does. Raises: ValueError with one sentence."""
    for where, load in _parts(config):
        try:
            load()
        except ImportError:
            raise ValueError(where + _ABSENT)
    for where, name in _names(config):
        try:
            _find(where, name)
        except ImportError:
            raise ValueError("%s host = %r%s" % (where, name, _ABSENT))
    rows = {row["id"]: row for row in config.buses}
    for device in config.devices:
        row = rows[device["bus"]]
        try:
            kind = catalogue.load(device["driver"])
        except (ImportError, ValueError):  # an image's catalogue names only what is in the image
            raise ValueError("[[device]] %s driver = %r%s" % (device["id"], device["driver"], _ABSENT))
        try:
            if row["kind"] != "pins":  # those of this life are taken
                kind(_looked_at(row), device["unit"], device["options"])
        except ValueError as fault:
            raise ValueError("[[device]] %s %s = %r: expected %s" % ((device["id"],) + fault.args))


def _parts(config: Config) -> list[tuple[str, Any]]:
    """Return what only some sites need: the word of the configuration that asks for it, and what loads it."""
    agent = config.agent
    rows = [row for row in config.buses if row["kind"] in _LINES]
    found = [("[[bus]] %s kind = %r" % (row["id"], row["kind"]), _LINES[row["kind"]]) for row in rows]
    if agent["journal"].startswith("ring:"):
        found.append(("[agent] journal = %r" % agent["journal"], _ring))
    if agent["recorder_bytes_max"]:
        found.append(("[agent] recorder_bytes_max = %d" % agent["recorder_bytes_max"], _recorder))
    if config.uplink is not None:
        found.append(("[uplink]", _uplink))
    if config.sources:
        found.append(("[[source]]", _sources))
    reserving = [row for row in config.authorities + config.sources if row["reservations"]]
    return found + [("%s reservations = %d" % (row["name"], row["reservations"]), _reserve) for row in reserving]


def _names(config: Config) -> list[tuple[str, str]]:
    """Return where a configuration has a host that this board has to look up, and the name."""
    if config.wlan is None:
        return []
    hosts = [("[[bus]] " + row["id"], row["host"]) for row in config.buses if row["kind"] == "tcp"]
    if config.uplink is not None:
        hosts.append(("[uplink]", config.uplink["host"]))
    return [row for row in hosts if row[1].strip("0123456789.")]


def _find(where: str, name: str) -> None:
    from boards.micropython.dns import check as check_name
    from boards.micropython.named import Names

    check_name(where, name)
    Names()


def _tcp() -> Any:
    from boards.micropython.tcp_line import TcpLine

    return TcpLine


def _pins() -> Any:
    from boards.micropython.pins import BoardPins

    return BoardPins


def _reserve() -> Any:
    from agent.reserve import Reserving

    return Reserving


def _ring() -> Any:
    from boards.micropython.ring_store import RingStore

    return RingStore


def _recorder() -> Any:
    from agent.recorder import Recorder

    return Recorder


def _uplink() -> Any:
    from boards.micropython.mqtt_uplink import MqttUplink

    return MqttUplink


def _sources() -> Any:
    from boards.sources import add_source

    return add_source


_LINES = {"tcp": _tcp, "pins": _pins}


def _looked_at(row: dict[str, Any]) -> Bus:
    line: Any = NoLine()
    if row["kind"] == "tcp":
        from hal.modbus.tcp import Tcp

        return Bus(line, Tcp(), BoardClock())
    return Bus(line, Rtu(row["baud"]), BoardClock())
