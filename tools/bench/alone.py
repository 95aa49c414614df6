"""The agent's core by itself, on either runtime: samples in, records, journal, pages and signatures out, no devices.

What the event loop does in a second is done here by hand (step, keep, close what is due, sign, send), so that nothing
is counted that belongs to buses and waiting. Time is virtual, the journal lies in memory.
"""

from __future__ import annotations

import asyncio
import hashlib

from agent import cbor, record
from agent.config import checked
from agent.image import Sample
from boards.startup import Parts, assemble
from hal import quantities as q
from hal.memory import CountingWatchdog, ManualClock, MemoryStore, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Signer, Uplink

CIVIL_MS = 1790000000000
SEGMENT_BYTES = 16384
PAGE_S = 15  # at a reading a second a page holds as many as one of a quarter of an hour at one a minute
SIGNATURE_BYTES = 64

# What a three-phase meter says first, and by how much each of it may change from one reading to the next.
TEN = (
    (q.POWER_W, 1200, 150),
    (q.CURRENT_L1_MA, 1800, 300),
    (q.CURRENT_L2_MA, 2100, 300),
    (q.CURRENT_L3_MA, 1400, 300),
    (q.VOLTAGE_L1_MV, 230100, 600),
    (q.VOLTAGE_L2_MV, 231400, 600),
    (q.VOLTAGE_L3_MV, 229800, 600),
    (q.FREQUENCY_MHZ, 50000, 10),
    (q.ENERGY_IMPORT_WH, 1234567, 0),
    (q.ENERGY_EXPORT_WH, 765432, 0),
)


class Alone:
    """One agent with as many meters as there are ids, the first of them the connection's."""

    def __init__(
        self, ids: list[str], signer: Signer, uplink: Uplink | None, reading_s: int, page_s: int,
        authorities: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        self.clock = ManualClock()
        self.clock.set_civil(CIVIL_MS)
        meters = [{"id": name, "driver": "eastron-sdm630", "bus": "lan"} for name in ids]
        tree = {
            "site": {
                "name": "bench", "meter": ids[0], "import_limit_w": 100000, "export_limit_w": 100000, "fuse_ma": 100000,
            },
            "agent": {
                "key": "agent.key", "reading_s": reading_s, "page_s": page_s, "segment_bytes": SEGMENT_BYTES,
                "journal_bytes_max": 1 << 20,
            },
            "authority": authorities,
            "bus": [{"id": "lan", "kind": "tcp", "host": "meters"}],
            "device": meters,
        }  # fmt: skip
        parts = Parts(
            "bench", bytes(32), self.clock, MemoryStore(), signer, uplink, CountingWatchdog(), b"bench", self._open_bus
        )
        self.loop = assemble(checked(tree), hashlib.sha256(b"bench").digest(), parts)

    def _open_bus(self, _row: dict[str, Any]) -> Bus:
        return Bus(ScriptedLine(lambda _request: None), Tcp(), self.clock)

    async def second(self, said: list[dict[int, int]]) -> None:
        """Let a second pass in which every meter said this."""
        self.clock.advance(1000)
        loop, now_ms = self.loop, self.clock.now_ms()
        for device in range(len(said)):
            loop.posts[device].sample = Sample(now_ms, said[device])
        loop.turn()
        if loop.ledger.should_close(now_ms // 1000):
            loop.ledger.close_page()
        await loop.session.turn()


class Wander:
    """A meter whose every quantity moves a little: the same on both runtimes."""

    def __init__(self) -> None:
        self._drawn = 1
        self._said = {quantity: first for quantity, first, _ in TEN}

    def next(self) -> dict[int, int]:
        """Return the next ten values."""
        said = {}
        for quantity, _, most in TEN:
            self._drawn = (self._drawn * 75 + 74) % 65537
            said[quantity] = self._said[quantity] + self._drawn % (2 * most + 1) - most
        said[q.ENERGY_IMPORT_WH] += 20
        self._said = said
        return said


class NoSigner:
    """Costs nothing and proves nothing."""

    public_key = b"\x04" + bytes(64)
    key_id = bytes(8)

    async def sign(self, _digest: bytes) -> bytes:
        """Return what is as long as a signature."""
        return bytes(SIGNATURE_BYTES)

    async def verify(self, _public_key: bytes, _digest: bytes, _signature: bytes) -> bool:
        """Believe nothing."""
        return False


def bare(readings: int) -> None:
    """Encode and hash as many readings, and keep nothing."""
    meter = Wander()
    for at_s in range(readings):
        hashlib.sha256(cbor.encode([record.READING, at_s, 1, 0, q.GOOD, meter.next(), {}])).digest()


async def live(signer: Signer, readings: int) -> None:
    """Do the whole of it for as many readings; each page is confirmed at once, so that the journal stays small."""
    meter, alone = Wander(), Alone(["grid"], signer, None, 1, PAGE_S, [])
    ledger = alone.loop.ledger
    for _ in range(readings):
        await alone.second([meter.next()])
        if ledger.closed_seq() > ledger.released_seq:
            ledger.release(ledger.closed_seq() - 1)
    assert ledger.next_seq > readings


def run(signer: Signer | None, readings: int) -> None:
    """Do the bare loop without a signer, else the whole of it."""
    if signer is None:
        bare(readings)
    else:
        asyncio.run(live(signer, readings))
