"""What is told to the owner, on a house that obeys: what binds, what waits, how old inputs are, who may change it."""

from __future__ import annotations

import json

from agent import record, why
from agent.image import Image
from agent.kept import dump
from agent.step import Outcome
from tests.shared.house import AGGREGATOR, DSO, OWNER, House
from tests.shared.site import CIVIL_MS, TwinSite, started, stopped
from tests.shared.test_step import BATTERY, CHARGER, PUMP, command, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTHORITIES = [DSO, AGGREGATOR, OWNER]


def told(house: House, device: int, later_ms: int = 0) -> dict[str, Any]:
    """Return what is told of a device now, without a tick."""
    image = Image(list(house.samples), house.civil_ms, 0, 0)
    return why.device(house.state, image, AUTHORITIES, house.state.units[device], house.now_ms + later_ms)


def site(house: House) -> dict[str, Any]:
    """Return what is told of the site now."""
    return why.site(house.state, Image(list(house.samples), house.civil_ms, 0, 0), AUTHORITIES, house.now_ms)


def binding(device: dict[str, Any]) -> list[tuple[object, object]]:
    """Return source and watts of what binds."""
    return [(limit["source"], limit.get("w")) for limit in device["limits"] if limit["binds"]]


def limited(limit_w: int = 9000, seconds: int = 600, ran_s: int = 5) -> House:
    """Return a house that the grid operator has limited for `ran_s` seconds."""
    house = House()
    house.heat_w = 0
    run(house, 60)
    run(house, ran_s, [command(DSO, 1, 1, ["", 0, limit_w, seconds])])
    return house


def test_the_limit_that_binds_is_named_with_what_is_left_of_it():
    charger = told(limited(), CHARGER, 500)
    assert binding(charger) == [("limit dso", 9000)]
    assert [limit["source"] for limit in charger["limits"]] == ["nameplate", "fuse", "connection", "limit dso"]
    assert charger["limits"][3]["left_ms"] == 600000 - 4000 - 500
    assert (charger["wish"], charger["wish_source"]) == (32000, "default")
    assert 6000 <= charger["setpoint"] < 16000
    assert charger["limits"][3]["command"] == (bytes([1]) * 32).hex()


def test_only_the_tightest_of_one_authority_binds():
    house = limited()
    run(house, 3, [command(DSO, 2, 1, ["charger", 0, 4200, 600]), command(OWNER, 1, 1, ["", 0, 12000, 600])])
    charger = told(house, CHARGER)
    assert ("limit owner", 12000) not in binding(charger)
    assert ("limit dso", 4200) in binding(charger)


