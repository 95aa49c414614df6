"""Starts an agent on a board: reads site.json, opens what it names, runs until the machine is reset or told to stop."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json

from agent.config import Config, ConfigError
from boards import telling
from boards.micropython.clock import BoardClock
from boards.micropython.file_store import FileStore
from boards.micropython.mqtt_uplink import MqttUplink
from boards.micropython.signer import SoftSigner
from boards.micropython.tcp_line import TcpLine
from boards.startup import Parts, assemble
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.ports import Line, Watchdog


class Board:
    """What differs between boards: name, maxima, watchdog, and how a serial line is opened."""

    def __init__(self, name: str, devices_max: int, watchdog: Watchdog, open_serial: Callable[[dict[str, Any]], Line]) -> None:
        self.name = name
        self.devices_max = devices_max
        self.watchdog = watchdog
        self.open_serial = open_serial


def run_site(folder: str, board: Board) -> int:
    """Run the agent of FOLDER/site.json for ever; return 2 after one sentence when it cannot start."""
    try:
        config, digest = _load(folder, board)
        loop = _assembled(folder, config, digest, board)
    except (ConfigError, ValueError, OSError) as error:
        print("siteward: " + " ".join([str(part) for part in error.args]))
        return 2
    loop.tell = lambda fact: _say(telling.line(fact, loop.state))
    gc.collect()
    ready = {"fact": "ready", "site": config.site["name"], "agent": loop.state.agent_id.hex(), "epoch": loop.state.epoch}
    ready["heap_bytes"] = gc.mem_alloc()  # type: ignore[attr-defined]
    print(json.dumps(ready))
    asyncio.run(loop.run())
    return 0


def _say(line: str | None) -> None:
    if line is not None:
        print(line)


def _load(folder: str, board: Board) -> tuple[Config, bytes]:
    with open(folder + "/site.json", "rb") as file:
        raw = file.read()
    config = Config(json.loads(raw))
    if len(config.devices) > board.devices_max:
        raise ConfigError("%d devices, and this board takes %d at most" % (len(config.devices), board.devices_max))
    return config, hashlib.sha256(raw).digest()


def _assembled(folder: str, config: Config, digest: bytes, board: Board) -> Any:
    clock = BoardClock()
    with open(folder + "/" + config.agent["key"], "rb") as file:
        signer = SoftSigner(file.read(33))
    store = FileStore(folder + "/" + config.agent["journal"], config.agent["journal_bytes_max"])

    def open_bus(row: dict[str, Any]) -> Bus:
        if row["kind"] == "tcp":
            return Bus(TcpLine(row["host"], row["port"]), Tcp(), clock)
        return Bus(board.open_serial(row), Rtu(row["baud"]), clock)

    uplink = _uplink(folder, config.uplink, signer.key_id.hex())
    return assemble(config, digest, Parts(board.name, clock, store, signer, uplink, board.watchdog, open_bus))


def _uplink(folder: str, table: dict[str, Any] | None, agent_hex: str) -> MqttUplink | None:
    if table is None:
        return None
    files = [folder + "/" + table[key] for key in ("ca", "cert", "cert_key")]
    return MqttUplink(table["host"], table["port"], agent_hex, files[0], files[1], files[2], table["server_name"] or table["host"])
