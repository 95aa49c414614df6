"""The journal's byte log as a ring of flash blocks, with no file system in the path.

Blocks are used round robin, so all wear alike; each unit is programmed once, whole, and the block ahead is erased
before it is needed. What is appended waits in one chunk of RAM until that is full or `sync` pads it to whole units:
a sync of n bytes programs n, a head of 8 for every 248, and less than one unit. A segment begins with a chunk;
dropping one moves the oldest kept offset.

After a cut the newest block is the one with the highest sequence number. What a cut left half programmed is passed
over, and so is the unit behind: it may have been begun and still read as erased. Chunks that are missing in the middle
read as zeros, which the journal calls damage.
"""

from __future__ import annotations

from boards.micropython.ring_chunks import LOW_BITS, MARK, OFFSET_BYTES, START, Chunks, head_bytes
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boards.micropython.ring_chunks import BlockDevice

_ENOSPC = const(28)  # no port of MicroPython names it
_EIO = const(5)
_UNREAD = const(-1)  # stands for the first offset of a block whose first chunk is lost


class RingStore:
    """Keeps at most `capacity_bytes`, or what fits; one block always stays free. `unit_bytes` are programmed at once.

    A program or erase that failed ends the store: what the flash holds is known only after opening it again.
    """

    def __init__(self, device: BlockDevice, unit_bytes: int, capacity_bytes: int) -> None:
        assert capacity_bytes > 0
        self._chunks = Chunks(device, unit_bytes)
        self.flash_bytes = self._chunks.blocks * self._chunks.block_bytes
        self._capacity_bytes = capacity_bytes
        self._failed = False
        self._buffer = bytearray(self._chunks.chunk_bytes)
        self._filled = 0  # payload bytes in it
        self._begins = True  # the next chunk begins a segment
        self._end = 0
        self._starts = [0]  # first offset of each segment
        self._marked = 0  # oldest kept offset as the flash has it
        self._oldest = 0  # sequence number of the oldest kept block
        self._firsts: list[int] = []  # first offset of each block from there on
        self._sequence = 0  # of the block that takes the next chunk
        self._place = 0  # and where in it
        self._erased = -1  # highest sequence number whose block this program has erased
        self._seen = (0, 0, 0)  # block, place and first offset where reading found something last
        self._recover()

    def segments(self) -> list[tuple[int, int]]:
        """Return (first offset, size in bytes) of each kept segment, oldest first; there is always one."""
        ends = self._starts[1:] + [self._end]
        return [(first, ends[at] - first) for at, first in enumerate(self._starts)]

    def append(self, chunk: bytes) -> int:
        """Write at the end of the newest segment; return the offset. Raises: OSError."""
        self._check()
        offset = self._end
        full = offset + len(chunk) - self._starts[0] > self._capacity_bytes
        if full or self._free_units() - self._units_of(self._filled + len(chunk)) < self._chunks.per_block:
            raise OSError(_ENOSPC, "the journal is full")
        at = 0
        while at < len(chunk):
            begin = head_bytes(self._place) + self._filled
            room = self._chunks.room(self._place)
            count = min(room - begin, len(chunk) - at)
            self._buffer[begin : begin + count] = chunk[at : at + count]
            self._filled += count
            self._end += count
            at += count
            if begin + count == room:
                self._program()
        return offset

    def sync(self) -> None:
        """Return once everything appended will survive a power cut; then erase ahead. Raises: OSError."""
        self._check()
        if self._filled:
            self._program()
        self._erase_ahead()

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes` from `offset`, not past its segment's end; empty outside what is kept."""
        end = self._end
        for start in reversed(self._starts):
            if start <= offset:
                break
            end = start
        else:
            return b""
        end = min(end, offset + size_bytes)
        found = b""
        while offset + len(found) < end:
            found += self._piece(offset + len(found), end)
        return found

    def roll(self) -> int:
        """Sync, begin a new segment and return its first offset; an empty newest segment is one already.

        That it was begun is durable with its first bytes. Raises: OSError.
        """
        self.sync()
        if self._starts[-1] < self._end:
            self._starts.append(self._end)
            self._begins = True
        return self._end

    def release(self, offset: int) -> None:
        """Drop every segment that ends at or before `offset`; the newest one stays. Raises: OSError.

        A power cut may bring back what lies in blocks that were not given free by it.
        """
        while len(self._starts) > 1 and self._starts[1] <= offset:
            self._starts.pop(0)
        free = 0
        while free + 1 < len(self._firsts) and self._firsts[free + 1] <= self._starts[0]:
            free += 1
        if free:
            self._check()
            self._mark()
            self._firsts = self._firsts[free:]
            self._oldest += free
            self._erase_ahead()

    def close(self) -> None:
        """Sync and note what was released. Raises: OSError."""
        self.sync()
        if self._marked != self._starts[0]:
            self._mark()

    def _check(self) -> None:
        if self._failed:
            raise OSError(_EIO, "an earlier write failed")

    # Room: a block that is kept free takes marks, the units that cuts spoil, and a boot's first words.

    def _free_units(self) -> int:
        kept = self._sequence - self._oldest + 1
        return self._chunks.per_block * (self._chunks.blocks - kept + 1) - self._place

    def _units_of(self, size_bytes: int) -> int:
        """Return how many units so many bytes take at most: each chunk but a block's last and the newest is full."""
        chunks = self._chunks
        count = size_bytes // (chunks.chunk_bytes - head_bytes(0)) + 1
        count += count * chunks.chunk_bytes // chunks.block_bytes + 1
        return (size_bytes + count * head_bytes(1)) // chunks.unit_bytes + count

    # Writing.

    def _program(self, flags: int = 0) -> None:
        """Program the buffer as the next chunk."""
        assert self._free_units() > 0
        first = self._end if flags else self._end - self._filled
        self._failed = True
        if self._place == 0:
            self._erase(self._sequence)
            self._buffer[8:12] = self._sequence.to_bytes(4, "big")
            self._buffer[12:18] = first.to_bytes(OFFSET_BYTES, "big")
            self._buffer[18:24] = self._starts[0].to_bytes(OFFSET_BYTES, "big")
        if self._begins and not flags:
            flags = START
        self._chunks.program(self._sequence, self._place, self._buffer, flags, self._filled, first)
        self._failed = False
        if self._place == 0:
            self._firsts.append(first)
            self._marked = self._starts[0]
        if flags != MARK:
            self._begins = False
        units = self._chunks.units(self._place, self._filled)
        self._filled = 0
        self._pass(units)

    def _pass(self, units: int) -> None:
        self._place += units
        if self._place >= self._chunks.per_block:
            self._place = 0
            self._sequence += 1

    def _mark(self) -> None:
        """Note the oldest kept offset, so that no cut brings back what will be erased."""
        if self._filled:
            self._program()
        if self._free_units() > 1:
            begin = head_bytes(self._place)
            self._buffer[begin : begin + OFFSET_BYTES] = self._starts[0].to_bytes(OFFSET_BYTES, "big")
            self._filled = OFFSET_BYTES
            self._program(MARK)
            self._marked = self._starts[0]

    def _erase_ahead(self) -> None:
        ahead = self._sequence + (1 if self._place else 0)
        if ahead - self._oldest < self._chunks.blocks:
            self._failed = True
            self._erase(ahead)
            self._failed = False

    def _erase(self, sequence: int) -> None:
        """Erase unless this program has: what an earlier one erased may have been cut."""
        if self._erased < sequence:
            self._chunks.erase(sequence)
            self._erased = sequence

    # Reading.

    def _piece(self, offset: int, end: int) -> bytes:
        """Return at least one byte from `offset`; zeros where a chunk is missing."""
        first = self._end - self._filled
        if offset >= first:
            begin = head_bytes(self._place) + offset - first
            return bytes(self._buffer[begin : begin + end - offset])
        chunks = self._chunks
        sequence, place, expected = self._nearest(offset)
        while place < chunks.per_block and (sequence, place) != (self._sequence, self._place):
            units = 1
            if chunks.look(sequence, place):
                units = chunks.units(place, chunks.length)
                if chunks.flags != MARK:
                    first = expected + ((chunks.low - expected) & LOW_BITS)
                    if offset < first:
                        return bytes(min(first, end) - offset)
                    self._seen = (sequence, place, first)
                    expected = first + chunks.length
                    if offset < expected:
                        return chunks.taken(place, offset - first, min(end, expected) - offset)
            place += units
        following = sequence - self._oldest + 1
        first = self._firsts[following] if following < len(self._firsts) else end
        return bytes(min(first, end) - offset)

    def _nearest(self, offset: int) -> tuple[int, int, int]:
        """Return block, place and first offset of a chunk from where `offset` is to be looked for."""
        at = len(self._firsts) - 1
        while at and self._firsts[at] > offset:
            at -= 1
        sequence, _, first = self._seen
        if sequence == self._oldest + at and self._firsts[at] <= first <= offset:
            return self._seen
        return self._oldest + at, 0, self._firsts[at]

    # Standing where it ended.

    def _recover(self) -> None:
        newest = max([self._chunks.sequence_of(block) for block in range(self._chunks.blocks)])
        if newest < 0:
            return
        self._chunks.look(newest, 0)
        first, kept_from = self._chunks.offsets()
        self._find_blocks(newest, first, self._stand_in(newest, kept_from))
        if self._place and self._free_units() > self._chunks.per_block:
            self._pass(1)

    def _stand_in(self, newest: int, kept_from: int) -> int:
        """Go to the end of the newest block; return the oldest kept offset that is noted in it."""
        chunks = self._chunks
        place = end = 0
        while place < chunks.per_block:
            units = 1
            if chunks.look(newest, place):
                units = chunks.units(place, chunks.length)
                end = place + units
                if chunks.flags == MARK:
                    kept_from = max(kept_from, int.from_bytes(chunks.taken(place, 0, OFFSET_BYTES), "big"))
            elif not chunks.untouched(newest, place):
                end = place + 1
            place += units
        self._sequence, self._place = newest, 0
        self._pass(end)
        return kept_from

    def _find_blocks(self, newest: int, first: int, kept_from: int) -> None:
        """List blocks back to the one that holds `kept_from`, or to the oldest there is."""
        firsts, oldest, unread = [first], newest, 0
        while oldest and first > kept_from and newest - oldest + 1 < self._chunks.blocks:
            oldest -= 1
            if self._chunks.look(oldest, 0):
                unread = 0
                first, _ = self._chunks.offsets()
                firsts.insert(0, first)
            else:
                unread += 1
                firsts.insert(0, _UNREAD)
        self._oldest, self._firsts = oldest + unread, firsts[unread:]
        self._find_segments(kept_from)

    def _find_segments(self, kept_from: int) -> None:
        starts: list[int] = []
        end = self._firsts[0]
        for at, first in enumerate(self._firsts):
            if first == _UNREAD:
                self._firsts[at] = end
            else:
                end = max(end, first)
            end = self._walk(self._oldest + at, end, starts)
        starts = [start for start in starts if start > kept_from]
        if kept_from >= self._firsts[0]:
            starts.insert(0, kept_from)
        self._end = max(end, kept_from)
        self._starts = starts or [self._end]
        self._marked = kept_from
        self._begins = self._starts[-1] == self._end

    def _walk(self, sequence: int, end: int, starts: list[int]) -> int:
        """Go through a block that begins at offset `end`; add its segments to `starts`, return where it ends."""
        chunks = self._chunks
        place = 0
        while place < chunks.per_block:
            units = 1
            if chunks.look(sequence, place):
                units = chunks.units(place, chunks.length)
                if chunks.flags != MARK:
                    end += (chunks.low - end) & LOW_BITS
                    if chunks.flags == START:
                        starts.append(end)
                    end += chunks.length
            place += units
        return end
