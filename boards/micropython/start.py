"""Puts a board's agent together from what site.json names. Loaded once and forgotten: boards.micropython.site.

What only some sites need is imported where it is made: an image of a site that has none of it leaves it out
(tools/board_manifest.py).
"""

from __future__ import annotations

import os

from boards.firmware import firmware_hash
from boards.micropython.clock import BoardClock
from boards.micropython.file_store import FileStore
from boards.micropython.signer import KEYS_MAX, SoftSigner
from boards.startup import Parts, StartError, agent_id, assemble
from hal.compat import const
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.rtu import Rtu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.config import Config
    from agent.loop import Loop
    from boards.micropython.mqtt_uplink import MqttUplink
    from boards.micropython.online import Online
    from boards.micropython.site import Board
    from boards.micropython.tcp_line import TcpLine
    from hal.ports import Pins, Store

# A full journal drops a segment, so two must fit although every sync of a small record programs a unit.
_SEGMENTS_MIN = const(32)

_SECRET_BYTES = const(32)
_LINE_BYTES_MAX = const(512)  # of a console: what is escaped once more has to lie in one piece
_OUT_BYTES_MAX = const(2048)
_KEY_BYTES = const(32)
_HASH_BYTES = const(32)


def start(folder: str, board: Board, config: Config, digest: bytes) -> Loop:
    """Return the agent of a checked configuration, ready to run. Raises: ValueError with one sentence, OSError."""
    online = None
    if board.go_online is not None and config.wlan is not None:
        online = board.online = board.go_online(folder, config.wlan, config.clock)
    clock = BoardClock() if online is None else online.clock
    keys_max = min(KEYS_MAX, max(1, len(config.authorities)))  # nobody else's signatures are verified
    signer = _signer(folder, config, "key", board, keys_max)
    next_signer = _signer(folder, config, "next_key", board, 0) if config.agent["next_key"] is not None else None
    store = _journal(folder, board, config.agent)

    def open_bus(row: dict[str, Any]) -> Bus | Pins:
        if row["kind"] == "tcp":
            from boards.micropython.tcp_line import TcpLine
            from hal.modbus.tcp import Tcp

            line = TcpLine(row["host"], row["port"])
            _find_by_name(line, "[[bus]] %s" % row["id"], row["host"], online)
            return Bus(line, Tcp(), clock)
        if row["kind"] == "pins":
            if board.open_pins is None:
                raise ValueError("[[bus]] %s kind = 'pins': this board has no pins for devices" % row["id"])
            return board.open_pins(folder)
        return Bus(board.open_serial(row), Rtu(row["baud"]), clock)

    opened: dict[str, Any] = {}

    def keep_bus(row: dict[str, Any]) -> Bus | Pins:
        opened[row["id"]] = open_bus(row)
        return opened[row["id"]]  # type: ignore[no-any-return]

    place, _, _ = __file__.rpartition("/")
    firmware = firmware_hash(place) if place else bytes(_HASH_BYTES)  # frozen into the firmware: there are no files
    uplink = _uplink(folder, config.uplink, agent_id(config, signer.key_id).hex(), online)
    try:
        loop = assemble(
            config, digest,
            Parts(
                board.name, firmware, clock, store, signer, uplink, board.watchdog,
                os.urandom(_SECRET_BYTES), keep_bus, next_signer,
            ),
        )  # fmt: skip
    except StartError as error:
        raise ValueError(error.args[0])
    if config.agent["recorder_bytes_max"]:
        _record(folder, config, board.name, loop)
    if config.console is None:
        _forget_points(loop)  # a console may yet load a driver that builds on another's
    else:
        _lay_cable(folder, board, config, loop, digest, firmware, opened)
    return loop


def _forget_points(loop: Loop) -> None:
    for worker in loop.workers:
        for post in worker.posts:
            if isinstance(post.driver, ModbusDevice):
                post.driver.forget_points()


