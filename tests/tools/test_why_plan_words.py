"""A plan in words: each kind's actions, prices as told, levels in the unit that people know."""

from __future__ import annotations

import re

from tools.why_plan_words import BATTERY, HEAT, plan_lines

SLOT = {
    "from_s": 1700006400, "until_s": 1700010000, "action": 6, "price": 12345, "export_price": -6, "before": 5000,
    "after": 6900,
}  # fmt: skip


def lines(unit: str, *slots: dict[str, int]) -> list[str]:
    return list(plan_lines({"source": "arbitrage", "device": "store", "in": unit, "slots": list(slots)}))


def test_a_battery_s_plan_is_told_in_kwh():
    found = lines("Wh", SLOT, SLOT | {"action": 4, "from_s": 1700010000, "until_s": 1700010900})
    assert "by 'arbitrage'; prices of a kWh drawn and fed in" in found[0]
    assert re.fullmatch(r" +\d\d:\d\d to \d\d:\d\d  charge +12345, -6 +5\.00 kWh -> 6\.90 kWh", found[1]), found[1]
    assert "keep the meter at 0 W" in found[2]


def test_a_tank_s_plan_is_told_in_degrees():
    found = lines("mC", SLOT | {"before": 45000, "after": 51250}, SLOT | {"action": 0})
    assert "heat " in found[1] and found[1].endswith("45.0 °C -> 51.2 °C") and "rest " in found[2]


def test_an_action_of_a_later_version_is_told_by_its_number():
    assert "action 8" in lines("Wh", SLOT | {"action": 8})[1] and set(HEAT) < set(BATTERY)


def test_no_plan_yet_is_told_with_what_it_waits_for():
    assert "'arbitrage' has none yet: it needs the time, and what is stored now" in lines("Wh")[0]
