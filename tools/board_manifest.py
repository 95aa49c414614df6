"""What goes on a board: the one place that says it, for bytecode, ROMFS image, mip package and frozen firmware alike.

An image holds what the board file, the start and this site's products load, and nothing else. What only some sites
need is loaded by a statement inside a function, so it can be left out (PARTS); what some module loads at its top
stays, whatever is asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import Config
from boards.micropython.dns import is_name
from boards.sources import SOURCES
from drivers.catalogue import PRODUCTS
from hal import pins
from tools.image import CATALOGUES, EVERY_DRIVER, START, unloaded
from tools.stage import PACKAGES, ROOT, dotted, sources

KB = 1024
FLASH_BLOCK_BYTES = 4096


@dataclass(frozen=True)
class Room:
    """What a board has for the agent; docs/boards.md says where each figure is from."""

    heap_bytes: int  # for the agent, once firmware and network run
    heap_percent: int  # of the heap that the same agent takes on 64 bits: docs/memory.md, "From 64 bits to 32"
    work_bytes: int  # of it to stay free: a TLS handshake, a signature and the largest command at once
    in_place: bool  # bytecode is executed in flash, which needs firmware with ROMFS; else it lies in the heap
    slot_bytes: int  # for each of the two images
    files_bytes: int  # of the file system


ROOMS = {
    "micropython_unix": Room(160 * KB, 100, 25_000, True, 1024 * KB, 8192 * KB),
    "esp32_s3_devkit": Room(7168 * KB, 65, 64_000, False, 512 * KB, 2048 * KB),
    "esp32_generic": Room(105 * KB, 65, 20_000, True, 192 * KB, 512 * KB),
    "pico_w": Room(194 * KB, 65, 61_000, True, 192 * KB, 256 * KB),
}

SECRETS = ("key", "next_key", "cert_key", "password")

# Module -> whether a site needs it. Products are not in here: the catalogue says theirs.
PARTS: dict[str, Callable[[Config], bool]] = {
    "agent.console": lambda config: config.console is not None,
    "agent.console_owner": lambda config: config.console is not None and has_source(config, "owner"),
    "agent.sources.peer_desk": lambda _config: False,  # for tasks of gateways
    "agent.curtail": lambda config: "inverter" in kinds_of(config),
    "agent.reserve": lambda config: any(row["reservations"] for row in config.authorities + config.sources),
    "agent.owner": lambda config: has_source(config, "owner"),
    "agent.recorder": lambda config: config.agent["recorder_bytes_max"] > 0,
    "boards.micropython.console_host": lambda config: config.console is not None,
    "boards.micropython.console_port": lambda config: config.console is not None,
    "boards.micropython.dns": lambda config: names_of(config) != {},
    "boards.micropython.file_store": lambda config: not ring_of(config) or config.agent["recorder_bytes_max"] > 0,
    "boards.micropython.mqtt_uplink": lambda config: config.uplink is not None,
    "boards.micropython.named": lambda config: names_of(config) != {},
    "boards.micropython.pins": lambda config: has_bus(config, "pins"),
    "boards.micropython.ring_store": lambda config: ring_of(config) != "",
    "boards.sources": lambda config: config.sources != [],
    "boards.micropython.tcp_line": lambda config: has_bus(config, "tcp"),
    "hal.modbus.ascii": lambda config: has_bus(config, "ascii"),
    "hal.modbus.tcp": lambda config: has_bus(config, "tcp"),
}


def kinds_of(config: Config) -> list[str]:
    """Return the kinds of a site's devices, as the catalogue calls them."""
    named = [row["driver"] for row in config.devices]
    return [row[3] for row in PRODUCTS if row[0] in named]


def has_bus(config: Config, kind: str) -> bool:
    """Tell whether a site has a bus of a kind."""
    return any(row["kind"] == kind for row in config.buses)


def has_source(config: Config, kind: str) -> bool:
    """Tell whether a site has a source of a kind."""
    return any(row["kind"] == kind for row in config.sources)


def ring_of(config: Config) -> str:
    """Return the name of the flash partition that the journal lies on, "" for a folder."""
    journal: str = config.agent["journal"]
    return journal[5:] if journal.startswith("ring:") else ""


