"""Reads what the server holds for this site, each resource as often as the server wants it read.

From the device capability to the entry of this device, its registration, its function set assignments, their
programs, and of each program the default and the controls. A document that is refused changes nothing of what was
known. A program is left when the server has listed others without it twice, and never because a list is empty.

Source: IEEE 2030.5-2018 section 9.2 to 9.4 (DeviceCapability, EndDevice, FunctionSetAssignments), 10.2.4 (polling),
10.5 (Time), 10.10 (DER); CSIP-AUS procedures ALL-01 to ALL-04 (registration, PIN).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from boards.cpython.ieee2030_5 import document, encode
from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.document import Node, Refused
from boards.cpython.ieee2030_5.events import Book
from boards.cpython.ieee2030_5.identity import Identity
from boards.cpython.ieee2030_5.link import Answer, LinkError

Ask = Callable[[str, str, bytes], Awaitable[Answer]]

POLL_S_MIN = 10
POLL_S_MAX = 86400
POLL_S = {"dcap": 900, "time": 900, "devices": 300, "assignments": 300, "programs": 300}
PAGES_MAX = 4
PAGE = 32
LOST_POLLS = 2  # a program is gone when so many lists in a row were without it
SHUT_OUT_S = 3600  # after a wrong PIN nobody is asked anything for so long
OFF_MS_MAX = 300000  # how far a server's time may be from a synchronised clock
SLACK_MS = 1500  # two readings of the server's time that differ by less are the same: it counts whole seconds


class Civil:
    """The server's time in the agent's own: `ahead_ms` is None while nobody knows it."""

    def __init__(self) -> None:
        self.ahead_ms: int | None = None
        self._doubted_ms: int | None = None

    def learn(self, server_s: int, now_ms: int, civil_ms: int) -> None:
        """Take a server's time; `civil_ms` is 0 unless the own clock is synchronised. Raises: Refused.

        Without an own clock, a jump is believed when it is read twice.
        """
        ahead_ms = server_s * 1000 + 500 - now_ms
        off_ms = ahead_ms - (civil_ms - now_ms)
        if civil_ms and abs(off_ms) > OFF_MS_MAX:
            raise Refused(f"Time/currentTime: {abs(off_ms) // 1000} s from this clock, which is synchronised")
        jumped = self.ahead_ms is not None and abs(ahead_ms - self.ahead_ms) > OFF_MS_MAX
        again = self._doubted_ms is not None and abs(ahead_ms - self._doubted_ms) <= SLACK_MS
        self._doubted_ms = ahead_ms
        if jumped and not again and not civil_ms:
            raise Refused("Time/currentTime: it jumped: it must say so twice")
        if self.ahead_ms is None or abs(ahead_ms - self.ahead_ms) > SLACK_MS:
            self.ahead_ms = ahead_ms

    def server_s(self, now_ms: int) -> int | None:
        """Return the server's time now."""
        return None if self.ahead_ms is None else (now_ms + self.ahead_ms) // 1000


