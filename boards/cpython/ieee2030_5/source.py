"""The IEEE 2030.5 client of a gateway as a source of control: reads, decides what holds, hands it to its desk, reports.

What is known is laid out anew whenever something was read and whenever a control begins or ends, whether the server
answers or not: without it the schedule that was read goes on to its end, and the defaults hold after that.

Source: docs/ieee2030_5.md; IEEE 2030.5-2018; CSIP-AUS (SA TS 5573).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import record
from agent.config import REQUIRED, text, whole
from agent.sources.peer_desk import OPTED_OUT
from boards.cpython.ieee2030_5.encode import DeviceKind
from boards.cpython.ieee2030_5.events import Book
from boards.cpython.ieee2030_5.holder import Holder
from boards.cpython.ieee2030_5.identity import Identity, identity_in, is_pin
from boards.cpython.ieee2030_5.kept import Kept
from boards.cpython.ieee2030_5.link import Link, LinkError
from boards.cpython.ieee2030_5.measured import Gauge
from boards.cpython.ieee2030_5.plan import defaults_of, planned
from boards.cpython.ieee2030_5.reader import SLACK_MS, Ask, Reader
from boards.cpython.ieee2030_5.reporter import Reporter
from boards.cpython.ieee2030_5.responses import Standing, due, of_refused
from boards.cpython.ieee2030_5.site import Site
from boards.cpython.peers import checked_options
from boards.retry import retry_ms
from hal import quantities as q
from hal.capabilities import SWITCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.config import Field
    from agent.sources.peer_desk import PeerDesk

TURN_MS = 1000
LOOK_AGAIN_S = 60
SAVE_MS = 10000  # what was told since may be told again after a power cut
NOTES_MAX = 64
REFUSED_MAX = 64  # controls that were refused and are not told of again
FIELDS: tuple[Field, ...] = (
    ("host", text(), REQUIRED),
    ("port", whole(1, 65535), 443),
    ("server_name", text(), None),
    ("path", text(), "/dcap"),
    ("ca", text(), REQUIRED),
    ("cert", text(), REQUIRED),
    ("cert_key", text(), REQUIRED),
    ("pin", whole(0, 999999), None),
    ("connection", text(64), None),
    ("device", text(16), REQUIRED),
    ("isolator", text(16), None),
    ("type", whole(0, 255), REQUIRED),
    ("max_w", whole(1, 1000000), REQUIRED),
    ("max_charge_w", whole(0, 1000000), 0),
    ("max_discharge_w", whole(0, 1000000), 0),
    ("energy_wh", whole(0, 100000000), 0),
    ("setpoints", whole(0, 1), 0),
)


class Source:
    """One utility's server; `notes` are the newest lines about what was refused, and why."""

    def __init__(self, desk: PeerDesk, options: dict[str, Any]) -> None:
        """Check the options. Raises: ValueError with one sentence."""
        self.desk = desk
        self.options = checked_options(desk, FIELDS, options)
        self.notes: deque[str] = deque(maxlen=NOTES_MAX)
        self.link: Link | None = None
        self._say: Callable[[str], None] = lambda _: None
        self._refused: dict[str, None] = {}  # controls that were, in the order in which they came
        self.pause_ms = retry_ms  # after an outage of so long; a simulation draws it from its seed
        self._check()

    def _check(self) -> None:
        options, state = self.options, self.desk.loop.state
        scope = state.scope_named(options["device"])
        if scope is None or (scope >= 0 and not state.units[scope].takes_power()):
            raise ValueError("device", options["device"], "a circuit, or a device whose power can be limited")
        isolator = options["isolator"]
        unit = None if isolator is None else state.unit_named(isolator)
        if isolator is not None and (unit is None or unit.contract.kind != SWITCH or unit.takes_power()):
            raise ValueError("isolator", isolator, "the id of a switch that is given no power_max_w")
        if isolator is not None and self.desk.authority.role != "utility":
            raise ValueError("isolator", isolator, "role = 'utility'")
        if options["pin"] is not None and not is_pin(options["pin"]):
            raise ValueError("pin", options["pin"], "five digits and their check digit")
        if options["setpoints"] and (scope < 0 or self.desk.authority.role != "utility"):
            raise ValueError("setpoints", 1, "role = 'utility', and a device that takes a power set-point")

    def open(self, folder: Path) -> None:
        """Load the certificates and what was kept. Raises: ValueError with one sentence, OSError."""
        options = self.options
        for key in ("ca", "cert", "cert_key"):
            if not (folder / options[key]).is_file():
                raise ValueError(f"{key} = {options[key]!r}: there is no file {folder / options[key]}")
        ca, cert, cert_key = (folder / options[key] for key in ("ca", "cert", "cert_key"))
        if cert_key.stat().st_mode & 0o077:
            raise ValueError(f"cert_key: {cert_key}: group or others may use this private key: chmod 600 it")
        server_name = options["server_name"] or options["host"]
        try:
            self.link = Link(options["host"], options["port"], server_name, ca, cert, cert_key)
        except ssl.SSLError as error:
            raise ValueError(
                f"ca, cert, cert_key: not a matching PEM certificate and key without a password: {error}"
            ) from error
        self.join(self.link.ask, identity_in(cert), Kept(folder / f"{self.desk.authority.name}.json"))

    def join(self, ask: Ask, identity: Identity, kept: Kept) -> None:
        """Make what reads and writes through `ask`. Raises: ValueError, OSError."""
        options, state = self.options, self.desk.loop.state
        claims = options["setpoints"] == 1
        step_w = state.units[state.scope_named(options["device"]) or 0].contract.step if claims else 1
        self.site = Site(
            options["device"], options["max_w"], options["max_charge_w"], options["max_discharge_w"],
            options["isolator"] or "", claims, step_w,
        )  # fmt: skip
        kind = DeviceKind(options["type"], options["energy_wh"])
        self.book = Book(identity.lfdi)
        self.reader = Reader(ask, identity, options["pin"], options["connection"] or "", self.book, self._note)
        self.reader.start_at(options["path"], self._civil_ms)
        self.reporter = Reporter(ask, self.reader, identity, self.site, kind, self._note)
        self.gauge = Gauge(self.desk.loop, options["device"], options["isolator"] or "")
        self.holder = Holder(self.desk, self._note)
        self.outage_ms: int | None = None  # since when the server has not answered
        self._retry_ms = self._save_ms = self._edge_s = 0
        self._standing = Standing(False, False)
        self._kept = kept
        self._kept_ahead_ms: int | None = None  # how far the server is ahead of the civil clock
        self._load()

    def _load(self) -> None:
        try:
            programs, entries, waiting, ahead_ms = self._kept.load()
        except ValueError as error:
            self._note(str(error))
            return
        self.reader.programs = {program.href: program for program in programs}
        self.book.entries = {entry.control.mrid: entry for entry in entries}
        self.reporter.queue.extend(waiting)
        self._kept_ahead_ms = ahead_ms

    async def run(self) -> None:
        """Talk to the server, for ever."""
        clock = self.desk.loop.clock
        try:
            while True:
                await self.turn()
                await clock.sleep_ms(TURN_MS)
        finally:
            if self.link is not None:
                self.link.close()

    async def turn(self) -> None:
        """Do what is due now."""
        now_ms = self.desk.loop.clock.now_ms()
        self._take_restored(now_ms)
        read = await self._talk(now_ms) if now_ms >= self._retry_ms else False
        server_s = self.reader.civil.server_s(now_ms)
        if server_s is None:
            return
        accepted, opted_out = self.desk.reason == record.ACCEPTED, OPTED_OUT in self.desk.outcomes
        standing = Standing(accepted, opted_out, self.holder.refused, self.desk.is_beaten())
        if read or server_s >= self._edge_s or standing != self._standing or self.holder.is_refused():
            self._standing = standing
            self._lay_out(server_s)
            self._answer(server_s, standing)
        if now_ms >= self._save_ms:
            self._save_ms = now_ms + SAVE_MS
            await self._save(now_ms)

    def _take_restored(self, now_ms: int) -> None:
        """Go on in the server's time after a power cut, as soon as the own clock is right."""
        civil_ms = self._civil_ms()
        if self.reader.civil.ahead_ms is None and self._kept_ahead_ms is not None and civil_ms:
            self.reader.civil.ahead_ms = self._kept_ahead_ms + civil_ms - now_ms

    async def _talk(self, now_ms: int) -> bool:
        """Read and report what is due; return whether anything was read."""
        read = False
        try:
            self._ask_again(now_ms)
            read = await self.reader.turn(now_ms)
            server_s = self.reader.civil.server_s(now_ms)
            if server_s is not None:
                measured, connected = self.gauge.read(now_ms)
                self.reporter.measure(measured, connected, server_s)
                await self.reporter.turn(now_ms, server_s, self._grad_w())
            self.outage_ms = None
            if self.link is not None:
                self._note(f"connected with {self.link.negotiated}")
        except LinkError as error:
            self._note(str(error))
            self.outage_ms = now_ms if self.outage_ms is None else self.outage_ms
            self._retry_ms = now_ms + self.pause_ms(now_ms - self.outage_ms)
        return read

    def _ask_again(self, now_ms: int) -> None:
        """Read a control anew whose start has come while the server still says that it is scheduled."""
        server_s = self.reader.civil.server_s(now_ms)
        if server_s is not None:
            waiting = [entry for entry in self.book.entries.values() if self.book.waits(entry, server_s)]
            self.reader.urgent |= {entry.control.program for entry in waiting}

    def _grad_w(self) -> int:
        return defaults_of(list(self.reader.programs.values()))[1] or 0

    def _civil_ms(self) -> int:
        clock = self.desk.loop.clock
        return clock.civil_ms() if clock.quality() == q.CLOCK_SYNCHRONISED else 0

    def _lay_out(self, server_s: int) -> None:
        """Hand over what holds; before anything was ever read, what the agent itself kept stays."""
        self.book.pass_time(server_s)
        programs = list(self.reader.programs.values())
        if programs:
            ahead_s = (self.reader.civil.ahead_ms or 0) // 1000
            self.holder.hold(planned(self.book.spans(server_s), programs, self.site, server_s, ahead_s), server_s)
        edges_s = [self.book.next_s(server_s), self.holder.next_s(server_s), server_s + LOOK_AGAIN_S]
        self._edge_s = min(edge_s for edge_s in edges_s if edge_s is not None)

    def _answer(self, server_s: int, standing: Standing) -> None:
        """Queue what the server is to be told."""
        self.reporter.queue.extend(due(self.book, server_s, self.site, standing))
        for refused in self.reader.refused:
            self._note(refused.why)
            told = of_refused(refused, server_s)
            if told is not None and refused.mrid not in self._refused:
                self.reporter.queue.append(told)
            self._refused[refused.mrid] = None
        self.reader.refused.clear()
        while len(self._refused) > REFUSED_MAX:
            del self._refused[next(iter(self._refused))]

    async def _save(self, now_ms: int) -> None:
        """Keep what is new; the disk is waited for elsewhere."""
        civil, civil_ms = self.reader.civil, self._civil_ms()
        if civil.ahead_ms is not None and civil_ms:
            ahead_ms = civil.ahead_ms - (civil_ms - now_ms)
            if self._kept_ahead_ms is None or abs(ahead_ms - self._kept_ahead_ms) > SLACK_MS:
                self._kept_ahead_ms = ahead_ms
        raw = self._kept.packed(
            list(self.reader.programs.values()), list(self.book.entries.values()), list(self.reporter.queue),
            self._kept_ahead_ms,
        )  # fmt: skip
        try:
            if raw is not None:
                await asyncio.to_thread(self._kept.write, raw)
        except OSError as error:
            self._note(f"{self._kept.path}: {error.strerror or error}")

    def notes_to(self, say: Callable[[str], None]) -> None:
        """Let people hear each new note."""
        self._say = say

    def _note(self, line: str) -> None:
        """Keep a line for people and say it, unless it is among the newest already."""
        if line not in self.notes:
            self.notes.append(line)
            self._say(f"siteward: source '{self.desk.authority.name}': {line}")
