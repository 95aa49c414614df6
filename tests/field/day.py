"""The virtual day of a board: everything the field does to it, life after life on one flash, and what was left of it.

Each life is a MicroPython process (tests/field/day_board.py) on the same flash file; a watchdog reset and a brown-out
end one as they end a board's program: nothing is put away. The verifier gets all pages in the end.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.board import BOARD_TESTS, board_path, micropython
from tests.needs import ROOT
from tools import wire
from tools.stage import stage_pattern
from tools.verifier import Verifier
from tools.verifier.page import open_page

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TICK_MS = 5000  # as in most simulated days, docs/decisions/0007
HEAP = "1M"  # with house, broker and head-end in it
OFF_MS = 5000
WORST_MS_MAX = 20000  # a limit is asked for, decided at the next tick of 5 s, written and followed
GROWTH_BYTES_MAX = 768  # what is in force and under way at a look: pages, claims, receipts
SITE: dict[str, Any] = {
    "site": {"name": "day", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 32000},
    "bus": [
        {"id": "rs485", "kind": "serial", "port": "uart0"},
        {"id": "lan", "kind": "tcp", "host": "192.0.2.1", "port": 502},
    ],
    "device": [
        {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485", "unit": 1},
        {"id": "room", "driver": "heatmiser-edge", "bus": "rs485", "unit": 2},
        {"id": "boiler", "driver": "waveshare-relay", "bus": "rs485", "unit": 3, "channel": 3, "phases": 1,
         "power_max_w": 2000, "default": 0, "priority": 30},
        {"id": "charger", "driver": "alfen-eve", "bus": "lan", "unit": 1, "power_max_w": 22080, "default": 32000,
         "fallback_ma": 6000},
    ],
}  # fmt: skip
LIMITS_W = (9000, 5600, 7000)
CLAIM_MA = (8000, None, 8500)  # in the same turn: what that limit leaves room for
# What happens when, in thousandths of the span. In the first tenth the board is reset again and again.
EVENTS: tuple[tuple[int, str, Any], ...] = (
    (0, "base", 500), (15, "hang", 30000), (25, "fuse", 1), (35, "fuse", 2), (50, "fuse", 5), (75, "fuse", 8),
    (96, "erase_fuse", None),
    (100, "wifi", 0), (110, "wifi", 1), (150, "base", 900), (200, "broker", 0), (230, "broker", 1),
    (300, "noise", 1), (305, "noise", 0), (350, "civil", 3600), (400, "civil", -1800), (450, "noise", 1),
    (455, "noise", 0), (500, "civil", None), (520, "civil", 0), (600, "wifi", 0), (602, "wifi", 1), (650, "base", 300),
    (700, "broker", 0), (702, "broker", 1), (800, "noise", 1), (804, "noise", 0), (850, "wifi", 0), (855, "wifi", 1),
)  # fmt: skip
CLOCK_FELL = "clock_rollback"  # what an auditor has to see of the hour and a half that the day's clock falls
RESETS = 6  # of them: a hang and five fuses


def script(span_ms: int) -> dict[str, Any]:
    """Return what shall happen within `span_ms`."""
    turn_ms = span_ms // 24
    events = [(span_ms * at // 1000, what, argument) for at, what, argument in EVENTS]
    for turn in range(24):
        most_w, claim_ma = LIMITS_W[turn % 3], CLAIM_MA[turn % 3]
        events.append((turn * turn_ms + 20000, "limit", [most_w, turn_ms // 1000]))
        if claim_ma:
            events.append((turn * turn_ms + turn_ms // 2, "claim", [claim_ma, turn_ms // 4000]))
    page_s = max(60, min(900, span_ms // 96000))
    agent = {
        "key": "agent.key", "tick_ms": TICK_MS, "reading_s": max(10, page_s // 15), "page_s": page_s,
        "page_bytes_max": 2048, "journal_bytes_max": 1 << 18, "segment_bytes": 8192,
    }  # fmt: skip
    return {
        "site": {**SITE, "agent": agent}, "span_ms": span_ms, "wraps_at_ms": span_ms // 4,
        "look_ms": 10000 if span_ms <= HOUR_MS else 60000,
        "events": sorted(events, key=lambda event: event[0]),
    }  # fmt: skip


@dataclass
class Day:
    """What was seen."""

    lives: list[dict[str, Any]] = field(default_factory=list)  # how each began and ended
    heaps: list[dict[str, Any]] = field(default_factory=list)  # what the last life held, look by look
    pages: list[bytes] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def live(folder: Path, span_ms: int, tell: Callable[[str], None]) -> Day:
    """Run it life by life. Raises: RuntimeError with what a life printed instead."""
    (folder / "script.json").write_text(json.dumps(script(span_ms)))
    day = Day()
    while not day.lives or day.lives[-1]["end"] != "done":
        if len(day.lives) > 2 * RESETS:
            raise RuntimeError("there is no end to its lives")
        _one_life(folder, day)
        tell(json.dumps({"life": len(day.lives), **day.lives[-1]}))
        world = json.loads((folder / "world.json").read_text())
        world["house"]["now_ms"] += OFF_MS
        (folder / "world.json").write_text(json.dumps(world))
    return day


def _one_life(folder: Path, day: Day) -> None:
    folders = board_path()
    stage_pattern("tests/field/day_*.py", ROOT / BOARD_TESTS)
    command = micropython("tests/field/on_board.py", folders, "tests.field.day_board", "main", str(folder), heap=HEAP)
    said: list[str] = []
    life: dict[str, Any] = {}
    day.heaps = []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("P "):
                day.pages.append(bytes.fromhex(line[2:]))
                continue
            said.append(line)
            told = json.loads(line) if line.startswith("{") else {}
            if "heap" in told:
                day.heaps.append(told)
            elif told:
                life.update(told)
            if "end" in life:
                break
        process.kill()
    if "end" not in life:
        raise RuntimeError("".join(said[-30:]))
    day.keys.add(life.pop("key"))
    day.lives.append(life)


def by_hour(heaps: list[dict[str, Any]]) -> list[int]:
    """Return the least heap in use in each hour of the last life, or quarter of a short one; what is over, left out."""
    looks = min(HOUR_MS // (heaps[1]["at_ms"] - heaps[0]["at_ms"]), len(heaps) // 4)
    return [min(row["heap"] for row in heaps[at : at + looks]) for at in range(0, len(heaps) - looks + 1, looks)]


def after_an_hour(heaps: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the least heap in use in the second to fourth hour and in the last three, as long as the limits repeat."""
    hours = by_hour(heaps)
    width = len(LIMITS_W) if len(hours) > 2 * len(LIMITS_W) else 1
    return min(hours[1 : 1 + width]), min(hours[-width:])


