"""Whether a site fits a board, told before anything is written: a board that is too small must not find out by itself.

Everything that start-up checks is checked by starting the agent here in memory. The heap is measured: the very agent is
started in MicroPython's unix port, where a pointer is twice as long as on a board, so a board needs a part of it
(Room.heap_percent). Where that port is not installed, or cannot run the site, the model below stands in.
"""

from __future__ import annotations

import copy
import json
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.config import DEVICES_MAX, Config, ConfigError, checked
from boards.micropython.dns import check as check_name
from boards.micropython.read_site import check
from boards.sources import SOURCES
from boards.startup import Parts, StartError, assemble
from drivers.catalogue import PRODUCTS
from hal.memory import CountingWatchdog, ManualClock, MemoryStore, ScriptedLine
from hal.memory_pins import MemoryPins
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.ports import Pins
from tools.board_manifest import (
    ROOMS,
    channels_of,
    constant_of,
    files_of,
    has_bus,
    joins_network,
    modules_of,
    names_of,
    ring_bytes_of,
    ring_of,
)
from tools.errors import UsageError
from tools.footprint import FootprintError, ready_heap
from tools.image import compile_linked, linked_agent, write_romfs

TWIN = "micropython_unix"
TWIN_HEAP = "4M"  # room enough for every site: what it takes is what is asked
HASH_BYTES, ID_BYTES, POINT_BYTES = 32, 8, 65
OF_BOARDS_ALONE = ("wlan", "clock")  # tables that the twin has no use for and refuses
# In use when ready on the twin, with one driver each: measured with 1 to 8 devices, 1 to 4 buses, 0 to 4 authorities.
# The last six are what only a board has: measured on its own start, with stand-ins for its hardware.
MODEL = {
    "agent": 77_400,
    "uplink": 8_000,
    "driver": 2_500,
    "device": 4_100,
    "bus": 500,
    "authority": 1_050,
    "console": 21_500,
    "pins": 4_300,
    "pin_driver": 1_900,
    "board": 10_000,
    "wlan": 1_100,
    "clock": 200,
    "names": 3_500,
}


@dataclass(frozen=True)
class Figure:
    """One maximum of a board: what the site takes of it, and where the figure is from."""

    name: str
    used: int
    allowed: int
    how: str = ""

    @property
    def exceeds(self) -> bool:
        """Tell whether the site is too large in this."""
        return self.used > self.allowed


class _Absent:
    """Stands where only a board has something: nothing is signed or sent here."""

    public_key = bytes(POINT_BYTES)
    key_id = bytes(ID_BYTES)


class _Described:
    """A board as far as its file tells without being run."""

    def __init__(self, board: str) -> None:
        self.devices_max = DEVICES_MAX  # told with the other figures
        self.ticks_ms = constant_of(board, "TICKS_MS")
        self.go_online = joins_network(board) or None


def site_of(board: str, tree: dict[str, Any]) -> Config:
    """Return a board's configuration, every part of it checked as its start does. Raises: UsageError."""
    try:
        config = checked(tree)
        if "recorder_bytes_max" not in tree["agent"]:
            config.agent["recorder_bytes_max"] = 0  # as boards/micropython/read_site.py
        for name in files_of(config):
            if name.startswith("/") or ".." in name.split("/"):
                raise UsageError(f"{name!r}: expected a name below the folder of site.json")
        described: Any = _Described(board)
        check(config, described)
        _check_ports(board, config)
        _check_sources(config)
        for where, name in names_of(config).items():
            check_name(where, name)
        _start(board, config)
    except (ConfigError, StartError, ValueError) as error:
        raise UsageError(str(error)) from error
    return config


def _check_ports(board: str, config: Config) -> None:
    """Refuse a serial port that a board has not. Raises: ValueError."""
    ports = constant_of(board, "UARTS")
    for row in config.buses:
        if ports is not None and row["kind"] in ("serial", "ascii") and row["port"] not in ports:
            raise ValueError(f"[[bus]] {row['id']} port = {row['port']!r}: expected one of {', '.join(ports)}")
        if row["kind"] == "pins" and not channels_of(board):
            raise ValueError(f"[[bus]] {row['id']} kind = 'pins': this board has no pins for devices")


def _check_sources(config: Config) -> None:
    """Refuse a source of control that is a task of gateways. Raises: ValueError."""
    of_gateways = [kind for kind, module, *_ in SOURCES if module.startswith("boards.cpython.")]
    for row in config.sources:
        if row["kind"] in of_gateways:
            raise ValueError(f"[[source]] {row['name']} kind = {row['kind']!r}: that is for gateways")


def _start(board: str, config: Config) -> None:
    """Put the agent together in memory and let it go again. Raises: StartError."""
    clock = ManualClock()

    def open_bus(row: dict[str, Any]) -> Bus | Pins:
        if row["kind"] == "pins":
            return MemoryPins(channels_of(board), clock)
        return Bus(ScriptedLine(lambda _request: None), Rtu(9600), clock)

    silent: Any = _Absent()
    assemble(
        config, bytes(HASH_BYTES),
        Parts("build", bytes(HASH_BYTES), clock, MemoryStore(1 << 20), silent, None, CountingWatchdog(),
              bytes(HASH_BYTES), open_bus),
    )  # fmt: skip


