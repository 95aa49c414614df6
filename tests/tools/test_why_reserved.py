"""`siteward why` about windows: for whom something is reserved and until when, and who waits for its end."""

from __future__ import annotations

import time

import pytest

from tests.tools.test_why_words import CHARGER, CLAIM, SITE, TARGET
from tools.why_parts import claim_line, reserved_line, target_line
from tools.why_words import device_lines

WINDOW = {"authority": "agg", "scope": "charger", "direction": 1, "power_w": 3000, "starts_ms": None,
    "left_ms": 5400000}  # fmt: skip
UNDATED = {**SITE, "civil_ms": 0}
CIVIL_MS = 1700000000000
DATED = {**SITE, "civil_ms": CIVIL_MS}


def clock(ahead_ms: int) -> str:
    return time.strftime("%H:%M", time.localtime((CIVIL_MS + ahead_ms) / 1000))


@pytest.mark.parametrize(
    ("bent", "site", "line"),
    [
        ({}, DATED, f"this device, for the aggregator 'agg' until {clock(5400000)}: 3000 W less"),
        ({}, UNDATED, "this device, for the aggregator 'agg' until 90 min from now: 3000 W less"),
        ({"scope": ""}, UNDATED, "the site, for the aggregator 'agg' until 90 min from now: 3000 W less"),
        ({"scope": "garage", "direction": 0}, UNDATED,
         "circuit 'garage', for the aggregator 'agg' until 90 min from now: 3000 W more"),
        ({"starts_ms": 600000}, DATED,
         f"this device, for the aggregator 'agg' from {clock(600000)} until {clock(5400000)}: 3000 W less"),
        ({"left_ms": 172800000}, DATED, "this device, for the aggregator 'agg' until 2 days from now: 3000 W less"),
    ],
)  # fmt: skip
def test_a_window_is_told_with_its_holder_and_its_end(bent, site, line):
    assert reserved_line({**WINDOW, **bent}, site, "charger") == line


def test_a_devices_page_has_a_line_for_each_window():
    lines = list(device_lines({**CHARGER, "reserved": [WINDOW, WINDOW]}, UNDATED))
    assert len([line for line in lines if line.startswith("  reserved    this device, for the aggregator")]) == 2


def test_who_waits_for_a_window_is_told_so():
    waits = {"put_off": True, "wins": False, "starts_ms": 60000}
    assert claim_line({**CLAIM, **waits}, 14, SITE).endswith(", put off: reserved for another programme")
    assert target_line({**TARGET, **waits}, "", SITE).endswith(", put off: reserved for another programme")
