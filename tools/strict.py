"""Judge the raw bytes of one CBOR item before anything decodes them.

Source: docs/format.md, first section; RFC 8949 section 3 (heads), section 4.2.1 (deterministic encoding).
The general decoder only ever sees bytes that passed here, so a hostile length or nesting costs nothing:
the walk keeps an explicit stack of at most DEPTH_MAX frames and never allocates what a head claims.
Nearly all that is signed is one array of plain items: `decode` takes those in one pass and leaves the rest,
and every fault, to the walk.
"""

from __future__ import annotations

from typing import Any

import cbor2

DEPTH_MAX = 8
ITEM_BYTES_MAX = 65536  # a page; nothing else is larger
UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
SIMPLE_ALLOWED = (20, 21, 22)  # false, true, null
PLAIN_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
PLAIN_HEAD_MAX = 0x97  # an array whose count is in its first byte
LONG_FORMS = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}  # info -> (bytes, least value)


class NotStrict(Exception):
    """Args: fault name (tools/verifier/faults.py), what is wrong and at which byte."""

    def __init__(self, fault: str, detail: str) -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail


class Incomplete(NotStrict):
    """The bytes end inside the item."""

    def __init__(self, position: int) -> None:
        super().__init__("truncated", f"the bytes end inside an item, at byte {position}")


def item_size(raw: bytes | bytearray, size_max: int, tag: int | None = None, tag_at: int = 0) -> int:
    """Return the size in bytes of the first item in `raw`; `tag` is the only tag allowed, at byte `tag_at`.

    Raises: NotStrict; Incomplete when the item may be good but is not all there.
    """
    stack = [_Frame(1, keyed=False)]
    position = 0
    while stack:
        frame = stack[-1]
        if frame.left == 0:
            stack.pop()
            continue
        first = position
        major, argument, position = _head(raw, position)
        frame.count(major, argument, first)
        if major in (BYTES, TEXT):
            position = _skip_string(raw, major, position, argument, size_max)
        elif major == TAG and (first != tag_at or argument != tag):
            raise NotStrict("forbidden_type", f"tag {argument} at byte {first}")
        elif major in (ARRAY, MAP, TAG):
            left = {ARRAY: argument, MAP: 2 * argument, TAG: 1}[major]
            if position + left > size_max:
                raise NotStrict("oversize", f"{argument} elements claimed at byte {first}")
            if len(stack) > DEPTH_MAX:
                raise NotStrict("too_deep", f"more than {DEPTH_MAX} levels at byte {first}")
            stack.append(_Frame(left, keyed=major == MAP))
    return position


def check_whole(raw: bytes, tag: int | None = None, tag_at: int = 0, size_max: int = ITEM_BYTES_MAX) -> None:
    """Raise NotStrict unless `raw` is exactly one strict item."""
    size_bytes = item_size(raw, size_max, tag, tag_at)
    if size_bytes != len(raw):
        raise NotStrict("trailing_bytes", f"{len(raw) - size_bytes} bytes after the item")


def decode(raw: bytes) -> Any:
    """Return the one strict item that `raw` is. Raises: NotStrict."""
    try:
        if 0x80 < raw[0] <= PLAIN_HEAD_MAX:
            items, end = _plain(raw, 1, raw[0] - 0x80, nested=False)
            if end == len(raw):
                return items
    except (_NotPlain, IndexError, UnicodeDecodeError):
        pass
    check_whole(raw)
    return cbor2.loads(raw)


class _NotPlain(Exception):
    """To be judged by the walk."""


def _plain(raw: bytes, at: int, count: int, *, nested: bool) -> tuple[list[Any], int]:
    """Decode `count` integers, strings, flags and maps of those. A size that goes beyond the end shows at the end."""
    items: list[Any] = []
    append = items.append
    for _ in range(count):
        head = raw[at]
        at += 1
        if head < 24:
            append(head)
            continue
        argument = head & 31
        if argument >= 24:
            if argument > 27:
                raise _NotPlain
            size_bytes, least = LONG_FORMS[argument]
            argument = int.from_bytes(raw[at : at + size_bytes], "big")
            at += size_bytes
            if argument < least:
                raise _NotPlain
        major = head >> 5
        if major == UINT:
            append(argument)
        elif major == NEGATIVE:
            append(-1 - argument)
        elif major == BYTES:
            append(raw[at : at + argument])
            at += argument
        elif major == TEXT:
            append(raw[at : at + argument].decode())
            at += argument
        elif major == MAP and not nested:
            pairs, at = _plain(raw, at, 2 * argument if argument < 24 else 0, nested=True)
            append(_mapped(pairs, argument))
        elif head in PLAIN_SIMPLE:
            append(PLAIN_SIMPLE[head])
        else:
            raise _NotPlain
    return items, at


def _mapped(pairs: list[Any], count: int) -> dict[int, Any]:
    keys = pairs[::2]
    last = -1
    for key in keys:
        if type(key) is not int or key <= last:
            raise _NotPlain
        last = key
    if len(keys) != count:
        raise _NotPlain
    return dict(zip(keys, pairs[1::2], strict=True))


class _Frame:
    """What is still to come of one array, map or tag."""

    __slots__ = ("keyed", "last_key", "left")

    def __init__(self, left: int, *, keyed: bool) -> None:
        self.left = left
        self.keyed = keyed
        self.last_key = -1

    def count(self, major: int, argument: int, position: int) -> None:
        """Take one item off; in a map every other one is a key: unsigned, and rising."""
        is_key = self.keyed and self.left % 2 == 0
        self.left -= 1
        if not is_key:
            return
        if major != UINT:
            raise NotStrict("forbidden_type", f"a map key that is no unsigned integer at byte {position}")
        if argument <= self.last_key:
            raise NotStrict("not_deterministic", f"map keys not in rising order at byte {position}")
        self.last_key = argument


def _head(raw: bytes | bytearray, position: int) -> tuple[int, int, int]:
    """Return major type, argument and the position after the head."""
    if position >= len(raw):
        raise Incomplete(position)
    major, short = raw[position] >> 5, raw[position] & 31
    if short == 31:
        raise NotStrict("not_deterministic", f"indefinite length or break at byte {position}")
    if major == SIMPLE and short not in SIMPLE_ALLOWED:
        raise NotStrict("forbidden_type", f"float, undefined or simple value at byte {position}")
    if short < 24:
        return major, short, position + 1
    if short not in LONG_FORMS:
        raise NotStrict("malformed", f"reserved head {raw[position]:#04x} at byte {position}")
    size_bytes, least = LONG_FORMS[short]
    end = position + 1 + size_bytes
    if end > len(raw):
        raise Incomplete(position)
    argument = int.from_bytes(raw[position + 1 : end], "big")
    if argument < least:
        raise NotStrict("not_deterministic", f"integer not in its shortest form at byte {position}")
    return major, argument, end


def _skip_string(raw: bytes | bytearray, major: int, position: int, size_bytes: int, size_max: int) -> int:
    end = position + size_bytes
    if end > size_max:
        raise NotStrict("oversize", f"a string of {size_bytes} bytes claimed at byte {position}")
    if end > len(raw):
        raise Incomplete(position)
    if major == TEXT:
        try:
            raw[position:end].decode("utf-8")
        except UnicodeDecodeError as broken:
            raise NotStrict("malformed", f"text that is not UTF-8 at byte {position}") from broken
    return end
