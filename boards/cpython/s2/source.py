"""The source `s2`: one WebSocket to the CEM for each of its devices, and what all of them ask for at one desk.

While a CEM is away its instructions run on to their end; one without an end lasts as long as its lease. Connections are
tried again with full jitter. Source: s2-ws-json 0.0.2-beta (WebSocket, JSON text messages); options: docs/s2.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import record
from agent.config import REQUIRED, text, whole
from boards import telling
from boards.cpython.notes import Notes
from boards.cpython.peer_options import address, secret, trusting
from boards.cpython.peers import checked_options
from boards.cpython.s2.book import Book
from boards.cpython.s2.messages import MESSAGE_BYTES_MAX
from boards.cpython.s2.offers import resource_of
from boards.cpython.s2.resources import Piece, Resource
from boards.cpython.s2.session import Ended, Session
from boards.cpython.s2.storages import Plugged
from boards.cpython.steps import STEPS_MAX, Step, controls, is_enough
from boards.cpython.strict_json import Object
from boards.cpython.web import aiohttp
from boards.retry import STEADY_MS, retry_ms
from hal import quantities as q

if TYPE_CHECKING:
    from agent.config import Field
    from agent.sources.desk import Control
    from agent.sources.peer_desk import PeerDesk

LOOK_S = 1
SAY_TURNS = 10
HEARTBEAT_S = 30
CONNECT_S = 20
DEVICES_MAX = 8
OUT_MAX = 64  # messages that wait for a CEM that does not read


def _names(key: str, given: Any) -> list[str]:
    if type(given) is not list or not 0 < len(given) <= DEVICES_MAX or not all(type(each) is str for each in given):
        raise ValueError(f"{key} = {given!r}: expected a list of 1 to {DEVICES_MAX} devices")
    return given


def _capacities(key: str, given: Any) -> dict[str, int]:
    check = whole(100, 10000000)
    if type(given) is not dict:
        raise ValueError(f"{key} = {given!r}: expected a table of batteries")
    return {device: check(f"{key} {device}", given[device]) for device in given}


FIELDS: tuple[Field, ...] = (
    ("url", address("wss"), REQUIRED),
    ("devices", _names, REQUIRED),
    ("capacity_wh", _capacities, {}),
    ("token", text(), None),
    ("ca", text(), None),
    ("lease_s", whole(60, 86400), 900),
    ("primacy", whole(1, 255), 2),
)


class Managed:
    """One device on its way to the CEM; its book outlives connections."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.book = Book()
        self.session: Session | None = None
        self.offered: object = None  # what the device promised when it was described, and what its owner said
        self.plugged = Plugged()
        self.heard_ms = 0  # civil, when the CEM last said something
        self.trouble = ""


