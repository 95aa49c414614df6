"""Feeds a flight recorder's tape to the pure core again and says whether every answer was the recorded one.

One segment after the other, as bytes; no I/O here, so that it runs wherever the core runs. At each keyframe the state
that replay arrived at is compared with the one that was recorded there. A damaged frame ends its segment and is
named; the next segment begins anew. What a power cut leaves at a segment's end is no damage.
"""

from __future__ import annotations

import binascii
import hashlib

from agent import cbor, journal, snapshot, tape
from agent.command import Authority
from agent.journal import HEADER_BYTES
from agent.step import step
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from agent.image import Image
    from agent.record import Record
    from agent.state import State
    from agent.step import Grant, Item

    Event = tuple[Any, ...]

# What a replay says, each followed by what it is about.
SEGMENT = "segment"  # name, epoch, at_ms, civil_ms, version, runtime
GRANT = "grant"  # at_ms, civil_ms, device id, set-point or None, binding source
DIFFERS = "differs"  # at_ms, what ("grants", "records", "state", "crash"), recorded, replayed
CRASHED = "crashed"  # at_ms, what step ended with: as recorded
TORN = "torn"  # name, offset in the segment: a power cut
DAMAGED = "damaged"  # name, offset in the segment, what is wrong
MISSING = "missing"  # name, how many ms before this segment of the same epoch are gone
END = "end"  # ticks, digest of all answers

_SHOWN_MAX = const(200)
# What a frame with a right checksum and senseless contents may lead to.
_SENSELESS = (
    tape.TapeError, snapshot.SnapshotError, cbor.CborError, ValueError, TypeError, LookupError, AttributeError,
    OverflowError,
)  # fmt: skip


class Damage(Exception):
    """Args: offset in the segment, what is wrong, whether it is only a torn end."""


class Tick:
    """One tick as recorded; `grants` are the changed ones, `facts` the digest or None, `cut`: step did not return."""

    def __init__(self, now_ms: int, image: Image, inbox: list[Item]) -> None:
        self.now_ms = now_ms
        self.image = image
        self.inbox = inbox
        self.grants: list[tuple[int, int | None, str]] = []
        self.facts: bytes | None = None
        self.cut = False


class Watcher:
    """What may look on: `before` each step and `after` it. This one does not."""

    def before(self, state: State, tick: Tick, authorities: list[Authority]) -> None:
        """See a tick before `step` gets it."""

    def after(self, state: State, grants: list[Grant], facts: list[Record]) -> None:
        """See what `step` answered."""


