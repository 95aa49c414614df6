"""Decoders of what strangers send: CBOR, envelopes, commands, MQTT, Modbus, and the agent's own pages read back."""

from __future__ import annotations

import asyncio
from typing import Any

from agent import cbor, cose, record
from agent.command import Authority, admit, open_message
from agent.kept import dump, load
from agent.step import step
from boards.mqtt_inbound import PUBLISH, Inbound, pack
from drivers import catalogue
from hal.errors import DeviceError, FrameError, LineTimeout, Refused
from hal.memory import ManualClock
from hal.modbus import pdu
from hal.modbus.ascii import Ascii, lrc
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu, crc16
from hal.modbus.tcp import Tcp
from tests.codec.test_cbor_oracle import UNITS, depth, is_only_spelling, repeated
from tests.shared.desk import picture
from tests.shared.house import AGENT_ID, House
from tests.shared.test_door_seeded import Believer, sealed

PAYLOAD_BYTES_MAX = 4096
CLAIM = [3, 1, AGENT_ID, 7, 1, 100, 2, ["charger", 8000, 60, 5, {3: 50, 8: 30}]]
COMMANDS = (
    [3, 1, AGENT_ID, 7, 1, 100, 1, ["", 0, 4200, 60]],
    [3, 1, AGENT_ID, 7, 1, 100, 1, ["", 0, 16000, 0, {1: 1, 2: 2, 3: 50, 4: 1, 6: 9, 7: -9}]],
    CLAIM,
    [3, 1, AGENT_ID, 7, 1, 100, 2, ["", 1000, 60, 5, {3: 50, 5: 3, 6: -9, 7: 9, 8: 30}]],
    [3, 1, AGENT_ID, 7, 1, 100, 3, [bytes(32), {7: 60}]],
    [3, 1, AGENT_ID, 7, 1, 100, 4, [[[1, ["", 0, 4200, 60]], [2, ["charger", 8000, 60, 5]]]]],
)


def cbor_item(raw: bytes) -> None:
    """An item is read exactly where cbor2 says that this is its one spelling."""
    try:
        item = cbor.decode(raw)
    except cbor.CborError as fault:
        assert fault.args[0] == "too many items" or not is_only_spelling(raw)
        return
    assert cbor.encode(item) == raw and depth(item) <= 8


def cbor_seeds() -> list[bytes]:
    """Return one of each kind, and what takes most memory for its bytes."""
    items = [0, 23, 24, 1 << 63, -1, -(1 << 64), b"", b"x" * 30, "ü", [], {}, [1, [2, {3: None, 300: [True, False]}]]]
    return [cbor.encode(item) for item in items] + [repeated(unit)[:200] for unit in UNITS]


def envelope(raw: bytes) -> None:
    """An envelope that opens is the one spelling of its parts."""
    try:
        key_id, payload, digest, signature = cose.open_envelope(raw)
    except (cose.CoseError, cbor.CborError):
        return
    assert cose.envelope(key_id, payload, signature) == raw
    assert digest == cose.sig_structure_digest(cose.protected_header(key_id), payload)


def envelope_seeds() -> list[bytes]:
    """Return envelopes of several sizes."""
    return [cose.envelope(bytes(8), b"p" * size, bytes(64)) for size in (1, 23, 24, 300)]


def command(raw: bytes) -> None:
    """What a known key signed ends as a reason; a refusal changes nothing; what is accepted can be kept and obeyed."""
    house = House()
    before = picture(house.state, False)
    owner = Authority("dso", Believer.public_key, "owner", 20000)
    message = asyncio.run(open_message(sealed(raw), [owner], Believer()))
    reason = admit(house.state, message, 0)
    assert record.ACCEPTED <= reason <= 15
    house.state.records = []
    if reason != record.ACCEPTED:
        assert picture(house.state, False) == before
        return
    again = House()
    load(again.state, dump(house.state), 0)
    for twin in (house, again):
        for now_ms in (1000, 2000, 60000, 86400000):
            twin.now_ms = now_ms
            step(twin.state, now_ms, twin.measure(), [])


def command_seeds() -> list[bytes]:
    """Return a command of each kind."""
    return [cbor.encode(fields) for fields in COMMANDS]


def mqtt(raw: bytes) -> None:
    """However the bytes are cut into chunks, the same packets come out, and little is held meanwhile."""
    outcomes = []
    for chunk_bytes in (1, 7, len(raw) or 1):
        inbound, packets, refused = Inbound(64), [], False
        try:
            for at in range(0, len(raw), chunk_bytes):
                packets += inbound.feed(raw[at : at + chunk_bytes])
                assert len(inbound._held) <= 64 + 256 + 16 + chunk_bytes
        except ValueError:
            refused = True
        outcomes.append((packets, refused, inbound.dropped_oversize))
    if outcomes[0][1]:  # a wrong packet takes those of its own chunk with it
        assert all(refused and packets == outcomes[0][0][: len(packets)] for packets, refused, _ in outcomes)
    else:
        assert outcomes[0] == outcomes[1] == outcomes[2]


