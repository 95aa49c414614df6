"""The owner's door into a running agent: JSON lines on a Unix socket in the journal's folder, one answer a request.

    {"cmd": "why"}                        the site: limits, meters, circuits, journal, uplink, ids of the devices
    {"cmd": "keys"}                       which key signs, and how far another is that follows
    {"cmd": "why", "device": "charger"}   the site, this device's circuits and the device, as agent/why.py tells it

Answers are {"ok": true, "site": ..., "device": ...} or {"ok": false, "error": "..."}; who asks for something unknown is
told what there is. It only looks: nothing can be set here. Requests, connections and their silence are bounded, and
the agent's own tasks get their turn after each answer.

Source: unix(7): an address holds 108 bytes, so it goes through the open folder's handle and any path may be long.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent import why
from agent.ledger import Ledger
from agent.loop import Loop
from agent.rotation import BEGUN, Rotation, is_over
from agent.told import hand
from hal.ports import Signer

NAME = "door"
REQUEST_BYTES_MAX = 4096
CONNECTIONS_MAX = 4
SILENCE_S = 10.0
STEPS = ("waiting", "begun", "switched", "ended")
PAUSE_S = 0.002  # after each answer
EXPECTED = '{"cmd": "keys"}, {"cmd": "why"} or {"cmd": "why", "device": ID}'


class Refused(Exception):
    """Args: one sentence for who asked."""


class Door:
    """Answers who may read the journal's folder. `open`, then `close` when the agent ends."""

    def __init__(self, folder: Path, answer: Callable[[Any], dict[str, Any]]) -> None:
        self._folder = folder
        self._answer = answer
        self._server: asyncio.AbstractServer | None = None
        self._inode = 0
        self._open = 0

    async def open(self) -> None:
        """Listen, for this user only; what a killed agent left is replaced.

        Raises: OSError; EADDRINUSE when another agent answers there.
        """
        listening = self._listening()
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=REQUEST_BYTES_MAX)

    def _listening(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            with address(self._folder) as near:
                _clear(near)
                listening.bind(near)
                Path(near).chmod(0o600)
                self._inode = Path(near).stat().st_ino
        except BaseException:
            listening.close()
            raise
        return listening

    def close(self) -> None:
        """Stop listening and take the socket away. Does nothing when it is not open."""
        if self._server is None:
            return
        with contextlib.suppress(OSError), address(self._folder) as near:
            if Path(near).stat().st_ino == self._inode:  # else the next agent has opened its own already
                Path(near).unlink()
        self._server.close()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > CONNECTIONS_MAX:
                await _write(writer, _refusal(f"{CONNECTIONS_MAX} others are being answered; try again"))
            else:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # who asked has gone or does not read, or the agent ends: then asyncio would log a cancelled task
        finally:
            self._open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    line = await reader.readline()
            except ValueError:
                await _write(writer, _refusal(f"a request is one line of at most {REQUEST_BYTES_MAX} bytes"))
                return
            if not line:
                return
            await _write(writer, self.answer(line))
            await asyncio.sleep(PAUSE_S)

    def answer(self, line: bytes) -> bytes:
        """Return the answer to one line; never raises: a defect here must not end the agent."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return _refusal("not JSON; expected " + EXPECTED)
        try:
            return _line({"ok": True, **self._answer(request)})
        except Refused as refused:
            return _refusal(str(refused))
        except Exception as fault:  # noqa: BLE001
            return _refusal(f"this agent could not tell: {fault!r}")


@contextlib.contextmanager
def address(folder: Path) -> Iterator[str]:
    """Give the socket's path in a form of any length, valid inside the block. Raises: OSError."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)


def _clear(near: str) -> None:
    """Remove the socket of an agent that was killed. Raises: OSError (EADDRINUSE) when one answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as caller:
        try:
            caller.connect(near)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            Path(near).unlink()
            return
        except BlockingIOError:
            pass  # it answers and has no time
    raise OSError(errno.EADDRINUSE, "another agent answers here")


async def _write(writer: asyncio.StreamWriter, line: bytes) -> None:
    writer.write(line)
    async with asyncio.timeout(SILENCE_S):
        await writer.drain()


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


def _refusal(sentence: str) -> bytes:
    return _line({"ok": False, "error": sentence})


def answer_of(loop: Loop, request: Any) -> dict[str, Any]:
    """Return what a running agent tells. Raises: Refused."""
    if request == {"cmd": "keys"}:
        return {"keys": keys_of(loop.ledger, loop.signer, loop.session.rotation)}
    if not isinstance(request, dict) or request.get("cmd") != "why":
        raise Refused("unknown request; expected " + EXPECTED)
    for key in request:
        if key not in ("cmd", "device"):
            raise Refused(f"unknown key {key[:40]!r}; expected cmd, device")
    now_ms, image, state = loop.clock.now_ms(), loop.image(), loop.state
    if "device" not in request:
        return {"site": why.site(state, image, loop.authorities, now_ms) | why.keeping(loop)}
    unit = loop.state.unit_named(request["device"]) if isinstance(request["device"], str) else None
    if unit is None:
        raise Refused("unknown device; there are: " + ", ".join(each.id for each in loop.state.units))
    about = why.device(state, image, loop.authorities, unit, now_ms)
    actuator = loop.posts[unit.index].actuator
    about["foreign"] = None if actuator is None else hand(actuator, now_ms)
    site = why.site(state, image, loop.authorities, now_ms, unit.chain)
    return {"site": site | why.keeping(loop), "device": about}


def keys_of(ledger: Ledger, signer: Signer, rotation: Rotation | None) -> dict[str, Any]:
    """Return which key signs and how far the next one is; `seq` is what agent/rotation.py keeps with a step."""
    found = {"agent": ledger.agent_id.hex(), "key": signer.key_id.hex()}
    if rotation is None:
        return found | {"next_key": None, "step": None, "seq": None, "lost": False, "over": False}
    return found | {
        "next_key": rotation.new.key_id.hex(),
        "step": STEPS[rotation.step],
        "seq": rotation.seq,
        "lost": rotation.step == BEGUN and rotation.seq < ledger.released_seq,
        "over": is_over(ledger, rotation.step, rotation.seq),
    }
