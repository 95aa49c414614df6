"""Modbus ASCII: what leaves, what is taken for an answer and what never is."""

from __future__ import annotations

from boards.startup import serial_framing
from hal.errors import FrameError, LineTimeout, Refused
from hal.modbus import pdu
from hal.modbus.ascii import Ascii, lrc
from hal.modbus.rtu import Rtu
from tests.shared.charger_units import CHARGERS
from tests.shared.modbus_units import failure_of
from tests.shared.products import driver_of


def fails(kind, call, *given):
    """Return the error of this kind that a call ends in."""
    try:
        call(*given)
    except kind as error:
        return error
    raise AssertionError("no error")


def framed(octets, mark=b">"):
    octets += bytes((lrc(octets),))
    return mark + b"".join([b"%02X" % octet for octet in octets]) + b"\r\n"


READ = b"\x01\x03\x04\x00\x01\xab\xcd"


def test_a_request_is_the_one_that_abls_users_recorded():
    assert Ascii().request(1, pdu.read(3, 0x2E, 5)).begin() == b":0103002E0005C9\r\n"
    assert Ascii().request(1, pdu.write_registers(0x14, (266,))).begin() == b":01100014000102010ACD\r\n"


def test_both_marks_begin_an_answer_and_every_piece_of_it_counts_down():
    request = Ascii().request(1, pdu.read(3, 0x10, 2))
    for mark in (b":", b">"):
        frame = framed(READ, mark)
        for have in range(len(frame)):
            assert 0 < request.missing(frame[:have]) <= len(frame) - have
            fails(FrameError, request.payload, frame[:have])
        assert request.missing(frame) == 0 and request.payload(frame) == b"\x00\x01\xab\xcd"
        fails(FrameError, request.missing, frame + b"0")


def test_an_exception_is_a_refusal_with_its_code():
    request = Ascii().request(1, pdu.read(3, 0x10, 2))
    assert fails(Refused, request.payload, framed(b"\x01\x83\x02")).args == (3, 2)


def test_no_single_flipped_bit_gives_a_number():
    request = Ascii().request(1, pdu.read(3, 0x10, 2))
    frame = framed(READ)
    assert request.payload(frame) == READ[3:]
    for bit in range(8 * len(frame)):
        spoilt = bytearray(frame)
        spoilt[bit // 8] ^= 1 << (bit % 8)
        if spoilt[0] != 0x3A:  # the other mark is no other answer
            fails(FrameError, request.payload, bytes(spoilt))


def test_another_units_answer_an_echo_and_small_letters_are_none():
    request = Ascii().request(1, pdu.read(3, 0x10, 2))
    for wrong in (framed(b"\x02" + READ[1:]), request.begin(), framed(READ).lower(), framed(b"\x01\x04" + READ[2:])):
        fails(FrameError, request.payload, wrong)
    assert request.knock() is None and request.wire_ms < request.timeout_ms


def test_a_bus_of_that_kind_gets_that_framing():
    framing = serial_framing({"kind": "ascii", "baud": 38400})
    assert type(framing) is Ascii and type(serial_framing({"kind": "serial", "baud": 9600})) is Rtu
    fast, slow = framing.request(1, pdu.read(3, 0, 5)), Ascii(1200).request(1, pdu.read(3, 0, 5))
    assert 0 < fast.wire_ms < slow.wire_ms // 30


async def test_a_charging_point_that_sleeps_is_asked_twice_and_a_dead_one_no_more_than_that():
    charger = next(each for each in CHARGERS if each.model == "abl-emh1")
    unit = charger.unit()
    driver = driver_of("abl-emh1", unit)
    await driver.open()
    answer, asked = unit.answer, []

    def asleep(request):
        asked.append(request)
        if len(asked) % 2:
            raise LineTimeout(1, 500)
        return answer(request)

    unit.answer = asleep
    assert await driver.obey(16000) == 15960 and await driver.kept() == 15960
    assert len(asked) == 6

    def dead(request):
        asked.append(request)
        raise LineTimeout(1, 500)

    unit.answer, asked = dead, []
    assert type(await failure_of(driver.kept())) is LineTimeout and len(asked) == 2
