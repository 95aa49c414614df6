"""How many bytes a signed value of ten channels costs, against the same values as JSON, and what a day's link carries.

The real core records one reading a minute and signs a page a quarter of an hour; each page is confirmed by a signed
receipt. The first page is left out, it holds what an agent says when it starts. The values come from the page itself.
Bytes are what is handed to MQTT; a day also counts MQTT's own framing, neither TLS nor TCP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from agent.command import open_message
from boards.cpython.signer import FileSigner
from hal.memory import LoopUplink
from tools import wire
from tools.bench.alone import CIVIL_MS, Alone
from tools.bench.plain import Told, jws, senml
from tools.bench.series import minutes
from tools.keys import create_key
from tools.verifier.keyring import Keys
from tools.verifier.page import Page, read_page

PAGE_MINUTES = 15
PAGE_S = 60 * (PAGE_MINUTES - 1)  # a page's age counts from its first reading, which ends the first minute
PAGES = 5  # the first, and an hour
MINUTES = PAGES * PAGE_MINUTES + 2  # the last page is sent in the second after it was closed


@dataclass
class Channels:
    """An hour of ten channels, spread over so many devices."""

    devices: int
    page_bytes: int
    values: int
    json_minute_bytes: int  # a message a minute
    json_quarter_bytes: int  # a message a quarter of an hour
    jws_minute_bytes: int
    jws_quarter_bytes: int
    mqtt_bytes: dict[str, int]  # by channel, each message with MQTT's framing and answer

    @property
    def bytes_per_value(self) -> float:
        """Signed bytes for one value."""
        return self.page_bytes / self.values


@dataclass
class WireBytes:
    """Ten quantities of one meter, and ten meters with one quantity each."""

    one: Channels
    ten: Channels
    recorded: bool


async def measure(folder: Path, recording: Path | None) -> WireBytes:
    """Let an hour and a quarter pass twice. Raises: BenchError, OSError."""
    said = minutes(recording, MINUTES)
    apart = [[{quantity: number} for quantity, number in each.items()] for each in said]
    one = await _channels(folder / "one.key", ["grid"], [[each] for each in said])
    ten = await _channels(folder / "ten.key", [f"m{number}" for number in range(10)], apart)
    return WireBytes(one, ten, recording is not None)


async def _channels(path: Path, ids: list[str], said: list[list[dict[int, int]]]) -> Channels:
    key = create_key(path)
    hour = Hour(path, wire.point(key.public_key()), ids)
    for meters in said:
        await hour.minute(meters)
    told = [_told(page, ids) for page in hour.pages[1:PAGES]]
    by_minute = [list(rows) for page in told for _, rows in groupby(page, lambda each: each.at_s)]

    def sent(messages: list[list[Told]], seal: Callable[[bytes], bytes]) -> int:
        return sum(len(seal(senml(hour.agent, rows))) for rows in messages)

    return Channels(
        len(ids), sum(page.size_bytes for page in hour.pages[1:PAGES]), sum(len(page) for page in told),
        sent(by_minute, bytes), sent(told, bytes),
        sent(by_minute, lambda raw: jws(raw, key)), sent(told, lambda raw: jws(raw, key)),
        hour.mqtt_bytes,
    )  # fmt: skip


class Hour:
    """One agent, what it sends, and a head-end that confirms it; what is sent before the second page is not counted."""

    def __init__(self, path: Path, public: bytes, ids: list[str]) -> None:
        self.agent = wire.key_id(public).hex()
        self.pages: list[Page] = []
        self.mqtt_bytes = {"page": 0, "session": 0, "receipt": 0}
        self._keys = Keys([public])
        self._receipts = ec.generate_private_key(ec.SECP256R1())
        known = {"name": "receipts", "role": "receipt", "public_key": wire.point(self._receipts.public_key()).hex()}
        self._uplink = LoopUplink()
        self._uplink.set_connected(True)
        self._alone = Alone(ids, FileSigner(path), self._uplink, 60, PAGE_S, [known])

    async def minute(self, meters: list[dict[int, int]]) -> None:
        """Let a minute pass in which the meters say this."""
        for _ in range(60):
            await self._alone.second(meters)
            for channel, raw in self._uplink.collect():
                self._count(channel, raw)
                if channel == "page":
                    await self._confirm(raw)

    async def _confirm(self, raw: bytes) -> None:
        """Judge a page and let the agent have a receipt."""
        report = read_page(raw, self._keys)
        assert report.ok and report.page is not None
        page, loop = report.page, self._alone.loop
        receipt = wire.receipt(bytes.fromhex(page.agent), page.last_seq, page.hash, CIVIL_MS // 1000)
        sealed = wire.seal(receipt, self._receipts)
        self._count("receipt", sealed)
        self.pages.append(page)
        loop.session.receive(await open_message(sealed, loop.authorities, loop.signer))
        assert loop.ledger.released_seq == page.last_seq + 1

    def _count(self, channel: str, raw: bytes) -> None:
        """Add a PUBLISH with QoS 1 (MQTT 3.1.1, section 3.3) and its PUBACK."""
        if 0 < len(self.pages) < PAGES:
            rest = 2 + len(f"siteward/{self.agent}/{channel}") + 2 + len(raw)
            self.mqtt_bytes[channel] += 1 + (1 if rest < 128 else 2 if rest < 16384 else 3) + rest + 4


def _told(page: Page, ids: list[str]) -> list[Told]:
    """Return every number of a page's readings, with the Unix second at which its minute ended."""
    return [
        Told(page.civil_s + record.fields["end_s"], ids[record.fields["device"]], quantity, number)
        for record in page.records
        if record.kind == "reading"
        for quantity, number in record.fields["values"].items()
    ]
