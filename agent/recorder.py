"""The flight recorder: what every tick was given and what it answered, for the last hours, beside the journal.

It stands beside the agent's way: it works when devices have been told, never waits for the disk, and whatever goes
wrong in it ends in it. Quiet ticks are written ten at a time; one with news takes those before it along. What step
was given is kept until it came back, so that a core that breaks leaves what broke it. Nothing secret is recorded:
of keys only the public ones, of commands no signature.
"""

from __future__ import annotations

from agent import VERSION, cbor, snapshot, tape
from agent.journal import frame
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.command import Authority
    from agent.image import Image
    from agent.record import Record
    from agent.state import State
    from agent.step import Grant, Item
    from hal.ports import Store

    Given = tuple[int, Image, list[Item]]

SEGMENTS = const(8)  # the ring drops an eighth at a time
_QUIET_TICKS = const(10)
_BUFFER_BYTES = const(4096)


class Recorder:
    """Writes to a store of its own, at most `bytes_max` of it; `on_stop` hears why it ended, once."""

    def __init__(self, store: Store, bytes_max: int, runtime: str, authorities: list[Authority]) -> None:
        self.on_stop: Callable[[str], None] | None = None
        self.on = True
        self._store = store
        self._bytes_max = bytes_max
        self._runtime = runtime
        self._authorities = authorities
        self._begun = False
        self._given: Given | None = None  # a tick that step has not come back from
        self._ticks = bytearray()
        self._quiet = 0

    def begin(self, state: State, now_ms: int, image: Image, inbox: list[Item]) -> None:
        """Remember what `step` is given; called before it."""
        if not self.on:
            return
        if not self._begun:
            self._begun = True
            self._try(self._roll, state)
        if self._given is not None:
            self._try(self._put, self._given, None, [])
        self._given = (now_ms, image, inbox)

    def end(self, state: State, grants: list[Grant], facts: list[Record]) -> None:
        """Record the tick with what `step` answered; called once devices have been told."""
        if self.on:
            self._try(self._record, state, grants, facts)

    def close(self) -> None:
        """Write what is left, also a tick that `step` never came back from, and give the store back."""
        if self.on:
            self._try(self._finish)

    def _try(self, work: Callable[..., object], *given: object) -> None:
        try:
            work(*given)
        except Exception as fault:  # noqa: BLE001  (a bystander: whatever it is, the agent goes on without it)
            self.on = False
            self._given = None
            self._ticks = bytearray()
            if self.on_stop is not None:
                self.on_stop(" ".join([str(part) for part in fault.args]) or type(fault).__name__)

    def _record(self, state: State, grants: list[Grant], facts: list[Record]) -> None:
        assert self._given is not None
        news = self._put(self._given, grants, facts)
        self._given = None
        self._quiet += 1
        if news or self._quiet >= _QUIET_TICKS or len(self._ticks) >= _BUFFER_BYTES:
            self._write_ticks()
            if self._full():
                self._roll(state)

    def _put(self, given: Given, grants: list[Grant] | None, facts: list[Record]) -> bool:
        """Append one tick to the buffer; return whether anything came in or became a record."""
        now_ms, image, inbox = given
        out = self._ticks
        flags_at = len(out)
        out.append(0)
        flags = self._inputs.put(out, now_ms, image)
        if inbox:
            flags |= tape.INBOX
            tape.put_piece(out, cbor.encode([tape.packed_item(item, self._authorities) for item in inbox]))
        if grants is None:
            flags |= tape.CUT
        else:
            changed = self._outputs.news(grants)
            if changed:
                flags |= tape.GRANTS
                tape.put_piece(out, cbor.encode(changed))
        if facts:
            flags |= tape.FACTS
            out.extend(tape.digest_of(facts))
        out[flags_at] = flags
        return flags & (tape.INBOX | tape.FACTS) > 0

    def _write_ticks(self) -> None:
        payload, self._ticks, self._quiet = bytes(self._ticks), bytearray(), 0
        if payload:
            self._write(tape.TICKS, payload)

    def _write(self, kind: int, payload: bytes) -> None:
        at, last_at = 0, len(payload) - tape.FRAME_BYTES_MAX
        while at < last_at:
            self._store.append(frame(tape.MORE, payload[at : at + tape.FRAME_BYTES_MAX]))
            at += tape.FRAME_BYTES_MAX
        self._store.append(frame(kind, payload[at:]))

    def _full(self) -> bool:
        return self._store.segments()[-1][1] * SEGMENTS >= self._bytes_max

    def _roll(self, state: State) -> None:
        """Begin a segment with everything that a replay needs; drop the oldest while room is short."""
        self._store.roll()
        kept = self._store.segments()
        while len(kept) > 1 and kept[-1][0] - kept[0][0] > self._bytes_max - 2 * (self._bytes_max // SEGMENTS):
            self._store.release(kept[1][0])
            kept = self._store.segments()
        self._inputs = tape.Inputs(len(state.units), state.now_ms)
        self._outputs = tape.Outputs()
        authorities = [[each.name, each.public_key, each.role, each.power_max_w] for each in self._authorities]
        keyframe = [tape.FORMAT, VERSION, self._runtime, authorities, snapshot.pack(state)]
        self._write(tape.KEYFRAME, cbor.encode(keyframe))

    def _finish(self) -> None:
        if self._given is not None:
            self._put(self._given, None, [])
        if self._begun:
            self._write_ticks()
        self._store.close()
