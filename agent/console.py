"""The console: JSON lines for provisioning, rigs and the owner; the same on a board's cable and a gateway's socket.

A Desk is an agent's, a Console one conversation with it. An adapter gives a conversation the bytes that come (`take`),
lets `run` answer, and writes what `outgoing` returns. Nothing here waits for who reads: answers wait for room,
facts that find none are counted and left out. What is rarely asked is loaded when it is asked, and a board forgets it.

Looking is free; whatever changes something needs an unlocked console and goes through the core as a command of an
authority of its own, so that it is decided, limited and recorded like all others (docs/console.md).
"""

from __future__ import annotations

import asyncio
import hashlib
import json

from agent import record
from agent.command import Authority, Message
from agent.console_lines import VERSION, Declined, Lines, checked, id_of, parsed, shown
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from agent.loop import Loop
    from agent.record import Record
    from hal.modbus.bus import Bus

    Told = dict[str, Any]

    class Host(Protocol):
        """What differs between a board's console and a gateway's."""

        board: str
        firmware: bytes
        config: bytes  # SHA-256 of what runs
        devices_max: int
        config_bytes_max: int
        open: bool  # who may connect may read the configuration anyway
        presence: str  # how to be present, for people; empty: there is no way
        buses: dict[str, tuple[Bus, str]]  # id -> bus, and where it is, for people

        def present(self) -> bool:
            """Tell whether somebody stands before the machine; one sign is good once."""

        def read_config(self) -> bytes:
            """Return the file that the next start reads. Raises: OSError."""

        def put_part(self, at: int, piece: bytes) -> None:
            """Keep a piece of a new configuration beside the present one; 0 begins anew. Raises: OSError."""

        def check_part(self) -> None:
            """Check the new configuration as a start would. Raises: ValueError with one sentence, OSError."""

        def accept_part(self) -> None:
            """Put the new configuration in the place of the present one, in one step. Raises: OSError."""

        def drop_part(self) -> None:
            """Remove what was kept of a new configuration. Raises: nothing."""

        def may_erase(self) -> str:
            """Return why this agent cannot be erased from here, nothing when it can."""

        def leave(self, erase: bool) -> None:
            """End the agent, erase it or not, and start the machine anew."""

        def random(self, size_bytes: int) -> bytes:
            """Return bytes that nobody can foretell."""

        def word(self, reason: int) -> str:
            """Return a reason of agent.record in words."""

        def forget(self) -> None:
            """Unload what was loaded for one request."""


NAME = "console"
_OWNER = "owner"
_POWER_MAX_W = const(1000000)
_COMMAND = const(3)
_SET = const(4)
_EXPIRES_S = const(60)
_DECIDED_MS = const(10)
_DECIDED_TURNS = const(1000)
_WAITING_MAX = const(4)  # lines that are read before the first of them is answered
_ROOM_MS = const(20)
_PAUSE_MS = const(2)  # after each answer: the agent has other things to do
_TOO_LARGE = {"ok": False, "code": "memory", "error": "there is not enough memory for this now"}
DROPPED = '{"fact": "dropped", "lines": %d}'

# What there is to ask, by the module that answers: the keys of each request, ! where it changes something. As long
# texts a board has this in flash, and makes names of it when somebody asks.
_COMMANDS = (
    ("agent.console_looks", "identify|buses|read device"),
    ("agent.console_keys", "keys"),
    ("agent.console_why", "why device"),
    ("agent.console_scan", "scan bus first last"),
    ("agent.console_lock", "challenge|unlock signed|lock"),
    ("agent.console_trial", "test ! device setpoint lease_s"),
    ("agent.console_owner", "words|owner ! word device for_s at_s energy_wh lowest highest"),
    ("agent.console_leave", "reboot !|erase ! agent"),
    ("agent.console_config", "config-get at|config-set ! text"),
    ("agent.console_config", "config-begin ! size_bytes sha256|config-part ! at text|config-end !"),
)