def test_a_held_device_tells_when_it_may_rise():
    house = limited(9000, 20, 10)
    assert told(house, CHARGER)["rise"] == {"wait_ms": 10000, "left_ms": None}
    run(house, 13)
    charger = told(house, CHARGER)
    assert ("limit dso", 9000) not in binding(charger)
    left_ms = charger["rise"]["left_ms"]
    assert 0 < left_ms < 10000 and charger["next_ms"] == left_ms
    held_ma = charger["setpoint"]
    run(house, left_ms // 1000 - 1)
    assert house.state.units[CHARGER].setpoint == held_ma
    run(house, 1)
    assert house.state.units[CHARGER].setpoint > held_ma
    assert told(house, CHARGER)["source"] == "connection"


def test_a_battery_that_covers_tells_when_it_lets_go():
    house = House()
    house.base_w = 6000
    run(house, 30)
    run(house, 20, [command(DSO, 1, 1, ["", 0, 4200, 20])])
    battery = told(house, BATTERY)
    assert battery["setpoint"] < 0 and binding(battery) == [("limit dso", 4200)]
    assert battery["rise"] == {"wait_ms": 10000, "left_ms": None}
    run(house, 4)
    assert 0 < told(house, BATTERY)["rise"]["left_ms"] < 10000


def test_claims_stand_in_the_order_in_which_they_would_follow():
    house = House()
    wanted = [(-1000, 7), (-1500, 5), (-2000, 5)]
    run(house, 2, [command(AGGREGATOR, n, 2, ["battery", w, 600, p]) for n, (w, p) in enumerate(wanted, 1)])
    battery = told(house, BATTERY)
    assert [(claim["setpoint"], claim["wins"]) for claim in battery["claims"]] == [
        (-2000, True),
        (-1500, False),
        (-1000, False),
    ]
    assert battery["source"] == "claim agg" and battery["claims"][0]["left_ms"] == 599000
    assert (battery["wish"], battery["wish_source"]) == (-2000, "claim agg")


def test_who_may_change_a_device_follows_roles_and_primacies():
    house = House()
    run(house, 2, [command(AGGREGATOR, 1, 2, ["battery", -1000, 600, 5])])
    rights = told(house, BATTERY)["may_change"]
    assert [(right["role"], right["limits"], right["claims"], right["wins"]) for right in rights] == [
        ("grid", True, False, False),
        ("aggregator", False, True, True),
        ("owner", True, True, True),
    ]
    run(house, 2, [command(OWNER, 1, 2, ["battery", 0, 600, 0])])
    assert [right["wins"] for right in told(house, BATTERY)["may_change"]] == [False, False, True]


def test_a_claim_that_is_told_to_win_does():
    house = House()
    run(house, 2, [command(OWNER, 1, 2, ["battery", -500, 600, 0])])
    run(house, 2, [command(AGGREGATOR, 1, 2, ["battery", -1000, 600, 1])])
    assert told(house, BATTERY)["source"] == "claim owner"
    run(house, 2, [command(OWNER, 2, 2, ["battery", -700, 600, 0])])
    assert told(house, BATTERY)["setpoint"] == -700


def test_a_silent_meter_is_told_with_its_age_and_what_it_causes():
    house = House()
    run(house, 30)
    house.silent = [0]
    run(house, 14)
    charger = told(house, CHARGER, 300)
    assert charger["source"] == "meter stale" and charger["failsafe"] == record.METER_STALE
    own, meter = charger["inputs"]
    assert own["fresh"] and own["age_ms"] == 300
    assert not meter["fresh"] and meter["age_ms"] == 14300 and meter["device"] == "grid"
    assert charger["rise"] == {"wait_ms": 10000, "left_ms": None}
    assert site(house)["failsafe"] == record.METER_STALE


def test_what_was_never_heard_has_no_age():
    house = House()
    charger = told(house, CHARGER)
    assert charger["inputs"][0]["age_ms"] is None and charger["inputs"][0]["power_w"] is None
    assert (charger["source"], charger["lease_ms"], charger["write"]) == ("", 0, None)


def test_the_last_write_is_told_with_its_evidence():
    house = House()
    run(house, 2, [Outcome(CHARGER, 8000, record.APPLIED, record.READBACK, 8000, "default")])
    assert told(house, CHARGER, 250)["write"] == {
        "age_ms": 1250,
        "setpoint": 8000,
        "outcome": record.APPLIED,
        "evidence": record.READBACK,
        "kept": 8000,
        "source": "default",
    }
    assert told(house, CHARGER, 250)["lease_ms"] == 9750
    assert told(house, CHARGER, 20000)["lease_ms"] == 0


def test_the_fuse_binds_by_phase():
    house = House()
    house.base_w = 13000
    run(house, 30)
    house.state.units[CHARGER].source = "fuse L2"
    assert binding(told(house, CHARGER)) == [("fuse", None)]


def test_export_limits_are_told_of_batteries_alone():
    house = House()
    run(house, 2, [command(DSO, 1, 1, ["", 1, 7000, 600])])
    assert [limit["w"] for limit in told(house, BATTERY)["limits"] if limit.get("direction") == 1] == [10000, 7000]
    assert [limit for limit in told(house, PUMP)["limits"] if limit.get("direction") == 1] == []
    assert [(limit["w"], limit["binds"]) for limit in site(house)["limits"]] == [(7000, True)]


def test_a_limit_above_the_connection_does_not_bind_the_site():
    assert [limit["binds"] for limit in site(limited(20000))["limits"]] == [False]


def test_the_meter_has_nothing_to_set():
    meter = told(limited(), 0)
    assert meter["control"] == 0 and "setpoint" not in meter


def test_asking_changes_nothing_and_the_answer_is_plain():
    house = limited()
    run(house, 1, [command(AGGREGATOR, 1, 2, ["battery", -1000, 600, 5])])
    before = dump(house.state)
    answers = [told(house, device) for device in range(4)] + [site(house)]
    assert json.loads(json.dumps(answers)) == answers
    assert dump(house.state) == before and house.state.records == []
    assert [told(house, device) for device in range(4)] + [site(house)] == answers


async def test_what_waits_for_a_receipt_is_told():
    twin = TwinSite()
    task = await started(twin)
    await twin.let_pass(3000)
    kept = why.keeping(twin.loop)
    assert kept["uplink"] and kept["connected"] and kept["released_seq"] == 1
    assert kept["waiting"] == kept["next_seq"] - 1 > 0
    assert kept["waiting_since"] == [1, 0, CIVIL_MS // 1000] and (kept["lost"], kept["thinned"]) == (0, False)
    assert kept["kept_bytes"] > 0 and not kept["silent"]
    charger = why.device(
        twin.loop.state, twin.loop.image(), twin.loop.authorities, twin.loop.state.units[1], twin.clock.now_ms()
    )
    assert charger["write"]["setpoint"] == charger["setpoint"] == 16000
    await stopped(twin, task)


async def test_a_way_upstream_that_does_not_open_is_explained_and_what_was_not_taken_is_counted():
    twin = TwinSite()
    task = await started(twin)
    twin.uplink.deliver("command", bytes(5000))
    twin.loop.overflow = 2
    twin.uplink.trouble = "old"
    kept = why.keeping(twin.loop)
    assert (kept["trouble"], kept["overflow"], kept["dropped_oversize"], kept["refused_receipts"]) == ("", 2, 1, 0)
    twin.uplink.set_connected(False)
    twin.uplink.trouble = "certificate has expired"
    assert why.keeping(twin.loop)["trouble"] == "certificate has expired"
    await stopped(twin, task)