def names_of(config: Config) -> dict[str, str]:
    """Return where a site has a host that its board has to look up -> the name; a board without [wlan] need not."""
    if config.wlan is None:
        return {}
    hosts = {f"[[bus]] {row['id']}": row["host"] for row in config.buses if row["kind"] == "tcp"}
    if config.uplink is not None:
        hosts["[uplink]"] = config.uplink["host"]
    return {where: host for where, host in hosts.items() if is_name(host)}


def files_of(config: Config) -> dict[str, str]:
    """Return the files that a site names, beside its journal -> the key that names each; SECRETS are private."""
    named = {config.agent[key]: key for key in ("key", "next_key")}
    if config.uplink is not None:
        named.update({config.uplink[key]: key for key in ("ca", "cert", "cert_key")})
    if config.wlan is not None:
        named[config.wlan["password"]] = "password"
    return {name: key for name, key in named.items() if name}


def board_file(board: str) -> Path:
    """Return a board's file in boards/."""
    return ROOT / "boards" / f"{board}.py"


def constant_of(board: str, name: str) -> Any:
    """Return what a board's file calls `name`, None where it does not; it is read, not run: only a board can run it."""
    for node in ast.parse(board_file(board).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            target, given = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(given, ast.Tuple):
                pairs = list(zip(target.elts, given.elts, strict=True))
            else:
                pairs = [(target, given)]
            for named, expression in pairs:
                if ast.unparse(named) == name:
                    return ast.literal_eval(_Kinds().visit(expression))
    return None


class _Kinds(ast.NodeTransformer):
    """Puts the kinds of pins, which board files have by their names, as the numbers that they are."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(getattr(pins, node.id))


def has_room(board: str) -> bool:
    """Tell whether a board's file states maxima, as one that has none is no board."""
    return type(constant_of(board, "DEVICES_MAX")) is int


def channels_of(board: str) -> dict[str, int]:
    """Return the channels of a board's own pins -> the kind of each."""
    return {name: row[0] for name, row in (constant_of(board, "CHANNELS") or {}).items()}


def joins_network(board: str) -> bool:
    """Tell whether a board makes its network and its time itself."""
    return "boards.micropython.online" in _loads(ast.parse(board_file(board).read_text(encoding="utf-8")), set())


def ring_bytes_of(board: str) -> int:
    """Return how much a journal may take of its flash partition."""
    stated: int | None = constant_of(board, "JOURNAL_BYTES_MAX")
    return constant_of(board, "FLASH_BLOCKS") * FLASH_BLOCK_BYTES if stated is None else stated


def modules_of(board: str, config: Config) -> dict[str, Path]:
    """Return module -> source of all that an image of this site holds, sorted."""
    known = {dotted(str(path.relative_to(ROOT))): path for pattern in PACKAGES.values() for path in sources(pattern)}
    models = {row["driver"] for row in config.devices}
    models |= {row["kind"] for row in config.sources}
    products = [module for model, module, *_ in (*PRODUCTS, *SOURCES) if model in models]
    left_out = {module for module, needed in PARTS.items() if not needed(config)}
    start = [module for module in unloaded(START.read_text(encoding="utf-8")) if module not in left_out]
    found: set[str] = set()
    waiting = [f"boards.{board}", EVERY_DRIVER, *start, *products]
    while waiting:
        module = waiting.pop()
        if module in known and module not in found:
            found.add(module)
            tree = ast.parse(known[module].read_text(encoding="utf-8"))
            waiting += _loads(tree, left_out)
            if module not in CATALOGUES:
                waiting += [text for text in _texts(tree) if text in known and text not in left_out]
    return {module: known[module] for module in sorted(found)}


def _loads(tree: ast.Module, left_out: set[str]) -> list[str]:
    """Return what a module may load: at its top in any case, inside a function unless it is left out."""
    for_types = {id(part) for node in tree.body if _is_for_types(node) for part in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types:
            names = [node.module or "", *[f"{node.module}.{each.name}" for each in node.names]]
            found += [name for name in names if node in tree.body or name not in left_out]
    return found


def _texts(tree: ast.Module) -> set[str]:
    """Return the texts of a module: what it loads by a name that it holds is among them."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
