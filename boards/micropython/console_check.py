"""Looks whether a configuration that the console was sent can be driven here, without touching a device.

Loaded once and forgotten.
"""

from __future__ import annotations

from boards.micropython.clock import BoardClock
from drivers import catalogue
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.config import Config


class NoLine:
    """A line on which nothing is asked."""


def check(config: Config) -> None:
    """Make every driver once, as a start does. Raises: ValueError with one sentence."""
    rows = {row["id"]: row for row in config.buses}
    for device in config.devices:
        row = rows[device["bus"]]
        try:
            kind = catalogue.load(device["driver"])
            if row["kind"] != "pins":  # those of this life are taken
                kind(_looked_at(row), device["unit"], device["options"])
        except ImportError:
            raise ValueError("[[device]] %s driver = %r: it is not on this board" % (device["id"], device["driver"]))
        except ValueError as fault:
            raise ValueError("[[device]] %s %s = %r: expected %s" % ((device["id"],) + fault.args))


def _looked_at(row: dict[str, Any]) -> Bus:
    line: Any = NoLine()
    return Bus(line, Tcp() if row["kind"] == "tcp" else Rtu(row["baud"]), BoardClock())
