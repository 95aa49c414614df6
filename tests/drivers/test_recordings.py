"""What was seen on real wires: captures, users' logs, raw answers of inverters; and SunSpec's own model definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drivers.batteries import fronius_gen24, sunspec_der
from drivers.batteries.fronius_gen24 import FroniusGen24
from drivers.batteries.sunspec_storage import SunSpecStorage
from drivers.inverters import sunspec_inverter
from drivers.meters.sunspec_meter import SunSpecMeter
from drivers.meters.sunspec_production import SunSpecProduction
from hal.errors import FrameError, Refused
from hal.modbus import pdu, sunspec
from hal.modbus import points as p
from hal.modbus.plan import Limits, blocks
from hal.modbus.points import Point
from hal.modbus.rtu import Rtu, RtuRequest, crc16
from hal.modbus.tcp import Tcp, TcpRequest
from tests.needs import shared_data

CAPTURES = ("modbus", "modbusSmall", "modbus_example", "modbus_test_data_part1")
FUNCTIONS = (1, 2, 3, 4, 5, 6, 15, 16, 23)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def trace(name: str) -> Any:
    return json.loads(shared_data("modbus_field_traces", "field_traces_share.json").read_text())[name]


def tcp_request(frame: bytes) -> TcpRequest:
    """Return our request for a recorded one, with its transaction number, and check that it is the same bytes."""
    framing = Tcp()
    request = framing.request(frame[6], frame[7:])
    for _ in range(int.from_bytes(frame[:2], "big")):
        framing.next_transaction()
    framing._transaction -= 1
    assert request.begin() == frame
    return request


def decoded(point: Point, payload: bytes) -> int | None:
    (block,) = blocks((point,), Limits(3, 125, 0, False))
    found: dict[int, int] = {}
    block.decode(payload, found)
    return found.get(point.quantity)


@pytest.mark.parametrize("capture", CAPTURES)
def test_every_captured_answer_is_understood_or_refused_and_never_guessed(capture):
    rows = [json.loads(line) for line in shared_data("modbus_pcap", f"{capture}.jsonl").read_text().splitlines()]
    asked: dict[tuple[str, str, str], bytes] = {}
    understood = 0
    for row in rows:
        frame = bytes.fromhex(row["tcp_payload"])
        if len(frame) < 8 or int.from_bytes(frame[4:6], "big") != len(frame) - 6:
            continue  # several frames in one segment
        if row["dir"] == "q":
            asked[row["src"], row["dst"], row["tcp_payload"][:4]] = frame
            continue
        question = asked.pop((row["dst"], row["src"], row["tcp_payload"][:4]), b"")
        if not question or question[7] not in FUNCTIONS or len(question) < 12:
            continue
        request = tcp_request(question)
        try:
            payload = request.payload(frame)
        except Refused as refusal:
            assert frame[7] == question[7] | 0x80 and refusal.args == (question[7], frame[8])
        except FrameError:
            assert (frame[6], frame[7] & 0x7F) != (question[6], question[7]) or len(frame) != 7 + pdu.answer_size(
                question[7:]
            )
        else:
            assert payload == (frame[9:] if question[7] in (1, 2, 3, 4, 23) else b"")
        understood += 1
    assert understood > 5


def test_a_meter_and_an_inverter_talking_on_one_wire():
    frames = [unhex(frame) for _, frame in trace("sdm230_rtu_solax")["frames"]]
    for frame in frames:
        assert crc16(frame) == 0
    asked, *answers = frames[3:6]
    request = Rtu().request(1, asked[1:-2])
    assert request.begin() == asked
    energies = [decoded(Point(0, p.F32, 1, num=1000), request.payload(answer)) for answer in answers]
    assert energies == [10909282, 10909283]  # kWh registers as Wh
    power = Rtu().request(1, frames[6][1:-2])
    assert decoded(Point(0, p.F32, 1), power.payload(frames[7])) == 4552
    with pytest.raises(FrameError):
        power.payload(answers[0][:-2] + b"\x00\x00")


def test_an_answer_to_another_question_is_not_taken():
    # The log of an SMA: answers to 0x01fe and 0x01fd came before and after each other.
    seen = trace("sma_sunnyboy_17768")
    stale, power, question, energy, _ = [unhex(frame) for _, frame in seen["frames"]]
    request = tcp_request(question)
    assert decoded(Point(0, p.U64, 1), request.payload(energy)) == seen["expect"]["energy Wh"][1]
    with pytest.raises(FrameError):
        request.payload(power)
    # Only the connection tells these two apart: same transaction number, same length.
    assert decoded(Point(0, p.U64, 1), request.payload(stale)) == seen["expect"]["energy Wh"][0]
    reading = Tcp().request(3, pdu.read(4, 30775, 2))
    head = reading.begin()[:2]
    assert decoded(Point(0, p.S32, 1), reading.payload(head + power[2:])) == seen["expect"]["pv power W"]


def test_a_common_model_as_an_inverter_gives_it():
    pairs = trace("kostal_piko_iq_12713")["pairs"]
    payloads = [tcp_request(unhex(question)).payload(unhex(answer)) for question, answer in pairs]
    assert payloads[0] == b"\xff\xff\x00\x00"  # the end of the chain of models
    assert payloads[1].startswith(b"KOSTAL\x00")
    assert decoded(Point(0, p.text(16), 1, names={"KOSTAL": 7}), payloads[1][:32]) == 7
    scales = Point(0, sunspec.UINT16, 1, scale_at=1)
    assert decoded(scales, payloads[2][:4]) == 6553  # 65534 times 10**-1


def test_a_gateway_that_answers_zero_for_everything_gives_no_volts():
    for question, answer in trace("sdm630_gateway_all_zero_226")["pairs"]:
        assert decoded(Point(0, p.F32, 1, num=1000), tcp_request(unhex(question)).payload(unhex(answer))) == 0


def test_raw_answers_of_inverters_have_the_checksum_that_was_expected():
    folder = shared_data("modbus_rtu_goodwe")
    expected = json.loads((folder / "expected.json").read_text())
    checked = 0
    for name, facts in expected.items():
        if facts["framing"] != "aa55 + modbus RTU":
            continue
        raw = bytes.fromhex("".join((folder / name).read_text().split()))
        assert raw[:2] == b"\xaa\x55"
        frame = raw[2 : len(raw) - facts["trailing_bytes"]]
        assert (crc16(frame) == 0) == facts["crc_ok"], name
        request: RtuRequest = Rtu().request(frame[0], pdu.read(frame[1], 0, frame[2] // 2))
        if facts["crc_ok"]:
            assert request.payload(frame) == frame[3:-2], name
        else:
            with pytest.raises(FrameError):
                request.payload(frame)
        checked += 1
    assert checked > 10


def model_points(model: int) -> dict[int, dict[str, Any]]:
    """Return offset -> point of SunSpec's definition; of a repeating group the first four are laid out."""
    definition = json.loads(shared_data("sunspec", "models", f"model_{model}.json").read_text())["group"]
    found, at = {}, 0
    for point in definition["points"]:
        found[at] = point
        at += point["size"]
    for group in definition.get("groups", []):
        for _ in range(4):
            for point in group["points"]:
                found[at] = {**point}
                at += point["size"]
    return found


