"""What a board's name server answers, right identifier and question or not."""

from __future__ import annotations

from boards.micropython.dns import NoAddress, address_of, is_answer, question

ASKED = question("broker.example", b"\x12\x34")
HEAD = b"\x12\x34\x81\x80\x00\x01\x00\x02" + bytes(4) + ASKED[12:]
PACKET_BYTES_MAX = 512  # what boards/micropython/udp.py takes


def name_answer(raw: bytes) -> None:
    """Whatever is behind the question, and whatever packet comes instead: an address, or why there is none."""
    for packet in (raw[:PACKET_BYTES_MAX], (HEAD + raw)[:PACKET_BYTES_MAX]):
        if is_answer(packet, ASKED):
            try:
                parts = address_of(packet, ASKED).split(".")
            except NoAddress as why:
                assert why.args[0]
            else:
                assert len(parts) == 4 and all(0 <= int(part) <= 255 for part in parts)


def name_answer_seeds() -> list[bytes]:
    """Return an alias and its address, names that point at each other, and a whole answer."""
    address = b"\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\xc0\x00\x02\x07"
    alias = b"\xc0\x0c\x00\x05\x00\x01" + bytes(4) + b"\x00\x06\x03www\xc0\x13"
    loop = b"\xc0\x0c\x00\x05\x00\x01" + bytes(4) + b"\x00\x02\xc0\x0c"
    return [alias + b"\x03www\xc0\x13" + address, loop + b"\xc0\x20" + address, HEAD + b"\xc0\x0c" + address]
