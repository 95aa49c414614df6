"""The site on which the way of a limit is measured: eight devices, a broker, a long backlog, for either runtime.

The journal is full of pages that nobody has signed or confirmed, as after days without a link, written by the
agent's own ledger. So the agent signs and sends old pages all the time while it works.
"""

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

from agent import record
from agent.journal import Journal
from agent.ledger import Ledger
from boards.cpython.file_store import FileStore
from hal import quantities as q
from hal.memory import ManualClock
from tools import wire
from tools.bench.child import Child
from tools.bench.site import BARE, RAM, bare_program
from tools.broker import Broker
from tools.demo.layout import toml
from tools.image import compile_linked, linked_agent, write_romfs
from tools.keys import create_key
from tools.stage import leaned

RUNTIMES = ("gateway", "board")
HEAP = "320K"  # 64-bit: a 32-bit board needs between half of this and all of it
PAGE_S = 1
PAGE_BYTES_MAX = 2048
SEGMENT_BYTES = 32768
JOURNAL_BYTES_MAX = 32 << 20
DEVICES = 8
CIVIL_MS = 1_790_000_000_000
HERE = Path(__file__).parent
READ = {
    q.POWER_W: 6210, q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L2_MV: 230200, q.VOLTAGE_L3_MV: 229900, q.CURRENT_L1_MA: 9000,
    q.CURRENT_L2_MA: 9010, q.CURRENT_L3_MA: 9020, q.FREQUENCY_MHZ: 50000, q.ENERGY_IMPORT_WH: 1234567,
}  # fmt: skip


@dataclass
class LimitSite:
    """Everything around one agent and the bare program."""

    folder: Path
    broker: Broker
    products: Child
    agents: dict[str, bytes]  # runtime -> id
    grid: ec.EllipticCurvePrivateKey
    receipts: ec.EllipticCurvePrivateKey

    def agent(self, runtime: str) -> Child:
        """Start the agent of one runtime, with the stop-watch around its event loop."""
        folder = self.folder / runtime
        if runtime == "gateway":
            command = ["-m", "tools.bench.watched_gateway", str(folder / "SITE.toml")]
        else:
            image = watched_image(folder / "image")
            command = ["-m", "tools.board_process", str(folder), "--heap", HEAP, "--image", str(image)]
            command += ["--first", str(image.with_name("watched_board.mpy"))]
        return Child(runtime, [sys.executable, *command], folder / "agent.log")

    def bare(self) -> Child:
        """Start the bare program, which has the third charger for itself."""
        return bare_program(self.folder, 0)


def watched_image(folder: Path) -> Path:
    """Write the board's image with the stop-watch in it, so that what that names keeps its name. Raises: StageError."""
    watch = {name: leaned(HERE / f"{name}.py", f"{name}.py", {}) for name in ("slices", "watched_board")}
    compile_linked(linked_agent("boards.micropython_unix", watch), folder / "mpy")
    write_romfs(folder / "mpy", folder / "watched.romfs")
    return folder / "watched.romfs"


@contextmanager
def staged(folder: Path, backlog: dict[str, int]) -> Iterator[LimitSite]:
    """Bring up products and broker, and lay out both runtimes' sites. Raises: BenchError, BrokerError, StageError."""
    for runtime in RUNTIMES:
        (folder / runtime).mkdir(mode=0o700)
    keys = {name: create_key(folder / f"{name}.key") for name in ("grid", "receipts")}
    keys["gateway"] = create_key(folder / "gateway" / "agent.key")
    keys["board"] = create_key(folder / "board" / "agent.key", raw=True)
    agents = {runtime: wire.key_id(wire.point(keys[runtime].public_key())) for runtime in RUNTIMES}
    with ExitStack() as running:
        elsewhere = Path(running.enter_context(TemporaryDirectory(dir=RAM if RAM.is_dir() else None)))
        broker = Broker(elsewhere / "broker", [*(agent.hex() for agent in agents.values()), BARE])
        command = [sys.executable, "-m", "tools.bench.products", str(folder)]
        products = running.enter_context(Child("products", command, folder / "products.log"))
        ports = products.hear("ready")["ports"]
        broker.start()
        running.callback(broker.stop)
        site = LimitSite(folder, broker, products, agents, keys["grid"], keys["receipts"])
        for runtime in RUNTIMES:
            _lay_out(site, runtime, ports)
            _fill(folder / runtime / "journal", agents[runtime], backlog[runtime])
        files = broker.agents[BARE]
        bare = {"agent": BARE, "meters": [], "charger": ports["bare"], "port": broker.port,
                "ca": str(broker.ca.cert), "cert": str(files.cert), "cert_key": str(files.key)}  # fmt: skip
        (folder / "bare.json").write_text(json.dumps(bare))
        yield site


