"""Whose programme a device served: energy by source, in a reserved window and outside, as a stranger adds it up."""

from __future__ import annotations

from typing import Any

from tests.tools import evidence as e
from tests.tools.judging import judged
from tools.verifier import report, words
from tools.verifier.served import ROWS_MAX, Served

DEVICES = [["grid", "meter"], ["charger", "alfen-eve"]]
WINDOW = bytes(31) + b"\x01"
KID = bytes(8)


def reads(end_s: int, source: str, power_w: int = 3600, **registers: int) -> list[Any]:
    made = e.reading(end_s, device=1, power_w=power_w, **registers)
    made[6] = {1: 16000, 2: source}
    return made


def binds(at_ms: int, source: str) -> list[Any]:
    return [5, at_ms, 1, 16000, source]


def reserves(at_ms: int, wait_ms: int, left_ms: int, devices: tuple[int, ...] = (1,)) -> list[Any]:
    return [16, at_ms, WINDOW, "agg", "charger", list(devices), 1, 3000, wait_ms, left_ms]


def served(*pages: list[list[Any]]) -> list[tuple[bool, str, int, int, int]]:
    """Return (in the window, by, seconds, Wh drawn, Wh fed in) of each row."""
    maker = e.Maker()
    raw = [maker.page(*([e.boot(devices=DEVICES)] if not at else []), *records) for at, records in enumerate(pages)]
    found = judged(raw, maker)
    assert found.counts == {}, found.faults
    rows = found.agents[0].served.as_json()
    return [(row["window"] is not None, row["by"], row["span_s"], row["import_wh"], row["export_wh"]) for row in rows]


def test_energy_is_counted_for_who_decided():
    later = [binds(60_400, "claim vpp"), reads(120, "claim vpp"), reads(180, "claim vpp")]
    assert served([reads(60, "default"), *later]) == [
        (False, "claim vpp", 120, 120, 0), (False, "default", 60, 60, 0),
    ]  # fmt: skip


def test_a_reading_in_which_the_source_changed_is_of_several():
    later = [binds(70_000, "claim vpp"), reads(120, "claim vpp")]
    assert served([binds(200, "default"), reads(60, "default"), *later]) == [
        (False, "default", 60, 60, 0), (False, "several", 60, 60, 0),
    ]  # fmt: skip


def test_registers_go_before_power_and_power_counts_both_ways():
    rows = served([reads(60, "default", import_wh=100, export_wh=5), reads(120, "default", import_wh=107, export_wh=9)])
    assert rows == [(False, "default", 60, 7, 4)]
    assert served([reads(60, "default", power_w=-600)]) == [(False, "default", 60, 0, 10)]


def test_a_meter_that_nobody_sets_is_no_device_of_a_programme():
    assert served([e.reading(60)]) == []


def window(at_ms: int = 0, wait_ms: int = 60_300, left_ms: int = 180_300, **said: Any) -> list[list[Any]]:
    return [e.decision(WINDOW, KID, 1), reserves(at_ms, wait_ms, left_ms, **said)]


def test_what_lies_in_a_window_is_told_apart():
    minutes = [reads(60 * (at + 1), "claim agg") for at in range(4)]
    assert served(window() + minutes) == [(False, "claim agg", 120, 120, 0), (True, "claim agg", 120, 120, 0)]
    assert served(window(devices=(0,)) + minutes) == [(False, "claim agg", 240, 240, 0)]


def test_a_reading_over_the_edge_of_a_window_is_of_several():
    minutes = [reads(60 * (at + 1), "claim agg") for at in range(4)]
    assert served(window(wait_ms=90_000) + minutes) == [
        (False, "claim agg", 120, 120, 0), (False, "several", 60, 60, 0), (True, "claim agg", 60, 60, 0),
    ]  # fmt: skip
    assert served(window(left_ms=150_000) + minutes) == [
        (False, "claim agg", 120, 120, 0), (False, "several", 60, 60, 0), (True, "claim agg", 60, 60, 0),
    ]  # fmt: skip