class Desk:
    """What all conversations with an agent share. Make it before the agent runs: its authority is on every tape."""

    def __init__(self, loop: Loop, host: Host, line_bytes_max: int, out_bytes_max: int) -> None:
        self.loop = loop
        self.host = host
        self.line_bytes_max = line_bytes_max
        self.out_bytes_max = out_bytes_max
        self.consoles: list[Console] = []
        self.authority = Authority(NAME, b"", _OWNER, _POWER_MAX_W)  # nobody can sign as it
        self.failures = 0  # of unlocking, in a row
        self.free_ms = 0  # when the next attempt is looked at
        self.scanned: list[str] = []  # buses that somebody walks along
        self.upload: Any = None  # agent.console_config
        self._counter = 0
        self._decided: dict[bytes, int | None] = {}
        loop.authorities.append(self.authority)

    def begin(self, listens: bool = False) -> Console:
        """Return a new conversation; `listens`: it is told every fact without asking."""
        console = Console(self, listens)
        self.consoles.append(console)
        return console

    def end(self, console: Console) -> None:
        """Forget a conversation whose other end is gone; what was sent of a configuration goes with it."""
        self.consoles.remove(console)
        if self.upload is not None and self.upload.console is console:
            self.upload = None
            self.host.drop_part()

    def tell(self, fact: Record, line: str | None) -> None:
        """Take a fact that was kept, and its line when it has one."""
        if fact[0] == record.DECISION and fact[2] in self._decided:
            reason = fact[5]
            assert type(reason) is int and type(fact[2]) is bytes
            self._decided[fact[2]] = reason
        if line is not None:
            self.say(line)

    def say(self, line: str) -> None:
        """Give a line to who listens."""
        for console in self.consoles:
            if console.listens:
                console.tell(line)

    async def order(self, line: bytes, kind: int, body: list[Any]) -> int:
        """Let the core decide on a word of the console; return its reason once that is in the journal.

        Raises: Declined.
        """
        loop, state, me = self.loop, self.loop.state, self.authority
        self._counter = max(self._counter, state.counters.get(me.key_id, 0)) + 1
        digest = hashlib.sha256(line + self._counter.to_bytes(8, "big")).digest()
        expires_s = loop.clock.now_ms() // 1000 + _EXPIRES_S
        fields = [_COMMAND, 1, state.agent_id, state.epoch, self._counter, expires_s, kind, body]
        self._decided[digest] = None
        try:
            if loop.enter(Message(digest, record.ACCEPTED, me, fields)):
                for _ in range(_DECIDED_TURNS):
                    await loop.clock.sleep_ms(_DECIDED_MS)
                    reason = self._decided[digest]
                    if reason is not None:
                        return reason
        finally:
            del self._decided[digest]
        raise Declined("busy", "the agent has no time; try again", 1000)

    async def put_on_record(self, line: bytes) -> None:
        """Let the core accept that the console changes something; what an earlier word wanted of a device ends.

        Raises: Declined.
        """
        reason = await self.order(line, _SET, [[]])
        if reason != record.ACCEPTED:
            raise Declined("refused", self.host.word(reason), 0)

    def refuse_on_record(self, line: bytes, reason: int) -> None:
        """Leave in the journal that somebody tried."""
        self.loop.enter(Message(hashlib.sha256(line).digest(), reason))


