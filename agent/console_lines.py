"""What comes in at the console, cut into lines and read as requests: bounded, and hostile until it is read.

A request is one JSON object on a line. A line that is too long is thrown away as it comes, and told of once; whatever
a line holds, it ends as a request or as one sentence.

Source: docs/console.md, "Lines"; RFC 8259 (JSON).
"""

from __future__ import annotations

import json

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = const(1)
_DEPTH_MAX = const(4)  # a parser must not be led deeper than its stack
_ID_TEXT_MAX = const(32)
_ID_MAX = const(1 << 30)  # a small number on a 32-bit board, too
_SHOWN_MAX = const(40)

MALFORMED = "malformed"
_NEWLINE = const(10)


class Declined(Exception):
    """Args: a word for programs, one sentence for people, milliseconds to wait for (0: waiting does not help)."""


class Lines:
    """Cuts bytes into lines of at most `bytes_max`, without their ends; None stands for one that was too long."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._held = b""
        self._lost = False  # the rest of a line that was too long is still to come

    def take(self, chunk: bytes) -> list[bytes | None]:
        """Return the lines that end in `chunk`; blank ones are nobody's."""
        found: list[bytes | None] = []
        at = 0
        while at < len(chunk):
            end = chunk.find(b"\n", at)
            self._hold(chunk[at : end if end >= 0 else len(chunk)], found)
            if end < 0:
                break
            if not self._lost and self._held.strip():
                found.append(self._held)
            self._held, self._lost = b"", False
            at = end + 1
        return found

    def _hold(self, piece: bytes, found: list[bytes | None]) -> None:
        if self._lost:
            return
        if len(self._held) + len(piece) > self.bytes_max:
            self._held, self._lost = b"", True
            found.append(None)
        else:
            self._held += piece


def parsed(line: bytes) -> dict[str, Any]:
    """Return the request of a line. Raises: Declined."""
    if _is_deep(line):
        raise Declined(MALFORMED, "not JSON, or deeper than %d" % _DEPTH_MAX, 0)
    try:
        request = json.loads(line.decode())
    except ValueError:
        raise Declined(MALFORMED, 'not JSON; expected a line like {"cmd": "identify"}', 0)
    if type(request) is not dict or type(request.get("cmd")) is not str:
        raise Declined(MALFORMED, 'no request; expected a line like {"cmd": "identify"}', 0)
    return request


def checked(request: dict[str, Any], known: tuple[str, ...]) -> None:
    """Refuse another version, and keys that a request does not have. Raises: Declined."""
    version = request.get("v", VERSION)
    if type(version) is not int or version != VERSION:
        raise Declined("version", "expected v = %d" % VERSION, 0)
    for key in request:
        if key not in known and key not in ("cmd", "v", "id"):
            raise Declined(
                MALFORMED,
                "unknown key %s; expected %s"
                % (shown(key), ", ".join([each for each in known if each != "!"]) or "no more than cmd"),
                0,
            )


def id_of(request: dict[str, Any]) -> int | str | None:
    """Return what the answer repeats, None where a request names nothing that can be repeated."""
    named = request.get("id")
    if type(named) is int and -_ID_MAX < named < _ID_MAX:
        return named
    return named if type(named) is str and len(named) <= _ID_TEXT_MAX else None


def whole(request: dict[str, Any], key: str, lowest: int, highest: int, usual: int | None = None) -> int:
    """Return a whole number of a request, `usual` where it is absent. Raises: Declined."""
    number = request.get(key, usual)
    if type(number) is not int or not lowest <= number <= highest:
        raise Declined(MALFORMED, "%s: expected a whole number from %d to %d" % (key, lowest, highest), 0)
    return number


def text(request: dict[str, Any], key: str) -> str:
    """Return a text of a request. Raises: Declined."""
    found = request.get(key)
    if type(found) is not str:
        raise Declined(MALFORMED, "%s: expected a text" % key, 0)
    return found


def shown(given: object) -> str:
    """Return what came in as an error repeats it."""
    return repr(given)[:_SHOWN_MAX]


def _is_deep(line: bytes) -> bool:
    depth, quoted, escaped = 0, False, False
    for byte in line:
        if escaped:
            escaped = False
        elif byte == 0x22:  # "
            quoted = not quoted
        elif quoted:
            escaped = byte == 0x5C  # backslash
        elif byte == 0x5B or byte == 0x7B:  # [ {
            depth += 1
            if depth > _DEPTH_MAX:
                return True
        elif byte == 0x5D or byte == 0x7D:
            depth -= 1
    return False
