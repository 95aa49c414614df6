"""A utility's IEEE 2030.5 server: controls that come, are cancelled and edited, and documents that nobody can read.

What the client told the server as started is the server's to hold it to: a limit that it says it carries out is in
force until it says otherwise, the control ends, or the server takes it back.
Source: docs/ieee2030_5.md; IEEE 2030.5-2018 annex B as it cites it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.limits import EXPORT, IMPORT
from boards.cpython.ieee2030_5.identity import identity_of
from boards.cpython.ieee2030_5.kept import Kept
from boards.cpython.ieee2030_5.link import Answer, LinkError
from boards.cpython.ieee2030_5.source import Source
from tools.simulate.peers import nonsense
from tools.simulate.peers.base import FarSide, Owed
from tools.simulate.premises import BATTERY, CHARGER, PUMP

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

SPACES = 'xmlns="urn:ieee:std:2030.5:ns" xmlns:csipaus="https://csipaus.org/ns"'
POLL_S = 60
CONTROLS_MAX = 30
STARTED = 2
SCHEDULED, ACTIVE, CANCELLED = 0, 1, 2
MODES = {"csipaus:opModImpLimW": IMPORT, "csipaus:opModExpLimW": EXPORT}
SETTLE_MS = 3000
ABSURD = ("", "-1", "NaN", "1e9", "9" * 40, "true", "0x10", "２", "1.5", " 7 ", "18446744073709551616", "&#0;")
DOCTYPE = b'<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


@dataclass
class Control:
    """One DERControl of the server, and whether the client says that it carries it out."""

    number: int
    created_s: int
    start_s: int
    duration_s: int
    mode: str
    most_w: str
    cancelled: bool = False
    sound: bool = True  # nothing about it is absurd, and it was never edited
    started: bool = False

    @property
    def mrid(self) -> str:
        """Its name."""
        return f"{self.number:032X}"

    def xml(self, now_s: int) -> str:
        """Return its element."""
        status = CANCELLED if self.cancelled else ACTIVE if now_s >= self.start_s else SCHEDULED
        return (
            f'<DERControl replyTo="/rsp" responseRequired="03"><mRID>{self.mrid}</mRID>'
            f"<creationTime>{self.created_s}</creationTime><EventStatus><currentStatus>{status}</currentStatus>"
            f"<dateTime>{now_s}</dateTime></EventStatus><interval><duration>{self.duration_s}</duration>"
            f"<start>{self.start_s}</start></interval><DERControlBase><{self.mode}><multiplier>0</multiplier>"
            f"<value>{self.most_w}</value></{self.mode}></DERControlBase></DERControl>"
        )


class MemoryKept(Kept):
    """The file beside the site's configuration, without a disk."""

    def __init__(self, server: Utility) -> None:
        super().__init__(server.path)
        self._server = server

    def read(self) -> bytes | None:
        """Return what was written."""
        return self._server.file

    def write(self, raw: bytes) -> None:
        """Keep it."""
        self._server.file = self._written = raw