class Console:
    """One conversation. Only its `run` waits for anything."""

    def __init__(self, desk: Desk, listens: bool) -> None:
        self.desk = desk
        self.listens = listens
        self.until_ms = 0  # when it is locked again
        self.nonce = b""  # what a signature must hold
        self.nonce_ms = 0
        self._lines = Lines(desk.line_bytes_max)
        self._waiting: list[bytes | None] = []
        self.spoke = asyncio.Event()  # there is something to write
        self.answered = asyncio.Event()
        self._came = asyncio.Event()
        self._busy = False
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._dropped = 0
        self._id: int | str | None = None
        self._after: Callable[[], None] | None = None

    def is_busy(self) -> bool:
        """Tell whether something that was asked is not answered yet."""
        return self._busy or len(self._waiting) > 0

    def has_room(self) -> bool:
        """Tell whether more may be taken; what is not read yet waits where it is."""
        return len(self._waiting) < _WAITING_MAX

    def take(self, chunk: bytes) -> None:
        """Take bytes as they come, in small pieces."""
        for line in self._lines.take(chunk):
            self._waiting.append(line)
            self._came.set()

    def outgoing(self, bytes_max: int) -> bytes:
        """Return what is to be written next, nothing when there is nothing."""
        if not self._out:
            return b""
        first = self._out.pop(0)
        if len(first) > bytes_max:
            self._out.insert(0, first[bytes_max:])
            first = first[:bytes_max]
        self._out_bytes -= len(first)
        return first

    def give_back(self, rest: bytes) -> None:
        """Take back what of `outgoing` could not be written."""
        if rest:
            self._out.insert(0, rest)
            self._out_bytes += len(rest)

    def is_cancelled(self) -> bool:
        """Tell whether a line that waits asks for the end of what goes on."""
        return any(line is not None and b'"cancel"' in line for line in self._waiting)

    def tell(self, line: str) -> None:
        """Give a line that nobody asked for, or count it where there is no room."""
        if self._out_bytes + len(line) > self.desk.out_bytes_max:
            self._dropped += 1
            return
        if self._dropped:
            self._put(DROPPED % self._dropped)
            self._dropped = 0
        self._put(line)

    async def answer(self, told: Told) -> None:
        """Give an answer or a part of one, once there is room."""
        while self._out_bytes > self.desk.out_bytes_max:
            await self.desk.loop.clock.sleep_ms(_ROOM_MS)
        told["v"] = VERSION
        if self._id is not None:
            told["id"] = self._id
        self._put(json.dumps(told))

    def is_open(self) -> bool:
        """Tell whether something may be changed now."""
        return self.desk.loop.clock.now_ms() < self.until_ms

    async def run(self) -> None:
        """Answer one line after the other, for ever."""
        while True:
            while not self._waiting:
                self._busy = False
                self.answered.set()
                self._came.clear()
                await self._came.wait()
            self._busy = True
            told = await self._answer_to(self._waiting.pop(0))
            try:
                await self.answer(told)
            except MemoryError:
                await self.answer(_TOO_LARGE.copy())
            if self._after is not None:
                self._after()
                self._after = None
            self.answered.set()
            await self.desk.loop.clock.sleep_ms(_PAUSE_MS)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something once the answer is on its way."""
        self._after = act

    def _put(self, line: str) -> None:
        raw = line.encode() + b"\n"
        self._out.append(raw)
        self._out_bytes += len(raw)
        self.spoke.set()

    async def _answer_to(self, line: bytes | None) -> Told:
        """Return the answer to one line; a defect or a small heap ends here: they must not end the agent."""
        self._id = None
        try:
            if line is None:
                raise Declined("malformed", "a request is one line of at most %d bytes" % self.desk.line_bytes_max, 0)
            request = parsed(line)
            self._id = id_of(request)
            told = await self._carry_out(request, line)
            told["ok"] = True
        except Declined as refused:
            told = {"ok": False, "code": refused.args[0], "error": refused.args[1]}
            if refused.args[2]:
                told["wait_ms"] = refused.args[2]
        except MemoryError:
            told = _TOO_LARGE.copy()
        except Exception as fault:  # noqa: BLE001
            told = {"ok": False, "code": "failed", "error": "this agent could not do it: %r" % fault}
        self.desk.host.forget()
        return told

    async def _carry_out(self, request: Told, line: bytes) -> Told:
        """Load what answers, which a board has no room for at other times (docs/decisions/0003), and ask it."""
        asked = request["cmd"]
        if asked == "cancel":  # what it ends has ended by now
            checked(request, ())
            return {}
        if asked == "events":
            checked(request, ("on",))
            self.listens = request.get("on", True) is True
            return {"on": self.listens}
        for name, commands in _COMMANDS:
            for row in [command.split(" ") for command in commands.split("|")]:
                if row[0] == asked:
                    return await self._asked_of(name, row[1:], request, line)
        raise Declined("unknown", "unknown request %s; expected %s" % (shown(asked), _names()), 0)

    async def _asked_of(self, name: str, known: list[str], request: Told, line: bytes) -> Told:
        checked(request, tuple(known))
        if "!" in known and not self.is_open():
            raise Declined("locked", "this changes something: unlock the console first", 0)
        module: Any = __import__(name, None, None, ("answer",))
        told: Told = await module.answer(self, request, line)
        return told


def _names() -> str:
    rows = [command.split(" ")[0] for _, commands in _COMMANDS for command in commands.split("|")]
    return ", ".join(sorted(rows)) + ", events, cancel"
