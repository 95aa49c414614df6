"""Everything the demonstration needs on disk: keys, certificates, the home, and one configuration for each agent."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tools import headend, wire
from tools.broker import Broker, free_port
from tools.keys import create_key

HOME = Path(__file__).resolve().parents[2] / "sim_devices" / "homes" / "demo.toml"


@dataclass
class Layout:
    """Where everything lies, and the keys that sign."""

    folder: Path
    home: Path
    home_folder: Path
    board_folder: Path
    gateway_site: Path
    gateway_id: str
    board_id: str
    public_keys: dict[str, bytes]
    authority_keys: dict[str, ec.EllipticCurvePrivateKey]
    broker: Broker
    settings: headend.Settings


def lay_out(folder: Path) -> Layout:
    """Make keys, certificates and configurations in `folder`. Raises: BrokerError."""
    board_folder, home_folder = folder / "board", folder / "home"
    for each in (board_folder, home_folder):
        each.mkdir(mode=0o700, parents=True)
    keys = {name: create_key(folder / f"{name}.key") for name in ("dso", "aggregator", "receipts", "gateway")}
    keys["board"] = create_key(board_folder / "agent.key", raw=True)
    public = {name: wire.point(key.public_key()) for name, key in keys.items()}
    gateway_id, board_id = wire.key_id(public["gateway"]).hex(), wire.key_id(public["board"]).hex()
    broker = Broker(folder / "broker", [gateway_id, board_id])
    authorities: list[dict[str, Any]] = [
        {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": public["dso"].hex()},
        {"name": "aggregator", "role": "aggregator", "power_max_w": 12000, "public_key": public["aggregator"].hex()},
        {"name": "receipts", "role": "receipt", "public_key": public["receipts"].hex()},
    ]
    home, ports = _home(home_folder)
    site = _gateway_site(home_folder, ports, broker, gateway_id, authorities)
    gateway_site = folder / "SITE.toml"
    gateway_site.write_text(toml(site), encoding="utf-8")
    board = _board_site(home_folder, ports, broker, board_id, authorities, board_folder)
    (board_folder / "site.json").write_text(json.dumps(board), encoding="utf-8")
    settings = _settings(folder, broker, keys, public)
    return Layout(
        folder, home, home_folder, board_folder, gateway_site, gateway_id, board_id, public,
        {"dso": keys["dso"], "aggregator": keys["aggregator"]}, broker, settings,
    )  # fmt: skip


def _home(folder: Path) -> tuple[Path, dict[str, int]]:
    """Write the demonstration's home with free TCP ports; return its file and bus -> port."""
    text, ports = HOME.read_text(encoding="utf-8"), {}
    for row in tomllib.loads(text)["bus"]:
        if "port" in row:
            ports[row["id"]] = free_port()
            text = text.replace(f"port = {row['port']}\n", f"port = {ports[row['id']]}\n")
    home = folder / "home.toml"
    home.write_text(text, encoding="utf-8")
    return home, ports


def _gateway_site(
    home: Path, ports: dict[str, int], broker: Broker, agent: str, authorities: list[dict[str, Any]]
) -> dict[str, Any]:
    files = broker.agents[agent]
    return {
        "site": _connection("demo-house", "grid", 17250, 10000),
        "agent": {"key": "gateway.key", "reading_s": 5, "page_s": 10},
        "uplink": _uplink(broker, str(broker.ca.cert), str(files.cert), str(files.key)),
        "authority": authorities,
        "bus": [
            {"id": "rs485", "kind": "serial", "port": str(home / "rs485")},
            {"id": "heat-pump-lan", "kind": "tcp", "host": "127.0.0.1", "port": ports["heat-pump-lan"]},
            {"id": "inverter-lan", "kind": "tcp", "host": "127.0.0.1", "port": ports["inverter-lan"]},
        ],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485", "unit": 1},
            {"id": "room", "driver": "heatmiser-edge", "bus": "rs485", "unit": 2},
            {"id": "boiler", "driver": "waveshare-relay", "bus": "rs485", "unit": 3, "channel": 3, "phases": 1,
             "power_max_w": 2000, "default": 0, "priority": 30},
            {"id": "heat-pump", "driver": "luxtronik-shi", "bus": "heat-pump-lan", "power_max_w": 2500,
             "default": 30000, "priority": 10},
            {"id": "battery", "driver": "fronius-gen24", "bus": "inverter-lan", "power_max_w": 6000,
             "default": 0, "priority": 40},
        ],
    }  # fmt: skip


def _board_site(
    home: Path, ports: dict[str, int], broker: Broker, agent: str, authorities: list[dict[str, Any]], folder: Path
) -> dict[str, Any]:
    files = broker.agents[agent]
    copies = {"ca.der": broker.ca.cert_der, "cert.der": files.cert_der, "cert.key.der": files.key_der}
    for name, source in copies.items():
        target = folder / name
        target.touch(mode=0o600)
        target.write_bytes(source.read_bytes())
    return {
        "site": _connection("demo-charger", "feeder", 22000, 0),
        "agent": {"key": "agent.key", "journal_bytes_max": 1048576, "segment_bytes": 16384, "page_bytes_max": 2048,
                  "reading_s": 5, "page_s": 10},
        "uplink": _uplink(broker, "ca.der", "cert.der", "cert.key.der"),
        "authority": authorities,
        "bus": [
            {"id": "meter", "kind": "serial", "port": str(home / "charger-meter")},
            {"id": "charger-lan", "kind": "tcp", "host": "127.0.0.1", "port": ports["charger-lan"]},
        ],
        "device": [
            {"id": "feeder", "driver": "eastron-sdm630", "bus": "meter", "unit": 1},
            {"id": "charger", "driver": "alfen-eve", "bus": "charger-lan", "unit": 1, "power_max_w": 22080,
             "default": 32000, "fallback_ma": 6000},
        ],
    }  # fmt: skip


def _connection(name: str, meter: str, import_limit_w: int, export_limit_w: int) -> dict[str, Any]:
    return {
        "name": name,
        "meter": meter,
        "import_limit_w": import_limit_w,
        "export_limit_w": export_limit_w,
        "fuse_ma": 32000,
    }


def _uplink(broker: Broker, ca: str, cert: str, cert_key: str) -> dict[str, Any]:
    return {
        "host": broker.host,
        "port": broker.port,
        "server_name": "localhost",
        "ca": ca,
        "cert": cert,
        "cert_key": cert_key,
    }


def _settings(
    folder: Path, broker: Broker, keys: dict[str, ec.EllipticCurvePrivateKey], public: dict[str, bytes]
) -> headend.Settings:
    files = broker.head_end
    access = headend.BrokerAccess(broker.host, broker.port, "localhost", broker.ca.cert, files.cert, files.key)
    return headend.Settings(
        database=folder / "headend.sqlite",
        broker=access,
        receipt_key=keys["receipts"],
        authorities=(
            headend.Authority("dso", "grid", keys["dso"]),
            headend.Authority("aggregator", "aggregator", keys["aggregator"]),
        ),
        agents=(headend.KnownAgent("gateway", public["gateway"]), headend.KnownAgent("board", public["board"])),
    )


def toml(tree: dict[str, Any]) -> str:
    """Write a tree of tables and lists of tables as TOML; JSON's scalars are TOML's."""
    lines = []
    for name, table in tree.items():
        for row in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{key} = {json.dumps(scalar)}" for key, scalar in row.items()]
            lines.append("")
    return "\n".join(lines)