class EnergyManager:
    """A source of control: see boards/cpython/peers.py."""

    def __init__(self, desk: PeerDesk, options: dict[str, Any]) -> None:
        self.desk = desk
        self.options = checked_options(desk, FIELDS, options)
        self.managed: list[Managed] = []
        state = desk.loop.state
        for name in self.options["devices"]:
            unit = state.unit_named(name)
            if unit is None:
                raise ValueError(f"devices: there is no {name!r}")
            managed = Managed(unit.index)
            self._offer(managed)  # refuses what has nothing to offer
            self.managed.append(managed)
        self._headers: dict[str, str] = {}
        self._tls = trusting(Path(), None)
        self._notes = Notes(desk.authority.name)
        self._said: dict[Step, Control] | None = None  # what holds at the desk; None: nothing was said yet
        self.pause_ms = retry_ms  # after an outage of so long; a simulation draws it from its seed

    def open(self, folder: Path) -> None:
        """Read the token and the authority of the CEM's certificate. Raises: ValueError, OSError."""
        self._tls = trusting(folder, self.options["ca"])
        if self.options["token"] is not None:
            self._headers["Authorization"] = "Bearer " + secret(folder, "token", self.options["token"])

    def notes_to(self, say: Callable[[str], None]) -> None:
        """Tell people, from now on, what is refused on either side and why the CEM is not reached."""
        self._notes.to(say)

    async def run(self) -> None:
        """Talk to the CEM, for ever."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
        connector = aiohttp.TCPConnector(ssl=self._tls)
        straight = aiohttp.TraceConfig()
        straight.on_request_redirect.append(_stay)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[straight]
        ) as http:
            await self.serve(http)

    async def serve(self, http: aiohttp.ClientSession) -> None:
        """Talk through a session, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look())
                for managed in self.managed:
                    tasks.create_task(self._keep(http, managed))
        except ExceptionGroup as group:  # one of them broke: what it broke by is told
            raise group.exceptions[0] from group

    async def _keep(self, http: aiohttp.ClientSession, managed: Managed) -> None:
        """Stay connected with one device."""
        loop = asyncio.get_running_loop()
        down_since_s = loop.time()
        while True:
            began_s = loop.time()
            try:
                await self._connect(http, managed)
            except (aiohttp.ClientError, OSError, ValueError, Ended) as error:  # a time-out is an OSError
                managed.trouble = str(error) or type(error).__name__
                self._tell()
            managed.session = None
            if managed.heard_ms and (loop.time() - began_s) * 1000 >= STEADY_MS:
                down_since_s = loop.time()
            await asyncio.sleep(self.pause_ms(int((loop.time() - down_since_s) * 1000)) / 1000)

    async def _connect(self, http: aiohttp.ClientSession, managed: Managed) -> None:
        """Hold one conversation, to its end. Raises: Ended, aiohttp.ClientError, OSError."""
        out: asyncio.Queue[Object] = asyncio.Queue(OUT_MAX)
        dialling = http.ws_connect(
            self.options["url"],
            headers=self._headers,
            heartbeat=HEARTBEAT_S,
            max_msg_size=MESSAGE_BYTES_MAX,
            compress=0,
        )
        async with asyncio.timeout(CONNECT_S) as patience, dialling as socket:
            patience.reschedule(None)  # it has answered the upgrade: from here on heartbeats tell
            managed.session = Session(self._offer(managed), managed.book, _queued(out), self._refusal_of)
            speaking = asyncio.create_task(_speak(socket, out))
            try:
                await self._listen(socket, managed, managed.session)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, managed: Managed, session: Session) -> None:
        async for frame in socket:
            if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                break
            managed.heard_ms = now_ms = self.desk.loop.clock.civil_ms()
            session.take(frame.data, now_ms)
            self.enter(now_ms)
        raise Ended("closed by the CEM")

    def _refusal_of(self, piece: Piece) -> str:
        """Return why the core would not take a piece, "" when it would."""
        now_ms = self.desk.loop.clock.civil_ms()
        step = Step(*piece, "asked")
        placed = controls(self.desk, [step], now_ms, now_ms + self.options["lease_s"] * 1000, self.options["primacy"])
        if step not in placed:
            return "the clock is not synchronised, or its time has passed"
        reason = self.desk.reason_against(placed[step])
        return "" if reason == record.ACCEPTED else telling.reason(reason)

    async def _look(self) -> None:
        """Say what has become of instructions and what the devices show, and renew what has no end."""
        turn = 0
        while True:
            await asyncio.sleep(LOOK_S)
            if self.desk.loop.clock.quality() != q.CLOCK_SYNCHRONISED:
                continue
            now_ms, turn = self.desk.loop.clock.civil_ms(), turn + 1
            self.enter(now_ms)
            if turn % SAY_TURNS == 0:
                self.say(now_ms)

    def say(self, now_ms: int) -> None:
        """Let every session say what is new."""
        outcomes = self._outcomes()
        for managed in self.managed:
            managed.plugged.look(self._reading(managed))
            if managed.session is None:
                managed.book.follow(outcomes, now_ms)
                continue
            if managed.offered != self._promise(managed):
                managed.session.describe(self._offer(managed), now_ms)
            managed.session.tick(now_ms, outcomes)
        self._tell()

    def _reading(self, managed: Managed) -> dict[int, int]:
        state = self.desk.loop.state
        sample = self.desk.loop.image().fresh(managed.index, state.now_ms, state.units[managed.index].contract.stale_ms)
        return {} if sample is None else sample.values

    def _promise(self, managed: Managed) -> object:
        """Return what a device's offer is made of."""
        unit = self.desk.loop.state.units[managed.index]
        return unit.contract, self.desk.loop.state.departure_of(unit.id)

    def _offer(self, managed: Managed) -> Resource:
        """Return what a device offers now. Raises: ValueError."""
        managed.offered = self._promise(managed)
        unit = self.desk.loop.state.units[managed.index]
        return resource_of(self.desk, unit, self.options["capacity_wh"].get(unit.id), managed.plugged)

    def _tell(self) -> None:
        """Tell people what is amiss, device by device."""
        found = {}
        for managed in self.managed:
            session, name = managed.session, self.desk.loop.state.name_of(managed.index)
            troubles = (
                {"": managed.trouble} if session is None else {" heard": session.trouble, " said": session.refused}
            )
            found.update({name + about: why for about, why in troubles.items() if why})
        self._notes.tell(found)

    def enter(self, now_ms: int) -> None:
        """Enter what all books ask for, where that differs from what was said."""
        if self.desk.loop.clock.quality() != q.CLOCK_SYNCHRONISED or not any(each.heard_ms for each in self.managed):
            return  # what was kept over a restart runs on until a CEM speaks
        before, said = self._said or {}, self._placed(now_ms)
        left = [step for step in before if not step.is_over(now_ms)]
        found = list(said)
        same = is_enough(left, found, now_ms) and all(
            before[old] == said[new] for old, new in zip(left, found, strict=False)
        )
        if self._said is None or not same:
            self._said = said
            self.desk.replace(list(said.values()), json.dumps([step.event for step in said]).encode())

    def _placed(self, now_ms: int) -> dict[Step, Control]:
        """Return the first steps of all books that are not over, each with its control."""
        lease_ms = self.options["lease_s"] * 1000
        found: list[tuple[Step, Control]] = []
        for managed in self.managed:
            steps = [step for step in managed.book.steps() if not step.is_over(now_ms)]
            lease_until_ms = (managed.heard_ms // lease_ms + 2) * lease_ms
            placed = controls(self.desk, steps, now_ms, lease_until_ms, self.options["primacy"])
            found += [each for each in placed.items() if self.desk.reason_against(each[1]) == record.ACCEPTED]
        found.sort(key=lambda each: (max(each[0].start_ms, now_ms), each[0].matter))
        return dict(found[:STEPS_MAX])

    def _outcomes(self) -> dict[str, int]:
        """Return what the core made of each instruction: of its pieces the one that is in force, else the last."""
        found: dict[str, int] = {}
        for step, outcome in zip(self._said or {}, self.desk.outcomes, strict=False):
            if found.get(step.event) != record.STARTED:
                found[step.event] = outcome
        return found


async def _stay(*_of_redirect: object) -> None:
    """Go nowhere else: a token is for the CEM that is configured, and the way there has TLS. Raises: Ended."""
    raise Ended("the CEM sends us elsewhere, which is not followed")


def _queued(out: asyncio.Queue[Object]) -> Any:
    def send(message: Object) -> None:
        try:
            out.put_nowait(message)
        except asyncio.QueueFull:
            raise Ended("the CEM does not read") from None

    return send


async def _speak(socket: aiohttp.ClientWebSocketResponse, out: asyncio.Queue[Object]) -> None:
    while True:
        await socket.send_str(json.dumps(await out.get()))
