"""A utility's server for tests: holds programs, controls and defaults, answers as XML, remembers who asked what.

It shares no code with the client: its documents are written here a second time, from the standard and from the
examples of others. `answer` is the whole of it; `https` puts it behind TLS with client certificates.

Source: IEEE 2030.5-2018 annex C (examples of exchanges), CSIP-AUS (SA TS 5573) for paths and extensions.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SPACES = 'xmlns="urn:ieee:std:2030.5:ns" xmlns:csipaus="https://csipaus.org/ns"'
AUSTRALIAN = ("opModImpLimW", "opModExpLimW", "opModGenLimW", "opModLoadLimW", "opModStorageTargetW")
WATTS = (*AUSTRALIAN, "opModTargetW")
SCHEDULED, ACTIVE, CANCELLED, CANCELLED_RANDOM, SUPERSEDED = range(5)
REPLY_TO = "/edev/1/rsps/site_control/rsp"


@dataclass
class Request:
    """What a client asked, and when."""

    at_s: int
    method: str
    path: str
    body: str


@dataclass
class Event:
    """A DERControl."""

    number: int
    created_s: int
    start_s: int
    duration_s: int
    modes: dict[str, Any]
    tag: str = ""
    status: int | None = None  # None: as the time says
    random_start_s: int | None = None
    random_duration_s: int | None = None
    ramp_cs: int | None = None
    tens: int = 0
    reply_to: str = REPLY_TO
    required: str = "03"
    raw: str | None = None  # in place of everything

    @property
    def mrid(self) -> str:
        """Its name."""
        return f"D{self.number:023X}00000001"

    def status_at(self, now_s: int) -> int:
        """Return what the server says of it."""
        if self.status is not None:
            return self.status
        return SCHEDULED if now_s < self.start_s else ACTIVE

    def xml(self, now_s: int) -> str:
        """Return its element."""
        if self.raw is not None:
            return self.raw
        chance = ""
        if self.random_duration_s is not None:
            chance += f"<randomizeDuration>{self.random_duration_s}</randomizeDuration>"
        if self.random_start_s is not None:
            chance += f"<randomizeStart>{self.random_start_s}</randomizeStart>"
        return (
            f'<DERControl replyTo="{self.reply_to}" responseRequired="{self.required}"><mRID>{self.mrid}</mRID>'
            f"<creationTime>{self.created_s}</creationTime><EventStatus>"
            f"<currentStatus>{self.status_at(now_s)}</currentStatus><dateTime>{now_s}</dateTime>"
            "<potentiallySuperseded>false</potentiallySuperseded></EventStatus>"
            f"<interval><duration>{self.duration_s}</duration><start>{self.start_s}</start></interval>{chance}"
            f"{base(self.modes, self.tens, self.ramp_cs)}</DERControl>"
        )


@dataclass
class Program:
    """A DERProgram."""

    number: int
    primacy: int
    assignment: int
    events: list[Event] = field(default_factory=list)
    default: dict[str, Any] | None = None


def base(modes: dict[str, Any], tens: int = 0, ramp_cs: int | None = None) -> str:
    """Return a DERControlBase."""
    parts = []
    for name, number in modes.items():
        tag = f"csipaus:{name}" if name in AUSTRALIAN else name
        said = str(number).lower()
        if name in WATTS:
            said = f"<multiplier>{tens}</multiplier><value>{round(number / 10**tens)}</value>"
        parts.append(f"<{tag}>{said}</{tag}>")
    ramp = "" if ramp_cs is None else f"<rampTms>{ramp_cs}</rampTms>"
    return f"<DERControlBase>{''.join(parts)}{ramp}</DERControlBase>"


class Utility:
    """One device's utility; `now_s` is its clock."""

    def __init__(self, lfdi: str, sfdi: int, now_s: Callable[[], int]) -> None:
        self.lfdi, self.sfdi, self.now_s = lfdi, sfdi, now_s
        self.pin = 111115
        self.registered = True
        self.programs: list[Program] = []
        self.rates = dict.fromkeys(("dcap", "edev", "fsa", "derp", "der", "mup", "tm"), 60)
        self.post_s = 60
        self.seen: list[Request] = []
        self.put: dict[str, str] = {}
        self.points: list[str] = []
        self.readings: dict[int, list[str]] = {}
        self.responses: list[tuple[int, int, str]] = []  # when it came, status, mRID
        self.reachable = True
        self.one_list = False  # all programs in a list of their own
        self.spoil: Callable[[str, bytes], bytes | None] = lambda path, body: body  # garbles answers; None: hangs up
        self.before: list[Callable[[Request], None]] = []
        self.after: list[Callable[[Request], None]] = []
        self._events = 0

    def add_program(self, primacy: int = 0, assignment: int = 1) -> Program:
        """Put a program behind the others."""
        self.programs.append(Program(len(self.programs) + 1, primacy, assignment))
        return self.programs[-1]

    def add_event(self, program: Program, start_s: int, duration_s: int, modes: dict[str, Any], **more: Any) -> Event:
        """Make a control, which takes the place of older ones of its program that it overlaps in the same modes."""
        self._events += 1
        made = Event(self._events, self.now_s(), start_s, duration_s, modes, **more)
        for other in program.events:
            shared = set(other.modes) & set(modes)
            overlaps = start_s < other.start_s + other.duration_s and other.start_s < start_s + duration_s
            if shared and overlaps and other.status is None:
                other.status = SUPERSEDED
        program.events.append(made)
        return made

    def answer(self, method: str, path: str, body: str) -> tuple[int, str, bytes]:
        """Return HTTP status, Location and body."""
        request = Request(self.now_s(), method, path.split("?")[0], body)
        self.seen.append(request)
        for hook in list(self.before):
            hook(request)
        status, location, text = self._answer(request)
        for hook in list(self.after):
            hook(request)
        return status, location, text.encode()

    def _answer(self, request: Request) -> tuple[int, str, str]:
        if request.method == "GET":
            made = self._got(request.path)
            return (404, "", "") if made is None else (200, "", made)
        if request.method == "PUT":
            self.put[request.path] = request.body
            return 204, "", ""
        if request.path == "/edev":
            self.registered = True
            return 201, "/edev/1", ""
        if request.path == "/mup":
            self.points.append(request.body)
            return 201, f"/mup/{len(self.points)}", ""
        if request.path.startswith("/mup/"):
            self.readings.setdefault(int(request.path[5:]), []).append(request.body)
            return 201, request.path + "/1", ""
        if request.path == REPLY_TO:
            status, subject = _inside(request.body, "status"), _inside(request.body, "subject")
            self.responses.append((request.at_s, int(status), subject))
            return 201, REPLY_TO + "/1", ""
        return 404, "", ""

    def _got(self, path: str) -> str | None:
        for pattern, made in (
            (r"/dcap", self._root), (r"/tm", self._time), (r"/edev", self._devices),
            (r"/edev/1/rg", self._registration),
            (r"/edev/1/fsa", self._assignments), (r"/edev/1/fsa/(\d+)/derp", self._programs),
            (r"/edev/1/derp", self._programs),
            (r"/edev/1/derp/(\d+)/derc", self._controls), (r"/edev/1/derp/(\d+)/dderc", self._default),
            (r"/edev/1/der", self._ders), (r"/mup", self._mirrors),
        ):  # fmt: skip
            found = re.fullmatch(pattern, path)
            if found:
                return made(*[int(group) for group in found.groups()])
        return None

    def _root(self) -> str:
        return (
            f'<DeviceCapability {SPACES} href="/dcap" pollRate="{self.rates["dcap"]}"><TimeLink href="/tm"/>'
            '<EndDeviceListLink href="/edev" all="1"/><MirrorUsagePointListLink href="/mup" all="0"/>'
            "</DeviceCapability>"
        )

    def _time(self) -> str:
        now_s = self.now_s()
        return (
            f'<Time {SPACES} href="/tm" pollRate="{self.rates["tm"]}"><currentTime>{now_s}</currentTime>'
            "<dstEndTime>0</dstEndTime><dstOffset>0</dstOffset><dstStartTime>0</dstStartTime><quality>4</quality>"
            "<tzOffset>36000</tzOffset></Time>"
        )

    def _devices(self) -> str:
        mine = (
            f'<EndDevice href="/edev/1"><DERListLink href="/edev/1/der" all="1"/><lFDI>{self.lfdi}</lFDI>'
            f"<sFDI>{self.sfdi}</sFDI><changedTime>1</changedTime><enabled>true</enabled>"
            '<FunctionSetAssignmentsListLink href="/edev/1/fsa" all="1"/><RegistrationLink href="/edev/1/rg"/>'
            '<csipaus:ConnectionPointLink href="/edev/1/cp"/></EndDevice>'
        )
        other = '<EndDevice href="/edev/0"><lFDI>AA</lFDI><sFDI>1</sFDI><changedTime>1</changedTime></EndDevice>'
        items = [other, mine] if self.registered else [other]
        return _list("EndDeviceList", "/edev", items, self.rates["edev"])

    def _registration(self) -> str:
        return (
            f'<Registration {SPACES} href="/edev/1/rg"><dateTimeRegistered>1</dateTimeRegistered>'
            f"<pIN>{self.pin}</pIN></Registration>"
        )

    def _assignments(self) -> str:
        numbers = sorted({program.assignment for program in self.programs}) or [1]
        items = [
            f'<FunctionSetAssignments href="/edev/1/fsa/{number}"><mRID>F{number}</mRID>'
            f'<DERProgramListLink href="{"/edev/1/derp" if self.one_list else f"/edev/1/fsa/{number}/derp"}" all="1"/>'
            "</FunctionSetAssignments>"
            for number in numbers
        ]
        return _list("FunctionSetAssignmentsList", "/edev/1/fsa", items, self.rates["fsa"])

    def _programs(self, assignment: int = 0) -> str:
        items = [
            f'<DERProgram href="/edev/1/derp/{program.number}"><mRID>A{program.number:X}</mRID>'
            f'<DefaultDERControlLink href="/edev/1/derp/{program.number}/dderc"/>'
            f'<DERControlListLink href="/edev/1/derp/{program.number}/derc" all="{len(program.events)}"/>'
            f"<primacy>{program.primacy}</primacy></DERProgram>"
            for program in self.programs
            if assignment in (0, program.assignment)
        ]
        return _list("DERProgramList", f"/edev/1/fsa/{assignment}/derp", items, self.rates["derp"])

    def _controls(self, number: int) -> str:
        now_s = self.now_s()
        items = [event.xml(now_s) for event in self.programs[number - 1].events]
        return _list("DERControlList", f"/edev/1/derp/{number}/derc", items)

    def _default(self, number: int) -> str | None:
        held = self.programs[number - 1].default
        if held is None:
            return None
        modes = {name: number for name, number in held.items() if name.startswith("op")}
        gradient = f"<setGradW>{held['setGradW']}</setGradW>" if "setGradW" in held else ""
        return f"<DefaultDERControl {SPACES}><mRID>E{number}</mRID>{base(modes)}{gradient}</DefaultDERControl>"

    def _ders(self) -> str:
        links = "".join(
            f'<{name} href="/edev/1/der/1/{place}"/>'
            for name, place in (
                ("DERAvailabilityLink", "dera"), ("DERCapabilityLink", "dercap"), ("DERSettingsLink", "derg"),
                ("DERStatusLink", "ders"),
            )
        )  # fmt: skip
        return _list("DERList", "/edev/1/der", [f'<DER href="/edev/1/der/1">{links}</DER>'], self.rates["der"])

    def _mirrors(self) -> str:
        items = [
            f'<MirrorUsagePoint href="/mup/{at + 1}"><mRID>{_inside(body, "mRID")}</mRID>'
            f"<postRate>{self.post_s}</postRate></MirrorUsagePoint>"
            for at, body in enumerate(self.points)
        ]
        return _list("MirrorUsagePointList", "/mup", items, self.rates["mup"])


def _list(name: str, href: str, items: list[str], poll_s: int | None = None) -> str:
    rate = "" if poll_s is None else f' pollRate="{poll_s}"'
    return f'<{name} {SPACES} href="{href}" all="{len(items)}" results="{len(items)}"{rate}>{"".join(items)}</{name}>'


def _inside(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    assert found, (name, text)
    return found.group(1)


@contextmanager
def https(utility: Utility, context: ssl.SSLContext) -> Iterator[int]:
    """Serve on a port of this machine while inside; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            size_bytes = int(self.headers.get("Content-Length") or 0)
            status, location, made = utility.answer(self.command, self.path, self.rfile.read(size_bytes).decode())
            body = utility.spoil(self.path, made)
            if body is None:
                self.close_connection = True
                return
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/sep+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = handle_one  # noqa: N815  (the library's names)

        def log_message(self, *_said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