class Utility(FarSide):
    """One utility with one programme."""

    kind = "ieee2030-5"
    words = (
        "control", "control", "control", "control", "cancel", "edit", "forget", "default", "bad", "bad", "twice",
        "vanish", "error", "redirect", "noise", "truncated", "deep", "doctype", "huge", "other", "mutated",
        "empty", "late", "many",
    )  # fmt: skip

    def __init__(self, row: dict[str, Any], world: World) -> None:
        super().__init__(row, world)
        self.file: bytes | None = None
        self.path = Path("utility.json")  # which nobody writes
        self.identity = identity_of(self.name.encode())
        self._controls: list[Control] = []
        self._count = 0
        self._default_w = 15000
        self._source: Source | None = None
        self._spoil = ""
        self._spoil_until_ms = 0
        self._rng = random.Random(f"{self.name}/documents")  # noqa: S311  (a seed, no secret)
        self._notes_before: int | None = None
        self._why = ""

    @staticmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return a source for one of the site's devices whose power can be limited."""
        devices = made.having(CHARGER, BATTERY, PUMP)
        if not devices:
            return None
        return {
            "name": "utility", "kind": Utility.kind, "role": rng.choice(["utility", "grid"]), "power_max_w": 30000,
            "host": "utility", "ca": "ca", "cert": "cert", "cert_key": "key", "device": rng.choice(devices), "type": 83,
            "max_w": 5000,
        }  # fmt: skip

    def begin(self, life: Life, peer: Source) -> None:
        """Meet the client of a new life."""
        self._source, self._notes_before = peer, None
        peer.pause_ms = self.pause_ms
        peer.notes_to(self.hear_note)
        peer.join(self._ask, self.identity, MemoryKept(self))
        for control in self._controls:
            control.started = False
        self.run(life, peer.run())

    def act(self, word: str, seed: int, seconds: int) -> None:
        """Change what is held, or how it is told."""
        rng = random.Random(seed)  # noqa: S311  (a seed, no secret)
        if word == "vanish":
            self.go_away(seconds)
        elif hasattr(self, "_make_" + word):
            now_s = self.civil_ms // 1000
            self._controls = [each for each in self._controls if each.start_s + each.duration_s > now_s - 3600]
            getattr(self, "_make_" + word)(rng)
        else:
            self._spoil, self._spoil_until_ms = word, self.world.now_ms + seconds * 1000

    def heal(self) -> None:
        """Answer sense from now on."""
        self.away_until_ms = self._spoil_until_ms = 0

    def _make_control(self, rng: random.Random) -> None:
        if len(self._controls) < CONTROLS_MAX:
            self._count += 1
            now_s = self.civil_ms // 1000
            self._controls.append(Control(
                self._count, now_s, now_s + rng.choice([-60, 0, 30, 600]), rng.choice([60, 600, 3600]),
                rng.choice([*MODES, "csipaus:opModImpLimW", "csipaus:opModLoadLimW", "opModTargetW", "opModFixedVar"]),
                str(rng.choice([0, 1500, 4000, 9000])),
            ))  # fmt: skip

    def _make_bad(self, rng: random.Random) -> None:
        """Put in a control of which something is absurd."""
        self._make_control(rng)
        control = self._controls[-1]
        control.sound = False
        what = rng.choice(["start_s", "duration_s", "created_s", "most_w", "mode", "number"])
        if what == "mode":
            control.mode = rng.choice(["opModImpLimW", "x", "csipaus:opModImpLimW", "opModConnect"])
        elif what == "number":
            control.number = self._controls[0].number
        else:
            setattr(control, what, rng.choice(ABSURD[1:] if what == "most_w" else [-1, 0, 2**31, 2**40, 2**64]))

    def _make_many(self, rng: random.Random) -> None:
        for _ in range(CONTROLS_MAX):
            self._make_control(rng)

    def _make_twice(self, _rng: random.Random) -> None:
        """List a name twice, with two meanings."""
        if self._controls:
            first = self._controls[-1]
            first.sound = False
            self._controls.append(Control(
                first.number, first.created_s, first.start_s, first.duration_s, first.mode, "12345", sound=False,
            ))  # fmt: skip

    def _make_cancel(self, rng: random.Random) -> None:
        if self._controls:
            control = rng.choice(self._controls)
            control.cancelled, control.sound = True, False

    def _make_edit(self, rng: random.Random) -> None:
        """Change what may not be changed."""
        if self._controls:
            control = rng.choice(self._controls)
            control.most_w, control.sound = "12000", False

    def _make_forget(self, _rng: random.Random) -> None:
        """Know nothing any more."""
        self._controls.clear()

    def _make_default(self, rng: random.Random) -> None:
        self._default_w = rng.choice([0, 5000, 15000, 30000])

    async def _ask(self, method: str, path: str, body: bytes) -> Answer:
        """Answer the client. Raises: LinkError while nobody is there."""
        self.heard += 1
        self._judge_notes()
        if self.is_away:
            raise LinkError(f"{method} {path}: nobody is there")
        spoil = self._spoil if self.world.now_ms < self._spoil_until_ms else ""
        if spoil in ("error", "redirect"):
            return Answer(self._rng.choice([401, 404, 429, 500]) if spoil == "error" else 302, "http://elsewhere/", b"")
        if method == "POST" and path == "/rsp":
            self._hear_response(body.decode())
        if method != "GET":
            return Answer(201, "/mup/1", b"")
        raw = self._got(path.split("?")[0], spoil).encode()
        return Answer(200, "", self._spoiled(spoil, raw))

    def _hear_response(self, text: str) -> None:
        status, subject = _inside(text, "status"), _inside(text, "subject")
        for control in self._controls:
            if control.mrid == subject:
                control.started = status == str(STARTED)

    def _spoiled(self, spoil: str, raw: bytes) -> bytes:
        if spoil in ("", "late", "empty"):
            return raw
        rng = self._rng
        if spoil == "mutated":
            at = rng.randrange(len(raw))
            numbers = [found.span() for found in re.finditer(rb"(?<=>)\d+(?=<)", raw)]
            if numbers:
                first, last = rng.choice(numbers)
                return raw[:first] + rng.choice(ABSURD).encode() + raw[last:]
            return raw[:at] + b"\x00" + raw[at:]
        self._notes_before = len(self.said)
        return {
            "noise": nonsense.noise(rng), "truncated": nonsense.truncated(rng, raw), "deep": b"<a>" * 5000,
            "doctype": DOCTYPE + raw, "huge": raw + b" " * 300_000, "other": b"<Time " + SPACES.encode() + b"/>",
        }[spoil]  # fmt: skip

    def _judge_notes(self) -> None:
        """See whether the client has said why it did not read what it was given last."""
        assert self._source is not None
        if self._notes_before is not None and not self._source.notes:
            self._why = "a document that nobody can read has no reason why it was refused"
        self._notes_before = None

    def unexplained(self) -> str:
        """Return what was refused without a reason."""
        return self._why

    def owed(self) -> list[Owed]:
        """Return the limits of the connection that the client says it carries out."""
        now_s, settle_s = self.civil_ms // 1000, (SETTLE_MS + 2 * self.world.look_ms) // 1000
        if not self.is_steady() or self._source is None:
            return []
        return [
            Owed("", MODES[each.mode], int(each.most_w), f"control {each.number}, told as started")
            for each in self._controls
            if each.started and each.sound and each.mode in MODES and not self._is_passed_over(each)
            and each.start_s + settle_s < now_s < each.start_s + each.duration_s - settle_s
        ]  # fmt: skip

    def _is_passed_over(self, control: Control) -> bool:
        """Tell whether a newer control may take its mode: the client tells of that a turn later."""
        newer = [each for each in self._controls if each is not control and each.created_s >= control.created_s]
        return any(each.mode == control.mode or not each.sound for each in newer)

    def _got(self, path: str, spoil: str) -> str:
        """Return the document at a path."""
        now_s = self.civil_ms // 1000 + (7200 if spoil == "late" else 0)
        found = {
            "/dcap": '<TimeLink href="/tm"/><EndDeviceListLink href="/edev"/><MirrorUsagePointListLink href="/mup"/>',
            "/tm": f"<currentTime>{now_s}</currentTime>",
            "/edev": (
                f'<EndDevice href="/edev/1"><DERListLink href="/der"/><lFDI>{self.identity.lfdi}</lFDI>'
                f'<sFDI>{self.identity.sfdi}</sFDI><FunctionSetAssignmentsListLink href="/fsa"/></EndDevice>'
            ),
            "/fsa": '<FunctionSetAssignments href="/fsa/1"><DERProgramListLink href="/derp"/></FunctionSetAssignments>',
            "/derp": (
                '<DERProgram href="/derp/1"><mRID>A1</mRID><DefaultDERControlLink href="/dderc"/>'
                '<DERControlListLink href="/derc"/><primacy>1</primacy></DERProgram>'
            ),
            "/dderc": (
                "<mRID>E1</mRID><DERControlBase><csipaus:opModImpLimW><multiplier>0</multiplier>"
                f"<value>{self._default_w}</value></csipaus:opModImpLimW></DERControlBase>"
            ),
            "/derc": "".join(each.xml(now_s) for each in self._controls),
            "/der": '<DER href="/der/1"><DERStatusLink href="/ders"/><DERCapabilityLink href="/dercap"/></DER>',
        }  # fmt: skip
        inside = "" if spoil == "empty" else found.get(path, "")
        count = inside.count("<mRID>") if path == "/derc" else 1 if inside else 0
        name = NAMES.get(path, "MirrorUsagePointList")
        return f'<{name} {SPACES} href="{path}" all="{count}" results="{count}" pollRate="{POLL_S}">{inside}</{name}>'


NAMES = {
    "/dcap": "DeviceCapability", "/tm": "Time", "/edev": "EndDeviceList", "/fsa": "FunctionSetAssignmentsList",
    "/derp": "DERProgramList", "/dderc": "DefaultDERControl", "/derc": "DERControlList", "/der": "DERList",
}  # fmt: skip


def _inside(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    return found.group(1) if found else ""
