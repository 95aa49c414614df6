"""Recorded traffic decodes to what its source states; what is damaged, cut or framed otherwise never is a number."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from drivers import catalogue
from hal import quantities as q
from hal.errors import FrameError, Refused
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.plan import Limits, blocks
from hal.modbus.points import U16, Point
from hal.modbus.rtu import Rtu, crc16
from hal.modbus.tcp import Tcp
from tests.drivers.test_recordings import CAPTURES, FUNCTIONS, tcp_request, trace, unhex
from tests.needs import shared_data
from tests.shared.modbus_units import ManualClock, MemoryLine, Unit

Words = dict[int, int]
SERIAL_CHARACTERS = 10  # of GivEnergy's dongle and inverter
GIVENERGY = "battery_inverter_givenergy"


def bus_with(registers: Words) -> Bus:
    clock = ManualClock()
    return Bus(MemoryLine({1: Unit(registers)}, clock, True), Tcp(), clock)


def goodwe(name: str) -> bytes:
    """Return a raw answer of a GoodWe as an RTU frame."""
    return bytes.fromhex("".join(shared_data("modbus_rtu_goodwe", name).read_text().split()))[2:]


def words_of(payload: bytes, first: int) -> Words:
    return {first + at // 2: int.from_bytes(payload[at : at + 2], "big") for at in range(0, len(payload), 2)}


async def test_a_goodwe_reads_as_its_owner_saw_it():
    frame = goodwe("et/GW10K-ET_running_data.hex")
    payload = Rtu().request(frame[0], pdu.read(3, 35100, 125)).payload(frame)
    inverter = catalogue.load("goodwe-et")(bus_with(words_of(payload, 35100)), 1, {})
    await inverter.open()
    assert await inverter.read() == {
        q.VOLTAGE_L1_MV: 239300, q.VOLTAGE_L2_MV: 241500, q.VOLTAGE_L3_MV: 241100,
        q.CURRENT_L1_MA: 1500, q.CURRENT_L2_MA: 1300, q.CURRENT_L3_MA: 1100,
        q.FREQUENCY_MHZ: 49990, q.POWER_W: -831, q.POWER_PV_W: -1695 - 1761,
    }  # fmt: skip  # numbers: marcelblijleven/goodwe, tests/test_et.py


async def test_a_goodwe_that_charges_is_a_battery_that_charges():
    frame = goodwe("et/GW10K-ET_running_data.hex")
    payload = Rtu().request(frame[0], pdu.read(3, 35100, 125)).payload(frame)
    battery = catalogue.load("goodwe-et-storage")(bus_with(words_of(payload, 35100)), 1, {})
    await battery.open()
    numbers = await battery.read()
    assert numbers[q.POWER_W] == 2512  # tests/test_et.py has its battery in mode 3, "Charge"
    assert numbers[q.POWER_PV_W] == -1695 - 1761
    assert q.CURRENT_L1_MA not in numbers


def givenergy_frames(name: str) -> list[bytes]:
    """Return the answers in a log, each from its unit address to its checksum."""
    rows = [line.split() for line in shared_data(GIVENERGY, name).read_text().splitlines()]
    frames = [bytes.fromhex(row[2]) for row in rows if len(row) == 3 and row[1] == "rx"]
    return [frame[26:] for frame in frames if frame[:4] == b"YY\0\1" and frame[7] == 2 and frame[27] in (3, 4)]


def test_a_givenergy_tells_the_energies_that_its_description_names():
    answer = givenergy_frames("hybrid_gen2_1_bat_a__hybrid_gen2_arm920_60s.log")[0]
    assert crc16(answer) == 0
    payload = answer[2 + SERIAL_CHARACTERS + 4 : -2]
    points = (
        Point(5, U16, q.VOLTAGE_L1_MV, num=100), Point(13, U16, q.FREQUENCY_MHZ, num=10),
        Point(36, U16, q.ENERGY_IMPORT_WH, num=100), Point(37, U16, q.ENERGY_EXPORT_WH, num=100),
    )  # fmt: skip
    found: Words = {}
    for block in blocks(points, Limits(4, 60, 0, False)):
        block.decode(payload[2 * block.address : 2 * (block.address + block.count)], found)
    assert (found[q.ENERGY_IMPORT_WH], found[q.ENERGY_EXPORT_WH]) == (4700, 5500)  # "4.7 / 5.5 kWh"
    assert (found[q.VOLTAGE_L1_MV], found[q.FREQUENCY_MHZ]) == (244300, 49960)


@pytest.mark.parametrize(
    "name", ["aio_a__aio_arm612_5min.log", "ems_2_inv_3_bat_a__ems_arm1036_60s.log",
             "hybrid_gen2_1_bat_a__hybrid_gen2_arm920_60s.log"]
)  # fmt: skip
def test_the_checksums_of_a_givenergy_are_ours_and_notice_every_flipped_bit(name):
    frames = [frame for frame in givenergy_frames(name) if crc16(frame) == 0]
    assert len(frames) >= 14
    frame = frames[0]
    for bit in range(8 * len(frame)):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        assert crc16(damaged) != 0


def test_no_byte_that_is_cut_off_or_flipped_leaves_a_number_of_a_recorded_serial_answer():
    frames = [unhex(frame) for _, frame in trace("sdm230_rtu_solax")["frames"]]
    pairs = [(frames[0], frames[1]), (frames[3], frames[4]), (frames[6], frames[7])]
    long = goodwe("et/GW10K-ET_running_data.hex")
    requests = [(Rtu().request(asked[0], asked[1:-2]), answer) for asked, answer in pairs]
    requests.append((Rtu().request(long[0], pdu.read(3, 35100, 125)), long))
    for request, answer in requests:
        assert request.payload(answer)
        for size_bytes in range(len(answer)):
            with pytest.raises((FrameError, Refused)):
                request.payload(answer[:size_bytes])
        for bit in range(8 * len(answer)):
            damaged = bytearray(answer)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises((FrameError, Refused)):
                request.payload(bytes(damaged))


def answered(capture: str) -> list[tuple[bytes, bytes]]:
    """Return (request, answer) of what is in a capture of Modbus TCP."""
    rows = [json.loads(line) for line in shared_data("modbus_pcap", f"{capture}.jsonl").read_text().splitlines()]
    asked: dict[tuple[str, str, str], bytes] = {}
    found = []
    for row in rows:
        frame = bytes.fromhex(row["tcp_payload"])
        if len(frame) < 12 and row["dir"] == "q":
            continue
        if row["dir"] == "q":
            asked[row["src"], row["dst"], row["tcp_payload"][:4]] = frame
        elif (question := asked.pop((row["dst"], row["src"], row["tcp_payload"][:4]), b"")) and (
            question[7] in FUNCTIONS and len(question) > 11
        ):
            found.append((question, frame))
    return found


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_recorded_tcp_answer_counts_only_whole_with_its_head_and_never_as_another_framing(capture):
    read = 0
    for question, answer in answered(capture)[:40]:
        request = tcp_request(question)
        try:
            payload = request.payload(answer)
        except (FrameError, Refused):
            continue
        read += 1
        as_rtu = question[6:7] + answer[7:]
        as_rtu += crc16(as_rtu).to_bytes(2, "little")
        serial = Rtu().request(question[6], question[7:])
        assert serial.payload(as_rtu) == payload
        for wrong in (as_rtu, *(answer[:size_bytes] for size_bytes in range(len(answer)))):
            with pytest.raises((FrameError, Refused)):
                request.payload(wrong)
        for bit in range(8 * 9):  # up to the byte count; what follows has no check of its own but TCP's
            damaged = bytearray(answer)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises((FrameError, Refused)):
                request.payload(bytes(damaged))
        with pytest.raises((FrameError, Refused)):
            serial.payload(answer)
    assert read > 5


def xml_map(name: str, base: int) -> Words:
    """Return a map that SunSpec's own test tools serve."""
    registers, at = {}, base
    for regs in ET.fromstring(shared_data("sunspec", "mbmap", name).read_text()).iter("regs"):
        kind, text = regs.get("type"), (regs.text or "").strip()
        if regs.get("offset"):
            at = base + int(regs.get("offset", "0"))
        if kind == "string":
            raw = text.encode().ljust(2 * int(regs.get("len", "1")), b"\0")
        else:
            size_bytes = int((kind or "u16")[1:]) // 8
            raw = (int(text, 0) % (1 << 8 * size_bytes)).to_bytes(size_bytes, "big")
        registers.update(words_of(raw, at))
        at += len(raw) // 2
    return registers


