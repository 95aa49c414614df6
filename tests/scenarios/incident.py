"""An incident in the simulated house, recorded as on a gateway: what `siteward replay --make-test` begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent import record
from agent.command import Message
from agent.recorder import Recorder
from agent.step import step
from boards.cpython.file_store import FileStore
from tests.shared.house import AGENT_ID, DSO, House

if TYPE_CHECKING:
    from agent.step import Item

BYTES_MAX = 65536
CIVIL_MS = 1763737200000  # 2025-11-21T15:00:00Z
LIMIT_S, METER_LOST_S, METER_BACK_S, END_S = 40, 80, 130, 200


def limit(now_ms: int, value_w: int, duration_s: int) -> Message:
    """Return the grid operator's import limit for the site as the door hands it on."""
    fields = [3, 1, AGENT_ID, 7, 1, now_ms // 1000 + 30, 1, ["", 0, value_w, duration_s]]
    return Message(b"\x11" * 32, record.ACCEPTED, DSO, fields)


def recorded(folder: Path, seconds: int = END_S, bytes_max: int = BYTES_MAX) -> None:
    """Record the house: a limit of 6 kW from 40 s on for 120 s, the grid meter silent from 80 s to 130 s."""
    house = House()
    recorder = Recorder(FileStore(folder, bytes_max, durable=False), bytes_max, "house", [DSO])
    for second in range(1, seconds + 1):
        house.now_ms, house.civil_ms = second * 1000, CIVIL_MS + second * 1000
        house.ev_w = 11040 if second % 60 < 45 else 4140
        house.silent = [0] if METER_LOST_S <= second < METER_BACK_S else []
        inbox: list[Item] = [limit(house.now_ms, 6000, 120)] if second == LIMIT_S else []
        image = house.measure()
        recorder.begin(house.state, house.now_ms, image, inbox)
        grants, facts = step(house.state, house.now_ms, image, inbox)
        house.state.must_persist = False
        recorder.end(house.state, grants, facts)
    recorder.close()
    assert recorder.on
