"""The configuration at the console: shown without its secrets, and changed whole or not at all.

A new one is gathered beside the present one, its hash compared, checked as a start would, and then given the name in
one step; it is what the next start reads. A cable that is pulled meanwhile leaves the present one as it is.
"""

from __future__ import annotations

import binascii
import hashlib

from agent.console_lines import MALFORMED, Declined, text, whole
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console, Desk

    Told = dict[str, Any]

_SHARE = const(4)  # of a line that a piece of text may take: what is escaped takes more
# Keys whose texts are never shown: what the agent itself needs is in files of its own, drivers and networks may differ.
_SECRETS = ("password", "passwd", "passphrase", "psk", "secret", "token", "pin", "wifi_key", "wlan_key")
HIDDEN = "(hidden)"


class Upload:
    """A configuration that is on its way."""

    def __init__(self, console: Console, size_bytes: int, sha256: bytes) -> None:
        self.console = console
        self.size_bytes = size_bytes
        self.sha256 = sha256
        self.at = 0
        self.hasher = hashlib.sha256()

    def add(self, host: Any, piece: bytes) -> None:
        """Keep a piece. Raises: OSError."""
        host.put_part(self.at, piece)
        self.hasher.update(piece)
        self.at += len(piece)


async def answer(console: Console, request: Told, line: bytes) -> Told:
    """Carry out one of the requests about the configuration. Raises: Declined."""
    asked, desk = request["cmd"], console.desk
    try:
        if asked == "config-get":
            return _get(console, request)
        if asked == "config-begin":
            return _begin(console, request)
        if asked == "config-part":
            return _part(console, request)
        if asked == "config-set":
            raw = text(request, "text").encode()
            upload = _new(console, len(raw), hashlib.sha256(raw).digest())
            upload.add(desk.host, raw)
        return await _finish(console, line)
    except OSError as fault:
        _drop(desk)
        raise Declined("failed", "the file could not be used: %r" % fault, 0)


def _get(console: Console, request: Told) -> Told:
    desk = console.desk
    if not (desk.host.open or console.is_open()):
        raise Declined("locked", "the configuration is private: unlock the console first", 0)
    shown = hidden(desk.host.read_config().decode())
    whole_bytes = shown.encode()
    at = whole(request, "at", 0, len(whole_bytes), 0)
    end = min(len(whole_bytes), at + desk.line_bytes_max // _SHARE)
    while end < len(whole_bytes) and whole_bytes[end] & 0xC0 == 0x80:  # not inside a character
        end -= 1
    return {
        "at": at, "text": whole_bytes[at:end].decode(), "size_bytes": len(whole_bytes),
        "sha256": binascii.hexlify(hashlib.sha256(whole_bytes).digest()).decode(), "hides": HIDDEN in shown,
    }  # fmt: skip


def _new(console: Console, size_bytes: int, sha256: bytes) -> Upload:
    desk = console.desk
    if desk.upload is not None and desk.upload.console is not console and desk.upload.console.is_open():
        raise Declined("busy", "somebody else sends a configuration", 1000)
    if size_bytes > desk.host.config_bytes_max:
        raise Declined("refused", "%d bytes; expected at most %d" % (size_bytes, desk.host.config_bytes_max), 0)
    upload = Upload(console, size_bytes, sha256)
    desk.upload = upload
    return upload


def _begin(console: Console, request: Told) -> Told:
    try:
        sha256 = binascii.unhexlify(text(request, "sha256"))
    except ValueError:
        sha256 = b""
    if len(sha256) != 32:
        raise Declined(MALFORMED, "sha256: expected 64 hex digits", 0)
    _new(console, whole(request, "size_bytes", 1, 1 << 30), sha256)
    return {"at": 0}


def _part(console: Console, request: Told) -> Told:
    upload = _own(console)
    piece = text(request, "text").encode()
    if whole(request, "at", 0, 1 << 30) != upload.at:
        raise Declined(MALFORMED, "at: expected %d" % upload.at, 0)
    if not piece or upload.at + len(piece) > upload.size_bytes:
        _drop(console.desk)
        raise Declined(MALFORMED, "text: expected %d bytes in all, one at the least" % upload.size_bytes, 0)
    upload.add(console.desk.host, piece)
    return {"at": upload.at}


def _own(console: Console) -> Upload:
    upload: Upload | None = console.desk.upload
    if upload is None or upload.console is not console:
        raise Declined(MALFORMED, "begin with config-begin", 0)
    return upload


async def _finish(console: Console, line: bytes) -> Told:
    """Check what was sent, put it on record, then let it be the configuration of the next start."""
    upload, desk = _own(console), console.desk
    if upload.at != upload.size_bytes or upload.hasher.digest() != upload.sha256:
        _drop(desk)
        raise Declined("refused", "what came is not what was announced; the present configuration stays", 0)
    try:
        desk.host.check_part()
    except ValueError as fault:
        _drop(desk)
        raise Declined("refused", " ".join([str(part) for part in fault.args]), 0)
    await desk.put_on_record(line)
    if desk.upload is not upload:
        raise Declined("busy", "another configuration was sent meanwhile", 0)
    desk.upload = None
    desk.host.accept_part()
    return {"sha256": binascii.hexlify(upload.sha256).decode(), "takes_effect": "next start"}


def _drop(desk: Desk) -> None:
    desk.upload = None
    desk.host.drop_part()


def hidden(shown: str) -> str:
    """Return the text of a configuration, JSON or TOML, with the text of every secret key taken out."""
    for key in _SECRETS:
        at = shown.find(key)
        while at >= 0:
            begin, end = _text_behind(shown, at + len(key))
            if begin:
                shown = shown[:begin] + HIDDEN + shown[end:]
            at = shown.find(key, at + len(key))
    return shown


def _text_behind(shown: str, at: int) -> tuple[int, int]:
    """Return where the text begins and ends that is given to the key which ends at `at`; zeros where there is none."""
    while at < len(shown) and shown[at] in "\"' \t":
        at += 1
    if at >= len(shown) or shown[at] not in "=:":
        return 0, 0
    at += 1
    while at < len(shown) and shown[at] in " \t\r\n":
        at += 1
    if at >= len(shown) or shown[at] not in "\"'":
        return 0, 0
    quote, begin = shown[at], at + 1
    if shown[at : at + 3] == quote * 3:
        begin = at + 3
        end = shown.find(quote * 3, begin)
        return begin, end if end >= 0 else len(shown)
    at = begin
    while at < len(shown) and shown[at] != quote:
        at += 2 if shown[at] == "\\" and quote == '"' else 1
    return begin, min(at, len(shown))
