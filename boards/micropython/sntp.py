"""What a time server's answer says, and whether it may be believed.

Source: RFC 5905 (NTP version 4), section 7.3 packet, 7.4 kiss-o'-death, 9.2 root distance; RFC 4330 (SNTP), section 5
what a client checks. The transmit field of a request is random and not the time: an answer to another request, or by
somebody who has not seen ours, is told by it. On a day with a leap second a server may be off by that second.
"""

from __future__ import annotations

from hal.compat import const

MADE_S = const(1760000000)  # October 2025: no time before this software was made is right
_UNIX_S = const(2208988800)  # 1970 in seconds since 1900
_PACKET_BYTES = const(48)
_SERVER = const(4)
_NOT_SET = const(3)  # leap indicator of a server whose own clock is not set
_STRATUM_MAX = const(15)
_LEAP_MS = const(1000)
_DISTANCE_MS_MAX = const(1500)
_GRAIN_MS = const(2)  # our ticks and the rounding here
_HALF_ERA = const(0x80000000)


class NotBelieved(Exception):
    """Args: why an answer is not believed."""


class Kissed(Exception):
    """Args: the server's kiss code, as DENY, RSTR or RATE."""


def request(nonce: bytes) -> bytes:
    """Return a request that carries 8 random bytes."""
    return b"\x23" + bytes(39) + nonce


def is_answer(packet: bytes, nonce: bytes) -> bool:
    """Tell whether a packet answers the request with this nonce."""
    return len(packet) >= _PACKET_BYTES and packet[24:32] == nonce


def read(packet: bytes, waited_ms: int, floor_s: int) -> tuple[int, int]:
    """Return (Unix ms when the answer came, bound on its error in ms); it came `waited_ms` after the request.

    The bound holds whichever way the packets took longer. Raises: NotBelieved, Kissed.
    """
    if packet[0] & 7 != _SERVER or not 1 <= packet[0] >> 3 & 7 <= _SERVER:
        raise NotBelieved("not an answer of a server")
    if packet[1] == 0:
        raise Kissed(_code(packet[12:16]))
    if packet[0] >> 6 == _NOT_SET or packet[1] > _STRATUM_MAX:
        raise NotBelieved("its own clock is not set")
    distance_ms = (_short_ms(packet, 4) + 1) // 2 + _short_ms(packet, 8)
    if distance_ms > _DISTANCE_MS_MAX:
        raise NotBelieved("too far from a true clock")
    if packet[0] >> 6:
        distance_ms += _LEAP_MS
    came_ms, left_ms = _unix_ms(packet, 32), _unix_ms(packet, 40)
    round_ms = waited_ms - (left_ms - came_ms)
    if left_ms < came_ms or round_ms < -_GRAIN_MS:
        raise NotBelieved("it was sent before it was asked for")
    if left_ms < floor_s * 1000:
        raise NotBelieved("before the last time known")
    round_ms = max(round_ms, 0)
    return left_ms + round_ms // 2, (round_ms + 1) // 2 + distance_ms + _GRAIN_MS


def agreed(heard: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the answer with the least error among those that most agree with; None where no majority agrees.

    An answer is (offset of civil to monotonic ms, bound on its error).
    """
    best = None
    for offset_ms, bound_ms in heard:
        friends = [1 for other_ms, slack_ms in heard if abs(other_ms - offset_ms) <= bound_ms + slack_ms]
        if 2 * len(friends) > len(heard) and (best is None or bound_ms < best[1]):
            best = (offset_ms, bound_ms)
    return best


def _short_ms(packet: bytes, at: int) -> int:
    """Return 16.16 fixed-point seconds as milliseconds, rounded up."""
    return (int.from_bytes(packet[at : at + 4], "big") * 1000 + 0xFFFF) >> 16


def _unix_ms(packet: bytes, at: int) -> int:
    """Return a time stamp; its 32 bits of seconds begin anew in 2036. Raises: NotBelieved."""
    seconds = int.from_bytes(packet[at : at + 4], "big")
    age_s = (seconds - _UNIX_S - MADE_S) & 0xFFFFFFFF
    if not seconds or age_s >= _HALF_ERA:
        raise NotBelieved("before this software was made")
    return (MADE_S + age_s) * 1000 + (int.from_bytes(packet[at + 4 : at + 8], "big") * 1000 >> 32)


def _code(four: bytes) -> str:
    return "".join([chr(byte) for byte in four if 32 < byte < 127])
