"""What `siteward read` tells of a SunSpec product beyond its readings: SunSpec's own definitions and devices say so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hal.modbus.sunspec import SunSpecDevice
from tests.drivers.test_recorded_traffic import bus_with, model_words
from tests.drivers.test_recordings import model_points
from tests.drivers.twins import Row, twin_of
from tests.needs import shared_data
from tests.shared.battery_units import sunspec
from tools.product_facts import facts_about
from tools.sunspec_facts import PARTS_MAX, Fact, facts_of, lines_of
from tools.sunspec_points import PARTS, SPOTS, TITLES, Spot

TYPES = {
    "u": ("uint16", "count"), "s": ("int16",), "e": ("enum16",), "b": ("bitfield16",), "u32": ("uint32",),
    "s32": ("int32",), "b32": ("bitfield32",), "acc32": ("acc32",), "u64": ("uint64",), "text8": ("string",),
    "text16": ("string",),
}  # fmt: skip
UNITS = {"%": ("Pct", "% WChaMax", "%WHRtg", "%"), "ohm": ("ohms",), "°C": ("C",), "Wh": ("Wh", "WH"),
    "s": ("Secs",), "W": ("W", "var"), "A": ("A",), "V": ("V",), "Hz": ("Hz",)}  # fmt: skip

CURVE, TRIP = "Ena AdptCrvRslt RvrtTms RvrtRem", "Ena AdptCrvRslt"
NAMES = {
    1: "Mn Md Opt Vr", 120: "DERTyp WRtg WHRtg MaxChaRte MaxDisChaRte", 121: "WMax",
    122: "PVConn StorConn ECPConn WAval StSetLimMsk StActCtl RtSt Ris", 124: "ChaSt WChaMax MinRsvPct ChaGriSet",
    160: "Evt IDStr DCA DCV DCW DCWH Tmp DCSt", 701: "ACType InvSt ConnSt Alrm ThrotPct ThrotSrc TmpCab",
    702: "WMaxRtg WChaRteMaxRtg WDisChaRteMaxRtg WMax WChaRteMax WDisChaRteMax CtrlModes",
    703: "ES ESVHi ESVLo ESHzHi ESHzLo ESDlyTms ESRndTms ESRmpTms ESDlyRemTms",
    704: "WMaxLimPctEna WMaxLimPct WMaxLimPctRvrtRem WSetEna WSetMod WSet WSetPct WSetRvrtTms WSetRvrtRem PFWInjEna"
    " PFWAbsEna VarSetEna AntiIslEna",
    705: CURVE, 706: CURVE, 707: TRIP, 708: TRIP, 709: TRIP, 710: TRIP,
    711: "Ena AdptCtlRslt RvrtTms RvrtRem DbOf DbUf", 712: CURVE, 713: "WHRtg WHAvail SoC SoH Sta",
    714: "PrtAlrms DCW DCWhInj DCWhAbs PrtTyp IDStr DCA DCV DCW DCWhInj DCWhAbs Tmp DCSta DCAlrm", 715: "LocRemCtl",
    802: "LocRemCtl State ChaSt WHRtg WChaRteMax WDisChaRteMax SoH NCyc",
}  # fmt: skip


def assert_is_sunspecs(spot: Spot, defined: dict[int, dict[str, Any]]) -> None:
    theirs = defined[spot.offset]
    assert theirs["type"] in TYPES[spot.kind], (spot.name, theirs["name"])
    assert (spot.scale_at is not None and defined[spot.scale_at]["name"]) == theirs.get("sf", False), spot.name
    if spot.unit:
        assert theirs["units"] in UNITS[spot.unit], (spot.name, theirs["units"])
    values = {symbol["value"] for symbol in theirs.get("symbols", [])}
    assert set(spot.words) <= values, (spot.name, values)


@pytest.mark.parametrize("model", sorted(SPOTS))
def test_every_point_lies_where_sunspec_has_it_in_its_type_and_scale(model):
    defined = model_points(model)
    parts = PARTS[model].spots if model in PARTS else ()
    for spot in SPOTS[model] + parts:
        assert_is_sunspecs(spot, defined)
    assert [defined[spot.offset]["name"] for spot in SPOTS[model] + parts] == NAMES[model].split()
    assert model in TITLES
    if model in PARTS:
        assert defined[PARTS[model].count_at]["name"] in ("N", "NPrt")
        first = defined[PARTS[model].begin]["name"]
        assert defined[PARTS[model].begin + PARTS[model].size]["name"] == first


async def facts(registers: dict[int, int]) -> list[Fact]:
    return await facts_of(SunSpecDevice(bus_with(registers), 1, {}))


def told(found: list[Fact], model: int, name: str, part: str = "") -> Any:
    return next((fact.told for fact in found if fact[:3] == (model, part, name)), None)


async def test_a_storage_says_what_it_is_can_do_and_has_switched_on():
    twin = await twin_of("inverter", Row("sunspec-der"))
    await twin.driver.obey(-1500)
    twin.home.advance(8)
    found = await facts_of(twin.driver)
    assert told(found, 1, "maker") == "Nobody" and told(found, 702, "most discharge") == 5000
    assert told(found, 702, "can do") == ["limit of power", "set power"]
    assert told(found, 702, "most charge") is None  # not implemented
    assert (told(found, 703, "permission"), told(found, 703, "highest frequency")) == ("on", 50.1)
    assert (told(found, 704, "set power"), told(found, 704, "set to")) == ("on", 1500)
    assert [told(found, model, "function") for model in (705, 706, 707, 711)] == ["on", "off", "on", "on"]
    assert told(found, 711, "dead band above") == 0.02
    assert (told(found, 713, "health"), told(found, 713, "state")) == (99.0, "good")
    assert told(found, 714, "kind", "port 1") == "storage" and told(found, 714, "name", "port 1") == "Battery"
    assert abs(told(found, 714, "power", "port 1") - 1500) <= 1
    lines = lines_of(found)
    assert "DC (model 714), port 1" in lines and any(line.split() == ["set", "to", "1500", "W"] for line in lines)


async def test_a_hybrid_tells_its_inputs_apart_and_its_connections():
    twin = await twin_of("inverter", Row("fronius-gen24"), pv_w=3000.0)
    twin.home.advance(60)
    found = await facts_of(twin.driver)
    assert told(found, 122, "storage") == ["connected", "available", "operating"]
    assert told(found, 122, "isolation") is None
    assert [told(found, 160, "name", f"input {at}") for at in (1, 3, 5)] == ["MPPT 1", "StCha 3", None]
    assert abs(told(found, 160, "power", "input 1") - twin.home.house.inverter.pv_w / 2) <= 1
    assert told(found, 124, "charging from") == "sun only"


async def test_sunspecs_own_ieee_1547_device_tells_which_functions_are_on():
    device = json.loads(shared_data("sunspec", "devices", "device_1547.json").read_text())
    words = [0x5375, 0x6E53]
    for model in device["models"]:
        if model["ID"] < 713:
            words += model_words(model)
    found = await facts(dict(enumerate([*words, 0xFFFF, 0], 40000)))
    assert told(found, 1, "product") == "Test-1547-1" and told(found, 1, "version") == "1.2.3"
    assert (told(found, 703, "permission"), told(found, 703, "lowest voltage")) == ("on", 0.917)
    assert (told(found, 703, "highest frequency"), told(found, 703, "delay")) == (60.1, 300)
    assert (told(found, 702, "rated power"), told(found, 702, "most charge")) == (10000, None)
    functions = {model: told(found, model, "function") for model in range(705, 713)}
    assert functions == {705: "on", 706: "off", 707: "on", 708: "on", 709: "on", 710: None, 711: None, 712: None}
    assert told(found, 705, "reverts after") == 0 and told(found, 706, "reverts after") is None


@pytest.mark.parametrize(
    ("device", "row", "expected"),
    [
        ("charger", Row("alfen-eve"), {"maker": "Alfen NV", "product": "ALF_1000", "version": "6.4.0-4210"}),
        ("charger", Row("phoenix-charx"), {"product": "CHARX SEC-3100", "version": "1.7.0"}),
        ("charger", Row("keba-kecontact", unit=255), {"type": 314161, "version": 10202}),
        ("heat-pump", Row("stiebel-isg"), {"type": 391}),
        ("grid", Row("carlo-gavazzi-em24-e1"), {"type": 1650}),
        ("grid", Row("eastron-sdm120"), {}),
    ],
    ids=lambda part: getattr(part, "model", None),
)
async def test_other_products_tell_what_they_are_where_their_papers_have_it(device, row, expected):
    twin = await twin_of(device, row)
    found = await facts_about(twin.driver)
    assert {fact.name: fact.told for fact in found} == expected
    assert lines_of(found)[:1] == (["product"] if expected else [])


async def test_numbers_below_zero_and_large_ones_are_what_they_are():
    controls = {15: 40000, 54: 0xFFFE, 24: 0xFFFF, 25: 0xFA24, 55: 0}
    registers, _ = sunspec(((704, 65, controls), (802, 62, {4: 50000, 14: 0, 15: 65535, 54: 1})))
    found = await facts(registers)
    assert (told(found, 704, "set to"), told(found, 704, "limit to")) == (-1500, 400.0)
    assert (told(found, 802, "most charge"), told(found, 802, "cycles")) == (500000, 65535)


async def test_what_cannot_be_is_not_told_and_what_has_no_end_is_cut():
    inputs = {2: 11, 3: 0x8000, 4: 0xFFFF, 8: 0xFFFF}
    inputs |= {offset: 123 for first in range(21, 1000, 20) for offset in (first, first - 1)}
    registers, at = sunspec(((160, 8 + 20 * 40, inputs), (713, 7, {4: 995, 6: 9, 8: 0xFFFF}), (703, 3, {2: 1})))
    found = await facts(registers)
    assert told(found, 160, "voltage", "input 1") is None  # its scale is not implemented
    assert told(found, 160, "power", "input 1") == 12.3
    assert len({fact.part for fact in found if fact.model == 160 and fact.part}) == PARTS_MAX
    assert (told(found, 713, "charge"), told(found, 713, "state")) == (99.5, "number 9")
    assert [fact.name for fact in found if fact.model == 703] == ["permission"]
    for offset in range(5, 9):
        del registers[at[713] + offset]
    found = await facts(registers)
    assert [fact[2:4] for fact in found if fact.model == 713] == [("not read", "Refused")]
    assert told(found, 703, "permission") == "on"
