"""A whole agent of four Modbus devices without its adapters: drivers, buses, tasks, core, evidence, session.

As on a board what only starts the agent is forgotten again.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys

from agent import cbor, cose
from hal import quantities as q
from hal.memory import CountingWatchdog, LoopUplink, ManualClock
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from tests.wasm32.on_board.host_side import JOURNAL_BYTES, Element, HostLine, Store

CIVIL_MS = 1790000000000  # beyond 31 bits
WARM_S, LIVED_S = 20, 40
TURNS = 60  # of all tasks a second; a signature takes more than one second's
LIMIT_W = 4200
DEVICES = (
    ("grid", "eastron-sdm630", 1, {}),
    ("charger", "alfen-eve", 2, {"power_max_w": 11040, "default": 6000, "phases": 1}),
    ("pump", "luxtronik-shi", 3, {"power_max_w": 5000}),
    ("battery", "fronius-gen24", 4, {"power_max_w": 5000}),
)


KEPT = []  # what shall still be on the heap when it is looked at


def read(dso):
    """Return the configuration; what reads it is gone before the rest is loaded."""
    from agent.config import checked

    tree = {
        "site": {"name": "small", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 25000},
        "agent": {
            "key": "agent.key",
            "reading_s": 5,
            "page_s": 15,
            "journal_bytes_max": JOURNAL_BYTES,
            "segment_bytes": 4096,
            "page_bytes_max": 2048,
        },
        "authority": [{"name": "dso", "public_key": dso.public_key.hex(), "role": "grid", "power_max_w": 20000}],
        "bus": [{"id": "lan", "kind": "tcp", "host": "host"}],
        "device": [],
    }
    for name, driver, unit, more in DEVICES:
        row = dict(more)
        row.update({"id": name, "driver": driver, "bus": "lan", "unit": unit})
        tree["device"].append(row)
    config = checked(tree)
    forget("agent.config")
    return config


def start(config, clock, signer, uplink):
    from boards.startup import Parts, assemble

    parts = Parts(
        "small", bytes(32), clock, Store(), signer, uplink, CountingWatchdog(), bytes(32),
        lambda _row: Bus(HostLine(), Tcp(), clock),
    )  # fmt: skip
    loop = assemble(config, hashlib.sha256(b"small").digest(), parts)
    forget("boards.startup", "drivers.catalogue")
    return loop


def forget(*modules):
    for name in modules:
        del sys.modules[name]


async def seconds(clock, count):
    for _ in range(count):
        clock.advance(1000)
        for _ in range(TURNS):
            await asyncio.sleep(0)


async def obeys_a_limit_and_proves_it():
    clock, uplink = ManualClock(), LoopUplink(4)
    clock.set_civil(CIVIL_MS, q.CLOCK_SYNCHRONISED, 10)
    dso = Element(b"\x08" * 32)
    config = read(dso)
    await asyncio.sleep(0)
    signer = Element(b"\x07" * 32)
    loop = start(config, clock, signer, uplink)
    KEPT.append(loop)
    state = loop.state
    running = asyncio.create_task(loop.run())
    await seconds(clock, WARM_S)
    before = [unit.setpoint for unit in state.units]
    uplink.set_connected(True)
    expires_s = clock.now_ms() // 1000 + 60
    limit = ["", 0, LIMIT_W, 600]
    uplink.deliver(
        "command", await cose.seal(dso, cbor.encode([3, 1, state.agent_id, state.epoch, 1, expires_s, 1, limit]))
    )
    sent = []
    for _ in range(LIVED_S):
        await seconds(clock, 1)
        for channel, _ in uplink.collect():
            sent.append(channel)
    assert [unit.setpoint for unit in state.units][1] < before[1], before
    assert "page" in sent
    loop.stop()
    await running
