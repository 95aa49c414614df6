"""The door: what arrives is bytes until its signature, addressee, epoch, counter, time, role and ceiling are right.

Source: docs/format.md, `command`; the rules are control.md's: no trusted wall clock is needed, because the
expiry counts in the agent's own seconds of this epoch. `open_message` does the cryptography and may take
turns; `admit` is pure and decides against the state. A well-signed counter is used up even when the command
is refused for a later reason: for this epoch by memory, for later ones by the epoch, so no refusal is a write.
"""

from __future__ import annotations

import hashlib

from agent import cbor, cose, record
from agent.claims import CLAIMS_MAX, Claim
from agent.limits import EXPORT, IMPORT, LIMITS_MAX, SITE, Limit
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.state import State
    from hal.ports import Signer

_COMMAND = const(3)
RECEIPT = const(4)
_VERSION = const(1)
_LIMIT = const(1)
_CLAIM = const(2)
_CANCEL = const(3)
MESSAGE_BYTES_MAX = const(4096)
_DURATION_S_MAX = const(2592000)  # 30 days
_PAYLOAD_ITEMS_MAX = const(64)  # the largest command has 13
_OWNERS_CLAIMS = const(8)  # places that only the owner may take: opting out is always possible
_GRIDS_LIMITS = const(8)  # places that only the grid operator may take
OWNER_PRIMACY = const(0)  # IEEE 2030.5 primacy 0 is the in-home energy management system's


class Authority:
    """A key that the site knows, and what it may do."""

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
        if authority.key_id == key_id:
            return authority
    return None


def whole(number: object, lowest: int, highest: int) -> bool:
    """Tell whether `number` is an integer (no boolean) within bounds."""
    return type(number) is int and lowest <= number <= highest


def may_limit(authority: Authority) -> bool:
    """Tell whether its role may say what must never be passed."""
    return authority.role == "grid" or authority.role == "owner"


def may_claim(authority: Authority) -> bool:
    """Tell whether its role may say what it wants."""
    return authority.role == "aggregator" or authority.role == "owner"


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
    return _take(state, authority, kind, body, message.digest, now_ms)


def _take(state: State, authority: Authority, kind: int, body: list[Any], digest: bytes, now_ms: int) -> int:
    if kind == _LIMIT:
        return _take_limit(state, authority, body, digest, now_ms)
    if kind == _CLAIM:
        return _take_claim(state, authority, body, digest, now_ms)
    if kind == _CANCEL:
        return _cancel(state, authority, body)
    return record.UNSUPPORTED


def _take_limit(state: State, authority: Authority, body: list[Any], digest: bytes, now_ms: int) -> int:
    if len(body) != 4 or type(body[0]) is not str or not whole(body[3], 1, _DURATION_S_MAX):
        return record.MALFORMED
    if not whole(body[1], IMPORT, EXPORT) or not whole(body[2], 0, 1 << 40):
        return record.MALFORMED
    if not may_limit(authority):
        return record.ROLE_FORBIDS
    if body[2] > authority.power_max_w:
        return record.OVER_CEILING
    scope = SITE
    if body[0]:
        unit = state.unit_named(body[0])
        if unit is None or not unit.takes_power():
            return record.UNKNOWN_DEVICE
        scope = unit.index
    limit = Limit(scope, body[1], body[2], authority.name, now_ms + body[3] * 1000, digest)
    limit.until_civil_ms = state.civil_end_ms(body[3] * 1000)
    replaced = [old for old in state.limits if limit.replaces(old)]
    if not replaced and len(state.limits) >= LIMITS_MAX - (0 if authority.role == "grid" else _GRIDS_LIMITS):
        return record.QUEUE_FULL
    for old in replaced:
        state.end_limit(old, record.SUPERSEDED, now_ms)
    state.limits.append(limit)
    return record.ACCEPTED


def _take_claim(state: State, authority: Authority, body: list[Any], digest: bytes, now_ms: int) -> int:
    if len(body) != 4 or type(body[0]) is not str or not whole(body[2], 1, _DURATION_S_MAX):
        return record.MALFORMED
    if not whole(body[1], -(1 << 40), 1 << 40) or not whole(body[3], 0, 255):
        return record.MALFORMED
    if not may_claim(authority):
        return record.ROLE_FORBIDS
    if authority.role != "owner" and body[3] <= OWNER_PRIMACY:
        return record.ROLE_FORBIDS
    unit = state.unit_named(body[0])
    if unit is None or not unit.contract.control:
        return record.UNKNOWN_DEVICE
    if not unit.allows(body[1]):
        return record.OUT_OF_RANGE
    if unit.takes_power() and abs(unit.power_of(body[1])) > authority.power_max_w:
        return record.OVER_CEILING
    if len(state.claims) >= CLAIMS_MAX - (0 if authority.role == "owner" else _OWNERS_CLAIMS):
        return record.QUEUE_FULL
    state.created += 1
    claim = Claim(unit.index, body[1], body[3], state.created, authority.name, now_ms + body[2] * 1000, digest)
    claim.until_civil_ms = state.civil_end_ms(body[2] * 1000)
    state.claims.append(claim)
    return record.ACCEPTED


def _cancel(state: State, authority: Authority, body: list[Any]) -> int:
    if len(body) != 1 or type(body[0]) is not bytes:
        return record.MALFORMED
    for limit in state.limits:
        if limit.command == body[0] and limit.source == authority.name:
            state.end_limit(limit, record.CANCELLED, state.now_ms)
            return record.ACCEPTED
    for claim in state.claims:
        if claim.command == body[0] and claim.source == authority.name:
            state.end_claim(claim, record.CANCELLED, state.now_ms)
            return record.ACCEPTED
    return record.NOTHING_TO_CANCEL
