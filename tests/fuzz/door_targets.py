"""What is asked of a head-end on its own machine, at the door that commands; no broker is behind it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.fuzz import hurried
from tests.tools import evidence as e
from tools.headend import Authority, BrokerAccess, HeadEnd, KnownAgent, Settings
from tools.headend.door import Door

NOWHERE = BrokerAccess("localhost", 1, "localhost", Path("ca"), Path("cert"), Path("key"))
MAKER = e.Maker()
AGENT = MAKER.agent.hex()


def orders(raw: bytes) -> None:
    """Every line is answered: with what was done, or with a sentence. The verb that writes a file is left out."""
    with tempfile.TemporaryDirectory() as folder:
        hurried.run(_ordered(raw, Path(folder)))


def head_end_in(folder: Path) -> HeadEnd:
    """Return a head-end of one house that no broker is there for."""
    authorities = (Authority("dso", "grid", e.private_key(2)), Authority("vpp", "aggregator", e.private_key(3)))
    known = (KnownAgent("house", MAKER.public),)
    return HeadEnd(Settings(folder / "headend.sqlite", NOWHERE, e.private_key(1), authorities, known))


async def _ordered(raw: bytes, folder: Path) -> None:
    head_end = head_end_in(folder)
    session = [2, 1, MAKER.agent, 3, 100, 1700000000, 2, 20, 10, bytes(32), []]
    head_end._heard(AGENT, "session", e.sealed(e.encode(session), MAKER.key))
    door = Door(head_end, folder / "door")
    del door._verbs["pages"]
    try:
        for line in raw.split(b"\n"):
            told = await door._answer(line)
            assert type(told["ok"]) is bool and (told["ok"] or type(told["error"]) is str)
            json.dumps(told).encode()
    finally:
        await head_end.stop()


def order_seeds() -> list[bytes]:
    """Return one of each order."""
    limit = {"cmd": "limit", "agent": AGENT, "value_w": 4200, "duration_s": 60}
    claim = {"cmd": "claim", "agent": AGENT, "device": "charger", "set_point": 6000, "duration_s": 60, "primacy": 100}
    asked = [
        limit,
        {**limit, "scope": "charger", "direction": 0, "on_expiry": "hold", "start_in_s": 60, "random_start_s": 9},
        {"cmd": "limit", "agent": AGENT, "value_ma": 10000, "phases": 5, "duration_s": 0, "expires_in_s": 9},
        claim,
        {"cmd": "claim", "agent": AGENT, "target_w": -3000, "duration_s": 60, "authority": "vpp", "ramp_s": 60},
        {"cmd": "set", "agent": AGENT, "controls": [{"cmd": "limit", "value_w": 4200, "duration_s": 0}]},
        {"cmd": "cancel", "command": "00" * 32, "random_end_s": 0},
        {"cmd": "raw", "agent": AGENT, "raw": "00"},
        {"cmd": "answers", "command": "00" * 32, "count": 0, "timeout_s": 0.1},
        {"cmd": "status"},
    ]
    right = [json.dumps(each).encode() for each in asked]
    found = [b"[" * 2000, b'{"cmd": "cancel", "command": ["00"]}', b'{"cmd": "answers", "command": 1%s}' % (b"0" * 40)]
    found += [b'{"cmd": "answers", "command": "00", "timeout_s": Infinity}']
    return [*right, b"\n".join(right), *found]
