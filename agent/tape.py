"""What stands on a flight recorder's tape: a keyframe, then ticks that each say only what changed.

A segment is frames of agent.journal, kinds of its own. A keyframe is CBOR: `[FORMAT, version, runtime, authorities,
snapshot]`; everything below is relative to it, so that replay begins at any segment. What is too long for one frame
is cut: all but its last piece are MORE. A TICKS frame holds whole ticks, one behind the other:

    flags, ms since the tick before
    CLOCK    2 x quality + known; known: change of (civil - monotonic); change of the error bound
    SAMPLES  2 x (device + 1) + gone; not gone: the answer's age in ms, its form: 0 as before, 9 anew (how many, each
             quantity and number), else the change of every number in so many bytes; as often as needed; 0
    INBOX    length, CBOR: what came in
    GRANTS   length, CBOR: [[device, set-point, source] ...] of every grant that is not as it was
    FACTS    first 8 bytes of SHA-256 over the CBOR of the records
    CUT      `step` did not come back: what it was given is here, what it said is not

Numbers are LEB128, what may be negative in zigzag. A tick without GRANTS and FACTS is a promise too: nothing changed
and nothing was recorded. A lease is not here: it is the tick and the state's `lease_ms`.
"""

from __future__ import annotations

import hashlib
import struct

from agent import cbor
from agent.command import Authority, Message
from agent.image import Image, Sample
from agent.step import Attached, Notice, Outcome, Thinning
from agent.unit import Contract
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.record import Record
    from agent.step import Grant, Item

FORMAT = const(1)
MORE = const(1)
KEYFRAME = const(2)
TICKS = const(3)
FRAME_BYTES_MAX = const(32768)

CLOCK = const(1)
SAMPLES = const(2)
INBOX = const(4)
GRANTS = const(8)
FACTS = const(16)
CUT = const(32)

ITEMS_MAX = const(1 << 20)
_SHIFT_MAX = const(140)  # no number of ours has 128 bits
_SAME = const(0)  # forms of a sample; 1, 2, 4 and 8 are widths
_ANEW = const(9)
_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_MESSAGE = const(0)  # what came in, by its class
_OUTCOME = const(1)
_ATTACHED = const(2)
_NOTICE = const(3)
_THINNING = const(4)


class TapeError(Exception):
    """Args: what cannot stand on a tape, or does not make sense there."""