def test_a_window_that_is_taken_back_ends_then():
    minutes = [reads(60 * (at + 1), "claim agg") for at in range(2)]
    begun = [e.event(WINDOW, 2, 60_300), reads(120, "claim agg")]
    ended = [reserves(120_400, 0, 0), e.event(WINDOW, 6, 120_400), reads(180, "claim agg")]
    assert served(window() + minutes[:1] + begun + ended) == [
        (False, "claim agg", 120, 120, 0), (True, "claim agg", 60, 60, 0),
    ]  # fmt: skip


def test_windows_of_one_set_are_told_apart_and_what_becomes_of_its_claims_ends_none():
    two = [e.decision(WINDOW, KID, 1), reserves(0, 60_300, 120_300), reserves(0, 180_300, 240_300)]
    events = [e.event(WINDOW, 7, 60_400), e.event(WINDOW, 4, 200_400)]
    minutes = [reads(60 * (at + 1), "claim agg") for at in range(5)]
    rows = served(two + minutes[:1] + events[:1] + minutes[1:3] + events[1:] + minutes[3:])
    assert rows == [(False, "claim agg", 180, 180, 0), (True, "claim agg", 60, 60, 0), (True, "claim agg", 60, 60, 0)]


def test_a_window_that_a_clock_moved_is_the_same_one():
    minutes = [reads(60 * (at + 1), "claim agg") for at in range(5)]
    moved = [reserves(60_500, 60_000, 180_300)]
    assert served(window(wait_ms=180_300, left_ms=300_300) + minutes[:1] + moved + minutes[1:]) == [
        (False, "claim agg", 180, 180, 0), (True, "claim agg", 120, 120, 0),
    ]  # fmt: skip


def test_another_programme_in_a_window_would_show():
    found = served([*window(wait_ms=0), reads(60, "claim vpp"), reads(120, "claim agg")])
    assert found == [(True, "claim agg", 60, 60, 0), (True, "claim vpp", 60, 60, 0)]


def test_a_boot_ends_what_registers_and_windows_meant():
    maker = e.Maker()
    first = maker.page(e.boot(devices=DEVICES), *window(wait_ms=0), reads(60, "default", import_wh=100))
    maker.reboot()
    second = maker.page(
        e.boot(devices=DEVICES), reads(60, "default", import_wh=105), reads(120, "default", import_wh=107)
    )
    rows = judged([first, second], maker).agents[0].served.as_json()
    assert [(row["window"], row["import_wh"]) for row in rows] == [(None, 2)]


def test_windows_and_rows_are_bounded():
    served = Served()
    for at in range(ROWS_MAX + 9):
        served._row("", "charger", f"claim {at}").span_s += 1
        served._state({"command": at.to_bytes(4, "big"), "wait_ms": 0, "left_ms": 1, "source": "a", "place": "",
            "devices": []}, 0, None)  # fmt: skip
    rows = served.as_json()
    assert len(rows) == ROWS_MAX + 1 and len(served.windows) == ROWS_MAX
    assert [row["span_s"] for row in rows if row["by"] == "others"] == [9]


def test_a_person_reads_the_window_and_its_energy():
    maker = e.Maker()
    found = judged([maker.page(e.boot(devices=DEVICES), *window(wait_ms=0), reads(60, "claim agg"))], maker)
    text = report.as_text(found, 1)
    assert "reserved agg: charger, " in text and f"command {WINDOW.hex()[:16]}" in text
    line = next(line for line in text.splitlines() if "claim agg" in line)
    assert line.split() == [WINDOW.hex()[:16], "charger", "claim", "agg", "60", "60", "0"]
    told = report.as_json(found, 1)["agents"][0]["served"][0]["window"]
    assert told["until_s"] - told["from_s"] == 180 and told["from_s"] > 1_600_000_000
    quiet = judged([maker.page(e.boot(devices=DEVICES), reads(60, "default"))], maker)
    assert "decided by" not in report.as_text(quiet, 1)


def test_a_statement_is_told_in_words():
    fields = {"place": "", "direction": 1, "power_w": 3000, "source": "agg", "wait_ms": 60_000, "left_ms": 90_000}
    what = "3000 W of export"
    assert words._reservation(fields, "") == f"the connection is reserved for agg in 60 s for 30 s: {what}"
    ended = fields | {"wait_ms": 0, "left_ms": 0}
    assert words._reservation(ended, "") == f"the connection is reserved for agg no longer: {what}"