def _lay_out(site: LimitSite, runtime: str, ports: dict[str, int]) -> None:
    files, folder = site.broker.agents[site.agents[runtime].hex()], site.folder / runtime
    tree = _tree(site, ports)
    if runtime == "gateway":
        access = {"ca": site.broker.ca.cert, "cert": files.cert, "cert_key": files.key}
        tree["uplink"] |= {key: str(path) for key, path in access.items()}
        (folder / "SITE.toml").write_text(toml(tree))
        return
    der = {"ca": site.broker.ca.cert_der, "cert": files.cert_der, "cert_key": files.key_der}
    for key, source in der.items():
        (folder / f"{key}.der").write_bytes(source.read_bytes())
        tree["uplink"][key] = f"{key}.der"
    (folder / "site.json").write_text(json.dumps(tree))


def _tree(site: LimitSite, ports: dict[str, int]) -> dict[str, Any]:
    public = {"grid": wire.point(site.grid.public_key()), "receipt": wire.point(site.receipts.public_key())}
    serial = [{"id": bus, "kind": "serial", "port": str(site.folder / bus)} for bus in ("house-bus", "annex-bus")]
    lan = ("charger-1", "charger-2", "heat-pump", "battery")
    return {
        "site": {"name": "bench", "meter": "grid", "import_limit_w": 90000, "export_limit_w": 90000, "fuse_ma": 150000},
        "agent": {"key": "agent.key", "journal_bytes_max": JOURNAL_BYTES_MAX, "segment_bytes": SEGMENT_BYTES,
                  "page_bytes_max": PAGE_BYTES_MAX, "reading_s": 1, "page_s": PAGE_S},
        "uplink": {"host": site.broker.host, "port": site.broker.port, "server_name": "localhost"},
        "authority": [
            {"name": name, "role": name, "power_max_w": 100000, "public_key": key.hex()} for name, key in public.items()
        ],
        "bus": serial + [{"id": bus, "kind": "tcp", "host": "127.0.0.1", "port": ports[bus]} for bus in lan],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "house-bus"},
            {"id": "charger-1", "driver": "alfen-eve", "bus": "charger-1", "power_max_w": 22080, "default": 32000},
            {"id": "charger-2", "driver": "alfen-eve", "bus": "charger-2", "power_max_w": 22080, "default": 32000},
            {"id": "battery", "driver": "fronius-gen24", "bus": "battery", "power_max_w": 6000, "default": 0,
             "priority": 40},
            {"id": "heat-pump", "driver": "luxtronik-shi", "bus": "heat-pump", "power_max_w": 2500, "default": 30000,
             "priority": 10},
            {"id": "sg-ready", "driver": "sg-ready-relay", "bus": "annex-bus", "unit": 2, "channel_1": 1,
             "channel_2": 2, "power_max_w": 2500, "default": q.SG_NORMAL, "priority": 11},
            {"id": "boiler", "driver": "waveshare-relay", "bus": "annex-bus", "unit": 2, "channel": 3, "phases": 1,
             "power_max_w": 2000, "default": 0, "priority": 30},
            {"id": "annex", "driver": "eastron-sdm630", "bus": "annex-bus", "unit": 1},
        ],
    }  # fmt: skip


def _fill(folder: Path, agent_id: bytes, pages: int) -> None:
    """Write a backlog: one page a second with a reading of every device, closed, not signed, not confirmed."""
    clock = ManualClock()
    clock.set_civil(CIVIL_MS)
    store = FileStore(folder, JOURNAL_BYTES_MAX, durable=False)
    ledger = Ledger(Journal(store, SEGMENT_BYTES), agent_id, clock, PAGE_BYTES_MAX, PAGE_S, b"bench")
    ledger.begin_epoch()
    for _ in range(pages):
        clock.advance(1000)
        for device in range(DEVICES):
            ledger.add([record.READING, clock.now_ms() // 1000, 1, device, q.GOOD, READ, {}])
        ledger.close_page()
    ledger.sync()
    store.close()
