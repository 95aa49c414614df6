"""The door: what arrives is bytes until its signature, addressee, epoch, counter, time, role and ceiling are right.

Source: docs/format.md, `command`; the rules are control.md's: no trusted wall clock is needed, because the
expiry counts in the agent's own seconds of this epoch. `open_message` does the cryptography and may take
turns; `admit` is pure and decides against the state. A well-signed counter is used up even when the command
is refused for a later reason: for this epoch by memory, for later ones by the epoch, so no refusal is a write.
"""

from __future__ import annotations

import hashlib

from agent import cbor, cose, orders, record
from agent.orders import whole
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.state import State
    from hal.ports import Signer

_COMMAND = const(3)
RECEIPT = const(4)
_VERSION = const(1)
_POINT_BYTES = const(65)
MESSAGE_BYTES_MAX = const(4096)
_PAYLOAD_ITEMS_MAX = const(384)  # 26 limits with all their options, or 52 claims with none; a board has 25 KB to spare


class Authority:
    """A key that the site knows, and what it may do; the console and sources have none, but a name of their own."""

    def __init__(self, name: str, public_key: bytes, role: str, power_max_w: int) -> None:
        self.name = name
        self.public_key = public_key
        self.key_id = hashlib.sha256(public_key).digest()[:8]
        self.role = role
        self.power_max_w = power_max_w


class Message:
    """What came in: `reason` is ACCEPTED when its signature is right, then `fields` is the payload."""

    def __init__(
        self, digest: bytes, reason: int, authority: Authority | None = None, fields: list[Any] | None = None
    ) -> None:
        self.digest = digest  # SHA-256 of the received bytes: the command's name
        self.reason = reason
        self.authority = authority
        self.fields = fields or []


async def open_message(raw: bytes, authorities: list[Authority], signer: Signer) -> Message:
    """Check form and signature of received bytes; hostile input ends as a reason, never as an exception."""
    digest = hashlib.sha256(raw).digest()
    if len(raw) > MESSAGE_BYTES_MAX:
        return Message(digest, record.TOO_LARGE)
    try:
        envelope = cose.open_envelope(raw)
    except (cose.CoseError, cbor.CborError):
        return Message(digest, record.MALFORMED)
    key_id, payload, to_verify, signature = envelope
    authority = _known(authorities, key_id)
    if authority is None:
        return Message(digest, record.UNKNOWN_KEY)
    if not await signer.verify(authority.public_key, to_verify, signature):
        return Message(digest, record.BAD_SIGNATURE)
    try:
        fields = cbor.decode(payload, items_max=_PAYLOAD_ITEMS_MAX)
    except cbor.CborError:
        return Message(digest, record.MALFORMED, authority)
    if type(fields) is not list or len(fields) < 3 or not whole(fields[1], _VERSION, _VERSION):
        return Message(digest, record.MALFORMED, authority)
    return Message(digest, record.ACCEPTED, authority, fields)


def _known(authorities: list[Authority], key_id: bytes) -> Authority | None:
    for authority in authorities:
        if authority.key_id == key_id and len(authority.public_key) == _POINT_BYTES:  # else nobody signs as it
            return authority
    return None


def admit(state: State, message: Message, now_ms: int) -> int:
    """Return ACCEPTED after taking the command into the state, or the reason why not."""
    if message.reason != record.ACCEPTED:
        return message.reason
    fields, authority = message.fields, message.authority
    assert authority is not None
    if len(fields) != 8 or not whole(fields[0], _COMMAND, _COMMAND) or type(fields[7]) is not list:
        return record.MALFORMED
    _, _, addressee, epoch, counter, expires_s, kind, body = fields
    if type(addressee) is not bytes or not whole(epoch, 0, 1 << 40) or not whole(counter, 1, 1 << 53):
        return record.MALFORMED
    if not whole(expires_s, 0, 1 << 40) or not whole(kind, 0, 255):
        return record.MALFORMED
    if addressee != state.agent_id:
        return record.WRONG_ADDRESSEE
    if epoch != state.epoch:
        return record.WRONG_EPOCH
    if counter <= state.counters.get(authority.key_id, 0):
        return record.REPLAYED
    state.counters[authority.key_id] = counter
    if expires_s * 1000 <= now_ms:
        return record.EXPIRED
    return orders.take(state, message, kind, body)
