"""Deterministic CBOR, bounded: the few kinds of item the wire format uses, and nothing else.

Source: RFC 8949 sections 3 (encoding), 4.2.1 (core deterministic encoding), 5.3.1 (well-formedness).
Integers from -2**64 to 2**64 - 1, byte strings, text, arrays, maps with unsigned keys, null, true, false.
Each item has exactly one encoding here and the decoder refuses every other spelling of it: a signed fact
must not have two faces. A length is compared with what is left of the input before anything is made of it.
"""

from __future__ import annotations

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEPTH_MAX = const(8)  # containers inside one another
ITEMS_MAX = const(1024)  # 4 KB of empty arrays would otherwise take more than a board's whole heap

_UNSIGNED = const(0x00)
_NEGATIVE = const(0x20)
BYTES = const(0x40)
_TEXT = const(0x60)
ARRAY = const(0x80)
_MAP = const(0xA0)
_TAG = const(0xC0)

_FALSE = const(0xF4)
_TRUE = const(0xF5)
_NULL = const(0xF6)


class CborError(Exception):
    """Args: what is wrong, then the offset in the input (decoding) or the culprit (encoding)."""


def encode(item: object) -> bytes:
    """Return the one encoding of `item`; a list and a tuple both become an array.

    Raises: CborError for any other type, an integer over 64 bits, a map key that is not unsigned, depth over 8.
    """
    out = bytearray()
    _put(out, item, _DEPTH_MAX)
    return bytes(out)


def head(major: int, number: int) -> bytes:
    """Return the shortest head that says `major` (BYTES, arrays ...) and `number`. Raises: CborError."""
    out = bytearray()
    _put_head(out, major, number)
    return bytes(out)


def head_at(buffer: bytes, at: int) -> tuple[int, int, int]:
    """Return (major, number, offset after the head) of the item at `at`. Raises: CborError."""
    if at >= len(buffer):
        raise CborError("ends early", at)
    first = buffer[at]
    number = first & 0x1F
    if number < 24:
        return first & 0xE0, number, at + 1
    if number > 27:
        raise CborError("indefinite length" if number == 31 else "reserved head", at)
    size_bytes = 1 << (number - 24)
    after = at + 1 + size_bytes
    if after > len(buffer):
        raise CborError("ends early", at)
    number = int.from_bytes(buffer[at + 1 : after], "big")
    if number < (24 if size_bytes == 1 else 1 << (size_bytes * 4)):
        raise CborError("not the shortest head", at)
    return first & 0xE0, number, after


def decode(buffer: bytes, depth_max: int = _DEPTH_MAX, items_max: int = ITEMS_MAX) -> Any:
    """Return the one item that `buffer` is; arrays become lists.

    `depth_max` bounds containers inside one another, `items_max` all items together: it bounds the memory
    that a stranger's bytes can take. Raises: CborError.
    """
    decoder = _Decoder(buffer, items_max)
    item = decoder.item(depth_max)
    if decoder.at != len(buffer):
        raise CborError("bytes after the item", decoder.at)
    return item