def _signer(folder: str, config: Config, key: str, board: Board, keys_max: int) -> SoftSigner:
    """Return the signer of a key file; one that verifies nothing needs no room for others' keys. Raises: ValueError."""
    where = "[agent] %s = %r: " % (key, config.agent[key])
    try:
        with open(folder + "/" + config.agent[key], "rb") as file:
            return SoftSigner(file.read(_KEY_BYTES + 1), keys_max, board.turn)
    except OSError as error:
        raise ValueError(where + "cannot be read: %s" % error)
    except ValueError:
        raise ValueError(where + "expected the 32 bytes of a private key of P-256")


def _journal(folder: str, board: Board, settings: dict[str, Any]) -> Store:
    """Open the journal's folder, or the ring on the flash partition that `ring:NAME` names."""
    name, bytes_max = settings["journal"], settings["journal_bytes_max"]
    if not name.startswith("ring:"):
        return FileStore(folder + "/" + name, bytes_max)
    if board.open_flash is None:
        raise ValueError("[agent] journal = %s: this board has no flash for it" % name)
    from boards.micropython.ring_store import RingStore

    device, unit_bytes = board.open_flash(name[5:])
    ring = RingStore(device, unit_bytes, bytes_max)
    settings["segment_bytes"] = min(settings["segment_bytes"], ring.flash_bytes // _SEGMENTS_MIN)
    return ring


def _record(folder: str, config: Config, runtime: str, loop: Loop) -> None:
    """Add the flight recorder, which a board without one does not load."""
    from agent.recorder import Recorder

    beside, _, _ = ("/" + config.agent["journal"]).rpartition("/")
    bytes_max = config.agent["recorder_bytes_max"]
    try:
        store = FileStore(folder + beside + "/recorder", bytes_max)
    except OSError as error:
        print("siteward: the flight recorder is off: %s" % error)
        return
    loop.recorder = Recorder(store, bytes_max, runtime, loop.authorities)
    loop.recorder.on_stop = lambda why: print("siteward: the flight recorder is off: " + why)


def _lay_cable(
    folder: str, board: Board, config: Config, loop: Loop, digest: bytes, firmware: bytes, opened: dict[str, Any]
) -> None:
    """Give the board a console, which one without does not load. Raises: ValueError."""
    from agent.console import Desk
    from boards.micropython.console_host import BoardHost, where_of
    from boards.micropython.console_port import Cable

    assert config.console is not None
    table, open_console = config.console, board.open_console
    if table["port"] != "stdio" and open_console is None:
        raise ValueError("[console] port = %r: expected 'stdio', this board has no other" % table["port"])
    host = BoardHost(folder, board, digest, firmware, loop)
    host.buses = {row["id"]: (opened[row["id"]], where_of(row)) for row in config.buses}
    open_port = None
    if table["port"] != "stdio" and open_console is not None:
        given = open_console  # a name that stays what it is
        open_port = lambda: given(table)  # noqa: E731
    board.cable = Cable(Desk(loop, host, _LINE_BYTES_MAX, _OUT_BYTES_MAX), host, open_port)


def _uplink(folder: str, table: dict[str, Any] | None, agent_hex: str, online: Online | None) -> MqttUplink | None:
    if table is None:
        return None
    from boards.micropython.mqtt_uplink import MqttUplink

    files = [folder + "/" + table[key] for key in ("ca", "cert", "cert_key")]
    server_name = table["server_name"] or table["host"]
    made = MqttUplink(table["host"], table["port"], agent_hex, files[0], files[1], files[2], server_name)
    if online is not None:
        made.not_yet = online.not_yet
    _find_by_name(made, "[uplink]", table["host"], online)
    return made


def _find_by_name(made: MqttUplink | TcpLine, where: str, host: str, online: Online | None) -> None:
    """Let what connects to a name look it up itself; a system's own network does that. Raises: ValueError."""
    if online is None or not host.strip("0123456789."):
        return
    from boards.micropython.dns import check
    from boards.micropython.named import Names

    check(where, host)
    made.connect = Names().connect