class Replay:
    """Plays segments, oldest first; `tell` hears events. `ticks` and `differing` count."""

    def __init__(self, tell: Callable[[Event], None], watcher: Watcher | None = None) -> None:
        self.ticks = 0
        self.differing = 0
        self.damaged = 0
        self.state: State | None = None
        self._tell = tell
        self._watcher = watcher or Watcher()
        self._digest = bytes(32)
        self._whole = False  # nothing is missing between the last tick played and the next
        self._authorities: list[Authority] = []

    def play(self, name: str, segment: bytes) -> None:
        """Play one segment."""
        try:
            for kind, payload, at in pieces(segment):
                self._play_piece(name, kind, payload, at)
        except Damage as damage:
            self._whole = False
            offset, what, torn = damage.args
            if torn:
                self._tell((TORN, name, offset))
            else:
                self.damaged += 1
                self._tell((DAMAGED, name, offset, what))

    def end(self) -> None:
        """Say how many ticks there were and what all answers together amount to."""
        self._tell((END, self.ticks, self._digest.hex()))

    def _play_piece(self, name: str, kind: int, payload: bytes, at: int) -> None:
        if kind == tape.KEYFRAME:
            try:
                self._begin(name, payload)
            except _SENSELESS as fault:
                raise Damage(at, "keyframe: %s" % fault, False)
            return
        if kind != tape.TICKS or self.state is None:
            raise Damage(at, "a frame of kind %d" % kind, False)
        reader = tape.Reader(payload)
        while reader.more():
            try:
                tick = self._read_tick(reader)
            except _SENSELESS as fault:
                raise Damage(at, "ticks: %s" % fault, False)
            self._play_tick(self.state, tick)

    def _begin(self, name: str, payload: bytes) -> None:
        """Take a keyframe over, and compare it with what replay arrived at."""
        fields = cbor.decode(payload, items_max=tape.ITEMS_MAX)
        if type(fields) is not list or len(fields) != 5 or fields[0] != tape.FORMAT:
            raise ValueError("another format")
        before, state = self.state, snapshot.unpack(fields[4])
        authorities = [Authority(each[0], each[1], each[2], each[3]) for each in fields[3]]
        self._tell((SEGMENT, name, state.epoch, state.now_ms, state.civil_ms, fields[1], fields[2]))
        if before is not None and self._whole and before.epoch == state.epoch:
            self._compare(name, before, state)
        self.state, self._authorities, self._whole = state, authorities, True
        self._inputs = tape.Inputs(len(state.units), state.now_ms)
        self._outputs = tape.Outputs()

    def _compare(self, name: str, before: State, state: State) -> None:
        if before.now_ms != state.now_ms:
            self.damaged += 1
            self._tell((MISSING, name, state.now_ms - before.now_ms))
            return
        before.must_persist, before.kept = state.must_persist, state.kept  # what step leaves to the loop and to sources
        if snapshot.pack(before) != snapshot.pack(state):
            self._differ(state.now_ms, "state", "keyframe", "another state")

    def _read_tick(self, reader: tape.Reader) -> Tick:
        flags = reader.whole()
        now_ms, image = self._inputs.take(reader, flags)
        packed = cbor.decode(reader.piece(), items_max=tape.ITEMS_MAX) if flags & tape.INBOX else []
        tick = Tick(now_ms, image, [tape.unpacked_item(each, self._authorities) for each in packed])
        tick.cut = bool(flags & tape.CUT)
        if flags & tape.GRANTS:
            tick.grants = [tuple(each) for each in cbor.decode(reader.piece(), items_max=tape.ITEMS_MAX)]
        if flags & tape.FACTS:
            tick.facts = reader.piece_of(8)
        return tick

    def _play_tick(self, state: State, tick: Tick) -> None:
        self.ticks += 1
        self._watcher.before(state, tick, self._authorities)
        try:
            grants, facts = step(state, tick.now_ms, tick.image, tick.inbox)
        except Exception as fault:  # noqa: BLE001  (the core's own end is what is looked for)
            self._crash(tick, "%s %s" % (type(fault).__name__, fault))
            return
        state.must_persist = False  # as the loop does once it has kept it
        self._watcher.after(state, grants, facts)
        if tick.cut:
            return  # killed on its way, not by step
        news = self._outputs.news(grants)
        digest = tape.digest_of(facts) if facts else None
        self._digest = hashlib.sha256(self._digest + cbor.encode([tick.now_ms, news, digest])).digest()
        for device, setpoint, source in news:
            self._tell((GRANT, tick.now_ms, tick.image.civil_ms, state.units[device].id, setpoint, source))
        if news != tick.grants:
            self._differ(tick.now_ms, "grants", tick.grants, news)
        if digest != tick.facts:
            self._differ(tick.now_ms, "records", (tick.facts or b"").hex(), facts)

    def _crash(self, tick: Tick, how: str) -> None:
        if tick.cut:
            self._tell((CRASHED, tick.now_ms, how))
        else:
            self._differ(tick.now_ms, "crash", "an answer", how)

    def _differ(self, at_ms: int, what: str, recorded: object, replayed: object) -> None:
        self.differing += 1
        self._tell((DIFFERS, at_ms, what, _shown(recorded), _shown(replayed)))


def _shown(thing: object) -> str:
    return (thing if type(thing) is str else repr(thing))[:_SHOWN_MAX]


def pieces(segment: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield (kind, payload, offset) of what stands in a segment, whole again where it was cut. Raises: Damage."""
    gathered: list[bytes] = []
    at = began = 0
    while at < len(segment):
        kind, payload = _framed(segment, at)
        if not gathered:
            began = at
        gathered.append(payload)
        at += HEADER_BYTES + len(payload)
        if kind != tape.MORE:
            yield kind, b"".join(gathered), began
            gathered = []
    if gathered:
        raise Damage(began, "torn", True)


def _framed(segment: bytes, at: int) -> tuple[int, bytes]:
    header = segment[at : at + HEADER_BYTES]
    end = at + HEADER_BYTES + int.from_bytes(header[:2], "big")
    payload = segment[at + HEADER_BYTES : end]
    if len(header) < HEADER_BYTES or end > len(segment):
        raise Damage(at, "torn", True)
    checksum = binascii.crc32(payload, header[2]) & 0xFFFFFFFF
    if header[2] == journal.DAMAGED or checksum != int.from_bytes(header[3:7], "big"):
        unwritten = len(segment.rstrip(b"\x00")) < end  # how some file systems leave an end that was not yet written
        raise Damage(at, "wrong checksum", unwritten)
    return header[2], payload