def _put_head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major | number)
    elif number < 0x100:
        out.append(major | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(major | 25)
        out.extend(number.to_bytes(2, "big"))
    elif number < 0x100000000:
        out.append(major | 26)
        out.extend(number.to_bytes(4, "big"))
    elif number >> 64:
        raise CborError("over 64 bits", number)
    else:
        out.append(major | 27)
        out.extend(number.to_bytes(8, "big"))


def _put(out: bytearray, item: Any, depth_left: int) -> None:
    kind = type(item)
    if kind is int:
        if item >= 0:
            _put_head(out, _UNSIGNED, item)
        else:
            _put_head(out, _NEGATIVE, -1 - item)
    elif kind is bytes:
        _put_head(out, BYTES, len(item))
        out.extend(item)
    elif item is None:
        out.append(_NULL)
    elif kind is bool:
        out.append(_TRUE if item else _FALSE)
    elif kind is str:
        _put_text(out, item)
    elif not depth_left:
        raise CborError("too deep", kind)
    elif kind is list or kind is tuple:
        _put_head(out, ARRAY, len(item))
        for each in item:
            _put(out, each, depth_left - 1)
    elif kind is dict:
        _put_map(out, item, depth_left - 1)
    else:
        raise CborError("no such type on the wire", kind)


def _put_text(out: bytearray, text: str) -> None:
    try:
        utf8 = text.encode()
    except UnicodeError:
        utf8 = b"\xff"
    if not _is_utf8(utf8):
        raise CborError("text is not UTF-8", text)
    _put_head(out, _TEXT, len(utf8))
    out.extend(utf8)


def _put_map(out: bytearray, pairs: dict[int, object], depth_left: int) -> None:
    for key in pairs:
        if type(key) is not int or key < 0:
            raise CborError("map key is not unsigned", key)
    _put_head(out, _MAP, len(pairs))
    for key in sorted(pairs):
        _put_head(out, _UNSIGNED, key)
        _put(out, pairs[key], depth_left)


class _Decoder:
    """Walks one buffer; `at` is the offset of the next head."""

    def __init__(self, buffer: bytes, items_max: int) -> None:
        self.buffer = buffer
        self.at = 0
        self.items_left = items_max

    def item(self, depth_left: int) -> object:
        began = self.at
        if not self.items_left:
            raise CborError("too many items", began)
        self.items_left -= 1
        major, number, self.at = head_at(self.buffer, began)
        if major == _UNSIGNED:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == BYTES:
            return self.piece(number)
        if major == _TEXT:
            return self.text(number)
        if major in (ARRAY, _MAP):
            if not depth_left:
                raise CborError("too deep", began)
            return self.array(number, depth_left - 1) if major == ARRAY else self.map(number, depth_left - 1)
        if major == _TAG:
            raise CborError("tag", began)
        return self.simple(began)

    def piece(self, size_bytes: int) -> bytes:
        self.need(size_bytes)
        began = self.at
        self.at += size_bytes
        return self.buffer[began : self.at]

    def text(self, size_bytes: int) -> str:
        began = self.at
        utf8 = self.piece(size_bytes)
        if not _is_utf8(utf8):
            raise CborError("text is not UTF-8", began)
        return str(utf8, "utf-8")

    def array(self, count: int, depth_left: int) -> list[object]:
        self.need(count)
        return [self.item(depth_left) for _ in range(count)]

    def map(self, count: int, depth_left: int) -> dict[int, object]:
        self.need(count * 2)
        pairs: dict[int, object] = {}
        last = -1
        for _ in range(count):
            began = self.at
            major, key, self.at = head_at(self.buffer, began)
            if major != _UNSIGNED:
                raise CborError("map key is not unsigned", began)
            if key <= last:
                raise CborError("map keys are not in order", began)
            last = key
            pairs[key] = self.item(depth_left)
        return pairs

    def need(self, size_bytes: int) -> None:
        if size_bytes > len(self.buffer) - self.at:
            raise CborError("length exceeds the input", self.at)

    def simple(self, at: int) -> bool | None:
        first = self.buffer[at]
        if first == _NULL:
            return None
        if first in (_TRUE, _FALSE):
            return first == _TRUE
        raise CborError("float or unknown simple value", at)


def _is_utf8(utf8: bytes) -> bool:
    # MicroPython's own check lets overlong forms and surrogates through (RFC 3629 section 4 does not).
    if not utf8 or max(utf8) < 0x80:
        return True
    left, low, high = 0, 0x80, 0xBF
    for byte in utf8:
        if left:
            if not low <= byte <= high:
                return False
            left, low, high = left - 1, 0x80, 0xBF
        elif byte >= 0x80:
            if not 0xC2 <= byte <= 0xF4:
                return False
            left = 1 + (byte >= 0xE0) + (byte >= 0xF0)
            low = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
            high = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
    return not left