def faults(day: Day) -> list[str]:
    """Return what did not hold."""
    wrong = []
    ends = [life["end"] for life in day.lives]
    if ends.count("watchdog") != 1 or ends.count("brown-out") != RESETS - 1:
        wrong.append(f"lives ended otherwise: {ends}")
    early, late = after_an_hour(day.heaps)
    if late - early > GROWTH_BYTES_MAX:
        wrong.append(f"heap: {early} bytes after an hour, {late} at the end")
    for life in day.lives:
        if life["worst_ms"] > WORST_MS_MAX:
            wrong.append(f"a limit was passed for {life['worst_ms']} ms in the life that ended at {life['at_ms']} ms")
        if life["obeyed"] != life["asked"]:
            wrong.append(f"{life['obeyed']} of {life['asked']} claims reached the charger")
    if not sum(life["asked"] for life in day.lives) or not sum(life["judged_s"] for life in day.lives):
        wrong.append("nothing was asked")
    return wrong + _verified(day)


def _verified(day: Day) -> list[str]:
    (key,) = day.keys
    verifier = Verifier([bytes.fromhex(key)])
    for number, raw in enumerate(sorted(dict.fromkeys(day.pages), key=_first_seq)):
        verifier.add(raw, f"page {number + 1}")
    found = verifier.report().faults
    expected = [fault for fault in found if fault.name == CLOCK_FELL]
    wrong = [fault.line() for fault in found if fault not in expected]
    return wrong if len(expected) == 1 else [*wrong, f"the clock went back once, {len(expected)} times were found"]


def _first_seq(raw: bytes) -> int:
    """Return the number of a page's first record: a fresh page may come before older ones."""
    first_seq: int = wire.payload_of(open_page(raw).envelope)[4]
    return first_seq