def mqtt_seeds() -> list[bytes]:
    """Return a connection's beginning, a publish, one over the bound, and several at once."""
    publish = pack(PUBLISH | 2, b"\x00\x03a/b\x00\x01" + b"x" * 20)
    long = pack(PUBLISH | 2, b"\x00\x03a/b\x00\x01" + b"x" * 200)
    return [pack(0x20, b"\x00\x00"), publish, long, publish + long + pack(0xD0, b"") + publish]


def modbus(raw: bytes) -> None:
    """An answer is refused, or it is exactly what was asked for."""
    requests = (
        pdu.read(pdu.READ_INPUT, 0, 2), pdu.read(pdu.READ_COILS, 0, 9), pdu.write_register(1, 2),
        pdu.write_registers(1, (2, 3)), pdu.write_coil(5, 1),
    )  # fmt: skip
    choice, answer = (raw[0] if raw else 0), raw[1:]
    framing: Ascii | Rtu | Tcp = Ascii() if choice & 0x40 else Rtu() if choice & 1 else Tcp()
    asked = requests[(choice >> 1) % len(requests)]
    request = framing.request(1, asked)
    request.begin()
    if choice & 0x80:  # with a right checksum the contents are looked at
        answer = in_ascii(answer) if choice & 0x40 else answer + crc16(answer).to_bytes(2, "little")
    try:
        missing = request.missing(answer)
        registers = request.payload(answer) if not missing else b""
    except (FrameError, Refused):
        return
    assert 0 <= missing <= 512
    assert missing or len(registers) == (pdu.answer_size(asked) - 2 if asked[0] <= pdu.READ_INPUT else 0)


def in_ascii(octets: bytes) -> bytes:
    """Return an answer in Modbus ASCII."""
    return b">" + (octets + bytes((lrc(octets),))).hex().upper().encode() + b"\r\n"


def modbus_seeds() -> list[bytes]:
    """Return answers that are right."""
    return [
        b"\x81\x01\x04\x04\x00\x01\x00\x02",
        b"\x83\x01\x01\x02\xff\x01",
        b"\x85\x01\x06\x00\x01\x00\x02",
        b"\x81\x01\x84\x02",
        b"\xc2\x01\x06\x00\x01\x00\x02",
        b"\xc2\x01\x86\x02",
        b"\x40:0106000100",
        b"\x00\x00\x01\x00\x00\x00\x07\x01\x04\x04\x00\x01\x00\x02",
        b"\x00\x00\x01\x00\x00\x00\x03\x01\x84\x02",
    ]


class Registers:
    """A far end that obeys every frame; what its registers hold comes from the fuzzer, over and over."""

    def __init__(self, contents: bytes) -> None:
        self._contents = contents or b"\x00"
        self._at = 0

    async def exchange(self, request: bytes, missing: object, timeout_ms: int) -> bytes:
        """Answer a Modbus TCP request. Raises: LineTimeout now and then."""
        if self._next(1) == b"\x7f":
            raise LineTimeout(1, timeout_ms)
        asked = request[7:]
        size_bytes = pdu.answer_size(asked)
        reads = asked[0] <= pdu.READ_INPUT or asked[0] == pdu.READ_WRITE_REGISTERS
        answer = asked[:1] + bytes((size_bytes - 2,)) + self._next(size_bytes - 2) if reads else asked[:5]
        return request[:4] + (len(answer) + 1).to_bytes(2, "big") + request[6:7] + answer

    async def close(self) -> None:
        """Nothing to give back."""

    def _next(self, size_bytes: int) -> bytes:
        taken = bytes(self._contents[(self._at + at) % len(self._contents)] for at in range(size_bytes))
        self._at += size_bytes
        return taken


ON_BUSES = [
    kind
    for kind in [catalogue.load(row[0]) for row in catalogue.PRODUCTS]
    if not hasattr(kind, "channels_known")  # those have no registers
]


def driver(raw: bytes) -> None:
    """Whatever a product's registers hold, its driver reads whole numbers or raises what a poller catches."""
    kind = ON_BUSES[(raw[0] if raw else 0) % len(ON_BUSES)]
    made = kind(Bus(Registers(raw[1:]), Tcp(), ManualClock()), 1, {})
    asyncio.run(_looked_at(made))


async def _looked_at(made: Any) -> None:
    for _ in range(2):
        try:
            await made.open()
            for quantity, number in (await made.read()).items():
                assert type(quantity) is int and type(number) is int
                assert -(1 << 64) < number < 1 << 64
        except DeviceError:
            continue


def driver_seeds() -> list[bytes]:
    """Return a few fillings for each product."""
    fillings = (b"\x00", b"\xff\xff", b"\x7f\xc0\x00\x00", b"SunS\x00\x01\x00\x42" + bytes(132) + b"\x00\x67\x00\x32")
    return [bytes((at,)) + filling for at in range(len(ON_BUSES)) for filling in fillings]
