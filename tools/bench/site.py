"""What both sides of the bench run on: devices, broker, head-end, keys and one configuration for each side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire
from tools.bench.child import Child
from tools.broker import Broker
from tools.demo.layout import toml
from tools.keys import create_key

PAGE_S = 5
PAGE_BYTES_MAX = 20000  # more than 20 devices fill in PAGE_S
BARE = "bare"
RAM = Path("/dev/shm")  # noqa: S108 - broker and head-end are other machines: they shall not wait for this one's disk


@dataclass
class Stage:
    """Everything that runs on both sides' behalf; `agent` and `bare` start the two sides."""

    folder: Path
    broker: Broker
    devices: Child
    meters: list[int]
    chargers: list[int]  # the agent's, the bare program's: each is written by one side only
    agent_id: bytes
    aggregator: ec.EllipticCurvePrivateKey

    def agent(self) -> Child:
        """Start the agent of the gateway, exactly as `siteward run` does."""
        command = [sys.executable, "-m", "tools.cli", "run", "--json", str(self.folder / "SITE.toml")]
        return Child("agent", command, self.folder / "agent.log")

    def bare(self, publish_s: int = 0) -> Child:
        """Start the bare program, publishing each poll at once or all of `publish_s` seconds in one message."""
        return bare_program(self.folder, publish_s)

    def reads(self) -> int:
        """Return how many read requests the devices have answered so far."""
        return sum(self.devices.ask()["reads"])


def bare_program(folder: Path, publish_s: int) -> Child:
    """Start the bare program on the settings in FOLDER/bare.json."""
    command = [sys.executable, "-m", "tools.bench.bare", str(folder / "bare.json"), str(publish_s)]
    return Child(BARE, command, folder / "bare.log")


@contextmanager
def staged(folder: Path, meters: int) -> Iterator[Stage]:
    """Bring up devices, broker and head-end. Raises: BenchError, BrokerError."""
    keys = {name: create_key(folder / f"{name}.key") for name in ("agent", "aggregator", "receipts")}
    public = {name: wire.point(key.public_key()) for name, key in keys.items()}
    agent_id = wire.key_id(public["agent"])
    with ExitStack() as running:
        elsewhere = Path(running.enter_context(TemporaryDirectory(dir=RAM if RAM.is_dir() else None)))
        broker = Broker(elsewhere / "broker", [agent_id.hex(), BARE])
        devices = running.enter_context(
            Child("devices", [sys.executable, "-m", "tools.bench.devices", str(meters)], folder / "devices.log")
        )
        ports = devices.hear("ready")
        broker.start()
        running.callback(broker.stop)
        stage = Stage(folder, broker, devices, ports["meters"], ports["chargers"], agent_id, keys["aggregator"])
        (folder / "SITE.toml").write_text(toml(_site(stage, public)))
        (folder / "bare.json").write_text(json.dumps(_bare(stage)))
        (folder / "headend.toml").write_text(toml(_head_end(stage, public, elsewhere)))
        command = [sys.executable, "-m", "tools.cli", "headend", "--config", str(folder / "headend.toml")]
        running.enter_context(Child("head-end", command, folder / "headend.log"))
        yield stage


def _site(stage: Stage, public: dict[str, bytes]) -> dict[str, Any]:
    files = stage.broker.agents[stage.agent_id.hex()]
    ports = {f"m{number}": port for number, port in enumerate(stage.meters)} | {"charger": stage.chargers[0]}
    meters = [{"id": bus, "driver": "eastron-sdm630", "bus": bus} for bus in ports if bus != "charger"]
    charger = {"id": "charger", "driver": "alfen-eve", "bus": "charger", "power_max_w": 22080, "default": 6000}
    return {
        "site": {"name": "bench", "meter": "m0", "import_limit_w": 100000, "export_limit_w": 100000, "fuse_ma": 100000},
        "agent": {"key": "agent.key", "reading_s": 1, "page_s": PAGE_S, "page_bytes_max": PAGE_BYTES_MAX},
        "uplink": _access(stage.broker) | {"cert": str(files.cert), "cert_key": str(files.key)},
        "authority": [
            {
                "name": "aggregator",
                "role": "aggregator",
                "power_max_w": 30000,
                "public_key": public["aggregator"].hex(),
            },
            {"name": "receipts", "role": "receipt", "public_key": public["receipts"].hex()},
        ],
        "bus": [{"id": bus, "kind": "tcp", "host": "127.0.0.1", "port": port} for bus, port in ports.items()],
        "device": [*meters, charger],
    }


def _bare(stage: Stage) -> dict[str, Any]:
    files = stage.broker.agents[BARE]
    return {
        "agent": BARE, "meters": stage.meters, "charger": stage.chargers[1], "port": stage.broker.port,
        "ca": str(stage.broker.ca.cert), "cert": str(files.cert), "cert_key": str(files.key),
    }  # fmt: skip


def _head_end(stage: Stage, public: dict[str, bytes], elsewhere: Path) -> dict[str, Any]:
    files = stage.broker.head_end
    return {
        "headend": {"database": str(elsewhere / "headend.sqlite"), "receipt_key": "receipts.key"},
        "broker": _access(stage.broker) | {"cert": str(files.cert), "cert_key": str(files.key)},
        "authority": [{"name": "aggregator", "role": "aggregator", "key": "aggregator.key"}],
        "agent": [{"name": "bench", "public_key": public["agent"].hex()}],
    }


def _access(broker: Broker) -> dict[str, Any]:
    return {"host": broker.host, "port": broker.port, "server_name": "localhost", "ca": str(broker.ca.cert)}