def figures(board: str, config: Config, site_json: bytes, image: Path) -> list[Figure]:
    """Return what the site takes of each of the board's maxima. Raises: StageError."""
    image_bytes = image.stat().st_size
    room, settings, ring = ROOMS[board], config.agent, ring_of(config)
    found = [
        Figure("devices", len(config.devices), constant_of(board, "DEVICES_MAX")),
        Figure("image bytes", image_bytes, room.slot_bytes, "one of two"),
    ]
    in_files = len(site_json) + settings["recorder_bytes_max"] + (0 if room.in_place else 2 * image_bytes)
    if ring:
        found.append(Figure("journal bytes", settings["journal_bytes_max"], ring_bytes_of(board), f"partition {ring}"))
    else:
        in_files += settings["journal_bytes_max"]
    found.append(Figure("file bytes", in_files, room.files_bytes, "configuration, journal and images in files"))
    wide_bytes, how = heap_on_64_bits(board, config, site_json, image)
    heap_bytes = wide_bytes * room.heap_percent // 100 + room.work_bytes + (0 if room.in_place else image_bytes)
    how = f"{how} {wide_bytes} on 64 bits, {room.heap_percent} % of it here, {room.work_bytes} to work"
    return [*found, Figure("heap bytes", heap_bytes, room.heap_bytes, how)]


def heap_on_64_bits(board: str, config: Config, site_json: bytes, image: Path) -> tuple[int, str]:
    """Return what the ready agent would take of a heap of 64 bits, and how that is known. Raises: StageError."""
    lacks = find_spec("micropython_run") is None or (config.uplink is not None and find_spec("cryptography") is None)
    if lacks or has_bus(config, "pins"):
        return modelled(board, config), "modelled:"
    if board == TWIN:
        return heap_on_twin(config, site_json, image), "measured:"
    own = sum(MODEL[part] * count for part, count in _own_parts(board, config).items())
    return heap_on_twin(config, site_json, None) + own, f"measured, and {own} modelled for what only it has:"


def heap_on_twin(config: Config, site_json: bytes, image: Path | None) -> int:
    """Return the heap that the ready agent takes on the 64-bit twin; `image`: the twin's, without it one is made.

    Raises: StageError.
    """
    config = copy.copy(config)
    config.wlan = None  # the twin is online by itself, and its system looks up names
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(folder, config, site_json)
        try:
            return ready_heap(folder, TWIN_HEAP, image or twin_image(config, folder))[0]
        except FootprintError as error:
            raise UsageError(f"the agent does not start with this site: {str(error).strip()}") from error


def twin_image(config: Config, folder: Path) -> Path:
    """Write into `folder` what a site's image holds, for the twin. Raises: StageError."""
    compile_linked(linked_agent(f"boards.{TWIN}", only=modules_of(TWIN, config).values()), folder / "mpy")
    write_romfs(folder / "mpy", folder / "twin.romfs")
    return folder / "twin.romfs"


def _lay_out(folder: Path, config: Config, site_json: bytes) -> None:
    """Write what the twin reads: the site, and in place of keys and certificates any that are good in form."""
    tree = json.loads(site_json)
    for table in OF_BOARDS_ALONE:
        tree.pop(table, None)
    if config.console is not None:
        tree["console"] = {"port": "stdio"}
    (folder / "site.json").write_text(json.dumps(tree), encoding="utf-8")
    stand_ins = {config.agent[key]: b"\x01" * HASH_BYTES for key in ("key", "next_key") if config.agent[key]}
    if config.uplink is not None:
        from tools.certs import Authority  # only here: a site without an uplink needs no `cryptography`

        authority = Authority(folder / "certs")
        made = authority.client("build")
        sources = {"ca": authority.files.cert_der, "cert": made.cert_der, "cert_key": made.key_der}
        stand_ins.update({config.uplink[key]: source.read_bytes() for key, source in sources.items()})
    for name, content in stand_ins.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def modelled(board: str, config: Config) -> int:
    """Return what the heap of 64 bits is estimated at where it cannot be measured."""
    drivers = {row["driver"] for row in config.devices} & {row[0] for row in PRODUCTS}
    pins = [row["id"] for row in config.buses if row["kind"] == "pins"]
    on_pins = {row["driver"] for row in config.devices if row["bus"] in pins}
    counts = {
        "agent": 1,
        "uplink": config.uplink is not None,
        "driver": len(drivers - on_pins),
        "pin_driver": len(drivers & on_pins),
        "device": len(config.devices),
        "bus": len(config.buses),
        "pins": len(pins),
        "authority": len(config.authorities),
        "console": config.console is not None,
    } | _own_parts(board, config)
    return sum(MODEL[part] * count for part, count in counts.items())


def _own_parts(board: str, config: Config) -> dict[str, int]:
    """Return what a board has and the twin has not."""
    if board == TWIN:
        return {}
    return {
        "board": 1,
        "wlan": config.wlan is not None,
        "clock": config.clock is not None,
        "names": names_of(config) != {},
    }