TYPES = {
    "int16": sunspec.INT16, "uint16": sunspec.UINT16, "enum16": sunspec.UINT16, "bitfield16": sunspec.BITS16,
    "float32": sunspec.FLOAT32, "uint32": sunspec.UINT32, "acc32": sunspec.ACC32, "uint64": sunspec.ACC64,
}  # fmt: skip
UNDEFINED = (211, 212, 214)  # SunSpec says that they lie as 213 does
ON_SUNSPEC = [
    (driver, model)
    for driver in (FroniusGen24, SunSpecStorage, SunSpecMeter, SunSpecProduction)
    for model in sorted(driver.models)
    if model not in UNDEFINED
]


@pytest.mark.parametrize(("driver", "model"), ON_SUNSPEC, ids=lambda part: getattr(part, "__name__", str(part)))
def test_a_driver_has_sunspecs_own_offsets_types_and_scale_factors(driver, model):
    defined = model_points(model)
    for point in driver.models[model]:
        assert is_sunspecs_own(point, defined), defined[point.address]["name"]


def is_sunspecs_own(point: Point, defined: dict[int, dict[str, Any]]) -> bool:
    theirs = defined[point.address]
    scaled = "ID" if point.scale_at is None else defined[point.scale_at]["name"]
    raw = point.quantity < 0 and point.scale_at is None  # a driver may keep a raw number to itself
    return TYPES[theirs["type"]] is point.kind and (raw or scaled == theirs.get("sf", "ID"))


