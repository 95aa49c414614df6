"""What is asked of a name server and what its answer says: IPv4 addresses only.

Source: RFC 1035, section 4.1 messages, 4.1.4 compressed names, 2.3.4 sizes; RFC 5452, section 9.1: an answer is told by
the identifier and the question that it repeats. Aliases are followed within one answer, which a recursive
server gives whole.
"""

from __future__ import annotations

from hal.compat import const

_HEAD_BYTES = const(12)
_NAME_CHARS_MAX = const(253)
_NAME_BYTES_MAX = const(255)
_LABEL_BYTES_MAX = const(63)
_POINTER = const(0xC0)
_RECORDS_MAX = const(16)
_ALIASES_MAX = const(8)
_RECORD_BYTES = const(10)  # of a record between its name and its content
_ALIAS_TYPE = const(5)
_NO_SUCH_NAME = const(3)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"
_ADDRESS = b"\x00\x01\x00\x01"  # type A, class IN


class NoAddress(Exception):
    """Args: why a name has no address."""


def is_name(host: str) -> bool:
    """Tell whether a host has to be looked up, as all but an IPv4 address has."""
    return host.strip("0123456789.") != ""


def check(where: str, name: str) -> None:
    """Refuse a host of the configuration that cannot be asked for. Raises: ValueError with one sentence."""
    try:
        question(name, b"")
    except ValueError as fault:
        raise ValueError("%s host = %r: expected %s" % (where, name, fault.args[0]))


def question(name: str, identifier: bytes) -> bytes:
    """Return the query for a name under 2 random bytes. Raises: ValueError: what a name must be, when it is none."""
    labels = name.lower().split(".")
    if labels[-1] == "local":  # RFC 6762: asked of the whole network, not of a server
        raise ValueError("an address: names in .local are not looked up here")
    wrong = [label for label in labels if not 0 < len(label) <= _LABEL_BYTES_MAX or label.strip(_LETTERS)]
    if wrong or len(name) > _NAME_CHARS_MAX:
        raise ValueError("an address or a name of ASCII letters, digits, hyphens and dots")
    wire = b"".join([bytes((len(label),)) + label.encode() for label in labels])
    return identifier + b"\x01\x00\x00\x01" + bytes(6) + wire + b"\x00" + _ADDRESS  # recursion is desired


def is_answer(packet: bytes, asked: bytes) -> bool:
    """Tell whether a packet answers this query: identifier and question are the same."""
    repeats = packet[:2] == asked[:2] and packet[4:6] == asked[4:6]
    return repeats and packet[2:3] >= b"\x80" and packet[_HEAD_BYTES : len(asked)].lower() == asked[_HEAD_BYTES:]


def address_of(packet: bytes, asked: bytes) -> str:
    """Return the first address that an answer has for the name of this query. Raises: NoAddress."""
    failure = packet[3] & 15
    if failure:
        raise NoAddress("no such name" if failure == _NO_SUCH_NAME else "the name server failed (%d)" % failure)
    name, records = asked[_HEAD_BYTES : -len(_ADDRESS)], _records(packet, len(asked))
    for _ in range(_ALIASES_MAX):
        alias = b""
        for owner, content, is_alias in records:
            if owner == name and not is_alias:
                return "%d.%d.%d.%d" % tuple(content)
            if owner == name:
                alias = content
        name = alias
    raise NoAddress("it has no IPv4 address")


def _records(packet: bytes, at: int) -> list[tuple[bytes, bytes, bool]]:
    """Return (name, address or other name, whether it is the latter) of an answer's records. Raises: NoAddress."""
    found = []
    for _ in range(min(int.from_bytes(packet[6:8], "big"), _RECORDS_MAX)):
        owner, at = _name(packet, at)
        head, at = packet[at : at + _RECORD_BYTES], at + _RECORD_BYTES
        size_bytes = int.from_bytes(head[8:], "big")
        if at + size_bytes > len(packet):
            raise NoAddress("the answer is damaged")
        if head[:4] == _ADDRESS and size_bytes == 4:
            found.append((owner, packet[at : at + 4], False))
        elif head[1] == _ALIAS_TYPE and head[0] == 0:
            found.append((owner, _name(packet, at)[0], True))
        at += size_bytes
    return found


def _name(packet: bytes, at: int) -> tuple[bytes, int]:
    """Return a name as a question has it, in small letters, and where what follows it begins. Raises: NoAddress."""
    name, behind, before = b"", 0, at
    while at < len(packet) and len(name) <= _NAME_BYTES_MAX:
        size_bytes = packet[at]
        if size_bytes >= _POINTER:
            behind = behind or at + 2
            at = int.from_bytes(packet[at : at + 2], "big") & 0x3FFF
            if at >= before:  # only ever back, so it ends
                break
            before = at
        else:
            at += 1 + size_bytes
            name += packet[at - 1 - size_bytes : at].lower()
            if not size_bytes:
                return name, behind or at
    raise NoAddress("the answer is damaged")
