"""Modbus frames: worked examples of the standards, and that nothing damaged ever yields a number."""

from __future__ import annotations

from hal.errors import FrameError, Refused
from hal.modbus import pdu, rare
from hal.modbus.rtu import Rtu, crc16
from hal.modbus.tcp import Tcp


def unhex(text):
    return bytes([int(each, 16) for each in text.split()])


def fails(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError("no error")


# Modbus Application Protocol V1.1b3, the example of each function in section 6: request, answer, what it carries.
EXAMPLES = (
    (pdu.read(1, 0x13, 0x13), "01 00 13 00 13", "01 03 CD 6B 05", "CD 6B 05"),
    (pdu.read(2, 0xC4, 0x16), "02 00 C4 00 16", "02 03 AC DB 35", "AC DB 35"),
    (pdu.read(3, 0x6B, 3), "03 00 6B 00 03", "03 06 02 2B 00 00 00 64", "02 2B 00 00 00 64"),
    (pdu.read(4, 8, 1), "04 00 08 00 01", "04 02 00 0A", "00 0A"),
    (pdu.write_coil(0xAC, 1), "05 00 AC FF 00", "05 00 AC FF 00", ""),
    (pdu.write_register(1, 3), "06 00 01 00 03", "06 00 01 00 03", ""),
    (
        rare.write_coils(0x13, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
        "0F 00 13 00 0A 02 CD 01",
        "0F 00 13 00 0A",
        "",
    ),
    (pdu.write_registers(1, (0x000A, 0x0102)), "10 00 01 00 02 04 00 0A 01 02", "10 00 01 00 02", ""),
    (
        rare.read_write_registers(3, 6, 0x0E, (0xFF, 0xFF, 0xFF)),
        "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF",
        "17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF",
        "00 FE 0A CD 00 01 00 03 00 0D 00 FF",
    ),
)


def test_the_standards_worked_examples():
    for made, request, answer, carried in EXAMPLES:
        assert made == unhex(request)
        assert pdu.payload(made, unhex(answer)) == unhex(carried)
        assert pdu.answer_size(made) == len(unhex(answer))


def test_a_frame_as_the_maker_of_the_meter_prints_it():
    # Eastron SDM630 protocol: 230.2 V on phase 1.
    request = Rtu().request(1, pdu.read(4, 0, 2))
    assert request.begin() == unhex("01 04 00 00 00 02 71 CB")
    answer = unhex("01 04 04 43 66 33 34 1B 38")
    assert request.missing(answer) == 0
    assert request.payload(answer) == unhex("43 66 33 34")


def test_the_relay_makers_frames():
    # Waveshare, Modbus RTU Relay: open and close relay 0 and 3.
    for coil, on, frame in (
        (0, 1, "01 05 00 00 FF 00 8C 3A"),
        (0, 0, "01 05 00 00 00 00 CD CA"),
        (3, 1, "01 05 00 03 FF 00 7C 3A"),
    ):
        request = Rtu().request(1, pdu.write_coil(coil, on))
        assert request.begin() == unhex(frame)
        assert request.payload(unhex(frame)) == b""


def test_crc_over_a_frame_with_its_checksum_is_zero():
    assert crc16(b"123456789") == 0x4B37  # the catalogue's check value for CRC-16/MODBUS
    assert crc16(b"123456789\x37\x4b") == 0


def test_missing_counts_down_and_never_lies():
    for framing in (Rtu(), Tcp()):
        request = framing.request(7, pdu.read(3, 0, 2))
        sent = request.begin()
        answer = b"\x03\x04\x00\x01\x00\x02"
        if type(framing) is Tcp:
            frame = sent[:4] + b"\x00\x07\x07" + answer
        else:
            frame = b"\x07" + answer
            crc = crc16(frame)
            frame += bytes((crc & 255, crc >> 8))
        for have in range(len(frame)):
            assert 0 < request.missing(frame[:have]) <= len(frame) - have
            assert fails(FrameError, request.payload, frame[:have])
        assert request.missing(frame) == 0
        assert request.payload(frame) == b"\x00\x01\x00\x02"
        assert fails(FrameError, request.missing, frame + b"\x00")


def test_an_exception_is_a_refusal_with_its_code():
    rtu = Rtu().request(1, pdu.read(3, 0, 2))
    frame = b"\x01\x83\x02"
    crc = crc16(frame)
    assert fails(Refused, rtu.payload, frame + bytes((crc & 255, crc >> 8))).args == (3, 2)
    tcp = Tcp().request(1, pdu.read(3, 0, 2))
    head = tcp.begin()[:4]
    assert tcp.missing(head + b"\x00\x03\x01\x83\x02") == 0
    assert fails(Refused, tcp.payload, head + b"\x00\x03\x01\x83\x02").args == (3, 2)


def test_no_single_flipped_bit_of_an_rtu_answer_gives_a_number():
    for made, _, answer, _ in EXAMPLES:
        request = Rtu().request(17, made)
        frame = bytes((17,)) + unhex(answer)
        crc = crc16(frame)
        frame += bytes((crc & 255, crc >> 8))
        request.payload(frame)
        for bit in range(8 * len(frame)):
            spoilt = bytearray(frame)
            spoilt[bit // 8] ^= 1 << (bit % 8)
            assert fails(FrameError, request.payload, bytes(spoilt))


def test_no_flipped_bit_of_a_tcp_header_gives_a_number():
    for made, _, answer, _ in EXAMPLES:
        request = Tcp().request(17, made)
        said = unhex(answer)
        frame = request.begin()[:4] + bytes((0, len(said) + 1, 17)) + said
        request.payload(frame)
        header = 9 if made[0] in (1, 2, 3, 4, 23) else len(frame)  # to the byte count, or the whole echo
        for bit in range(8 * header):
            spoilt = bytearray(frame)
            spoilt[bit // 8] ^= 1 << (bit % 8)
            assert fails(FrameError, request.payload, bytes(spoilt))


def test_rtu_frames_that_a_gateway_passes_through_tcp_are_no_answer():
    tcp = Tcp().request(1, pdu.read(4, 0, 2))
    tcp.begin()
    assert fails(FrameError, tcp.payload, unhex("01 04 04 43 66 33 34 1B 38"))
    rtu = Rtu().request(1, pdu.read(4, 0, 2))
    assert fails(FrameError, rtu.payload, unhex("00 01 00 00 00 07 01 04 04 43 66 33 34"))


def test_a_late_answer_to_another_transaction_is_no_answer():
    request = Tcp().request(1, pdu.read(3, 0, 1))
    first = request.begin()
    second = request.begin()
    assert first[:2] != second[:2]
    assert fails(FrameError, request.payload, first[:4] + b"\x00\x05\x01\x03\x02\x00\x2a")
    assert request.payload(second[:4] + b"\x00\x05\x01\x03\x02\x00\x2a") == b"\x00\x2a"


def test_transaction_numbers_wrap():
    framing = Tcp()
    request = framing.request(1, pdu.read(3, 0, 1))
    for _ in range(0xFFFF):
        framing.next_transaction()
    assert request.begin()[:2] == b"\x00\x00"


def test_random_bytes_never_give_a_number():
    state = 20261121
    rtu, tcp = Rtu().request(1, pdu.read(3, 0, 2)), Tcp().request(1, pdu.read(3, 0, 2))
    head = tcp.begin()[:2]
    for _ in range(400):
        noise = bytearray(b"\x01\x03\x04")
        for _ in range(state % 14):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise.append((state >> 16) & 0xFF)
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        assert fails(FrameError, rtu.payload, bytes(noise))
        assert fails(FrameError, tcp.payload, head + bytes(noise))


def test_requests_outside_the_standard_are_not_made():
    for call, arguments in (
        (pdu.read, (3, 0, 0)),
        (pdu.read, (3, 0, 126)),
        (pdu.read, (1, 0, 2001)),
        (pdu.read, (5, 0, 1)),
        (pdu.read, (3, 0xFFFF, 2)),
        (pdu.read, (3, -1, 1)),
        (pdu.write_register, (0, 0x10000)),
        (pdu.write_register, (0, -1)),
        (pdu.write_register, (0, True)),
        (pdu.write_registers, (0, ())),
        (pdu.write_registers, (0, (0,) * 124)),
        (pdu.write_coil, (0, 2)),
        (rare.write_coils, (0, (2,))),
        (rare.read_write_registers, (0, 1, 0, (0,) * 122)),
    ):
        assert fails(ValueError, call, *arguments)


def test_a_slow_baud_rate_is_given_its_time():
    slow, fast = Rtu(1200).request(1, pdu.read(4, 0, 80)), Rtu(115200).request(1, pdu.read(4, 0, 80))
    assert slow.timeout_ms == 500 + (8 + 165) * 11000 // 1200
    assert fast.timeout_ms == 500 + (8 + 165) * 11000 // 115200
    assert Tcp().request(1, pdu.read(4, 0, 80)).timeout_ms == 1000