def test_the_limit_of_an_inverter_is_written_where_sunspec_has_it():
    names = {
        123: ("WMaxLimPct", "WMaxLim_Ena", "WMaxLimPct_RvrtTms", "WMaxLimPct_SF"),
        704: ("WMaxLimPct", "WMaxLimPctEna", "WMaxLimPctRvrtTms", "WMaxLimPct_SF"),
    }
    for model, (limit, switch, timer, words, scale) in sunspec_inverter.CONTROLS.items():
        defined = model_points(model)
        assert tuple(defined[offset]["name"] for offset in (limit, switch, timer, scale)) == names[model]
        assert defined[timer]["size"] == words
    for model, point in sunspec_inverter.RATINGS.items():
        assert model_points(model)[point.address]["name"] in ("WMax", "WRtg")
        assert is_sunspecs_own(point, model_points(model))


def test_the_power_of_a_battery_is_set_where_sunspec_has_it():
    defined = model_points(sunspec_der.CONTROLS)
    for offset, name, size in (
        (sunspec_der.ENABLED, "WSetEna", 1), (sunspec_der.MODE, "WSetMod", 1),
        (sunspec_der.REVERT_ENABLED, "WSetEnaRvrt", 1), (sunspec_der.REVERT_TIMER, "WSetRvrtTms", 2),
    ):  # fmt: skip
        assert (defined[offset]["name"], defined[offset]["size"]) == (name, size)
    modes = {symbol["name"]: symbol["value"] for symbol in defined[sunspec_der.MODE]["symbols"]}
    for option, symbol, name in (("watts", "WATTS", "WSet"), ("percent", "W_MAX_PCT", "WSetPct")):
        mode, offset, kind, scale_at = sunspec_der.SETTINGS[option]
        theirs = defined[offset]
        assert (mode, theirs["name"], defined[scale_at]["name"]) == (modes[symbol], name, theirs["sf"])
        assert (theirs["size"], theirs["type"]) == (kind.words, {1: "int16", 2: "int32"}[kind.words])
    capacity = model_points(sunspec_der.CAPACITY)
    for points, setting in (
        (sunspec_der.CHARGE_MAX, "WChaRteMax"), (sunspec_der.DISCHARGE_MAX, "WDisChaRteMax"),
        (sunspec_der.WHOLE, "WMax"),
    ):  # fmt: skip
        assert [capacity[point.address]["name"] for point in points] == [setting, setting + "Rtg"]
        assert all(is_sunspecs_own(point, capacity) for point in points)


def test_the_battery_drivers_register_names_are_sunspecs():
    defined = model_points(fronius_gen24.STORAGE)
    for offset, name in (
        (fronius_gen24.STOR_CTL_MOD, "StorCtl_Mod"), (fronius_gen24.OUT_W_RTE, "OutWRte"),
        (fronius_gen24.OUT_W_RTE + 1, "InWRte"), (fronius_gen24.RVRT_TMS, "InOutWRte_RvrtTms"),
        (fronius_gen24.CHA_GRI_SET, "ChaGriSet"), (fronius_gen24.RATE_SF, "InOutWRte_SF"),
        (fronius_gen24.CHARGE_MAX.address, "WChaMax"), (fronius_gen24.CHARGE_MAX.scale_at, "WChaMax_SF"),
    ):  # fmt: skip
        assert defined[offset]["name"] == name
    symbols = {symbol["name"]: symbol["value"] for symbol in defined[fronius_gen24.CHA_GRI_SET]["symbols"]}
    assert symbols == {"PV": fronius_gen24.FROM_PV, "GRID": fronius_gen24.FROM_GRID}
    bits = {symbol["name"].upper(): symbol["value"] for symbol in defined[fronius_gen24.STOR_CTL_MOD]["symbols"]}
    assert 1 << bits["CHARGE"] == fronius_gen24.CHARGE_LIMITED
    assert 1 << bits["DISCHARGE"] == fronius_gen24.DISCHARGE_LIMITED
    assert fronius_gen24.WINDOW == fronius_gen24.CHARGE_LIMITED | fronius_gen24.DISCHARGE_LIMITED
