"""What a broker sends is cut into packets and nothing large is ever held (MQTT 3.1.1, sections 2.2 and 3.3)."""

from boards.mqtt_inbound import PUBLISH, Inbound, pack

BOUND = 100
CHUNK = 64
HELD_MAX = BOUND + 2 + 256 + 2 + 5 + CHUNK  # payload, topic, identifier, fixed header, the chunk just fed


def publish(payload, topic=b"a/b", qos=1):
    head = len(topic).to_bytes(2, "big") + topic
    return PUBLISH | qos << 1, head + (b"\x00\x07" if qos else b"") + payload


def fed(stream, chunk_bytes):
    inbound = Inbound(BOUND)
    packets = []
    for at in range(0, len(stream), chunk_bytes):
        packets += inbound.feed(stream[at : at + chunk_bytes])
        assert len(inbound._held) <= BOUND + 266 + chunk_bytes
    return packets, inbound.dropped_oversize


def refused(stream):
    try:
        Inbound(BOUND).feed(stream)
    except ValueError:
        return True
    return False


def test_lengths_are_packed_as_the_standard_has_them():
    # Table 2.4: the largest length of each size of field, and the smallest of the next.
    for size_bytes, field in (
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16383, b"\xff\x7f"),
        (16384, b"\x80\x80\x01"),
    ):
        assert pack(0xD0, bytes(size_bytes))[1 : 1 + len(field)] == field


def test_packets_come_out_as_they_went_in_wherever_the_stream_is_cut():
    packets = [(0x20, b"\x00\x00"), publish(b""), publish(b"x" * BOUND), (0xD0, b""), publish(b"y" * BOUND, qos=0)]
    stream = b"".join([pack(first, body) for first, body in packets])
    for chunk_bytes in range(1, len(stream) + 1):
        assert fed(stream, chunk_bytes) == (packets, 0)


def test_an_oversize_payload_is_dropped_and_its_identifier_kept_for_the_acknowledgement():
    large, small = publish(b"z" * (BOUND + 1)), publish(b"small")
    stream = pack(large[0], large[1]) + pack(small[0], small[1]) + pack(0xD0, b"")
    for chunk_bytes in range(1, len(stream) + 1):
        assert fed(stream, chunk_bytes) == ([publish(b""), small, (0xD0, b"")], 1)


def test_a_huge_payload_is_never_held():
    first, body = publish(bytes(200000))
    packets, dropped = fed(pack(first, body) * 2, CHUNK)
    assert packets == [publish(b"")] * 2
    assert dropped == 2


def test_a_length_that_was_only_announced_costs_nothing():
    inbound = Inbound(BOUND)
    head = bytes((PUBLISH | 2,)) + b"\xff\xff\xff\x7f" + b"\x00\x03a/b\x00\x07"
    assert inbound.feed(head) == [publish(b"")]
    for _ in range(1000):
        assert inbound.feed(bytes(CHUNK)) == []
        assert inbound._held == b""


def test_what_is_not_mqtt_is_refused():
    assert refused(b"\x32\xff\xff\xff\xff\x01")  # a length of five bytes
    assert refused(pack(0x20, bytes(BOUND + 1)))  # no such CONNACK
    assert refused(pack(0x32, b"\xff\xff" + bytes(BOUND)))  # a topic longer than its packet
    assert refused(pack(0x32, b"\x01\x01" + bytes(1000)))  # a topic over 256 bytes
    assert not refused(pack(0x32, b"\x00\x03a/b\x00\x07ok"))


def test_any_bytes_end_in_packets_or_in_a_refusal():
    noise = 1
    for _ in range(200):
        inbound = Inbound(BOUND)
        try:
            for _ in range(20):
                chunk = bytearray()
                for _ in range(CHUNK):
                    noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
                    chunk.append(noise >> 16 & 0xFF)
                inbound.feed(bytes(chunk))
                assert len(inbound._held) <= HELD_MAX
        except ValueError:
            pass
