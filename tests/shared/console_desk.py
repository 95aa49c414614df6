"""A console of the agent in virtual time: a host in memory, a conversation, its lines."""

from __future__ import annotations

import asyncio
import json

from agent import cbor, cose
from agent.command import Authority
from agent.console import Desk
from agent.console_config import HIDDEN
from boards import telling
from boards.micropython.signer import SoftSigner
from hal.memory import ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu, crc16
from tests.shared.site import TwinSite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OWNER = SoftSigner(b"\x0a" * 32)


def answered(request: bytes) -> bytes | None:
    """Be units 3 and 40 on a bus: one has a register, the other refuses; 50 is noise."""
    if request[0] == 3:
        frame = bytes((3, request[1], 2, 0, 7))
    elif request[0] == 40:
        frame = bytes((40, request[1] | 0x80, 2))
    elif request[0] == 50:
        return b"\x50\x50\x50\x50\x50\x50\x50"
    else:
        return None
    crc = crc16(frame)
    return frame + bytes((crc & 0xFF, crc >> 8))


class TwinHost:
    """agent.console.Host in memory; tests look at what became of it."""

    board = "twin"
    firmware = b"\x11" * 32
    config = b"\x22" * 32
    devices_max = 8
    config_bytes_max = 4000
    open = False
    presence = "press the button"

    def __init__(self, site: TwinSite) -> None:
        self.site = site
        self.pressed = False
        self.kept = b'{"site": "caf\xc3\xa9", "wlan": {"password": "hush", "ssid": "home"}}'
        self.part: bytes | None = None
        self.left: list[bool] = []
        self.forgotten = 0
        self.line = ScriptedLine(answered)
        self.buses: dict[str, Any] = {"rs485": (Bus(self.line, Rtu(9600), site.clock), "/dev/twin")}
        self._nonces = 0

    def random(self, size_bytes: int) -> bytes:
        """Return bytes that differ each time."""
        self._nonces += 1
        return bytes((self._nonces,)) * size_bytes

    def present(self) -> bool:
        """Tell whether the button was pressed; once."""
        pressed, self.pressed = self.pressed, False
        return pressed

    def read_config(self) -> bytes:
        """Return the present file."""
        return self.kept

    def put_part(self, at: int, piece: bytes) -> None:
        """Keep a piece."""
        self.part = (b"" if at == 0 or self.part is None else self.part) + piece

    def check_part(self) -> None:
        """Take whatever is JSON."""
        assert self.part is not None
        if HIDDEN.encode() in self.part:
            raise ValueError("hidden")
        json.loads(self.part)

    def accept_part(self) -> None:
        """Put it in place."""
        assert self.part is not None
        self.kept, self.part = self.part, None

    def drop_part(self) -> None:
        """Forget it."""
        self.part = None

    def may_erase(self) -> str:
        """Always."""
        return ""

    def leave(self, erase: bool) -> None:
        """Remember it."""
        self.left.append(erase)

    def word(self, reason: int) -> str:
        """Return a reason in words."""
        return telling.reason(reason)

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1


class Rig:
    """An agent that runs, and somebody at its console."""

    def __init__(self, line_bytes_max: int = 1024, out_bytes_max: int = 4096) -> None:
        self.site = TwinSite()
        self.site.boot()
        self.facts: list[Any] = []
        loop = self.site.loop
        loop.authorities.append(Authority("me", OWNER.public_key, "owner", 20000))
        self.host = TwinHost(self.site)
        self.desk = Desk(loop, self.host, line_bytes_max, out_bytes_max)
        loop.tell = self._tell
        self.task = asyncio.create_task(loop.run())
        self.console, self._answering = self._connected()
        self._heard = b""

    def _tell(self, fact: list[object]) -> None:
        self.facts.append(fact)
        self.desk.tell(fact, telling.line(fact, self.site.loop.state))

    def _connected(self) -> Any:
        console = self.desk.begin()
        return console, asyncio.create_task(console.run())

    async def settle(self) -> None:
        """Let the agent come up."""
        await self.site.settle()
        self.site.uplink.set_connected(True)
        await self.site.let_pass(3000)

    async def wait(self, ms: int) -> None:
        """Let much time pass at once."""
        self.site.clock.advance(ms)
        await self.site.let_pass(1000)

    def unplug(self) -> None:
        """Pull the cable, and plug in another one."""
        self._answering.cancel()
        self.desk.end(self.console)
        self.console, self._answering = self._connected()

    def heard(self) -> list[dict[str, Any]]:
        """Return what was said since the last call."""
        piece = self.console.outgoing(7)
        while piece:
            self._heard += piece
            piece = self.console.outgoing(7)
        lines, self._heard = self._heard.split(b"\n")[:-1], b""
        return [json.loads(line) for line in lines]

    async def said(self, raw: bytes, ms: int = 1000) -> list[dict[str, Any]]:
        """Say bytes; return all that comes within so long."""
        for at in range(0, len(raw), 16):
            while not self.console.has_room():
                await self.site.let_pass(100)
            self.console.take(raw[at : at + 16])
        heard: list[dict[str, Any]] = []
        for _ in range(ms // 100):
            await self.site.let_pass(100)
            heard += self.heard()
        return heard

    async def ask(self, cmd: str, ms: int = 1000, **more: Any) -> dict[str, Any]:
        """Ask; return the one answer."""
        request = dict(more, cmd=cmd, id=7)
        answers = [told for told in await self.said(json.dumps(request).encode() + b"\n", ms) if "ok" in told]
        assert len(answers) == 1, answers
        assert answers[0]["v"] == 1 and answers[0]["id"] == 7
        return answers[0]

    async def unlock(self) -> None:
        """Unlock by the button."""
        self.host.pressed = True
        told = await self.ask("unlock")
        assert told["ok"], told

    async def signed(self, signer: SoftSigner, asked: dict[str, Any], seconds: int = 60, epoch: int = 0) -> str:
        """Return a signed unlocking for a challenge."""
        fields = [5, 1, bytes.fromhex(asked["agent"]), epoch or asked["epoch"], bytes.fromhex(asked["nonce"]), seconds]
        return (await cose.seal(signer, cbor.encode(fields))).hex()

    def decisions(self) -> list[Any]:
        """Return the recorded decisions."""
        return [fact for fact in self.facts if fact[0] == 3]

    async def stop(self) -> None:
        """Let the agent stand down."""
        self._answering.cancel()
        self.site.loop.stop()
        await self.site.settle()
        await self.task


async def rig(line_bytes_max: int = 1024, out_bytes_max: int = 4096) -> Rig:
    """Return a rig at an agent that has come up."""
    made = Rig(line_bytes_max, out_bytes_max)
    await made.settle()
    made.heard()
    return made