def put_whole(out: bytearray, number: int) -> None:
    """Append a number that is not negative."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def put_change(out: bytearray, number: int) -> None:
    """Append a number that may be negative."""
    put_whole(out, number << 1 if number >= 0 else ~(number << 1))


def put_piece(out: bytearray, piece: bytes) -> None:
    """Append bytes with their length."""
    put_whole(out, len(piece))
    out.extend(piece)


class Inputs:
    """What the last tick was given: a writer and a reader that start from the same nothing agree for ever."""

    def __init__(self, devices: int, now_ms: int) -> None:
        self.now_ms = now_ms
        self.samples: list[Sample | None] = [None] * devices
        self.clock = (0, 0, 0, False)  # civil - monotonic, quality, error, known
        self._keys: list[list[int]] = [[] for _ in range(devices)]  # in the order in which the numbers stand
        self._numbers: list[list[int]] = [[] for _ in range(devices)]

    def put(self, out: bytearray, now_ms: int, image: Image) -> int:
        """Append time, clock and samples; return their flags."""
        put_whole(out, now_ms - self.now_ms)
        self.now_ms = now_ms
        flags = 0
        civil_ms = image.civil_ms
        ahead_ms = civil_ms - now_ms if civil_ms else self.clock[0]
        clock = (ahead_ms, image.civil_quality, image.civil_error_ms, civil_ms != 0)
        if clock != self.clock:
            self._put_clock(out, clock)
            flags = CLOCK
        held = self.samples
        if image.samples != held:
            for index, sample in enumerate(image.samples):
                if sample is not held[index]:
                    self._put_sample(out, index, sample)
            out.append(0)
            flags |= SAMPLES
        return flags

    def _put_clock(self, out: bytearray, clock: tuple[int, int, int, bool]) -> None:
        put_whole(out, clock[1] << 1 | clock[3])
        if clock[3]:
            put_change(out, clock[0] - self.clock[0])
        put_change(out, clock[2] - self.clock[2])
        self.clock = clock

    def _put_sample(self, out: bytearray, index: int, sample: Sample | None) -> None:
        self.samples[index] = sample
        if sample is None:
            put_whole(out, (index + 1) << 1 | 1)
            return
        put_whole(out, (index + 1) << 1)
        put_whole(out, self.now_ms - sample.at_ms)
        keys, numbers = list(sample.values), list(sample.values.values())
        held, self._numbers[index] = self._numbers[index], numbers
        if not keys or keys != self._keys[index] or not _put_steps(out, numbers, held):
            out.append(_ANEW)
            self._keys[index] = keys
            put_whole(out, len(keys))
            for at, key in enumerate(keys):
                put_whole(out, key)
                put_change(out, numbers[at])

    def take(self, reader: Reader, flags: int) -> tuple[int, Image]:
        """Return (now_ms, image) of the next tick."""
        self.now_ms += reader.whole()
        if flags & CLOCK:
            self._take_clock(reader)
        if flags & SAMPLES:
            self._take_samples(reader)
        ahead_ms, quality, error_ms, known = self.clock
        return self.now_ms, Image(list(self.samples), ahead_ms + self.now_ms if known else 0, quality, error_ms)

    def _take_clock(self, reader: Reader) -> None:
        head = reader.whole()
        ahead_ms = self.clock[0]
        if head & 1:
            ahead_ms += reader.change()
        self.clock = (ahead_ms, head >> 1, self.clock[2] + reader.change(), bool(head & 1))

    def _take_samples(self, reader: Reader) -> None:
        head = reader.whole()
        while head:
            index = (head >> 1) - 1
            if not 0 <= index < len(self.samples):
                raise TapeError("no such device", index)
            self.samples[index] = None if head & 1 else self._sample(reader, index)
            head = reader.whole()

    def _sample(self, reader: Reader, index: int) -> Sample:
        at_ms = self.now_ms - reader.whole()
        form = reader.whole()
        if form == _ANEW:
            pairs = [(reader.whole(), reader.change()) for _ in range(reader.whole())]
            self._keys[index] = [pair[0] for pair in pairs]
            self._numbers[index] = [pair[1] for pair in pairs]
        elif form != _SAME:
            held = self._numbers[index]
            steps = struct.unpack(_form(form, len(held)), reader.piece_of(len(held) * form))
            self._numbers[index] = [number + steps[at] for at, number in enumerate(held)]
        return Sample(at_ms, dict(zip(self._keys[index], self._numbers[index])))


def _put_steps(out: bytearray, numbers: list[int], held: list[int]) -> bool:
    """Append the changes, all as wide as the widest needs; False where eight bytes are not enough."""
    if numbers == held:
        out.append(_SAME)
        return True
    steps = [number - before for number, before in zip(numbers, held)]
    widest = max(max(steps), ~min(steps))
    if widest >> 63:
        return False
    width = 1 if widest < 0x80 else 2 if widest < 0x8000 else 4 if widest < 0x80000000 else 8
    out.append(width)
    out.extend(struct.pack(_form(width, len(steps)), *steps))
    return True


def _form(width: int, count: int) -> str:
    if width not in _CODES:
        raise TapeError("no such width", width)
    return ">%d%s" % (count, _CODES[width])


class Outputs:
    """What was granted last: recorder and replay ask the same object what is new."""

    def __init__(self) -> None:
        self.granted: dict[int, Grant] = {}

    def news(self, grants: list[Grant]) -> list[tuple[int, int | None, str]]:
        """Return (device, set-point, source) of each grant that is not as it was; all when one is no longer there."""
        granted, changed = self.granted, []
        if len(grants) < len(granted):
            granted.clear()
        for grant in grants:
            held = granted.get(grant[0])
            if held is None or held[1] != grant[1] or held[2] != grant[2]:
                changed.append((grant[0], grant[1], grant[2]))
                granted[grant[0]] = grant
        return changed


def digest_of(facts: list[Record]) -> bytes:
    """Return what stands on the tape for records, 8 bytes."""
    return hashlib.sha256(cbor.encode(facts)).digest()[:8]


def packed_item(item: Item, authorities: list[Authority]) -> list[Any]:
    """Return what came in as plain items. Raises: TapeError, CborError."""
    if type(item) is Message:
        at = None
        for place, authority in enumerate(authorities):
            if item.authority is not None and authority.key_id == item.authority.key_id:
                at = place
        if at is None and item.authority is not None:
            raise TapeError("a message of nobody's", item.authority.name)
        return [_MESSAGE, item.digest, item.reason, at, cbor.encode(item.fields)]
    if type(item) is Outcome:
        return [_OUTCOME, item.device, item.setpoint, item.outcome, item.evidence, item.kept, item.source]
    if type(item) is Attached:
        c = item.contract
        bounds = [c.minimum, c.maximum, c.step]
        return [_ATTACHED, item.device, c.kind, c.control, bounds, c.off, c.persistent, c.stale_ms, c.response_ms]
    if type(item) is Notice:
        return [_NOTICE, item.device, item.state]
    if type(item) is Thinning:
        return [_THINNING, item.on]
    raise TapeError("nothing that comes in", type(item))


def unpacked_item(packed: list[Any], authorities: list[Authority]) -> Item:
    """Return what came in. Raises: TapeError, CborError, and what a wrong list leads to."""
    kind, rest = packed[0], packed[1:]
    if kind == _MESSAGE:
        authority = None if rest[2] is None else authorities[rest[2]]
        return Message(rest[0], rest[1], authority, cbor.decode(rest[3], items_max=ITEMS_MAX))
    if kind == _OUTCOME:
        return Outcome(*rest)
    if kind == _ATTACHED:
        device, product, control, bounds = rest[:4]
        return Attached(device, Contract(product, control, tuple(bounds), *rest[4:]))
    if kind == _NOTICE:
        return Notice(*rest)
    if kind == _THINNING:
        return Thinning(*rest)
    raise TapeError("nothing that comes in", kind)


class Reader:
    """Takes numbers and pieces from a frame's payload. Raises: TapeError."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def more(self) -> bool:
        """Tell whether anything is left."""
        return self._at < len(self._payload)

    def whole(self) -> int:
        """Return a number that is not negative."""
        number = shift = 0
        while True:
            byte = self.piece_of(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > _SHIFT_MAX:
                raise TapeError("too long a number", self._at)

    def change(self) -> int:
        """Return a number that may be negative."""
        number = self.whole()
        return -((number + 1) >> 1) if number & 1 else number >> 1

    def piece(self) -> bytes:
        """Return bytes that stand with their length."""
        return self.piece_of(self.whole())

    def piece_of(self, size_bytes: int) -> bytes:
        """Return the next `size_bytes`."""
        at, self._at = self._at, self._at + size_bytes
        if self._at > len(self._payload):
            raise TapeError("ends early", at)
        return self._payload[at : self._at]
