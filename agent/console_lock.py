"""Unlocking the console: somebody stands before the machine, or the site's owner signs a challenge.

The challenge is 16 random bytes for one attempt of one conversation within a minute; the owner's key signs it with the
agent's id and epoch, so that no signature is good a second time, elsewhere or after a reboot. Failed attempts are in
the journal, and each makes the next one wait for longer. An unlocked console is locked again after what was asked
for, at most a quarter of an hour; so is every console at a reboot.

Source: docs/format.md, "Unlock"; docs/console.md.
"""

from __future__ import annotations

import binascii

from agent import record
from agent.command import open_message
from agent.console_lines import Declined, text
from agent.orders import whole
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.command import Message
    from agent.console import Console, Desk
    from agent.state import State

    Told = dict[str, Any]

UNLOCK = const(5)
_NONCE_BYTES = const(16)
_CHALLENGE_MS = const(60000)
_OPEN_S_MAX = const(900)
_OPEN_MS = const(600000)  # after a sign of presence
_PRESENCE_MS = const(15000)
_LOOK_MS = const(100)
_PAUSE_MS = const(1000)
_DOUBLINGS_MAX = const(6)
LOCKED = "locked"


async def answer(console: Console, request: Told, line: bytes) -> Told:
    """Answer challenge, unlock or lock. Raises: Declined."""
    asked = request["cmd"]
    if asked == "challenge":
        return challenge(console)
    if asked == "unlock":
        return await unlock(console, request, line)
    if console.is_open():
        console.until_ms = 0
        await console.desk.put_on_record(line)
    return {}


def challenge(console: Console) -> Told:
    """Return what a signature must hold; it takes the place of an earlier one."""
    loop = console.desk.loop
    _wait_turn(console.desk)
    console.nonce = console.desk.host.random(_NONCE_BYTES)
    console.nonce_ms = loop.clock.now_ms()
    state = loop.state
    return {
        "nonce": console.nonce.hex(), "agent": state.agent_id.hex(), "epoch": state.epoch,
        "valid_ms": _CHALLENGE_MS, "seconds_max": _OPEN_S_MAX,
    }  # fmt: skip


async def unlock(console: Console, request: Told, line: bytes) -> Told:
    """Unlock by a signature, or by a sign of presence where none is given. Raises: Declined."""
    _wait_turn(console.desk)
    if "signed" in request:
        open_ms = await _signed(console, request, line)
    else:
        open_ms = await _shown(console, line)
    await console.desk.put_on_record(line)
    console.desk.failures = 0
    console.until_ms = console.desk.loop.clock.now_ms() + open_ms
    return {"unlocked_ms": open_ms}


def _wait_turn(desk: Desk) -> None:
    wait_ms = desk.free_ms - desk.loop.clock.now_ms()
    if wait_ms > 0:
        raise Declined(LOCKED, "too many failed attempts; wait", wait_ms)


async def _signed(console: Console, request: Told, line: bytes) -> int:
    desk = console.desk
    try:
        raw = binascii.unhexlify(text(request, "signed"))
    except ValueError:
        raw = b""
    nonce, console.nonce = console.nonce, b""  # one attempt
    fresh = desk.loop.clock.now_ms() - console.nonce_ms < _CHALLENGE_MS
    _failed(desk)  # until it has turned out right: who hangs up meanwhile has failed
    message = await open_message(raw, desk.loop.authorities, desk.loop.signer)
    reason = _judged(message, desk.loop.state, nonce if fresh else b"")
    if reason != record.ACCEPTED:
        desk.refuse_on_record(line, reason)
        raise Declined(LOCKED, "not unlocked: " + desk.host.word(reason), desk.free_ms - desk.loop.clock.now_ms())
    desk.free_ms = 0
    seconds: int = message.fields[5]
    return seconds * 1000


def _judged(message: Message, state: State, nonce: bytes) -> int:
    """Return ACCEPTED for an owner's fresh signature over this challenge, or what is wrong with it."""
    if message.reason != record.ACCEPTED:
        return message.reason
    fields, authority = message.fields, message.authority
    assert authority is not None
    if len(fields) != 6 or not whole(fields[0], UNLOCK, UNLOCK) or not whole(fields[5], 1, _OPEN_S_MAX):
        return record.MALFORMED
    if fields[2] != state.agent_id:
        return record.WRONG_ADDRESSEE
    if fields[3] != state.epoch:
        return record.WRONG_EPOCH
    if not nonce or fields[4] != nonce:
        return record.REPLAYED
    return record.ACCEPTED if authority.role == "owner" else record.ROLE_FORBIDS


async def _shown(console: Console, line: bytes) -> int:
    """Wait for a sign that somebody stands before the machine. Raises: Declined."""
    desk = console.desk
    host, clock = desk.host, desk.loop.clock
    if not host.presence:
        raise Declined(LOCKED, "there is no other way here than an owner's signature: ask for a challenge", 0)
    until_ms = clock.now_ms() + _PRESENCE_MS
    while not host.present():
        if console.is_cancelled() or clock.now_ms() >= until_ms:
            _failed(desk)
            desk.refuse_on_record(line, record.ROLE_FORBIDS)
            raise Declined(
                LOCKED, "nobody was there within 15 s; " + host.presence, desk.free_ms - desk.loop.clock.now_ms()
            )
        await clock.sleep_ms(_LOOK_MS)
    return _OPEN_MS


def _failed(desk: Desk) -> None:
    desk.failures = min(desk.failures + 1, _DOUBLINGS_MAX + 1)
    desk.free_ms = desk.loop.clock.now_ms() + (_PAUSE_MS << (desk.failures - 1))