class Reader:
    """What was read, and when it is read again; `note` takes one line for each document or control refused."""

    def __init__(
        self, ask: Ask, identity: Identity, pin: int | None, connection: str, book: Book, note: Callable[[str], None]
    ) -> None:
        self.programs: dict[str, r.Program] = {}
        self.refused: list[r.ControlRefused] = []
        self.civil = Civil()
        self.device: Node | None = None  # this device's entry
        self.mirrors_href = ""
        self.shut_out_ms = 0
        self.urgent: set[str] = set()  # programs whose controls are read in the next turn: the server's word is due
        self._ask, self._identity, self._pin, self._connection = ask, identity, pin, connection
        self._book, self._note = book, note
        self._next_ms: dict[str, int] = {}
        self._every_s = dict(POLL_S)
        self._civil_ms: Callable[[], int] = lambda: 0
        self._missing: dict[str, int] = {}
        self._root: Node | None = None
        self._lists: list[str] = []

    def start_at(self, dcap: str, civil_ms: Callable[[], int]) -> None:
        """Begin at this address; `civil_ms` tells the own time, 0 unless it is synchronised."""
        self._dcap, self._civil_ms = dcap, civil_ms

    async def turn(self, now_ms: int) -> bool:
        """Read what is due; return whether anything was. Raises: LinkError, with the rest still due."""
        if now_ms < self.shut_out_ms:
            return False
        asked = False
        steps = (
            ("dcap", self._read_root), ("time", self._read_time), ("devices", self._read_devices),
            ("assignments", self._read_assignments), ("programs", self._read_programs),
        )  # fmt: skip
        for name, read in steps:
            if now_ms >= self._next_ms.get(name, 0) and now_ms >= self.shut_out_ms:
                asked = True
                await self._read(name, read, now_ms)
        for href in sorted(self.urgent):
            asked = True
            await self._read_urgent(href, now_ms)
        return asked

    async def _read(self, name: str, read: Callable[[int], Awaitable[int]], now_ms: int) -> None:
        """Read one kind of resource; it is due again after its time, which it may say itself."""
        due_ms, self._next_ms[name] = self._next_ms.get(name, 0), -1
        try:
            wanted_s = await read(now_ms)
            self._every_s[name] = min(max(wanted_s or self._every_s[name], POLL_S_MIN), POLL_S_MAX)
        except Refused as refused:
            self._note(str(refused))
        except LinkError:
            self._next_ms[name] = due_ms
            raise
        if self._next_ms[name] < 0:
            self._next_ms[name] = now_ms + 1000 * self._every_s[name]

    async def _read_urgent(self, href: str, now_ms: int) -> None:
        self.urgent.discard(href)
        try:
            if href in self.programs:
                await self._read_controls(self.programs[href], now_ms)
        except Refused as refused:
            self._note(f"{href}: {refused}")

    async def get(self, path: str, expected: str) -> Node:
        """Return a document. Raises: Refused, LinkError."""
        answer = await self._ask("GET", path, b"")
        if 300 <= answer.status < 400:
            raise Refused(f"GET {path}: the server sends us elsewhere, which is not followed")
        if answer.status != 200:
            raise Refused(f"GET {path}: HTTP {answer.status}")
        return document.read(answer.body, expected)

    async def get_list(self, path: str, expected: str, item: str) -> tuple[list[Node], int]:
        """Return the items of a list, page by page, and how often it shall be read. Raises: Refused, LinkError."""
        found: list[Node] = []
        for _ in range(PAGES_MAX):
            page = await self.get(f"{path}{'&' if '?' in path else '?'}s={len(found)}&l={PAGE}", expected)
            said, items = r.listed(page), list(page.all(item))
            found += items
            if len(found) > r.ITEMS_MAX:
                raise Refused(f"{expected}: more than {r.ITEMS_MAX} items")
            if not items or len(found) >= said.all:
                return found, said.poll_s
        raise Refused(f"{expected}: more than {PAGES_MAX} pages")

    async def _read_root(self, _now_ms: int) -> int:
        self._root = root = await self.get(self._dcap, "DeviceCapability")
        self.mirrors_href = r.link(root, "MirrorUsagePointListLink")
        return r.poll_s(root)

    def _known_root(self) -> Node:
        if self._root is None:
            raise Refused("DeviceCapability: not read yet")
        return self._root

    async def _read_time(self, now_ms: int) -> int:
        node = await self.get(_needed(self._known_root(), "TimeLink"), "Time")
        self.civil.learn(r.server_s(node), now_ms, self._civil_ms())
        return r.poll_s(node)

    async def _read_devices(self, now_ms: int) -> int:
        path = _needed(self._known_root(), "EndDeviceListLink")
        found, wanted_s = await self.get_list(path, "EndDeviceList", "EndDevice")
        mine = [node for node in found if self._is_mine(node)]
        if not mine:
            await self._register(path, now_ms)
            return 0
        fresh = self.device is None
        self.device = mine[0]
        await self._check_pin(now_ms)
        if fresh:
            await self._name_connection()
        return wanted_s

    def _is_mine(self, node: Node) -> bool:
        lfdi = node.hexadecimal("lFDI", 20) if node.child("lFDI") else ""
        return self._identity.is_named(lfdi, node.whole("sFDI", 0, 1 << 40, 0))

    async def _register(self, path: str, now_ms: int) -> None:
        """Ask to be let in; a server that registers its devices itself refuses."""
        server_s = self.civil.server_s(now_ms)
        if not self._connection or server_s is None:
            raise Refused(f"EndDeviceList: this device is not in it: LFDI {self._identity.lfdi}")
        answer = await self._ask("POST", path, encode.end_device(self._identity, server_s))
        if answer.status not in (200, 201, 204):
            raise Refused(f"POST {path}: HTTP {answer.status}: the server does not register this device")
        self._next_ms["devices"] = 0

    async def _check_pin(self, now_ms: int) -> None:
        if self._pin is None or self.device is None:
            return
        registration = await self.get(_needed(self.device, "RegistrationLink"), "Registration")
        if registration.whole("pIN", 0, 999999) != self._pin:
            self.shut_out_ms = now_ms + 1000 * SHUT_OUT_S
            raise Refused(f"Registration/pIN: another one: nothing is asked of this server for {SHUT_OUT_S} s")

    async def _name_connection(self) -> None:
        path = "" if self.device is None else r.link(self.device, "csipaus:ConnectionPointLink")
        if self._connection and path:
            answer = await self._ask("PUT", path, encode.connection_point(self._connection))
            if answer.status not in (200, 201, 204):
                raise Refused(f"PUT {path}: HTTP {answer.status}")

    async def _read_assignments(self, _now_ms: int) -> int:
        if self.device is None:
            raise Refused("FunctionSetAssignmentsList: this device has no entry yet")
        path = _needed(self.device, "FunctionSetAssignmentsListLink")
        found, wanted_s = await self.get_list(path, "FunctionSetAssignmentsList", "FunctionSetAssignments")
        lists = [r.link(node, "DERProgramListLink") for node in found]
        if not any(lists):
            raise Refused("FunctionSetAssignmentsList: no programs: what is known stands")
        self._lists = sorted({path for path in lists if path})
        return wanted_s

    async def _read_programs(self, now_ms: int) -> int:
        found: list[r.Program] = []
        wanted_s, whole = 0, True
        for path in self._lists:
            try:
                nodes, rate_s = await self.get_list(path, "DERProgramList", "DERProgram")
            except Refused as refused:
                self._note(str(refused))
                whole = False
                continue
            wanted_s = min(rate_s or wanted_s, wanted_s or rate_s)
            programs = [program for node in nodes if (program := self._program(node)) is not None]
            whole = whole and len(programs) == len(nodes)
            found += programs
        if not found:
            raise Refused("DERProgramList: no programs: what is known stands")
        for program in found:
            await self._read_program(program, now_ms)
        if whole:
            self._leave({program.href for program in found}, now_ms)
        return wanted_s

    def _program(self, node: Node) -> r.Program | None:
        """Return a program; one that is not right is told of, and harms no other."""
        try:
            return r.program(node)
        except Refused as refused:
            self._note(str(refused))
            return None

    async def _read_program(self, program: r.Program, now_ms: int) -> None:
        """Read one program; what cannot be read of it stays as it was."""
        before = self.programs.get(program.href)
        program.default = before.default if before else None
        self.programs[program.href] = program
        try:
            if program.default_href:
                program.default = r.default(await self.get(program.default_href, "DefaultDERControl"))
        except Refused as refused:
            self._note(f"{program.href}: {refused}")
        try:
            if program.controls_href:
                await self._read_controls(program, now_ms)
        except Refused as refused:
            self._note(f"{program.href}: {refused}")

    async def _read_controls(self, program: r.Program, now_ms: int) -> None:
        nodes, _ = await self.get_list(program.controls_href, "DERControlList", "DERControl")
        server_s = self.civil.server_s(now_ms)
        if server_s is None:
            raise Refused("DERControlList: the server's time is not known yet")
        controls = [r.control(node, program, server_s) for node in nodes]
        self.refused += [each for each in controls if isinstance(each, r.ControlRefused)]
        self.refused += self._book.take([each for each in controls if isinstance(each, r.Control)], server_s)

    def _leave(self, hrefs: set[str], now_ms: int) -> None:
        for href in [href for href in self.programs if href not in hrefs]:
            self._missing[href] = self._missing.get(href, 0) + 1
            if self._missing[href] >= LOST_POLLS:
                del self.programs[href], self._missing[href]
                self._book.leave(href, self.civil.server_s(now_ms) or 0)
        for href in hrefs:
            self._missing.pop(href, None)


def _needed(node: Node, name: str) -> str:
    path = r.link(node, name)
    if not path:
        raise Refused(f"{node.path}/{name}: it is missing")
    return path