async def test_sunspecs_own_test_inverter_reads_as_its_map_says():
    inverter = catalogue.load("sunspec-production")(bus_with(xml_map("mbmap_test_inverter_1.xml", 40000)), 1, {})
    await inverter.open()
    assert await inverter.read() == {
        q.CURRENT_L1_MA: 4100, q.CURRENT_L2_MA: 4200, q.CURRENT_L3_MA: 4300,
        q.VOLTAGE_L1_MV: 240100, q.VOLTAGE_L2_MV: 240200, q.VOLTAGE_L3_MV: 240300,
        q.POWER_W: -2970, q.FREQUENCY_MHZ: 59990, q.ENERGY_EXPORT_WH: 1234567,
    }  # fmt: skip


def model_words(given: dict[str, Any]) -> list[int]:
    """Return a model's registers, from the names in a device file and SunSpec's definition; null is not implemented."""
    path = shared_data("sunspec", "models", f"model_{given['ID']}.json")
    missing = {"int16": 0x8000, "sunssf": 0x8000, "int32": 0x80000000, "acc32": 0, "pad": 0x8000}
    words: list[int] = []
    for point in json.loads(path.read_text())["group"]["points"]:
        bits = 16 * point["size"]
        number = given.get(point["name"])
        if point["type"] == "string":
            raw = str(number or "").encode().ljust(bits // 8, b"\0")
        else:
            absent = missing.get(point["type"], (1 << bits) - 1)
            raw = ((absent if number is None else int(number)) % (1 << bits)).to_bytes(bits // 8, "big")
        words += words_of(raw, 0).values()
    words[1] = len(words) - 2
    return words


async def test_sunspecs_own_ieee_1547_device_reads_as_its_file_says():
    device = json.loads(shared_data("sunspec", "devices", "device_1547.json").read_text())
    words = [0x5375, 0x6E53]
    for model in device["models"]:
        if model["ID"] in (1, 701, 702):
            words += model_words(model)
    registers = dict(enumerate([*words, 0xFFFF, 0], 40000))
    inverter = catalogue.load("sunspec-production")(bus_with(registers), 1, {})
    await inverter.open()
    assert await inverter.read() == {
        q.POWER_W: -9800, q.FREQUENCY_MHZ: 60010, q.ENERGY_EXPORT_WH: 150000,
        q.CURRENT_L1_MA: 13700, q.CURRENT_L2_MA: 13600, q.CURRENT_L3_MA: 13800,
        q.VOLTAGE_L1_MV: 12000, q.VOLTAGE_L2_MV: 12000,
    }  # fmt: skip
